/** What a load run is given and what it gives back: everything from outside comes in here. */
import type { LoadArgs } from './args.ts'

/** A PromQL instant query, evaluated somewhere else. `timeMs` is ms since the epoch; left out: now. */
export type PromqlQuery = (
  expr: string,
  timeMs?: number,
) => Promise<{ labels: Record<string, string>; value: number }[]>

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

/** The world as one run sees it. */
export interface LoadIo {
  stdout(text: string): void
  stderr(text: string): void
  /** Whether progress may be redrawn and colours used on stdout. */
  isTTY: boolean
  /** Columns of the terminal; left out: 80. */
  columns?: number
  /** The environment: K6_* options, and `__ENV` of the script. */
  env: Readonly<Record<string, string | undefined>>
  /** Folder that script paths and output files are relative to. */
  cwd: string
  /** Wall clock, ms since the epoch. */
  now(): number
  /** Aborted by the first Ctrl+C: the run stops, teardown and summary still happen, exit code 105. */
  signal?: AbortSignal
}

export interface LoadOptions {
  /** What `parseLoadArgs` made of the command line. */
  args: LoadArgs
  /** Where the worker's JavaScript is (`@vigie/load/worker`, or wherever a bundle moved it). */
  workerUrl: URL
  /** Worker threads; left out: one per core. Never more than there are VUs. */
  workers?: number
  /** Base URL of a running Vigie that gets results and the run's report; null: none. */
  vigieUrl?: string | null
  /** Answers `promql(…)` thresholds; left out: such a threshold fails, saying so. */
  promql?: PromqlQuery
  /** Shown by `__ENV`-less things: the User-Agent. Left out: `Vigie/<version>`. */
  userAgent?: string
  /** Id of the run (label `testid`); left out: made from the time and 6 random hex digits. */
  runId?: string
}

/** State of a threshold as reports carry it; `ok` is null until it was evaluated. */
export interface ThresholdReport {
  metric: string
  source: string
  ok: boolean | null
  value: number | null
}

/** Body of `PUT /api/vigie/runs/:id`. */
export interface RunReport {
  id: string
  script: string
  startedMs: number
  endedMs: number | null
  state: 'running' | 'passed' | 'failed' | 'aborted' | 'error'
  vus: number
  vusMax: number
  iterations: number
  exitCode: number | null
  /** 0..1; null while it cannot be known. */
  progress: number | null
  thresholds: ThresholdReport[]
  options: Record<string, unknown>
  summaryText: string
  metrics: Record<string, { type: string; contains: string; values: Record<string, number> }>
  scenarios: {
    name: string
    executor: string
    progress: number
    vus: number
    iterations: number
  }[]
}
