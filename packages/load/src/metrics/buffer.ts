/**
 * Samples of one worker between two flushes, per series. A flush is one Float64Array of records
 * `[series id, n, n numbers]`, and the series that are new since the last one. The numbers are, by type:
 * counter [sum], gauge [last, min, max], rate [non-zero, total], trend the values themselves.
 */
import type { Metric } from './metric.ts'
import type { SampleLog, SampleOwner } from './sample-log.ts'
import { TagTable, type TagSet } from './tags.ts'

/** Series of one worker; beyond, urls and names are folded into one. */
export const MAX_SERIES = 100_000

/** What stands for the urls and names beyond. */
export const FOLDED = '(too many)'

export interface SeriesDefinition {
  id: number
  metric: Metric
  tags: readonly (readonly [string, string])[]
}

export interface Flush {
  series: SeriesDefinition[]
  records: Float64Array
  /** See SampleLog; left out: nobody wants every sample. */
  samples?: Float64Array
}

/** One metric with one tag set. `add` is all that hot paths call. */
export class Series {
  readonly id: number
  readonly metric: Metric
  /** Values of a trend; for the other types the numbers of the record. */
  values: Float64Array
  length = 0
  #isQueued = false
  readonly #queue: Series[]
  readonly #log: SampleLog | null
  readonly #owner: SampleOwner | null

  constructor(
    id: number,
    metric: Metric,
    queue: Series[],
    log: SampleLog | null,
    owner: SampleOwner | null,
  ) {
    this.id = id
    this.metric = metric
    this.#queue = queue
    this.#log = log
    this.#owner = owner
    this.values = new Float64Array(metric.type === 'trend' ? 16 : 3)
  }

  add(value: number): void {
    if (!this.#isQueued) {
      this.#isQueued = true
      this.#queue.push(this)
    }
    if (this.#log !== null) this.#log.push(this.id, value, this.#owner)
    const { values } = this
    switch (this.metric.type) {
      case 'trend':
        if (this.length === values.length) {
          this.values = new Float64Array(values.length * 2)
          this.values.set(values)
        }
        this.values[this.length++] = value
        return
      case 'counter':
        values[0]! += value
        this.length = 1
        return
      case 'rate':
        if (value !== 0) values[0]!++
        values[1]!++
        this.length = 2
        return
      case 'gauge':
        values[1] = this.length === 0 ? value : Math.min(values[1]!, value)
        values[2] = this.length === 0 ? value : Math.max(values[2]!, value)
        values[0] = value
        this.length = 3
    }
  }

  /** Empties the series for the next interval. A trend that had a burst gives its memory back. */
  clear(): void {
    if (this.metric.type !== 'trend') this.values.fill(0)
    else if (this.values.length > 64 && this.length < this.values.length / 4) {
      this.values = new Float64Array(this.values.length / 2)
    }
    this.length = 0
    this.#isQueued = false
  }
}

export class SampleBuffer {
  readonly tags: TagTable = new TagTable()
  readonly #queue: Series[] = []
  #new: SeriesDefinition[] = []
  #count = 0
  /** Set before the first series is made; null: nobody wants every sample. */
  log: SampleLog | null = null
  readonly #folded: () => void

  /** `onFolded` is called when a series is folded into another because there are too many. */
  constructor(onFolded: () => void = () => {}) {
    this.#folded = onFolded
  }

  series(metric: Metric, tags: TagSet): Series {
    const known = tags.slots.get(metric.name)
    if (known !== undefined) return known as Series
    if (this.#count >= MAX_SERIES) {
      const folded = this.#fold(tags)
      if (folded !== tags) return this.series(metric, folded)
    }
    const series = new Series(
      this.#count++,
      metric,
      this.#queue,
      this.log,
      this.log?.ownerOf(tags) ?? null,
    )
    tags.slots.set(metric.name, series)
    this.#new.push({ id: series.id, metric, tags: tags.pairs })
    return series
  }

  /** The same tags without what usually makes them many. */
  #fold(tags: TagSet): TagSet {
    this.#folded()
    return this.tags.of(
      tags.pairs.map(([name, value]) => [name, name === 'url' || name === 'name' ? FOLDED : value]),
    )
  }

  /** No more series: whoever makes tag sets from outside values should stop telling them apart. */
  get isFull(): boolean {
    return this.#count >= MAX_SERIES
  }

  /** Takes what came in since the last flush; null when nothing did. */
  flush(): Flush | null {
    if (this.#queue.length === 0) return null
    let size = 0
    for (const series of this.#queue) size += series.length + 2
    const records = new Float64Array(size)
    let at = 0
    for (const series of this.#queue) {
      records[at++] = series.id
      records[at++] = series.length
      records.set(series.values.subarray(0, series.length), at)
      at += series.length
      series.clear()
    }
    this.#queue.length = 0
    const series = this.#new
    this.#new = []
    return { series, records, ...(this.log === null ? {} : { samples: this.log.take() }) }
  }
}
