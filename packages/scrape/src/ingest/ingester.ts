/**
 * Bodies of one target into the storage. The first body is parsed; of every further one only what
 * differs from the last is (see template.ts). What has gone since the last body gets a stale marker.
 */
import {
  APPENDED,
  OUT_OF_BOUNDS,
  OUT_OF_ORDER,
  DUPLICATE,
  STALE_NAN,
  StorageLimitError,
  TOO_OLD,
  UNKNOWN_SERIES,
  type AppendResult,
  type Appender,
} from '@vigie/model'
import { NumberScanner } from '../exposition/number.ts'
import { createParser, type TextFormat } from '../exposition/parser.ts'
import type { TextParser } from '../exposition/text-parser.ts'
import type { MetricType } from '../status.ts'
import type { HistogramRules } from './histogram-limits.ts'
import { ScrapeError } from './limits.ts'
import { MetadataCache } from './metadata.ts'
import { sampleLabels, type SampleRules } from './sample-labels.ts'
import { DROPPED, REFUSED, SlotIndex, Template, TemplateBuilder, equalBytes } from './template.ts'

/** `Template.types` holds indexes into this. */
const TYPE_NAMES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
]

export interface IngestRules extends SampleRules {
  honorTimestamps: boolean
  trackTimestampsStaleness: boolean
  histograms: HistogramRules
}

/** What became of the samples of one body. */
export interface IngestCounts {
  scraped: number
  /** After metric relabelling. */
  kept: number
  /** Series that the last body did not have. */
  added: number
  outOfOrder: number
  duplicate: number
  tooOld: number
  /** Samples of series that the storage has no room for. */
  refused: number
}

/** Buffers and parsers that all ingesters of a process share: ingestion never yields. */
export class IngestScratch {
  readonly builder: TemplateBuilder = new TemplateBuilder()
  readonly numbers: NumberScanner = new NumberScanner()
  readonly #parsers = new Map<TextFormat, TextParser>()

  parser(format: TextFormat): TextParser {
    let parser = this.#parsers.get(format)
    if (parser === undefined) this.#parsers.set(format, (parser = createParser(format)))
    return parser
  }
}

/** One body on its way into the storage. */
interface Pass {
  bytes: Buffer
  view: DataView
  size: number
  parser: TextParser
  appender: Appender
  timeMs: number
  counts: IngestCounts
  /** Next slot of the template, and the byte where its segment would begin. */
  slot: number
  at: number
  /** Whether lines can be taken from the template at all. */
  isUsable: boolean
  /** Set once the storage has said that it has no room. */
  isFull: boolean
}

export class Ingester {
  readonly metadata: MetadataCache
  readonly #scratch: IngestScratch
  #rules: IngestRules
  #template = Template.EMPTY
  /** Whether lines of the template stand for the same series still: not after other rules. */
  #isTemplateUsable = true
  /** Whether the template's series have not been marked stale. */
  #isLive = false
  /** Of the body just ingested, until it is committed. */
  #next: Template | undefined
  /** Of the last body, up to what was wrong with it if something was. */
  counts: Readonly<IngestCounts> = noCounts()

  constructor(
    rules: IngestRules,
    scratch: IngestScratch,
    metadata: MetadataCache = new MetadataCache(),
  ) {
    this.#rules = rules
    this.metadata = metadata
    this.#scratch = scratch
  }

  /** Series in the last good body, those that relabelling drops among them. */
  get slotCount(): number {
    return this.#template.slotCount
  }

