/** What is known about a check. */
import type { SampleRows } from '../alert.ts'
import type { CheckSource } from './check-config.ts'

/** As `/api/vigie/checks` serves it. */
export interface CheckState {
  name: string
  kind: CheckSource['kind']
  severity: string
  state: 'ok' | 'violated' | 'error' | 'pending'
  value: number | null
  violations: number | null
  expectation: string
  /** What it means, as configured; may be ''. */
  description: string
  lastRunMs: number | null
  lastOkMs: number | null
  durationMs: number | null
  error: string | null
  sample: SampleRows | null
}
