/** What one endpoint counts. */
import type { SampleKind } from './sample-queue.ts'

/** By kind: floats, histograms, exemplars. */
export type PerKind = [floats: number, histograms: number, exemplars: number]

/** Prometheus's, and a last one that has no like there: refused one by one, as what the receiver had already. */
export const DROP_REASONS = [
  'dropped_series',
  'too_old',
  'unintentionally_dropped_series',
  'nhcb_in_rw1_not_supported',
  'already_taken',
] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** Upper bounds of how long a request takes, seconds; the last one is infinite. */
export const DURATION_BOUNDS: readonly number[] = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  25,
  60,
  120,
  300,
  Infinity,
]

export class WriteCounters {
  /** In the log, whatever becomes of them. */
  readonly read: PerKind = [0, 0, 0]
  /** Offered to the endpoint, whether it took them or not. */
  readonly sent: PerKind = [0, 0, 0]
  readonly failed: PerKind = [0, 0, 0]
  readonly retried: PerKind = [0, 0, 0]
  readonly dropped: ReadonlyMap<DropReason, PerKind> = new Map(
    DROP_REASONS.map((reason) => [reason, [0, 0, 0]]),
  )
  metadataSent = 0
  metadataFailed = 0
  metadataRetried = 0
  bytes = 0
  metadataBytes = 0
  /** By DURATION_BOUNDS, each on its own. */
  readonly durations: number[] = DURATION_BOUNDS.map(() => 0)
  batchSeconds = 0
  enqueueRetries = 0
  /** Of samples that were sent, ms. */
  highestSentMs = 0
  lastSendMs = 0

  drop(reason: DropReason, kind: SampleKind): void {
    this.dropped.get(reason)![kind]++
  }

  /** A request has taken `seconds`, whatever was answered. */
  request(seconds: number): void {
    this.durations[DURATION_BOUNDS.findIndex((bound) => seconds <= bound)]++
    this.batchSeconds += seconds
  }
}