  /**
   * Appends the samples of a body, stamped `timeMs` unless they bring their own time, and stale markers
   * for what has gone. `bytes` must have room for one byte after `size`. Throws ExpositionError or
   * ScrapeError; the caller then rolls back. After a commit the caller must call `accept`.
   */
  ingest(
    bytes: Buffer,
    size: number,
    format: TextFormat,
    timeMs: number,
    appender: Appender,
  ): IngestCounts {
    this.#next = undefined
    // A line's end behind the body, so that its last number ends in any case.
    bytes[size] = 0x0a
    const pass: Pass = {
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      size,
      parser: this.#scratch.parser(format),
      appender,
      timeMs,
      counts: noCounts(),
      slot: 0,
      at: 0,
      isUsable: this.#isTemplateUsable && format === this.#template.format,
      isFull: false,
    }
    this.counts = pass.counts
    if (pass.isUsable) this.#matchSlots(pass)
    if (!pass.isUsable || !this.#isTailEqual(pass)) this.#ingestChanges(pass, format)
    const { sampleLimit } = this.#rules
    if (sampleLimit > 0 && pass.counts.kept > sampleLimit)
      throw new ScrapeError(`sample limit exceeded (limit: ${sampleLimit})`)
    return pass.counts
  }

  /** What the last `ingest` appended has been committed: its body is what the next one is compared with. */
  accept(): void {
    this.#isLive = true
    if (this.#next === undefined) return
    this.#template = this.#next
    this.#next = undefined
    this.#isTemplateUsable = true
  }

  /** Marks every series of the last body as ended at `timeMs`. The caller commits. */
  markAllStale(timeMs: number, appender: Appender): void {
    this.#next = undefined
    for (const ref of this.liveRefs()) appender.append(ref, timeMs, STALE_NAN)
    this.#isLive = false
  }

  /** References of series that end when they are missing. */
  *liveRefs(): Iterable<number> {
    if (!this.#isLive) return
    const { refs } = this.#template
    for (let slot = 0; slot < refs.length; slot++)
      if (refs[slot] > 0 && this.#isTracked(this.#template, slot)) yield refs[slot]
  }

  /** Those of the body just ingested. */
  *seenRefs(): Iterable<number> {
    for (const ref of (this.#next ?? this.#template).refs) if (ref > 0) yield ref
  }

  /** Its series are somebody else's now. */
  forget(): void {
    this.#isLive = false
    this.#template = Template.EMPTY
  }

  /** Other rules from the next body on: everything is parsed anew, what then is missing is marked. */
  changeRules(rules: IngestRules): void {
    this.#rules = rules
    this.#isTemplateUsable = false
  }

  // The fast path.

  /**
   * Takes lines from `pass.at` as long as they are those of the template from `pass.slot`. Stops with
   * both on the first segment that differs.
   */
  #matchSlots(pass: Pass): void {
    const { bytes, view, size, appender, timeMs, counts } = pass
    const { segmentEnd, refs, hasTimestamp, slotCount, view: own } = this.#template
    const { honorTimestamps } = this.#rules
    const { numbers } = this.#scratch
    const from = pass.slot
    let { slot, at } = pass
    let start = this.#template.segmentStart(slot)
    let dropped = 0
    for (; slot < slotCount; slot++) {
      const end = segmentEnd[slot]
      const length = end - start
      if (at + length >= size || !equalBytes(own, start, view, at, length)) break
      const value = numbers.scan(bytes, at + length)
      if (!numbers.isNumber) break
      let next = numbers.end
      let t = timeMs
      if (hasTimestamp[slot] !== 0) {
        while (bytes[next] === 0x20) next++
        const stamp = this.#timestamp(bytes, next)
        if (stamp < 0) break
        if (honorTimestamps) t = stamp
        next = numbers.end
      }
      if (bytes[next] !== 0x0a) break
      const ref = refs[slot]
      if (ref > 0) {
        const result = appender.append(ref, t, value)
        if (result !== APPENDED) this.#notAppended(pass, slot, t, value, result)
      } else if (ref === DROPPED) dropped++
      else this.#renew(pass, slot, t, value)
      start = end
      at = next
    }
    counts.scraped += slot - from
    counts.kept += slot - from - dropped
    pass.slot = slot
    pass.at = at
  }

  /** A timestamp of the Prometheus format, whole milliseconds; -1: something else. Sets `numbers.end`. */
  #timestamp(bytes: Buffer, at: number): number {
    if (this.#template.format !== 'prometheus') return -1
    let stamp = 0
    let p = at
    for (; bytes[p] >= 0x30 && bytes[p] <= 0x39; p++) stamp = stamp * 10 + bytes[p] - 0x30
    this.#scratch.numbers.end = p
    // More digits than a double keeps are for the parser to judge.
    return p === at || p - at > 15 ? -1 : stamp
  }

  #isTailEqual(pass: Pass): boolean {
    const { slotCount, size, tailStart, view } = this.#template
    if (pass.slot < slotCount || slotCount === 0) return false
    const length = Math.max(0, pass.size - pass.at)
    return length === size - tailStart && equalBytes(view, tailStart, pass.view, pass.at, length)
  }

  // What differs.

  /** Parses lines until they are those of the template again, and puts the next template together. */
  #ingestChanges(pass: Pass, format: TextFormat): void {
    const old = this.#template
    const { builder } = this.#scratch
    const seen = new Uint8Array(old.slotCount).fill(1, 0, pass.slot)
    const index = new SlotIndex(pass.isUsable ? old : Template.EMPTY)
    builder.reset()
    builder.appendSlots(old, 0, pass.slot)
    for (;;) {
      const lineStart = pass.at === 0 ? 0 : Math.min(pass.at + 1, pass.size)
      pass.parser.reset(pass.bytes, pass.size, lineStart, TYPE_NAMES[builder.lastType])
      if (!this.#nextSeries(pass.parser)) break
      const found = this.#takeLine(pass, index)
      if (found >= 0) {
        seen[found] = 1
        pass.slot = found + 1
      }
      if (!pass.isUsable || builder.lastType !== old.typeBefore(pass.slot)) continue
      const from = pass.slot
      this.#matchSlots(pass)
      seen.fill(1, from, pass.slot)
      builder.appendSlots(old, from, pass.slot)
    }
    this.#next = builder.finish(format, pass.bytes, pass.at, pass.size)
    this.#markGone(pass, seen, this.#next)
  }

  /** Reads up to the next sample, keeping metadata on the way. False at the end. */
  #nextSeries(parser: TextParser): boolean {
    for (;;) {
      const entry = parser.next()
      if (entry === 'series') return true
      if (entry === 'end') return false
      if (entry === 'type') this.metadata.setType(parser.family, parser.type)
      else if (entry === 'help') this.metadata.setHelp(parser.family, parser.text)
      else if (entry === 'unit') this.metadata.setUnit(parser.family, parser.text)
    }
  }

  /** Appends the sample just parsed; the slot of the template that had its series, -1: none. */
  #takeLine(pass: Pass, index: SlotIndex): number {
    const { parser, counts, bytes } = pass
    const type = TYPE_NAMES.indexOf(parser.type)
    const found = index.find(pass.view, parser.seriesStart, parser.seriesEnd, type)
    const isKnown = found >= 0 && this.#template.refs[found] !== REFUSED
    // Beyond the limit samples are only counted: the scrape will be refused.
    const { sampleLimit } = this.#rules
    const isCounted = sampleLimit > 0 && counts.kept >= sampleLimit
    counts.scraped++
    let ref = isKnown
      ? this.#template.refs[found]
      : isCounted
        ? refWithoutSeries(parser.labelMap(), this.#rules)
        : this.#newSeries(pass, parser.labelMap())
    const t = parser.hasTimestamp && this.#rules.honorTimestamps ? parser.timestamp : pass.timeMs
    const { value, seriesStart, valueStart, hasTimestamp, at } = parser
    if (ref > 0) {
      let result = pass.appender.append(ref, t, value)
      if (result === UNKNOWN_SERIES) {
        ref = this.#newSeries(pass, parser.labelMap())
        if (ref > 0) result = pass.appender.append(ref, t, value)
      }
      addResult(counts, result)
      if (parser.hasExemplar && ref > 0) appendExemplar(pass, ref, t)
    }
    if (ref === REFUSED && !isCounted) counts.refused++
    if (ref !== DROPPED) {
      counts.kept++
      if (found < 0 && !isCounted) counts.added++
    }
    this.#scratch.builder.appendLine(
      bytes,
      pass.at,
      seriesStart,
      valueStart,
      ref,
      type,
      hasTimestamp,
    )
    pass.at = at - 1
    return found
  }

  /** The storage's reference of a series as scraped, DROPPED or REFUSED. */
  #newSeries(pass: Pass, scraped: Map<string, string>): number {
    const labels = sampleLabels(scraped, this.#rules)
    if (labels === undefined) return DROPPED
    if (pass.isFull) return REFUSED
    try {
      return pass.appender.series(labels)
    } catch (error) {
      if (!(error instanceof StorageLimitError)) throw error
      pass.isFull = true
      return REFUSED
    }
  }

  /** Something else than APPENDED became of a known series' sample. */
  #notAppended(pass: Pass, slot: number, t: number, value: number, result: AppendResult): void {
    if (result === UNKNOWN_SERIES) this.#renew(pass, slot, t, value)
    else addResult(pass.counts, result)
  }

  /** Asks for a slot's series again, and appends its sample when there is one now. */
  #renew(pass: Pass, slot: number, t: number, value: number): void {
    const { refs } = this.#template
    refs[slot] = this.#newSeries(pass, this.#slotLabels(slot))
    if (refs[slot] > 0) addResult(pass.counts, pass.appender.append(refs[slot], t, value))
    else pass.counts.refused++
  }

