/**
 * What is kept of a metric over the whole run. A trend keeps every value up to EXACT_VALUES; from
 * then on a histogram with logarithmic buckets (DDSketch) whose percentiles are within
 * SKETCH_ERROR of a true value. Count, sum, minimum and maximum stay exact.
 */
import type { MetricType } from './metric.ts'

/** Values of one trend that are kept as they are. */
export const EXACT_VALUES = 100_000
/** Relative error of a percentile once a trend is a histogram. */
export const SKETCH_ERROR = 0.001

const GAMMA = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR)
const LOG_GAMMA = Math.log(GAMMA)
/** Below this (in the metric's own unit), values count as zero in the histogram. */
const SKETCH_MIN = 1e-6

export interface Sink {
  readonly isEmpty: boolean
  /** Adds the numbers of a record, see SampleBuffer. */
  add(record: Float64Array): void
  /** Summary values by k6's names; `durationMs` of the run makes counters into rates. */
  values(durationMs: number, trendStats: readonly string[]): Record<string, number>
}

export function createSink(type: MetricType): Sink {
  switch (type) {
    case 'counter':
      return new CounterSink()
    case 'gauge':
      return new GaugeSink()
    case 'rate':
      return new RateSink()
    case 'trend':
      return new TrendSink()
  }
}

export class CounterSink implements Sink {
  sum = 0
  isEmpty = true

  add(record: Float64Array): void {
    this.sum += record[0]!
    this.isEmpty = false
  }

  values(durationMs: number): Record<string, number> {
    return { count: this.sum, rate: durationMs > 0 ? (this.sum / durationMs) * 1000 : 0 }
  }
}

export class GaugeSink implements Sink {
  last = 0
  min = 0
  max = 0
  isEmpty = true

  add(record: Float64Array): void {
    this.last = record[0]!
    this.min = this.isEmpty ? record[1]! : Math.min(this.min, record[1]!)
    this.max = this.isEmpty ? record[2]! : Math.max(this.max, record[2]!)
    this.isEmpty = false
  }

  values(): Record<string, number> {
    return { value: this.last, min: this.min, max: this.max }
  }
}

export class RateSink implements Sink {
  nonZero = 0
  total = 0

  get isEmpty(): boolean {
    return this.total === 0
  }

  add(record: Float64Array): void {
    this.nonZero += record[0]!
    this.total += record[1]!
  }

  get rate(): number {
    return this.total === 0 ? 0 : this.nonZero / this.total
  }

  values(): Record<string, number> {
    return { rate: this.rate, passes: this.nonZero, fails: this.total - this.nonZero }
  }
}

export class TrendSink implements Sink {
  count = 0
  sum = 0
  min = 0
  max = 0
  #exact: Float64Array | null = new Float64Array(64)
  #isSorted = true
  #sketch: Sketch | null = null
  readonly #limit: number

