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
  readonly #positive = new Map<number, number>()
  readonly #negative = new Map<number, number>()
  #zeros = 0
  #count = 0
  #sorted: [value: number, count: number][] | null = null

  add(values: Float64Array): void {
    this.#sorted = null
    this.#count += values.length
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      const size = Math.abs(value)
      if (size < SKETCH_MIN) {
        this.#zeros++
        continue
      }
      const buckets = value > 0 ? this.#positive : this.#negative
      const index = Math.ceil(Math.log(size) / LOG_GAMMA)
      buckets.set(index, (buckets.get(index) ?? 0) + 1)
    }
  }

  percentile(p: number): number {
    this.#sorted ??= this.#sort()
    const rank = p * (this.#count - 1)
    let seen = 0
    for (const [value, count] of this.#sorted) {
      seen += count
      if (seen > rank) return value
    }
    return this.#sorted.at(-1)?.[0] ?? 0
  }

  #sort(): [number, number][] {
    const middle = (index: number): number => (2 * GAMMA ** index) / (GAMMA + 1)
    const all: [number, number][] = [[0, this.#zeros]]
    for (const [index, count] of this.#positive) all.push([middle(index), count])
    for (const [index, count] of this.#negative) all.push([-middle(index), count])
    return all.sort(([a], [b]) => a - b)
  }
}
