/** Reads histogram chunks, of integers and of floats; histogram-writer.ts draws what is in them. */
import {
  CUSTOM_BUCKETS_SCHEMA,
  type CounterResetHint,
  GAUGE,
  type Histogram,
  NOT_COUNTER_RESET,
  SCHEMA_MAX,
  type SampleColumns,
  UNKNOWN_RESET,
  isStale,
  makeHistogram,
} from '@vigie/model'
import { BitReader, ChunkError, XorFields } from './bits.ts'
import { bucketCount, bucketIndexes, spansOf } from './buckets.ts'
import { HISTOGRAM } from './encoding.ts'
import {
  COUNT_BYTES,
  GAUGE_CHUNK,
  HEADER_BYTES,
  type Layout,
  checkBuckets,
  readLayout,
} from './histogram-layout.ts'

const SUM = 0
const COUNT = 1
const ZERO_COUNT = 2
const FIXED_FIELDS = 3

/**
 * Appends to `out` the samples with minT <= t <= maxT among the first `count` of the chunk at
 * `start`…`end` of `bytes`, its count of samples included. Throws ChunkError.
 */
export function decodeHistograms(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  encoding: number,
  minT: number,
  maxT: number,
  out: SampleColumns,
): void {
  if (count === 0) return
  if (end - start < HEADER_BYTES) throw new ChunkError('the chunk is shorter than its header')
  const reader = new BitReader(bytes, start + HEADER_BYTES, end)
  const layout = readLayout(reader)
  const isGauge = bytes[start + COUNT_BYTES] >>> 6 === GAUGE_CHUNK
  const samples: Samples =
    encoding === HISTOGRAM ? new IntegerSamples(reader, layout) : new FloatSamples(reader, layout)
  let t = reader.varint()
  let tDelta = 0
  for (let i = 0; ; i++) {
    samples.next(i === 0)
    reader.check()
    if (t > maxT) return
    if (t >= minT) {
      // What was before the chunk may be gone or have changed: its flags say nothing for certain.
      const hint = isGauge ? GAUGE : i > 0 ? NOT_COUNTER_RESET : UNKNOWN_RESET
      out.pushHistogram(t, samples.take(hint))
    }
    if (i + 1 === count) return
    tDelta += reader.varint()
    t += tDelta
  }
}

interface Samples {
  next(isFirst: boolean): void
  take(hint: CounterResetHint): Histogram
}

class IntegerSamples implements Samples {
  readonly #reader: BitReader
  readonly #layout: Layout
  readonly #sum = new XorFields(1)
  readonly #steps: Float64Array
  readonly #stepDeltas: Float64Array
  readonly #positives: number
  #count = 0
  #countDelta = 0
  #zeroCount = 0
  #zeroDelta = 0

  constructor(reader: BitReader, layout: Layout) {
    checkBuckets(reader, layout, 1)
    this.#reader = reader
    this.#layout = layout
    this.#positives = bucketCount(layout.positiveSpans)
    const buckets = this.#positives + bucketCount(layout.negativeSpans)
    this.#steps = new Float64Array(buckets)
    this.#stepDeltas = new Float64Array(buckets)
  }

