/**
 * Data checks as configured: a question to a database, an HTTP endpoint or the stored series, the
 * answer that is expected, and how often to ask.
 */

export interface Datasource {
  name: string
  type: 'postgres'
  /** Connection string; holds secrets. */
  url: string
}

export interface CheckConfig {
  name: string
  source: CheckSource
  expectation: Expectation
  everyMs: number
  /** Consecutive failures before it counts as violated. */
  failuresMin: number
  severity: string
  /** Most rows kept to show what is wrong. */
  sampleCount: number
  /** Shown with the alert; may be ''. */
  description: string
}

export type CheckSource =
  | { kind: 'sql'; datasource: string; query: string }
  | { kind: 'http'; url: string; headers: ReadonlyMap<string, string>; isJson: boolean }
  | { kind: 'promql'; query: string }

/**
 * - rows: the number of rows (SQL), elements (JSON) or series (PromQL)
 * - value: the first column of the first row, the picked JSON value, or the value of each series
 * - between: the same, within bounds, both inclusive
 * - expr: a condition on `body`, `status`, `rows`, `value`
 */
export type Expectation =
  | { kind: 'rows'; count: number }
  | { kind: 'value'; value: number | string | boolean; tolerance: number; path: string }
  | { kind: 'between'; min: number; max: number; path: string }
  | { kind: 'expr'; expr: string }
