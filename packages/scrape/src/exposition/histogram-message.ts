/** The Histogram message of the protobuf format: a native histogram, a classic one, or both in one. */
import { GAUGE, type Histogram, UNKNOWN_RESET, makeHistogram } from '@vigie/model'
import { compactBuckets, type Buckets } from './compact-buckets.ts'
import type { WireReader } from './wire.ts'

/** What the message says, its parts still in bytes. Used again for every message. */
export class HistogramMessage {
  count = 0
  countFloat = 0
  sum = 0
  schema = 0
  zeroThreshold = 0
  zeroCount = 0
  zeroCountFloat = 0
  readonly positive: Side = new Side()
  readonly negative: Side = new Side()
  /** Classic buckets, in their order. `exemplars`: [start, end) of a message, -1 for none. */
  readonly bounds: number[] = []
  readonly cumulative: number[] = []
  readonly bucketExemplars: number[] = []
  /** [start, end) of exemplars of the native histogram. */
  readonly exemplars: number[] = []

  /** Reads up to the end of the message. */
  read(wire: WireReader): void {
    this.count = this.countFloat = this.sum = this.schema = 0
    this.zeroThreshold = this.zeroCount = this.zeroCountFloat = 0
    this.positive.clear()
    this.negative.clear()
    this.bounds.length = this.cumulative.length = 0
    this.bucketExemplars.length = this.exemplars.length = 0
    while (wire.next()) this.#field(wire)
  }

  #field(wire: WireReader): void {
    switch (wire.field) {
      case 1:
        this.count = wire.uint()
        break
      case 2:
        this.sum = wire.double()
        break
      case 3:
        this.#bucket(wire)
        break
      case 4:
        this.countFloat = wire.double()
        break
      case 5:
        this.schema = wire.sint()
        break
      case 6:
        this.zeroThreshold = wire.double()
        break
      case 7:
        this.zeroCount = wire.uint()
        break
      case 8:
        this.zeroCountFloat = wire.double()
        break
      case 9:
        this.negative.span(wire)
        break
      case 10:
        wire.sints(this.negative.deltas)
        break
      case 11:
        wire.doubles(this.negative.counts)
        break
      case 12:
        this.positive.span(wire)
        break
      case 13:
        wire.sints(this.positive.deltas)
        break
      case 14:
        wire.doubles(this.positive.counts)
        break
      case 16: {
        const end = wire.length()
        this.exemplars.push(wire.at, end)
        wire.at = end
        break
      }
      default:
        wire.skip()
    }
  }

  #bucket(wire: WireReader): void {
    const { end: outer } = wire
    wire.end = wire.length()
    let bound = 0
    let count = 0
    let countFloat = 0
    let [start, end] = [-1, -1]
    while (wire.next()) {
      if (wire.field === 1) count = wire.uint()
      else if (wire.field === 2) bound = wire.double()
      else if (wire.field === 4) countFloat = wire.double()
      else if (wire.field === 3) {
        end = wire.length()
        start = wire.at
        wire.at = end
      } else wire.skip()
    }
    wire.end = outer
    this.bounds.push(bound)
    this.cumulative.push(countFloat === 0 ? count : countFloat)
    this.bucketExemplars.push(start, end)
  }

  /** Without any of this it is a classic one: so Prometheus tells them apart. */
  get isNative(): boolean {
    return (
      this.positive.hasSpans ||
      this.negative.hasSpans ||
      this.zeroThreshold > 0 ||
      this.zeroCount > 0 ||
      this.zeroCountFloat > 0
    )
  }

  get totalCount(): number {
    return this.countFloat === 0 ? this.count : this.countFloat
  }

  /** Throws ExpositionError when buckets and spans do not go together. */
  histogram(wire: WireReader, isGauge: boolean): Histogram {
    const isInteger = !(this.countFloat > 0 || this.zeroCountFloat > 0)
    const positive = this.positive.buckets(wire, isInteger)
    const negative = this.negative.buckets(wire, isInteger)
    return makeHistogram({
      isInteger,
      schema: this.schema,
      counterResetHint: isGauge ? GAUGE : UNKNOWN_RESET,
      zeroThreshold: this.zeroThreshold,
      zeroCount: isInteger ? this.zeroCount : this.zeroCountFloat,
      count: isInteger ? this.count : this.countFloat,
      sum: this.sum,
      positiveSpans: positive.spans,
      positiveCounts: positive.counts,
      negativeSpans: negative.spans,
      negativeCounts: negative.counts,
    })
  }
}

/** Buckets on one side of zero. */
class Side {
  /** `[offset, length, …]` */
  readonly spans: number[] = []
  readonly deltas: number[] = []
  readonly counts: number[] = []

  clear(): void {
    this.spans.length = this.deltas.length = this.counts.length = 0
  }

  get hasSpans(): boolean {
    return this.spans.length > 0
  }

  span(wire: WireReader): void {
    const { end: outer } = wire
    wire.end = wire.length()
    let offset = 0
    let length = 0
    while (wire.next()) {
      if (wire.field === 1) offset = wire.sint()
      else if (wire.field === 2) length = wire.uint()
      else wire.skip()
    }
    wire.end = outer
    this.spans.push(offset, length)
  }

  buckets(wire: WireReader, isInteger: boolean): Buckets {
    const given = isInteger ? this.deltas : this.counts
    let wanted = 0
    for (let i = 1; i < this.spans.length; i += 2) wanted += this.spans[i]
    if (wanted !== given.length)
      throw wire.error(`a histogram with spans for ${wanted} buckets has ${given.length}`)
    let count = 0
    const counts = isInteger ? given.map((delta) => (count += delta)) : given
    return compactBuckets(this.spans, counts, 0)
  }
}
