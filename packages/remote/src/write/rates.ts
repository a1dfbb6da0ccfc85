/**
 * How many shards an endpoint needs, from what comes in, what goes out and how long that takes: the
 * formula of Prometheus's queue manager.
 */

/** How often the number of shards is looked at. */
export const RESHARD_INTERVAL_MS = 10_000
/** Weight of the newest interval. */
const EWMA_WEIGHT = 0.2
/** Smaller changes are not worth it. */
const TOLERANCE = 0.3
/** Per second, of what is behind: how fast to catch up. */
const CATCH_UP = 0.05
/** No fewer shards while this far behind. */
const DELAY_SECONDS_MAX = 10

/** An exponentially weighted rate. */
export class Rate {
  #events = 0
  #rate = 0
  #isStarted = false

  add(count: number): void {
    this.#events += count
  }

  /** Ends an interval. */
  tick(seconds: number): void {
    const instant = this.#events / seconds
    this.#events = 0
    if (this.#isStarted) this.#rate += EWMA_WEIGHT * (instant - this.#rate)
    else if (instant > 0) {
      this.#isStarted = true
      this.#rate = instant
    }
  }

  /** Per second. */
  get perSecond(): number {
    return this.#rate
  }
}

export interface ShardNeeds {
  shards: number
  minShards: number
  maxShards: number
  /** Samples per second that were read, sent, and dropped by the rules. */
  inRate: number
  outRate: number
  droppedRate: number
  /** Seconds of sending per second, over all shards. */
  busyRate: number
  /** How far what was sent is behind what came in. */
  delaySeconds: number
}

/** `desired` is for the metric; `shards` is what to do. */
export function desiredShards(needs: ShardNeeds): { desired: number; shards: number } {
  const { shards, inRate, outRate, delaySeconds } = needs
  if (outRate <= 0) return { desired: shards, shards }
  const keptRate = (inRate * outRate) / (needs.droppedRate + outRate)
  const backlogRate = CATCH_UP * delaySeconds * keptRate
  const desired = (needs.busyRate / outRate) * (keptRate + backlogRate)
  const wanted = Math.ceil(desired)
  const isClose = shards * (1 - TOLERANCE) <= wanted && wanted <= shards * (1 + TOLERANCE)
  if (isClose || (wanted < shards && delaySeconds > DELAY_SECONDS_MAX)) return { desired, shards }
  return { desired, shards: Math.max(needs.minShards, Math.min(needs.maxShards, wanted)) }
}