  next(isFirst: boolean): void {
    const reader = this.#reader
    const steps = this.#steps
    if (isFirst) {
      this.#count = reader.varuint()
      this.#zeroCount = reader.varuint()
      reader.float(this.#sum, SUM)
      for (let i = 0; i < steps.length; i++) steps[i] = reader.varint()
      return
    }
    this.#count += this.#countDelta += reader.varint()
    this.#zeroCount += this.#zeroDelta += reader.varint()
    reader.xor(this.#sum, SUM)
    if (isStale(this.#sum.floats[SUM])) return
    const deltas = this.#stepDeltas
    for (let i = 0; i < steps.length; i++) {
      const change = reader.varint()
      if (change !== 0) deltas[i] += change
      steps[i] += deltas[i]
    }
  }

  take(hint: CounterResetHint): Histogram {
    const sum = this.#sum.floats[SUM]
    if (isStale(sum)) return makeHistogram({ isInteger: true, sum })
    return histogram(this.#layout, {
      isInteger: true,
      hint,
      count: this.#count,
      zeroCount: this.#zeroCount,
      sum,
      positiveCounts: this.#counts(0, this.#positives),
      negativeCounts: this.#counts(this.#positives, this.#steps.length),
    })
  }

  #counts(from: number, to: number): Float64Array {
    const counts = new Float64Array(to - from)
    let count = 0
    for (let i = from; i < to; i++) counts[i - from] = count += this.#steps[i]
    return counts
  }
}

class FloatSamples implements Samples {
  readonly #reader: BitReader
  readonly #layout: Layout
  readonly #fields: XorFields
  readonly #negativesAt: number

  constructor(reader: BitReader, layout: Layout) {
    checkBuckets(reader, layout, 64)
    this.#reader = reader
    this.#layout = layout
    this.#negativesAt = FIXED_FIELDS + bucketCount(layout.positiveSpans)
    this.#fields = new XorFields(this.#negativesAt + bucketCount(layout.negativeSpans))
  }

  next(isFirst: boolean): void {
    const reader = this.#reader
    const fields = this.#fields
    const { length } = fields.floats
    if (isFirst) {
      reader.float(fields, COUNT)
      reader.float(fields, ZERO_COUNT)
      reader.float(fields, SUM)
      for (let i = FIXED_FIELDS; i < length; i++) reader.float(fields, i)
      return
    }
    reader.xor(fields, COUNT)
    reader.xor(fields, ZERO_COUNT)
    reader.xor(fields, SUM)
    if (isStale(fields.floats[SUM])) return
    for (let i = FIXED_FIELDS; i < length; i++) reader.xor(fields, i)
  }

  take(hint: CounterResetHint): Histogram {
    const { floats } = this.#fields
    const sum = floats[SUM]
    if (isStale(sum)) return makeHistogram({ isInteger: false, sum })
    return histogram(this.#layout, {
      isInteger: false,
      hint,
      count: floats[COUNT],
      zeroCount: floats[ZERO_COUNT],
      sum,
      positiveCounts: floats.slice(FIXED_FIELDS, this.#negativesAt),
      negativeCounts: floats.slice(this.#negativesAt),
    })
  }
}

interface Taken {
  isInteger: boolean
  hint: CounterResetHint
  count: number
  zeroCount: number
  sum: number
  positiveCounts: Float64Array
  negativeCounts: Float64Array
}

function histogram(layout: Layout, taken: Taken): Histogram {
  const { schema } = layout
  // Finer than this version knows: a later one wrote it.
  const shift = schema === CUSTOM_BUCKETS_SCHEMA ? 0 : Math.max(0, schema - SCHEMA_MAX)
  const positive = coarser(layout.positiveSpans, taken.positiveCounts, shift)
  const negative = coarser(layout.negativeSpans, taken.negativeCounts, shift)
  return {
    isInteger: taken.isInteger,
    schema: schema - shift,
    counterResetHint: taken.hint,
    zeroThreshold: layout.zeroThreshold,
    zeroCount: taken.zeroCount,
    count: taken.count,
    sum: taken.sum,
    positiveSpans: positive.spans,
    positiveCounts: positive.counts,
    negativeSpans: negative.spans,
    negativeCounts: negative.counts,
    customBounds: layout.customBounds,
  }
}

/** Buckets of a schema lower by `shift`: 2^shift of them become one. */
function coarser(
  spans: Int32Array,
  counts: Float64Array,
  shift: number,
): { spans: Int32Array; counts: Float64Array } {
  if (shift === 0 || counts.length === 0) return { spans, counts }
  const indexes = bucketIndexes(spans).map((index) => ((index - 1) >> shift) + 1)
  const merged = Int32Array.from(new Set(indexes))
  const sums = new Float64Array(merged.length)
  let place = 0
  for (let i = 0; i < counts.length; i++) {
    if (indexes[i] !== merged[place]) place++
    sums[place] += counts[i]
  }
  return { spans: spansOf(merged), counts: sums }
}
