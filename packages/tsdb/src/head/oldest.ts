/** The oldest sample from a time on, for a head with a long gap in it. */
import { SampleColumns } from '@vigie/model'
import type { Head } from './head.ts'
import { selectSlots } from './select.ts'
import { Selection } from './selection.ts'

/** ms; Infinity when there is none. Reads every series. */
export function oldestFrom(head: Head, minT: number): number {
  const selection = new Selection(head, selectSlots(head, [], minT, Infinity))
  const columns = new SampleColumns()
  let oldest = Infinity
  for (let i = 0; i < selection.count; i++) {
    selection.samples(i, minT, Infinity, columns)
    if (columns.length > 0) oldest = Math.min(oldest, columns.t[0])
  }
  return oldest
}
