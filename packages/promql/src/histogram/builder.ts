/**
 * Arithmetic on native histograms. A builder is a histogram that can be changed; sums may be
 * compensated, as Prometheus's are where it aggregates.
 *
 * Where two histograms differ in resolution, the coarser one counts; where their zero buckets do, the
 * wider one, widened further to the bounds of populated buckets; where custom bounds do, those that
 * both have.
 */
import {
  CUSTOM_BUCKETS_SCHEMA,
  type CounterResetHint,
  GAUGE,
  type Histogram,
  UNKNOWN_RESET,
  bucketBound,
} from '@vigie/model'
import {
  type Side,
  emptySide,
  mergeSides,
  reduced,
  remapped,
  sideOf,
  spansOf,
  withoutEmpty,
} from './side.ts'

export const isCustom = ({ schema }: { schema: number }): boolean =>
  schema === CUSTOM_BUCKETS_SCHEMA

/** What came of adding one histogram to another. */
export interface Combined {
  /** One has exponential buckets, the other custom ones: nothing was added. */
  isIncompatible: boolean
  /** One says that there was a reset, the other that there was none. */
  hasCollision: boolean
  /** Custom bounds differed. */
  isReconciled: boolean
}

export class HistogramBuilder {
  schema = 0
  hint: CounterResetHint = UNKNOWN_RESET
  zeroThreshold = 0
  zeroCount = 0
  count = 0
  sum = 0
  bounds: Float64Array = NO_BOUNDS
  positive: Side = emptySide()
  negative: Side = emptySide()
  /** Of zeroCount, count and sum, once a compensated sum was begun. */
  #comp: { zeroCount: number; count: number; sum: number } | undefined

  static from(h: Histogram): HistogramBuilder {
    const out = new HistogramBuilder()
    out.schema = h.schema
    out.hint = h.counterResetHint
    out.zeroThreshold = h.zeroThreshold
    out.zeroCount = h.zeroCount
    out.count = h.count
    out.sum = h.sum
    out.bounds = h.customBounds
    out.positive = sideOf(h.positiveSpans, h.positiveCounts)
    out.negative = sideOf(h.negativeSpans, h.negativeCounts)
    return out
  }

  copy(): HistogramBuilder {
    const out = new HistogramBuilder()
    out.schema = this.schema
    out.hint = this.hint
    out.zeroThreshold = this.zeroThreshold
    out.zeroCount = this.zeroCount
    out.count = this.count
    out.sum = this.sum
    out.bounds = this.bounds
    out.positive = copySide(this.positive)
    out.negative = copySide(this.negative)
    if (this.#comp !== undefined) out.#comp = { ...this.#comp }
    return out
  }

  /** To less resolution. Not for custom buckets. */
  reduceTo(schema: number): void {
    this.positive = reduced(this.positive, this.schema, schema)
    this.negative = reduced(this.negative, this.schema, schema)
    this.schema = schema
  }

  add(other: Histogram, sign: 1 | -1 = 1): Combined {
    return this.#combine(HistogramBuilder.from(other), sign)
  }

  /** Adds with compensation, which stays with this builder until it is finished. */
  addExactly(other: Histogram): Combined {
    if (this.#comp === undefined) {
      this.#comp = { zeroCount: 0, count: 0, sum: 0 }
      this.positive.comp = this.positive.count.map(() => 0)
      this.negative.comp = this.negative.count.map(() => 0)
    }
    return this.#combine(HistogramBuilder.from(other), 1)
  }

  #combine(other: HistogramBuilder, sign: 1 | -1): Combined {
    const out: Combined = { isIncompatible: false, hasCollision: false, isReconciled: false }
    if (isCustom(this) !== isCustom(other)) {
      out.isIncompatible = true
      return out
    }
    out.hasCollision = this.#takeHint(other.hint)
    if (isCustom(this)) {
      out.isReconciled = this.#addCustom(other, sign)
    } else {
      this.#addExponential(other, sign)
    }
    this.#addTo('count', sign * other.count)
    this.#addTo('sum', sign * other.sum)
    return out
  }