  constructor(exactValues: number = EXACT_VALUES) {
    this.#limit = exactValues
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  /** Whether percentiles are exact. */
  get isExact(): boolean {
    return this.#exact !== null
  }

  add(record: Float64Array): void {
    for (let i = 0; i < record.length; i++) {
      const value = record[i]!
      this.sum += value
      if (this.count === 0 || value < this.min) this.min = value
      if (this.count === 0 || value > this.max) this.max = value
      this.count++
    }
    if (this.#exact !== null && this.count <= this.#limit) this.#keep(record)
    else this.#toSketch(record)
  }

  #keep(record: Float64Array): void {
    let exact = this.#exact!
    const start = this.count - record.length
    if (this.count > exact.length) {
      const grown = new Float64Array(Math.min(Math.max(this.count, exact.length * 2), this.#limit))
      grown.set(exact.subarray(0, start))
      this.#exact = exact = grown
    }
    exact.set(record, start)
    this.#isSorted = false
  }

  #toSketch(record: Float64Array): void {
    if (this.#sketch === null) {
      this.#sketch = new Sketch()
      this.#sketch.add(this.#exact!.subarray(0, this.count - record.length))
      this.#exact = null
    }
    this.#sketch.add(record)
  }

  /** Adds all of another trend. */
  merge(other: TrendSink): void {
    if (other.count === 0) return
    if (other.#exact !== null) return this.add(other.#exact.subarray(0, other.count))
    this.min = this.count === 0 ? other.min : Math.min(this.min, other.min)
    this.max = this.count === 0 ? other.max : Math.max(this.max, other.max)
    this.sum += other.sum
    if (this.#exact !== null) {
      this.#sketch = new Sketch()
      this.#sketch.add(this.#exact.subarray(0, this.count))
      this.#exact = null
    }
    this.count += other.count
    this.#sketch!.merge(other.#sketch!)
  }

  /** Value below which `p` (0..1) of the values lie; linear between neighbours, at p × (n − 1). */
  percentile(p: number): number {
    if (this.count === 0) return 0
    if (this.#exact === null)
      return Math.min(this.max, Math.max(this.min, this.#sketch!.percentile(p)))
    const values = this.#exact.subarray(0, this.count)
    if (!this.#isSorted) values.sort()
    this.#isSorted = true
    const position = p * (this.count - 1)
    const below = Math.floor(position)
    const low = values[below]!
    const high = values[Math.min(below + 1, this.count - 1)]!
    return low + (high - low) * (position - below)
  }

  /** A k6 trend statistic: avg, min, med, max, count, or p(x) with x in 0..100. */
  stat(name: string): number {
    switch (name) {
      case 'avg':
        return this.count === 0 ? 0 : this.sum / this.count
      case 'min':
        return this.min
      case 'max':
        return this.max
      case 'med':
        return this.percentile(0.5)
      case 'count':
        return this.count
      case 'sum':
        return this.sum
      default:
        return this.percentile(Number(name.slice(2, -1)) / 100)
    }
  }

  values(_durationMs: number, trendStats: readonly string[]): Record<string, number> {
    return Object.fromEntries(trendStats.map((name) => [name, this.stat(name)]))
  }
}

/** Counts in buckets (γ^(i−1), γ^i], negative values mirrored: enough to find any percentile within SKETCH_ERROR. */
class Sketch {
  readonly #positive = new Buckets()
  readonly #negative = new Buckets()
  #zeros = 0
  #count = 0

  add(values: Float64Array): void {
    this.#count += values.length
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      const size = Math.abs(value)
      if (size < SKETCH_MIN) this.#zeros++
      else (value > 0 ? this.#positive : this.#negative).add(Math.ceil(Math.log(size) / LOG_GAMMA))
    }
  }

  merge(other: Sketch): void {
    this.#count += other.#count
    this.#zeros += other.#zeros
    this.#positive.merge(other.#positive)
    this.#negative.merge(other.#negative)
  }

  percentile(p: number): number {
    const rank = p * (this.#count - 1)
    const middle = (index: number): number => (2 * GAMMA ** index) / (GAMMA + 1)
    const below = this.#negative.count
    if (rank < below) return -middle(this.#negative.find(below - 1 - Math.floor(rank)))
    if (rank < below + this.#zeros) return 0
    return middle(this.#positive.find(Math.floor(rank) - below - this.#zeros))
  }
}

/** Counts by bucket, dense over the range of indexes that occur. */
class Buckets {
  count = 0
  #counts = new Float64Array(0)
  /** Index of `#counts[0]`. */
  #base = 0

  add(index: number, count = 1): void {
    if (index < this.#base || index >= this.#base + this.#counts.length) this.#reach(index)
    this.#counts[index - this.#base]! += count
    this.count += count
  }

  merge(other: Buckets): void {
    other.#counts.forEach((count, i) => {
      if (count > 0) this.add(other.#base + i, count)
    })
  }

  #reach(index: number): void {
    const margin = 64
    const isEmpty = this.#counts.length === 0
    const start = isEmpty ? index - margin : Math.min(this.#base, index - margin)
    const end = isEmpty
      ? index + margin
      : Math.max(this.#base + this.#counts.length, index + margin)
    const counts = new Float64Array(end - start)
    if (!isEmpty) counts.set(this.#counts, this.#base - start)
    this.#counts = counts
    this.#base = start
  }

  /** Bucket of the value with `rank` (0-based) in rising order. */
  find(rank: number): number {
    let seen = 0
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!
      if (seen > rank) return this.#base + i
    }
    return this.#base + this.#counts.length - 1
  }
}
