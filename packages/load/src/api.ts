/** What a load run is given and what it gives back: everything from outside comes in here. */
import type { LoadArgs } from './args.ts'
import type { RunState } from './executors/run-state.ts'
import type { Scenario } from './executors/scenario.ts'
import type { GeneratorHealth } from './generator/health.ts'
import type { MetricsEngine } from './metrics/engine.ts'
import type { ThresholdGroup } from './metrics/threshold.ts'

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
  /** All of standard input, for the script `-`; left out: there is none. */
  stdin?(): Promise<string>
  /** Wall clock, ms since the epoch. */
  now(): number
  /** Aborted by the first Ctrl+C: the run stops, teardown and summary still happen, exit code 105. */
  signal?: AbortSignal
}

/**
 * Takes charge of how much load there is while a run goes on (inside Vigie only: no script can). With
 *
 *     { plan: (all) => [controlledVus(all[0], 10, 1000)], drive: async (run) => { run.setTarget(0, 20); … } }
 *
 * the run has the planned scenarios, `controlled-vus` or `controlled-rate` (see scenario.ts), and ends
 * when `drive` is done.
 */
export interface LoadController {
  /** ms between two hand-overs of samples by workers; left out: 500. */
  flushIntervalMs?: number
  /** The scenarios to run instead of those that the script asks for. */
  plan(scenarios: readonly Scenario[]): Scenario[]
  /** Called when the scenarios start; when it resolves they end gracefully, when it rejects the run fails. */
  drive(run: ControlledRun): Promise<void>
}

