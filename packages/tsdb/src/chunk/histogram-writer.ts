/**
 * Writes histogram chunks. Fields of a sample, in this order (the layout before them is in
 * histogram-layout.ts):
 *
 *     of integers       t, count, zero count, sum, positive buckets, negative buckets
 *                       first: varint, varuint, varuint, float, varints of the change from bucket to bucket
 *                       later: varints of the delta of deltas of each; sum as xor
 *     of floats         the same; all but t floats, later xors; buckets are absolute
 *
 * A stale sample has no buckets, and nothing but stale samples may follow it.
 */
import {
  COUNTER_RESET,
  CUSTOM_BUCKETS_SCHEMA,
  GAUGE,
  type Histogram,
  SampleColumns,
  isStaleHistogram,
  makeHistogram,
} from '@vigie/model'
import { BitWriter, XorFields } from './bits.ts'
import { bucketCount, isReset, isSame, spansOf, spread, unionOf } from './buckets.ts'
import type { Union } from './buckets.ts'
import { FLOAT_HISTOGRAM, HISTOGRAM } from './encoding.ts'
import {
  GAUGE_CHUNK,
  RESET_BEFORE,
  RESET_NOT,
  RESET_UNKNOWN,
  type ResetFlags,
  writeLayout,
} from './histogram-layout.ts'
import { decodeHistograms } from './histogram-reader.ts'

const START_BYTES = 128
// Floats of a chunk, before the buckets; of integers, the sum alone is one.
const SUM = 0
const COUNT = 1
const ZERO_COUNT = 2
const FIXED_FIELDS = 3

/** How the buckets of a histogram go together with those of a chunk; undefined where they are the same. */
interface Fit {
  positive: Union | undefined
  negative: Union | undefined
}
const SAME_BUCKETS: Fit = { positive: undefined, negative: undefined }

/** The chunk that a series of histograms appends to. */
export class HistogramChunk {
  readonly isInteger: boolean
  readonly minT: number
  readonly #flags: ResetFlags
  #writer = new BitWriter(START_BYTES)
  #count = 0
  #last: Histogram
  /** The newest histogram in the buckets of the chunk. */
  #placed: Histogram
  #lastT = 0
  #tDelta = 0
  // Integers: how count and zero count changed last; of the buckets the change from one to the next, and
  // how that changed.
  #countDelta = 0
  #zeroDelta = 0
  #steps = new Float64Array(0)
  #stepDeltas = new Float64Array(0)
  #fields = new XorFields(0)

  private constructor(t: number, first: Histogram, flags: ResetFlags) {
    this.isInteger = first.isInteger
    this.minT = t
    this.#flags = flags
    this.#last = first
    this.#placed = first
    this.#restart(isStaleHistogram(first) ? emptied(first) : first)
    this.#write(t, first)
  }

  /**
   * A chunk that starts with `h`. `previous` is the chunk of the series before it, when that one was
   * ended for its size or its time: then it says whether there was a reset in between.
   */
  static begin(t: number, h: Histogram, previous?: HistogramChunk): HistogramChunk {
    let flags: ResetFlags = RESET_UNKNOWN
    if (h.counterResetHint === GAUGE) flags = GAUGE_CHUNK
    else if (h.counterResetHint === COUNTER_RESET) flags = RESET_BEFORE
    else if (previous?.isInteger === h.isInteger) flags = previous.#flagsBefore(h)
    return new HistogramChunk(t, h, flags)
  }

  get encoding(): number {
    return this.isInteger ? HISTOGRAM : FLOAT_HISTOGRAM
  }

  get count(): number {
    return this.#count
  }

  get maxT(): number {
    return this.#lastT
  }

  /** The newest histogram, as it was given. */
  get last(): Histogram {
    return this.#last
  }

  /**
   * The chunk as in Prometheus's files. Valid until the next append, after which its first samples
   * are what they were but may have more buckets, empty ones.
   */
  get bytes(): Uint8Array {
    return this.#writer.bytes
  }