  /** The hint of the result; true when the two contradict each other. */
  #takeHint(other: CounterResetHint): boolean {
    if (other === this.hint || this.hint === GAUGE) return false
    if (other === GAUGE) {
      this.hint = GAUGE
      return false
    }
    const isCollision = this.hint !== UNKNOWN_RESET && other !== UNKNOWN_RESET
    this.hint = UNKNOWN_RESET
    return isCollision
  }

  #addTo(field: 'zeroCount' | 'count' | 'sum', x: number): void {
    const sum = this[field]
    const total = sum + x
    this[field] = total
    if (this.#comp === undefined) return
    if (total === Infinity || total === -Infinity) this.#comp[field] = 0
    else this.#comp[field] += Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum
  }

  #addCustom(other: HistogramBuilder, sign: 1 | -1): boolean {
    if (isSameBounds(this.bounds, other.bounds)) {
      this.positive = mergeSides(this.positive, other.positive, sign, this.schema, 0)
      return false
    }
    const shared = commonBounds(this.bounds, other.bounds)
    const mine = remapped(this.positive, this.bounds, shared)
    const theirs = remapped(other.positive, other.bounds, shared)
    this.positive = withoutEmpty(mergeSides(mine, theirs, sign, this.schema, 0))
    this.bounds = shared
    return true
  }

  #addExponential(other: HistogramBuilder, sign: 1 | -1): void {
    while (other.zeroThreshold !== this.zeroThreshold) {
      if (this.zeroThreshold > other.zeroThreshold) other.widenZero(this.zeroThreshold)
      if (other.zeroThreshold > this.zeroThreshold) this.widenZero(other.zeroThreshold)
    }
    this.#addTo('zeroCount', sign * other.zeroCount)
    const schema = Math.min(this.schema, other.schema)
    this.reduceTo(schema)
    other.reduceTo(schema)
    const { zeroThreshold } = this
    this.positive = mergeSides(this.positive, other.positive, sign, schema, zeroThreshold)
    this.negative = mergeSides(this.negative, other.negative, sign, schema, zeroThreshold)
  }

  /** Widens the zero bucket to `threshold`, or to the bound of the populated bucket that lies on it. */
  widenZero(threshold: number): void {
    let wide = threshold
    for (const side of [this.positive, this.negative, this.positive]) {
      for (const [i, index] of side.index.entries()) {
        if (bucketBound(index - 1, this.schema, this.bounds) >= wide) break
        if (side.count[i] !== 0) wide = Math.max(wide, bucketBound(index, this.schema, this.bounds))
      }
    }
    this.zeroThreshold = wide
    this.positive = this.#swallow(this.positive)
    this.negative = this.#swallow(this.negative)
  }

  /** Moves buckets within the zero bucket to it; gives the rest. */
  #swallow(side: Side): Side {
    let kept = 0
    while (
      kept < side.index.length &&
      bucketBound(side.index[kept] - 1, this.schema, this.bounds) < this.zeroThreshold
    ) {
      this.#addTo('zeroCount', side.count[kept])
      if (side.comp !== undefined) this.#addTo('zeroCount', side.comp[kept])
      kept++
    }
    return withoutEmpty({
      index: side.index.slice(kept),
      count: side.count.slice(kept),
      comp: side.comp?.slice(kept),
    })
  }

  multiply(factor: number): void {
    this.#map((x) => x * factor)
    if (factor < 0) this.hint = GAUGE
  }

  /** Dividing by 0 leaves no buckets. */
  divide(divisor: number): void {
    this.#map((x) => x / divisor)
    if (divisor === 0) {
      this.positive = emptySide()
      this.negative = emptySide()
    }
    if (divisor < 0) this.hint = GAUGE
  }

  #map(change: (x: number) => number): void {
    this.zeroCount = change(this.zeroCount)
    this.count = change(this.count)
    this.sum = change(this.sum)
    for (const side of [this.positive, this.negative]) {
      side.count = side.count.map(change)
      if (side.comp !== undefined) side.comp = side.comp.map(change)
    }
    if (this.#comp === undefined) return
    this.#comp.zeroCount = change(this.#comp.zeroCount)
    this.#comp.count = change(this.#comp.count)
    this.#comp.sum = change(this.#comp.sum)
  }

  get hasOverflow(): boolean {
    const isInfinite = (x: number): boolean => x === Infinity || x === -Infinity
    return (
      isInfinite(this.zeroCount) ||
      isInfinite(this.count) ||
      isInfinite(this.sum) ||
      this.positive.count.some(isInfinite) ||
      this.negative.count.some(isInfinite)
    )
  }

  /** The histogram, compensations added; without empty buckets unless `keepsEmpty`. */
  finish(keepsEmpty = false): Histogram {
    if (this.#comp !== undefined) {
      this.zeroCount += this.#comp.zeroCount
      this.count += this.#comp.count
      this.sum += this.#comp.sum
      settle(this.positive)
      settle(this.negative)
      this.#comp = undefined
    }
    const positive = keepsEmpty ? this.positive : withoutEmpty(this.positive)
    const negative = keepsEmpty ? this.negative : withoutEmpty(this.negative)
    return {
      isInteger: false,
      schema: this.schema,
      counterResetHint: this.hint,
      zeroThreshold: this.zeroThreshold,
      zeroCount: this.zeroCount,
      count: this.count,
      sum: this.sum,
      positiveSpans: spansOf(positive),
      positiveCounts: Float64Array.from(positive.count),
      negativeSpans: spansOf(negative),
      negativeCounts: Float64Array.from(negative.count),
      customBounds: this.bounds,
    }
  }
}

const NO_BOUNDS = new Float64Array(0)

const copySide = ({ index, count, comp }: Side): Side => ({
  index: [...index],
  count: [...count],
  comp: comp === undefined ? undefined : [...comp],
})

function settle(side: Side): void {
  const { comp } = side
  if (comp === undefined) return
  side.count = side.count.map((x, i) => x + comp[i])
  side.comp = undefined
}

export function isSameBounds(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Bounds that are in both. */
export function commonBounds(a: Float64Array, b: Float64Array): Float64Array {
  const others = new Set(b)
  return a.filter((bound) => others.has(bound))
}

/** `h` times `factor`, without empty buckets. */
export function scaled(h: Histogram, factor: number): Histogram {
  const builder = HistogramBuilder.from(h)
  builder.multiply(factor)
  return builder.finish()
}