/** A run as whoever controls it sees it. */
export interface ControlledRun {
  /** Counters of the run: iterations, dropped ones, VUs. */
  state: RunState
  /** All metrics so far; listeners hear every record. */
  engine: MetricsEngine
  /** How well the generator kept up in the last `windowMs` (two reports a second). */
  health(windowMs: number): GeneratorHealth
  /** From about 50 ms on, `value` VUs or iterations per second; VUs are made as they are needed. */
  setTarget(scenario: number, value: number): void
  /** Aborted when the run ends for another reason. */
  signal: AbortSignal
  /** Those of the script. While somebody controls the run they are nobody's but the controller's. */
  thresholds: readonly ThresholdGroup[]
  promql: PromqlQuery | undefined
  now(): number
  /** Into the run's report. */
  publish(part: Pick<RunReport, 'limit' | 'suspects'>): void
  /** Columns of the terminal. */
  columns: number
  /** Writes to stdout for good. */
  say(text: string): void
  /** Shows what is going on, until the next text; '': nothing. */
  status(text: string): void
  warn(text: string): void
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
  /** Asked when thresholds failed; left out: nobody is. */
  findSuspects?: SuspectFinder
  /** With `--check-after`. */
  dataChecks?: DataChecks
  /** Answers `promql(…)` thresholds; left out: such a threshold fails, saying so. */
  promql?: PromqlQuery
  /** The User-Agent of requests. Left out: k6's own, so that servers see the same request. */
  userAgent?: string
  /** The command line as it was given: `--emit` hands it on. */
  argv?: readonly string[]
  /** Controls the load while the run goes on; left out: the script's scenarios say it all. */
  controller?: LoadController
  /** Told the last report, whether there is a Vigie or not. */
  onReport?: (report: RunReport) => void
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

/** Why a load was not sustained. */
export type LimitClass =
  | 'drops'
  | 'latency'
  | 'errors'
  | 'timeouts'
  | 'crash'
  | 'invariant'
  /** The generator could not keep its rate: nothing is known of the target. */
  | 'generator'

/** One hold of a capacity search. */
export interface LimitLevel {
  /** VUs, or iterations per second. */
  load: number
  phase: 'baseline' | 'up' | 'bisect' | 'confirm'
  startMs: number
  endMs: number
  held: boolean
  /** Share of its windows in which everything held, 0..1; the first quarter of the hold does not count. */
  goodWindows: number
  requestsPerSec: number
  iterationsPerSec: number
  /** Request durations in ms (of iterations, when there are no requests); null: none ended. */
  p50Ms: number | null
  p95Ms: number | null
  /** Share of failed requests, 0..1. */
  errorRate: number
  /** Iterations started ÷ iterations offered, 0..1; 1 where load is given in VUs. */
  achieved: number
  /** What did not hold, one line each, the most frequent first. */
  problems: string[]
  class: LimitClass | null
}

/** What `--find-limit` knows so far. */
export interface LimitReport {
  unit: 'vus' | 'rate'
  phase: 'baseline' | 'up' | 'bisect' | 'confirm' | 'done' | 'interrupted'
  holdMs: number
  /** The search ends when limit and first failure are this close, relative to the limit. */
  precision: number
  /** Largest load that was sustained; null: none yet. */
  sustained: number | null
  /** Smallest load above it that was not; null: none up to the highest tried. */
  failed: number | null
  class: LimitClass | null
  /** One sentence: what happened at `failed`. */
  why: string | null
  /** Whether a longer hold just below the limit confirmed it; null: not tried. */
  isConfirmed: boolean | null
  /** In the order in which they were tried. */
  levels: LimitLevel[]
  /** Against the busiest moment that Vigie has stored; null: no Vigie, or nothing stored. */
  headroom: {
    /** Requests per second at the limit, by the target's own count where it has one. */
    capacityPerSec: number
    peakPerSec: number
    peakMs: number
    /** capacity ÷ peak. */
    factor: number
    /** What is stored reaches back to here. */
    sinceMs: number
    /** The PromQL expression that the peak is the maximum of. */
    expr: string
  } | null
  /** What else is to be known, one sentence each; complete at the end. */
  notes: string[]
}

/** A series of a server that may have given first. */
export interface SuspectReport {
  /** 1: the first. */
  rank: number
  metric: string
  labels: Record<string, string>
  /** 0..1. */
  score: number
  /** One sentence with numbers, for people. */
  sentence: string
  /** PromQL that draws the chart. */
  expr: string
  /** Load at which it left its usual course; null: unknown. */
  departedAt: number | null
}

/** A data check that was violated after the run and not before it. */
export interface CheckReport {
  name: string
  severity: string
  description: string
  /** Rows, elements or series that are wrong; null: it could not be asked. */
  violations: number | null
  /** Why it could not be asked. */
  error: string | null
  sample: { columns: string[]; rows: (string | number | boolean | null)[][] } | null
}

/** A few seconds of an ordinary run. */
export interface RunWindow {
  /** ms since the epoch. */
  startMs: number
  endMs: number
  /** VUs, or iterations per second when all scenarios start them by the clock. */
  load: number
  /** Per second: iterations that should have started, and that ended. */
  offered: number
  throughput: number
  /** Of requests, or of iterations when there are none. */
  p95Ms: number | null
  /** Whether the thresholds held in it. */
  isOk: boolean
}

/** Finds what gave first in a run whose thresholds failed. Rejects with an Error that says why it cannot. */
export type SuspectFinder = (
  windows: readonly RunWindow[],
  unit: 'vus' | 'rate',
) => Promise<{ suspects: SuspectReport[]; text: string }>

/** The data checks of whoever watches the target, for `--check-after`. */
export interface DataChecks {
  /** Remembers what is violated before the run. Throws LoadError when nobody can say. */
  before(): Promise<void>
  /**
   * Waits until the target is quiet, runs every check: what is violated now and was not before. `say`
   * tells the user what is being waited for. Throws LoadError.
   */
  after(say: (text: string) => void): Promise<CheckReport[]>
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
  /** What ended the run, when it was not its plan. */
  error: string | null
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
  /** How well the generator itself kept up so far; null: the scenarios have not started. */
  generator: GeneratorHealth | null
  /** Checks of the script, by group and name, each group before the groups in it. */
  checks: ScriptCheckReport[]
  /** With `--find-limit`. */
  limit?: LimitReport
  /** What gave first, at most five; when thresholds failed or a limit was looked for. */
  suspects?: SuspectReport[]
  /** With `--check-after`: what the run broke. */
  brokenChecks?: CheckReport[]
  /** The script as it is run, the entry first; only until Vigie has it. */
  source?: { files: { path: string; text: string }[]; isCut: boolean }
}

/** A check() of the script. */
export interface ScriptCheckReport {
  /** `::outer::inner`; '' outside of groups. */
  group: string
  name: string
  passes: number
  fails: number
}