  /**
   * Appends a sample later than all. Returns the chunk that holds it: this one (written anew when `h`
   * has buckets that it has not), or a new one that starts with it, since the two differ in kind,
   * schema, zero threshold or bounds, the counts went down, or the sample before was a stale one.
   */
  append(t: number, h: Histogram): HistogramChunk {
    if (h.isInteger !== this.isInteger) return HistogramChunk.begin(t, h)
    const isGauge = h.counterResetHint === GAUGE
    const fit = isGauge ? this.#fitGauge(h) : this.#fitCounter(h)
    if (typeof fit === 'number') return new HistogramChunk(t, h, fit)
    this.#write(t, fit === SAME_BUCKETS ? h : this.#place(h, fit, isGauge))
    this.#last = h
    return this
  }

  /** Flags of a chunk after this one that starts with the counter `h`. */
  #flagsBefore(h: Histogram): ResetFlags {
    const fit = this.#fitCounter(h)
    // Of chunks of floats Prometheus knows only whether there was a reset.
    if (typeof fit !== 'number' || (!this.isInteger && fit !== RESET_BEFORE)) return RESET_NOT
    return fit
  }

  /** How the buckets of a counter fit in, or the flags of the chunk that must be begun for it. */
  #fitCounter(h: Histogram): Fit | ResetFlags {
    if (this.#flags === GAUGE_CHUNK) return this.isInteger ? RESET_NOT : RESET_UNKNOWN
    if (h.counterResetHint === COUNTER_RESET) return RESET_BEFORE
    if (isStaleHistogram(h)) return SAME_BUCKETS
    const last = this.#placed
    if (isStaleHistogram(last)) return RESET_UNKNOWN
    if (h.count < last.count) return RESET_BEFORE
    if (h.schema !== last.schema || h.zeroThreshold !== last.zeroThreshold) return RESET_UNKNOWN
    if (!hasSameBounds(h, last) || h.zeroCount < last.zeroCount) return RESET_BEFORE
    const positive = fitSide(last.positiveSpans, h.positiveSpans)
    if (isReset(positive, last.positiveCounts, h.positiveCounts)) return RESET_BEFORE
    const negative = fitSide(last.negativeSpans, h.negativeSpans)
    if (isReset(negative, last.negativeCounts, h.negativeCounts)) return RESET_BEFORE
    return fitOf(positive, negative)
  }

  #fitGauge(h: Histogram): Fit | ResetFlags {
    if (this.#flags !== GAUGE_CHUNK) return GAUGE_CHUNK
    if (isStaleHistogram(h)) return SAME_BUCKETS
    const last = this.#placed
    if (isStaleHistogram(last) || h.schema !== last.schema) return GAUGE_CHUNK
    if (h.zeroThreshold !== last.zeroThreshold || !hasSameBounds(h, last)) return GAUGE_CHUNK
    return fitOf(
      fitSide(last.positiveSpans, h.positiveSpans),
      fitSide(last.negativeSpans, h.negativeSpans),
    )
  }

  /**
   * `h` in the buckets that it and the chunk have; the chunk is written anew when that is more than it
   * had. Which of several spans for the same buckets are taken is as in Prometheus.
   */
  #place(h: Histogram, { positive, negative }: Fit, isGauge: boolean): Histogram {
    const grows = positive?.isMissingBefore === true || negative?.isMissingBefore === true
    const isShort = positive?.isMissingAfter === true || negative?.isMissingAfter === true
    const spansFor = (
      side: Union | undefined,
      ours: Int32Array,
      theirs: Int32Array,
    ): Int32Array => {
      if (!grows) return ours
      const isMerged = side !== undefined && (side.isMissingAfter || (isGauge && isShort))
      return isMerged ? spansOf(side.indexes) : theirs
    }
    const last = this.#placed
    const positiveSpans = spansFor(positive, last.positiveSpans, h.positiveSpans)
    const negativeSpans = spansFor(negative, last.negativeSpans, h.negativeSpans)
    const laidOut = (one: Histogram, side: 'before' | 'after'): Histogram => ({
      ...one,
      positiveSpans,
      negativeSpans,
      positiveCounts: spread(one.positiveCounts, positive?.[side], positive),
      negativeCounts: spread(one.negativeCounts, negative?.[side], negative),
    })
    if (grows) this.#writeAnew((one) => laidOut(one, 'before'))
    return laidOut(h, 'after')
  }

  #writeAnew(change: (h: Histogram) => Histogram): void {
    const samples = new SampleColumns(this.#count)
    const { bytes } = this
    decodeHistograms(
      bytes,
      0,
      bytes.length,
      this.#count,
      this.encoding,
      -Infinity,
      Infinity,
      samples,
    )
    this.#restart(change(samples.h![0]!))
    for (let i = 0; i < samples.length; i++) this.#write(samples.t[i], change(samples.h![i]!))
  }

  /** An empty chunk with the layout of `first`. */
  #restart(first: Histogram): void {
    const buckets = bucketCount(first.positiveSpans) + bucketCount(first.negativeSpans)
    this.#writer = new BitWriter(START_BYTES)
    this.#writer.bits(0, 16)
    this.#writer.bits(this.#flags << 6, 8)
    writeLayout(this.#writer, first)
    this.#count = 0
    this.#tDelta = 0
    this.#countDelta = 0
    this.#zeroDelta = 0
    this.#steps = new Float64Array(this.isInteger ? buckets : 0)
    this.#stepDeltas = new Float64Array(this.isInteger ? buckets : 0)
    this.#fields = new XorFields(this.isInteger ? 1 : FIXED_FIELDS + buckets)
  }

  /** Appends a sample in the buckets of the chunk. */
  #write(t: number, placed: Histogram): void {
    const h = isStaleHistogram(placed) ? emptied(placed) : placed
    const tDelta = this.#count === 0 ? 0 : t - this.#lastT
    this.#writer.varint(this.#count === 0 ? t : tDelta - this.#tDelta)
    if (this.isInteger) this.#writeIntegers(h)
    else this.#writeFloats(h)
    this.#count++
    this.#writer.setByte(0, this.#count >>> 8)
    this.#writer.setByte(1, this.#count & 0xff)
    this.#lastT = t
    this.#tDelta = tDelta
    this.#placed = h
  }

  #writeIntegers(h: Histogram): void {
    const writer = this.#writer
    if (this.#count === 0) {
      writer.varuint(h.count)
      writer.varuint(h.zeroCount)
      writer.float(this.#fields, SUM, h.sum)
      this.#writeSteps(h, true)
      return
    }
    const isStale = isStaleHistogram(h)
    const countDelta = h.count - this.#placed.count
    const zeroDelta = h.zeroCount - this.#placed.zeroCount
    writer.varint(isStale ? 0 : countDelta - this.#countDelta)
    writer.varint(isStale ? 0 : zeroDelta - this.#zeroDelta)
    writer.xor(this.#fields, SUM, h.sum)
    this.#countDelta = countDelta
    this.#zeroDelta = zeroDelta
    this.#writeSteps(h, false)
  }

  #writeSteps(h: Histogram, isFirst: boolean): void {
    const steps = this.#steps
    let field = 0
    for (const counts of [h.positiveCounts, h.negativeCounts]) {
      let before = 0
      for (const count of counts) {
        const step = count - before
        const delta = isFirst ? 0 : step - steps[field]
        this.#writer.varint(isFirst ? step : delta - this.#stepDeltas[field])
        this.#stepDeltas[field] = delta
        steps[field++] = step
        before = count
      }
    }
  }

  #writeFloats(h: Histogram): void {
    const writer = this.#writer
    const fields = this.#fields
    const isFirst = this.#count === 0
    const write = (field: number, v: number): void => {
      if (isFirst) writer.float(fields, field, v)
      else writer.xor(fields, field, v)
    }
    write(COUNT, h.count)
    write(ZERO_COUNT, h.zeroCount)
    write(SUM, h.sum)
    let field = FIXED_FIELDS
    for (const count of h.positiveCounts) write(field++, count)
    for (const count of h.negativeCounts) write(field++, count)
  }
}

const emptied = ({ isInteger, sum }: Histogram): Histogram => makeHistogram({ isInteger, sum })

const fitSide = (before: Int32Array, after: Int32Array): Union | undefined =>
  isSame(before, after) ? undefined : unionOf(before, after)

const fitOf = (positive: Union | undefined, negative: Union | undefined): Fit =>
  positive === undefined && negative === undefined ? SAME_BUCKETS : { positive, negative }

function hasSameBounds(a: Histogram, b: Histogram): boolean {
  if (a.schema !== CUSTOM_BUCKETS_SCHEMA) return true
  const { length } = a.customBounds
  if (length !== b.customBounds.length) return false
  for (let i = 0; i < length; i++) if (a.customBounds[i] !== b.customBounds[i]) return false
  return true
}
