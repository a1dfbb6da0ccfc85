/**
 * The alert: what rules and checks hand over, what routing groups, what receivers tell people. Its
 * identity is its labels; the same alert arrives again and again while it lasts.
 */
import type { Labels } from '@vigie/model'

/** Rows that show what is wrong: of a query, of an answer. */
export interface SampleRows {
  columns: string[]
  rows: (string | number | boolean | null)[][]
}

/** As posted to Alertmanager: firing as long as `endsAtMs` is in the future. */
export interface Alert {
  labels: Labels
  annotations: ReadonlyMap<string, string>
  startsAtMs: number
  /** When it ended; of a firing alert, when it may be taken for ended if nothing more is heard of it. */
  endsAtMs: number
  /** Where to look at the expression behind it; may be ''. */
  generatorUrl: string
  sample: SampleRows | null
}

export const isResolvedAt = (alert: Alert, timeMs: number): boolean => alert.endsAtMs <= timeMs

const SAMPLE_CHARS_MAX = 1000

/** Rows as text, one a line: `id=7, name=x`. */
export function sampleText(sample: SampleRows): string {
  const lines = sample.rows.map((row) =>
    row
      .map((cell, i) => `${sample.columns[i]}=${cell === null ? 'null' : String(cell)}`)
      .join(', '),
  )
  const text = lines.join('\n')
  return text.length > SAMPLE_CHARS_MAX ? text.slice(0, SAMPLE_CHARS_MAX - 1) + '…' : text
}
