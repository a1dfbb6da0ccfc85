/** A request of remote write, 1.0 or 2.0, read into columns. */
import type { Histogram } from './histogram.ts'
import { Labels, METRIC_NAME, compareNames } from './labels.ts'

/** What a metric family is. `type` is lower case as in the text format, 'unknown' when not said. */
export interface WriteMetadata {
  metric: string
  type: MetricType
  help: string
  unit: string
}

/** By their number in the messages. */
export const METRIC_TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const
export type MetricType = (typeof METRIC_TYPES)[number]

/** An example of what a sample counts; `t` in ms, 0 when not said. */
export interface WriteExemplar {
  labels: Labels
  t: number
  v: number
}

/**
 * A decoded request, columnar: the samples of `series[i]` are `t[j]`, `v[j]` for
 * `starts[i] <= j < starts[i + 1]`, in the order sent.
 */
export interface DecodedWrite {
  series: Labels[]
  starts: Uint32Array
  t: Float64Array
  /** NaN where the sample is a histogram. */
  v: Float64Array
  /** By sample, those that are histograms, not checked; undefined when there is none. */
  h: (Histogram | undefined)[] | undefined
  /** `series` is an index of the series they belong to. */
  exemplars: (WriteExemplar & { series: number })[]
  metadata: WriteMetadata[]
  /** Series without a metric name or with one label twice, left out; Prometheus drops them too. */
  invalidSeries: number
}

/** Fills a DecodedWrite: `sample`, `histogram` and `exemplar` go to the series that `endSeries` ends. */
export class DecodedWriteBuilder {
  readonly metadata: WriteMetadata[] = []
  readonly #series: Labels[] = []
  readonly #starts: number[] = [0]
  readonly #exemplars: DecodedWrite['exemplars'] = []
  #h: DecodedWrite['h']
  #invalidSeries = 0
  readonly #isNameless: boolean
  // Most requests carry one sample a series; grown when there are more.
  #t = new Float64Array(1024)
  #v = new Float64Array(1024)
  #count = 0

  /** `isNameless`: series may be without a metric name, as in answers to queries. */
  constructor({ isNameless = false }: { isNameless?: boolean } = {}) {
    this.#isNameless = isNameless
  }

  sample(t: number, v: number): void {
    if (this.#count === this.#t.length) this.#grow()
    this.#t[this.#count] = t
    this.#v[this.#count++] = v
  }

  histogram(t: number, h: Histogram): void {
    this.#h ??= []
    this.#h[this.#count] = h
    this.sample(t, NaN)
  }

  exemplar(exemplar: WriteExemplar): void {
    this.#exemplars.push({ ...exemplar, series: this.#series.length })
  }

  /** Ends a series; `pairs` are its labels as they came. Undefined when they are none, and all of it is dropped. */
  endSeries(pairs: string[]): Labels | undefined {
    const labels = labelsOf(pairs, this.#isNameless)
    if (labels !== undefined) {
      this.#series.push(labels)
      this.#starts.push(this.#count)
      return labels
    }
    this.#invalidSeries++
    this.#count = this.#starts.at(-1)!
    if (this.#h !== undefined) this.#h.length = Math.min(this.#h.length, this.#count)
    while (this.#exemplars.at(-1)?.series === this.#series.length) this.#exemplars.pop()
    return undefined
  }

  #grow(): void {
    const t = new Float64Array(this.#t.length * 2)
    const v = new Float64Array(this.#v.length * 2)
    t.set(this.#t)
    v.set(this.#v)
    this.#t = t
    this.#v = v
  }

  finish(): DecodedWrite {
    return {
      series: this.#series,
      starts: Uint32Array.from(this.#starts),
      t: this.#t.subarray(0, this.#count),
      v: this.#v.subarray(0, this.#count),
      h: this.#h,
      exemplars: this.#exemplars,
      metadata: this.metadata,
      invalidSeries: this.#invalidSeries,
    }
  }
}

/** Undefined when a name is empty or comes twice, or none is `__name__` and one must be. */
function labelsOf(pairs: string[], isNameless: boolean): Labels | undefined {
  let isSorted = true
  let hasMetricName = isNameless
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === '') return undefined
    if (pairs[i] === METRIC_NAME && pairs[i + 1] !== '') hasMetricName = true
    if (pairs[i + 1] === '') isSorted = false
    if (i > 0 && compareNames(pairs[i - 2], pairs[i]) >= 0) isSorted = false
  }
  if (!hasMetricName) return undefined
  // Fast path: senders must sort.
  if (isSorted) return Labels.fromSorted(pairs)
  const names = new Set<string>()
  for (let i = 0; i < pairs.length; i += 2) names.add(pairs[i])
  return names.size === pairs.length / 2 ? Labels.fromPairs(pairs) : undefined
}
