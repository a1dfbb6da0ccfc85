/** How many VUs may have a thread of their own. */
import { EXIT, LoadError } from '../errors.ts'

/** VUs of a run with real blocking: beyond, threads would need gigabytes. */
const MAX_BLOCKING_VUS = 500

export function refuseTooManyVus(count: number, reason: string): void {
  if (count <= MAX_BLOCKING_VUS) return
  throw new LoadError(
    EXIT.invalidConfig,
    `the script needs real blocking (${reason}), which takes a thread for each VU: want at most ${MAX_BLOCKING_VUS} VUs, got ${count}`,
  )
}
