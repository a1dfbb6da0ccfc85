/**
 * Bodies of one target into the storage, sample by sample: for what no template can stand for, protobuf
 * and classic histograms that are converted. Series are found by a key that their format gives them.
 */
import {
  APPENDED,
  type AppendResult,
  type Appender,
  STALE_NAN,
  StorageLimitError,
  UNKNOWN_SERIES,
} from '@vigie/model'
import type { SampleReader } from '../exposition/sample-reader.ts'
import {
  type IngestCounts,
  type IngestRules,
  addResult,
  noCounts,
  refWithoutSeries,
} from './ingester.ts'
import { limitHistogram } from './histogram-limits.ts'
import { ScrapeError } from './limits.ts'
import type { MetadataCache } from './metadata.ts'
import { sampleLabels } from './sample-labels.ts'
import { DROPPED, REFUSED } from './template.ts'

interface Series {
  /** The storage's reference, DROPPED or REFUSED. */
  ref: number
  /** The last pass that had it, and the last one that was accepted. */
  pass: number
  accepted: number
  hasTimestamp: boolean
}

/** Series that no body has any more are forgotten once they are more than the others, and this many. */
const FORGOTTEN_MIN = 1000

export class SeriesIngester {
  readonly #metadata: MetadataCache
  #rules: IngestRules
  #series = new Map<string, Series>()
  #pass = 0
  #accepted = 0
  #isLive = false
  /** As of Ingester. */
  counts: Readonly<IngestCounts> = noCounts()
  #isFull = false
  /** Of the pass going on, and of the last one that was accepted. */
  #touched: Series[] = []
  #current: Series[] = []

  constructor(rules: IngestRules, metadata: MetadataCache) {
    this.#rules = rules
    this.#metadata = metadata
  }

  /** As Ingester.ingest. */
  ingest(reader: SampleReader, timeMs: number, appender: Appender): IngestCounts {
    const counts = noCounts()
    this.counts = counts
    this.#pass++
    this.#touched = []
    this.#isFull = false
    for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
      if (entry === 'sample') this.#take(reader, timeMs, appender, counts)
      else if (entry === 'type') this.#metadata.setType(reader.family, reader.type)
      else if (entry === 'help') this.#metadata.setHelp(reader.family, reader.text)
      else this.#metadata.setUnit(reader.family, reader.text)
    }
    const { sampleLimit } = this.#rules
    if (sampleLimit > 0 && counts.kept > sampleLimit)
      throw new ScrapeError(`sample limit exceeded (limit: ${sampleLimit})`)
    this.#markGone(timeMs, appender)
    return counts
  }

  /** As Ingester.accept. */
  accept(): void {
    for (const one of this.#touched) one.accepted = this.#pass
    this.#current = this.#touched
    this.#accepted = this.#pass
    this.#isLive = true
    if (this.#series.size > 2 * this.#current.length + FORGOTTEN_MIN)
      for (const [key, one] of this.#series)
        if (one.accepted !== this.#accepted) this.#series.delete(key)
  }

  /** As Ingester.markAllStale. */
  markAllStale(timeMs: number, appender: Appender): void {
    for (const ref of this.liveRefs()) appender.append(ref, timeMs, STALE_NAN)
    this.#isLive = false
  }

  changeRules(rules: IngestRules): void {
    this.#rules = rules
    // What is asked for anew may be another series, or none: what then is missing is marked.
    this.#series = new Map()
  }

  /** References of series that end when they are missing. */
  *liveRefs(): Iterable<number> {
    if (!this.#isLive) return
    for (const one of this.#current) if (one.ref > 0 && this.#isTracked(one)) yield one.ref
  }

  /** Those of the body just ingested. */
  *seenRefs(): Iterable<number> {
    for (const { ref } of this.#touched) if (ref > 0) yield ref
  }

  /** Its series are somebody else's now. */
  forget(): void {
    this.#isLive = false
    this.#series = new Map()
    this.#current = []
  }

  #take(reader: SampleReader, timeMs: number, appender: Appender, counts: IngestCounts): void {
    const { key, timestamp } = reader
    let series = this.#series.get(key)
    if (series === undefined) {
      series = { ref: REFUSED, pass: 0, accepted: 0, hasTimestamp: false }
      this.#series.set(key, series)
    }
    // Beyond the limit samples are only counted: the scrape will be refused.
    const { sampleLimit } = this.#rules
    const isCounted = sampleLimit > 0 && counts.kept >= sampleLimit
    counts.scraped++
    if (series.ref === REFUSED)
      series.ref = isCounted
        ? refWithoutSeries(reader.labelMap(), this.#rules)
        : this.#refOf(reader, appender)
    if (series.pass !== this.#pass) this.#touched.push(series)
    series.pass = this.#pass
    series.hasTimestamp = timestamp !== undefined
    const isNew = series.accepted === 0 || series.accepted !== this.#accepted
    if (series.ref > 0) this.#append(reader, series, timeMs, appender, counts)
    else if (series.ref === REFUSED && !isCounted) counts.refused++
    if (series.ref === DROPPED) return
    counts.kept++
    if (isNew && !isCounted) counts.added++
  }

  #append(
    reader: SampleReader,
    series: Series,
    timeMs: number,
    appender: Appender,
    counts: IngestCounts,
  ): void {
    const { timestamp, histogram } = reader
    const { honorTimestamps } = this.#rules
    const t = timestamp !== undefined && honorTimestamps ? timestamp : timeMs
    const stored =
      histogram === undefined ? undefined : limitHistogram(histogram, this.#rules.histograms)
    const append = (ref: number): AppendResult =>
      stored === undefined
        ? appender.append(ref, t, reader.value)
        : appender.appendHistogram(ref, t, stored)
    let result = append(series.ref)
    if (result === UNKNOWN_SERIES) {
      series.ref = this.#refOf(reader, appender)
      if (series.ref > 0) result = append(series.ref)
    }
    if (result !== APPENDED) addResult(counts, result)
    if (series.ref > 0 && appender.appendExemplar !== undefined)
      for (const one of reader.exemplars())
        appender.appendExemplar(series.ref, { ...one, t: one.t ?? t })
  }

  #refOf(reader: SampleReader, appender: Appender): number {
    const labels = sampleLabels(reader.labelMap(), this.#rules)
    if (labels === undefined) return DROPPED
    if (this.#isFull) return REFUSED
    try {
      return appender.series(labels)
    } catch (error) {
      if (!(error instanceof StorageLimitError)) throw error
      this.#isFull = true
      return REFUSED
    }
  }

  #markGone(timeMs: number, appender: Appender): void {
    const gone = new Set(this.liveRefs())
    // A series can come under two keys: gone is what none stands for any more.
    for (const ref of this.seenRefs()) gone.delete(ref)
    for (const ref of gone) appender.append(ref, timeMs, STALE_NAN)
  }

  #isTracked({ hasTimestamp }: Series): boolean {
    const { honorTimestamps, trackTimestampsStaleness } = this.#rules
    return !hasTimestamp || !honorTimestamps || trackTimestampsStaleness
  }
}