  /** The labels of a slot as scraped, parsed again: they are needed too rarely to be kept. */
  #slotLabels(slot: number): Map<string, string> {
    const { bytes, seriesStart, types, format } = this.#template
    const series = bytes.subarray(seriesStart[slot], this.#template.seriesEnd(slot))
    const line = Buffer.concat([series, Buffer.from(' 0\n\n')])
    const parser = createParser(format)
    parser.reset(line, line.length - 1, 0, TYPE_NAMES[types[slot]])
    parser.next()
    return parser.labelMap()
  }

  /** Stale markers for series of the template that no line of the new body stands for. */
  #markGone(pass: Pass, seen: Uint8Array, next: Template): void {
    if (!this.#isLive) return
    const old = this.#template
    const gone = new Set<number>()
    for (let slot = 0; slot < old.slotCount; slot++)
      if (seen[slot] === 0 && old.refs[slot] > 0 && this.#isTracked(old, slot))
        gone.add(old.refs[slot])
    // A series can be written in two ways: gone is what no line stands for any more.
    if (gone.size > 0) for (const ref of next.refs) gone.delete(ref)
    for (const ref of gone) pass.appender.append(ref, pass.timeMs, STALE_NAN)
  }

  /** Series that bring their own time end when they say so, unless the job wants them tracked. */
  #isTracked(template: Template, slot: number): boolean {
    const { honorTimestamps, trackTimestampsStaleness } = this.#rules
    return template.hasTimestamp[slot] === 0 || !honorTimestamps || trackTimestampsStaleness
  }
}

/** One without a time of its own has its sample's. */
function appendExemplar({ parser, appender }: Pass, ref: number, t: number): void {
  appender.appendExemplar?.(ref, {
    labels: parser.exemplarLabels(),
    t: parser.exemplarTimestamp ?? t,
    v: parser.exemplarValue,
  })
}

/** What becomes of a series that is only counted. */
export function refWithoutSeries(scraped: Map<string, string>, rules: SampleRules): number {
  return sampleLabels(scraped, rules) === undefined ? DROPPED : REFUSED
}

export const noCounts = (): IngestCounts => ({
  scraped: 0,
  kept: 0,
  added: 0,
  outOfOrder: 0,
  duplicate: 0,
  tooOld: 0,
  refused: 0,
})

export function addResult(counts: IngestCounts, result: AppendResult): void {
  if (result === OUT_OF_ORDER) counts.outOfOrder++
  else if (result === DUPLICATE) counts.duplicate++
  else if (result === TOO_OLD || result === OUT_OF_BOUNDS) counts.tooOld++
}
