/**
 * Exemplars: a ring of the newest ones of all series, in memory and in the log. A new one takes the place of
 * the oldest, whatever series that belongs to. What is refused, and why, is as in Prometheus.
 *
 *     ring     [ e7 | e8 | e3 | e4 | e5 | e6 ]      next to be overwritten: e3
 *     series    a: e3 → e5 → e8     b: e4 → e6 → e7
 */
import { type Exemplar, type Labels, type Matcher, compareLabels, matchesAll } from '@vigie/model'
import type { MetricFamily } from './metrics.ts'

/** Characters that the names and values of an exemplar's labels may have together, as OpenMetrics says. */
export const EXEMPLAR_LABELS_LENGTH_MAX = 128

/** The exemplars of one series, oldest first. */
export interface SeriesExemplars {
  labels: Labels
  exemplars: Exemplar[]
}

interface Series {
  labels: Labels
  oldest: Entry | undefined
  newest: Entry | undefined
}

interface Entry {
  series: Series
  exemplar: Exemplar
  next: Entry | undefined
}

export class ExemplarRing {
  #ring: (Entry | undefined)[]
  #at = 0
  readonly #series = new Map<string, Series>()
  #count = 0
  #newestMs = 0
  readonly #counts = { appended: 0, outOfOrder: 0, tooLong: 0 }

  /** `capacity` 0: none are kept. */
  constructor(capacity: number) {
    this.#ring = Array.from({ length: capacity })
  }

  get capacity(): number {
    return this.#ring.length
  }

  /** Keeps what fits of the newest ones. */
  resize(capacity: number): void {
    if (capacity === this.#ring.length) return
    const entries = this.#inOrder().slice(capacity === 0 ? this.#count : -capacity)
    this.#ring = Array.from({ length: capacity })
    this.#series.clear()
    this.#at = 0
    this.#count = 0
    for (const { series, exemplar } of entries) this.#put(series.labels, exemplar)
  }

  /** Takes an exemplar of a series, unless it is the series' newest again, older than that, or too long; whether it was. */
  add(labels: Labels, exemplar: Exemplar): boolean {
    if (this.#ring.length === 0) return false
    if (labelsLength(exemplar.labels) > EXEMPLAR_LABELS_LENGTH_MAX) {
      this.#counts.tooLong++
      return false
    }
    const newest = this.#series.get(labels.key)?.newest?.exemplar
    if (newest !== undefined) {
      if (isSame(exemplar, newest)) return false
      if (isOlder(exemplar, newest)) {
        this.#counts.outOfOrder++
        return false
      }
    }
    this.#put(labels, exemplar)
    this.#counts.appended++
    this.#newestMs = exemplar.t
    return true
  }

  #put(labels: Labels, exemplar: Exemplar): void {
    this.#dropAt(this.#at)
    let series = this.#series.get(labels.key)
    if (series === undefined)
      this.#series.set(labels.key, (series = { labels, oldest: undefined, newest: undefined }))
    const entry: Entry = { series, exemplar, next: undefined }
    if (series.newest === undefined) series.oldest = entry
    else series.newest.next = entry
    series.newest = entry
    this.#ring[this.#at] = entry
    this.#at = (this.#at + 1) % this.#ring.length
    this.#count++
  }

  /** The oldest of all is the oldest of its series too. */
  #dropAt(index: number): void {
    const entry = this.#ring[index]
    if (entry === undefined) return
    const { series } = entry
    series.oldest = entry.next
    this.#count--
    if (entry.next === undefined) this.#series.delete(series.labels.key)
  }

  #inOrder(): Entry[] {
    const { length } = this.#ring
    const entries = Array.from({ length }, (_, i) => this.#ring[(this.#at + i) % length])
    return entries.filter((entry) => entry !== undefined)
  }

  /** Those with minT <= t <= maxT of series that satisfy all of any list of matchers; sorted by labels. */
  select(
    alternatives: readonly (readonly Matcher[])[],
    minT: number,
    maxT: number,
  ): SeriesExemplars[] {
    const found: SeriesExemplars[] = []
    for (const { labels, oldest, newest } of this.#series.values()) {
      if (oldest === undefined || oldest.exemplar.t > maxT || newest!.exemplar.t < minT) continue
      if (!alternatives.some((matchers) => matchesAll(matchers, labels))) continue
      const exemplars: Exemplar[] = []
      for (let entry: Entry | undefined = oldest; entry !== undefined; entry = entry.next)
        if (entry.exemplar.t >= minT && entry.exemplar.t <= maxT) exemplars.push(entry.exemplar)
      if (exemplars.length > 0) found.push({ labels, exemplars })
    }
    return found.sort((a, b) => compareLabels(a.labels, b.labels))
  }

  metrics(): MetricFamily[] {
    const family = (
      name: string,
      type: 'counter' | 'gauge',
      help: string,
      value: number,
    ): MetricFamily => ({
      name: `prometheus_tsdb_exemplar_${name}`,
      help,
      type,
      samples: [{ labels: {}, value }],
    })
    const { appended, outOfOrder, tooLong } = this.#counts
    return [
      family(
        'exemplars_appended_total',
        'counter',
        'Total number of appended exemplars.',
        appended,
      ),
      family('exemplars_in_storage', 'gauge', 'Exemplars currently in storage.', this.#count),
      family(
        'series_with_exemplars_in_storage',
        'gauge',
        'Series with exemplars currently in storage.',
        this.#series.size,
      ),
      family(
        'last_exemplars_timestamp_seconds',
        'gauge',
        'Timestamp of the newest exemplar, in seconds.',
        this.#newestMs / 1000,
      ),
      family(
        'max_exemplars',
        'gauge',
        'Total number of exemplars the storage can hold.',
        this.#ring.length,
      ),
      family(
        'out_of_order_exemplars_total',
        'counter',
        'Total number of out-of-order exemplars that were refused.',
        outOfOrder,
      ),
      family(
        'too_long_exemplars_total',
        'counter',
        'Total number of exemplars that were refused for the length of their labels.',
        tooLong,
      ),
    ]
  }
}

function labelsLength(labels: Labels): number {
  let length = 0
  for (const text of labels.pairs) length += Array.from(text).length
  return length
}

const isSame = (a: Exemplar, b: Exemplar): boolean =>
  a.t === b.t && Object.is(a.v, b.v) && a.labels.equals(b.labels)

/** At one time the larger value counts as the newer. */
const isOlder = (a: Exemplar, newest: Exemplar): boolean =>
  a.t < newest.t || (a.t === newest.t && a.v < newest.v)
