/** Rules as a file states them, checked: expressions parse, templates parse, names are valid. */

export interface RuleGroup {
  name: string
  /** Where it comes from, as shown; name and file together identify a group. */
  file: string
  /** undefined: the global evaluation interval. */
  intervalMs: number | undefined
  /** Most alerts or series one rule may give; 0 is no limit. */
  limit: number
  /** How far in the past the rules look; undefined: the global one. */
  queryOffsetMs: number | undefined
  rules: RuleDefinition[]
}

export type RuleDefinition = RecordingDefinition | AlertingDefinition

export interface RecordingDefinition {
  type: 'recording'
  /** The metric it writes. */
  name: string
  expr: string
  /** Those of the group included. */
  labels: ReadonlyMap<string, string>
}

export interface AlertingDefinition {
  type: 'alerting'
  /** The alertname. */
  name: string
  expr: string
  /** How long the condition must hold before it fires. */
  forMs: number
  /** How long it keeps firing after the condition is gone. */
  keepFiringForMs: number
  /** Templates; those of the group included. */
  labels: ReadonlyMap<string, string>
  /** Templates. */
  annotations: ReadonlyMap<string, string>
}

/** What is wrong in a rule file, and where. */
export interface RuleFileError {
  /** 1-based. */
  line: number
  /** Dotted path, `groups.0.rules.2.expr`. */
  key: string
  message: string
}
