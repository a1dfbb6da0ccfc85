/**
 * The border between storage and everything that reads or writes series. `promql` and `alerting`
 * see storage only through Queryable, scraping and remote write only through Storage.
 */
import type { Histogram } from './histogram.ts'
import type { Labels } from './labels.ts'
import type { Matcher } from './matcher.ts'

/**
 * Samples of one series as columns. Grows on demand; `length` is what is filled. Owned by the
 * reader, who reuses it from series to series.
 */
export class SampleColumns {
  /** Timestamps in ms since the epoch, strictly increasing. */
  t: Float64Array
  /** Values; NaN where the sample is a histogram. */
  v: Float64Array
  /** By index, the samples that are histograms; undefined as long as there is none. */
  h: (Histogram | undefined)[] | undefined
  /**
   * Start timestamps in ms, when the counter began that each sample is from; 0 where that is not
   * known. Undefined, as nearly always, when none is. As long as the samples at least.
   */
  st: Float64Array | undefined
  length = 0

  constructor(capacity = 256) {
    this.t = new Float64Array(capacity)
    this.v = new Float64Array(capacity)
  }

  clear(): void {
    this.length = 0
    this.h = undefined
    this.st = undefined
  }

  pushHistogram(t: number, h: Histogram): void {
    this.h ??= []
    this.h[this.length] = h
    this.push(t, NaN)
  }

  push(t: number, v: number): void {
    if (this.length === this.t.length) this.reserve(this.length * 2)
    this.t[this.length] = t
    this.v[this.length++] = v
  }

  /** Makes room for `capacity` samples in all, keeping what is there. */
  reserve(capacity: number): void {
    if (capacity <= this.t.length) return
    const size = Math.max(capacity, this.t.length * 2)
    const t = new Float64Array(size)
    const v = new Float64Array(size)
    t.set(this.t.subarray(0, this.length))
    v.set(this.v.subarray(0, this.length))
    this.t = t
    this.v = v
  }
}

/** A snapshot of the series a selector matched, in no particular order. Stays valid while a query yields. */
export interface SeriesSet {
  readonly count: number
  /** What could not be asked for it, when there is something all the same. */
  readonly warnings?: readonly string[]
  labels(index: number): Labels
  /**
   * Replaces the content of `out` by the samples of series `index` with minT <= t <= maxT, stale
   * markers included; those of histogram series are given as float ones.
   */
  samples(index: number, minT: number, maxT: number, out: SampleColumns): void
}

/** Bounds and caps for the names and values of labels. Times are ms, inclusive. */
export interface LabelQuery {
  minT: number
  maxT: number
  /** Alternatives: a series counts if it satisfies all matchers of any one of them. None: all series. */
  matchers: readonly (readonly Matcher[])[]
}

export interface Queryable {
  /**
   * Series that satisfy all matchers and may have samples in [minT, maxT] (ms, inclusive). Embedded
   * storage answers synchronously, storage over the network by a promise.
   */
  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet | Promise<SeriesSet>
  /** Sorted. */
  labelNames(query: LabelQuery): string[] | Promise<string[]>
  /** Sorted. */
  labelValues(name: string, query: LabelQuery): string[] | Promise<string[]>
}

/** Stands for one series inside one storage, until the storage drops it. 0 is never used. */
export type SeriesRef = number

/** What became of one appended sample. */
export const APPENDED = 0
/** The storage knows no series by that reference any more: ask for a new one and append again. */
export const UNKNOWN_SERIES = 1
/** Older than the newest sample of the series. */
export const OUT_OF_ORDER = 2
/** Same timestamp as the newest sample, another value. (The same value again is APPENDED.) */
export const DUPLICATE = 3
/** Too late to come out of order, where a window for such samples is set. */
export const TOO_OLD = 4
/** Older than the storage takes, where no sample may come out of order. */
export const OUT_OF_BOUNDS = 5
export type AppendResult =
  | typeof APPENDED
  | typeof UNKNOWN_SERIES
  | typeof OUT_OF_ORDER
  | typeof DUPLICATE
  | typeof TOO_OLD
  | typeof OUT_OF_BOUNDS

/** One observation among those that a sample counts, with labels that lead to it, such as a trace id. */
export interface Exemplar {
  labels: Labels
  /** ms since the epoch. */
  t: number
  v: number
}

/**
 * One batch: a scrape, a remote-write request, the result of a rule. Nothing of it can be queried
 * before `commit`, and once `commit` returns all of it survives the death of the process.
 */
export interface Appender {
  /** The reference of a series, made when there is none. Throws StorageLimitError when no more are allowed. */
  series(labels: Labels): SeriesRef
  /** `t` in integer ms. */
  append(ref: SeriesRef, t: number, v: number): AppendResult
  /** `h` must be valid: see histogramProblem. */
  appendHistogram(ref: SeriesRef, t: number, h: Histogram): AppendResult
  /** Left out by a storage that keeps none. What it does not want it drops, and counts. */
  appendExemplar?(ref: SeriesRef, exemplar: Exemplar): void
  /** Throws when it could not be written; then nothing of the batch is kept. */
  commit(): void
  rollback(): void
}

export interface Storage extends Queryable {
  appender(): Appender
}

/** A storage refused a series or a batch because of a limit. `limit` is its name, as in flags and metrics. */
export class StorageLimitError extends Error {
  readonly limit: string
  constructor(limit: string, message: string) {
    super(message)
    this.name = 'StorageLimitError'
    this.limit = limit
  }
}
