/** Where results go while the run is under way. */
import type { RunSeries } from '../metrics/engine.ts'

export interface Output {
  /** Shown when the run starts. */
  readonly description: string
  /** Hears every record of every series as it arrives. */
  record?(series: RunSeries, record: Float64Array): void
  /** Hears every sample on its own, which costs; `vu` and `iteration` are -1 when nobody knows. */
  sample?(series: RunSeries, timeMs: number, value: number, vu: number, iteration: number): void
  /** Sends what is there. Never rejects. */
  flush?(): Promise<void>
  /** The run is over: sends what is left and lets go. Never rejects. */
  close(): Promise<void>
}
