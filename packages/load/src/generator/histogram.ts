/**
 * Durations of one thread, to be put together with those of others: counts in buckets that are 5 % wide,
 * from 10 µs on. A quantile is exact to half a bucket.
 */

const LEAST_MS = 0.01
const GROWTH = 1.05
/** Up to 10 µs × 1.05^400, about 50 minutes. */
const BUCKETS = 400

export interface HistogramData {
  counts: Uint32Array
  count: number
  sum: number
  max: number
}

export class Histogram {
  readonly data: HistogramData

  constructor(data?: HistogramData) {
    this.data = data ?? { counts: new Uint32Array(BUCKETS), count: 0, sum: 0, max: 0 }
  }

  add(ms: number): void {
    const bucket =
      ms <= LEAST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LEAST_MS) * PER_LOG))
    this.data.counts[bucket]!++
    this.data.count++
    this.data.sum += ms
    if (ms > this.data.max) this.data.max = ms
  }

  merge(other: HistogramData): void {
    for (let i = 0; i < BUCKETS; i++) this.data.counts[i]! += other.counts[i]!
    this.data.count += other.count
    this.data.sum += other.sum
    this.data.max = Math.max(this.data.max, other.max)
  }

  /** ms that a share `q` (0..1) of the durations does not exceed; 0 when there are none. */
  quantile(q: number): number {
    const { counts, count, max } = this.data
    const rank = q * count
    let seen = 0
    for (let i = 0; i < BUCKETS && count > 0; i++) {
      seen += counts[i]!
      if (seen >= rank && seen > 0)
        return i === 0 ? Math.min(LEAST_MS, max) : Math.min(max, middleOf(i))
    }
    return max
  }

  get average(): number {
    return this.data.count === 0 ? 0 : this.data.sum / this.data.count
  }

  /** What was added since the last time, which is forgotten here. */
  take(): HistogramData {
    const { data } = this
    const taken = { ...data, counts: data.counts.slice() }
    data.counts.fill(0)
    data.count = 0
    data.sum = 0
    data.max = 0
    return taken
  }
}

const PER_LOG = 1 / Math.log(GROWTH)

function middleOf(bucket: number): number {
  return LEAST_MS * GROWTH ** (bucket - 0.5)
}
