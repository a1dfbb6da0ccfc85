/**
 * What the main thread and a worker say to each other. The main thread asks, each request has one
 * answer; besides, a worker tells of samples, log lines and what the script asks of the run.
 */
import type { Program } from './compile/compile.ts'
import type { Share } from './executors/plan.ts'
import type { Scenario } from './executors/scenario.ts'
import type { ThreadReport } from './generator/thread-meter.ts'
import type { Flush } from './metrics/buffer.ts'
import type { Metric } from './metrics/metric.ts'
import type { VuOptions } from './options.ts'
import type { LogLevel } from './vu/environment.ts'
import type { SharedArrays } from './vu/data.ts'

/** What VU 0 found out about the script. */
export interface ScriptFacts {
  /** Exported functions. */
  functions: string[]
  /** `export const options` as JSON; undefined: none. */
  options: string | undefined
  metrics: Metric[]
  openedFiles: string[]
  sharedArrays: SharedArrays
}

export interface Preparation {
  options: VuOptions
  /** For `exec.test.options`. */
  testOptions: unknown
  scenarios: Scenario[]
  state: SharedArrayBuffer
  /** ms between two hand-overs of samples; undefined: as always. */
  flushIntervalMs: number | undefined
  /** Which worker this is, from 0, and how many there are. */
  worker: number
  workers: number
  shares: Share[]
  vuIds: number[]
  openedFiles: string[]
  sharedArrays: SharedArrays
  /** Whether an output wants every sample on its own. */
  wantsSamples: boolean
}

/** Requests: name -> [what is asked, what is answered]. */
export interface Requests {
  /** Evaluates the script as VU 0. The first request to the first worker; to the others, `load`. */
  inspect: [{ program: Program; env: Record<string, string> }, ScriptFacts]
  load: [{ program: Program; env: Record<string, string> }, null]
  /** Makes the VUs. */
  prepare: [Preparation, null]
  /** Runs `setup`; its result as JSON. */
  setup: [null, string | undefined]
  /** Runs the scenarios to their end. */
  run: [{ setupData: string | undefined }, null]
  teardown: [{ setupData: string | undefined }, null]
  /**
   * To a VU in a thread of its own: plays one iteration; ms, or null when it was interrupted. `isNew`: the
   * VU becomes the scenario's first. Setup data comes with the first iteration.
   */
  play: [
    {
      scenario: number
      isNew: boolean
      number: number
      /** `__ITER`. */
      iteration: number
      setupData: string | undefined
    },
    number | null,
  ]
  /** To the same: it is not needed any more, and hands over its samples. */
  finish: [null, null]
  /** Runs `handleSummary`. */
  summary: [{ data: unknown }, [target: string, content: string | Uint8Array][]]
}

export type RequestName = keyof Requests

export type ToWorker =
  | {
      [K in RequestName]: { kind: 'request'; id: number; name: K; payload: Requests[K][0] }
    }[RequestName]
  /** Interrupts whatever the VUs are doing. */
  | { kind: 'stop' }

export type FromWorker =
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'refusal'; id: number; exitCode: number; message: string }
  /** `source`: the thread of the worker's own that they come from. */
  | { kind: 'samples'; flush: Flush; source?: number }
  /** What the worker measured of itself since its last report. */
  | { kind: 'generator'; report: ThreadReport }
  | { kind: 'log'; level: LogLevel; message: string; fields: Record<string, unknown> }
  | { kind: 'abort'; message: string }
  | { kind: 'mark-failed'; message: string }
