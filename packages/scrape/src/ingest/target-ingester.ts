/**
 * The bodies of one target, whatever they come as: text by its template, protobuf and converted
 * histograms sample by sample. A target may change from one to the other between two bodies.
 */
import { type Appender, STALE_NAN } from '@vigie/model'
import { ClassicHistogramReader } from '../exposition/classic-histogram.ts'
import type { BodyFormat } from '../exposition/content-type.ts'
import { createParser } from '../exposition/parser.ts'
import { ProtobufReader } from '../exposition/protobuf.ts'
import { type SampleReader, TextReader } from '../exposition/sample-reader.ts'
import { type IngestCounts, type IngestRules, type IngestScratch, Ingester } from './ingester.ts'
import { MetadataCache } from './metadata.ts'
import { SeriesIngester } from './series-ingester.ts'

export class TargetIngester {
  readonly metadata: MetadataCache = new MetadataCache()
  readonly #text: Ingester
  readonly #bySeries: SeriesIngester
  #rules: IngestRules
  /** Who took the last good body, and who the one just ingested. */
  #active: Ingester | SeriesIngester
  #next: Ingester | SeriesIngester

  constructor(rules: IngestRules, scratch: IngestScratch) {
    this.#rules = rules
    this.#text = new Ingester(rules, scratch, this.metadata)
    this.#bySeries = new SeriesIngester(rules, this.metadata)
    this.#active = this.#next = this.#text
  }

  /** As Ingester.ingest. */
  ingest(
    bytes: Buffer,
    size: number,
    format: BodyFormat,
    timeMs: number,
    appender: Appender,
  ): IngestCounts {
    const { convertsClassic } = this.#rules.histograms
    // An empty body is one without samples in every format.
    const isText = size === 0 || (format !== 'protobuf' && !convertsClassic)
    if (isText) {
      const textFormat = size === 0 || format === 'protobuf' ? 'prometheus' : format
      this.#next = this.#text
      const counts = this.#text.ingest(bytes, size, textFormat, timeMs, appender)
      this.#endOthers(this.#text, timeMs, appender)
      return counts
    }
    this.#next = this.#bySeries
    const counts = this.#bySeries.ingest(this.#reader(bytes, size, format), timeMs, appender)
    this.#endOthers(this.#bySeries, timeMs, appender)
    return counts
  }

  /** As Ingester.counts. */
  get counts(): Readonly<IngestCounts> {
    return this.#next.counts
  }

  /** As Ingester.accept. */
  accept(): void {
    if (this.#active !== this.#next) this.#active.forget()
    this.#active = this.#next
    this.#active.accept()
  }

  /** As Ingester.markAllStale. */
  markAllStale(timeMs: number, appender: Appender): void {
    this.#active.markAllStale(timeMs, appender)
  }

  changeRules(rules: IngestRules): void {
    this.#rules = rules
    this.#text.changeRules(rules)
    this.#bySeries.changeRules(rules)
  }

  /** Marks series of the last body, which came another way, that this one does not have. */
  #endOthers(current: Ingester | SeriesIngester, timeMs: number, appender: Appender): void {
    if (this.#active === current) return
    const gone = new Set(this.#active.liveRefs())
    for (const ref of current.seenRefs()) gone.delete(ref)
    for (const ref of gone) appender.append(ref, timeMs, STALE_NAN)
  }

  #reader(bytes: Buffer, size: number, format: BodyFormat): SampleReader {
    const { native, classic, convertsClassic } = this.#rules.histograms
    const reader = readerOf(bytes, size, format, native, classic)
    return convertsClassic ? new ClassicHistogramReader(reader, classic) : reader
  }
}

function readerOf(
  bytes: Buffer,
  size: number,
  format: BodyFormat,
  native: boolean,
  keepsClassic: boolean,
): SampleReader {
  if (format === 'protobuf')
    return new ProtobufReader(bytes, size, { ignoresNative: !native, keepsClassic })
  const parser = createParser(format)
  parser.reset(bytes, size, 0, 'unknown')
  return new TextReader(parser)
}
