/**
 * OTLP into series and samples, by the rules of Prometheus. What cannot be translated is left out and
 * named, the rest is kept. Source: the OpenTelemetry specification, "Prometheus and OpenMetrics
 * Compatibility".
 */
import { type Histogram, Labels, METRIC_NAME, STALE_NAN } from '@vigie/model'
import { type DecodedWrite, DecodedWriteBuilder } from '@vigie/model/prompb'
import { customBucketsHistogram, exponentialHistogram } from './histograms.ts'
import {
  SERVICE_INSTANCE,
  SERVICE_NAME,
  SERVICE_NAMESPACE,
  type Surroundings,
  labelsOf,
  surroundingsOf,
} from './labels.ts'
import {
  type Attribute,
  CUMULATIVE,
  DELTA,
  type HistogramPoint,
  type Metric,
  type OtlpExemplar,
  type ResourceMetrics,
  type SummaryPoint,
} from './metrics.ts'
import { metricName, unitName } from './names.ts'
import type { OtlpSettings, OtlpSwitches } from './settings.ts'
import { valueText } from './value-text.ts'

/** Characters that the labels of an exemplar may have, as OpenMetrics has it. */
const EXEMPLAR_LENGTH_MAX = 128
/** Samples of one `target_info`: a resource with older and newer points than that is no resource. */
const INFO_SAMPLES_MAX = 10_000

export interface Translated {
  batch: DecodedWrite
  /** What was left out and why, a line each. */
  problems: string[]
}

export function translate(
  resources: readonly ResourceMetrics[],
  settings: OtlpSettings,
  switches: OtlpSwitches,
): Translated {
  const translator = new Translator(settings, switches)
  for (const resource of resources) translator.resource(resource)
  return { batch: translator.finish(), problems: translator.problems }
}

interface Series {
  pairs: string[]
  t: number[]
  values: (number | Histogram)[]
  exemplars: OtlpExemplar[]
}

class Translator {
  readonly problems: string[] = []
  readonly #settings: OtlpSettings
  readonly #switches: OtlpSwitches
  /** By their labels. */
  readonly #series = new Map<string, Series>()

  constructor(settings: OtlpSettings, switches: OtlpSwitches) {
    this.#settings = settings
    this.#switches = switches
  }

  resource({ attributes, scopes }: ResourceMetrics): void {
    let from = Infinity
    let to = -Infinity
    for (const scope of scopes)
      this.#attempt(() => {
        const around = surroundingsOf(attributes, scope, this.#settings)
        for (const metric of scope.metrics) {
          if (metric.kind !== 'none')
            for (const { t } of metric.points) {
              from = Math.min(from, t)
              to = Math.max(to, t)
            }
          this.#attempt(() => this.#metric(metric, around))
        }
      })
    if (from <= to) this.#attempt(() => this.#targetInfo(attributes, from, to))
  }

  finish(): DecodedWrite {
    const builder = new DecodedWriteBuilder()
    for (const { pairs, t, values, exemplars } of this.#series.values()) {
      values.forEach((value, i) => {
        if (typeof value === 'number') builder.sample(t[i], value)
        else builder.histogram(t[i], value)
      })
      for (const exemplar of exemplars) builder.exemplar(exemplarOf(exemplar))
      builder.endSeries(pairs)
    }
    return builder.finish()
  }

  #attempt(translate: () => void): void {
    try {
      translate()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.problems.push(error.message)
    }
  }

  #metric(metric: Metric, around: Surroundings): void {
    const { strategy } = this.#settings
    const called = JSON.stringify(metric.name)
    if (metric.kind === 'none') throw new RangeError(`metric ${called} is of no kind that is known`)
    if ('temporality' in metric) this.#checkTemporality(metric.temporality, called)
    if (metric.points.length === 0) throw new RangeError(`metric ${called} has no points`)
    const isCounter = metric.kind === 'sum' && metric.isMonotonic
    const kind = isCounter ? 'counter' : metric.kind === 'gauge' ? 'gauge' : 'other'
    const name = metricName(metric.name, metric.unit, kind, strategy)
    const labels = (attributes: readonly Attribute[]): Map<string, string> => {
      const all = labelsOf(attributes, around, this.#settings)
      if (this.#switches.hasTypeAndUnit) {
        all.set('__type__', typeOf(metric))
        all.set('__unit__', unitName(metric.unit, strategy))
      }
      return all
    }
    switch (metric.kind) {
      case 'gauge':
      case 'sum':
        for (const point of metric.points) {
          const value = point.isEnd ? STALE_NAN : point.value
          const exemplars = metric.kind === 'sum' ? point.exemplars : []
          this.#add(name, labels(point.attributes), point.t, value, exemplars)
        }
        return
      case 'histogram':
        for (const point of metric.points)
          if (this.#settings.toCustomBuckets) {
            const histogram = customBucketsHistogram(point, metric.temporality)
            this.#add(name, labels(point.attributes), point.t, histogram, point.exemplars)
          } else this.#classicHistogram(name, labels(point.attributes), point)
        return
      case 'exponential':
        for (const point of metric.points) {
          const histogram = exponentialHistogram(point, metric.temporality)
          this.#add(name, labels(point.attributes), point.t, histogram, point.exemplars)
        }
        return
      case 'summary':
        for (const point of metric.points) this.#summary(name, labels(point.attributes), point)
    }
  }

  #checkTemporality(temporality: number, called: string): void {
    const isTaken =
      temporality === CUMULATIVE || (temporality === DELTA && this.#switches.takesDeltas)
    if (isTaken) return
    const said = temporality === DELTA ? 'delta' : `${temporality}`
    throw new RangeError(`metric ${called} has temporality ${said}, expected cumulative`)
  }

  #classicHistogram(name: string, labels: Map<string, string>, point: HistogramPoint): void {
    const { t, bounds, bucketCounts } = point
    const add = (suffix: string, value: number, le?: string, exemplars?: OtlpExemplar[]): void =>
      this.#add(
        name + suffix,
        le === undefined ? labels : new Map(labels).set('le', le),
        t,
        point.isEnd ? STALE_NAN : value,
        exemplars,
      )
    if (point.sum !== undefined) add('_sum', point.sum)
    add('_count', point.count)
    const upTo = bounds.slice(0, bucketCounts.length)
    const byBound = new Map<number, OtlpExemplar[]>()
    for (const exemplar of point.exemplars) {
      const bound = Math.min(...upTo.filter((one) => exemplar.value! <= one), Infinity)
      byBound.set(bound, [...(byBound.get(bound) ?? []), exemplar])
    }
    let cumulative = 0
    upTo.forEach((bound, i) => {
      cumulative += bucketCounts[i]
      add('_bucket', cumulative, plainNumber(bound), byBound.get(bound))
    })
    add('_bucket', point.count, '+Inf', byBound.get(Infinity))
  }

  #summary(name: string, labels: Map<string, string>, point: SummaryPoint): void {
    const add = (suffix: string, own: Map<string, string>, value: number): void =>
      this.#add(name + suffix, own, point.t, point.isEnd ? STALE_NAN : value)
    add('_sum', labels, point.sum)
    add('_count', labels, point.count)
    for (const { quantile, value } of point.quantiles)
      add('', new Map(labels).set('quantile', plainNumber(quantile)), value)
  }

  /** What is known of the resource, from its first point to its last, so that a join finds it. */
  #targetInfo(attributes: readonly Attribute[], from: number, to: number): void {
    const described = attributes.filter(({ key }) => !IDENTIFYING.has(key))
    if (described.length === 0) return
    const shown = this.#settings.keepIdentifying ? attributes : described
    const around = surroundingsOf(attributes, undefined, this.#settings)
    if (around.fixed.size === 0) return
    const labels = labelsOf(shown, around, this.#settings)
    const step = Math.max(this.#switches.lookbackMs / 2, (to - from) / INFO_SAMPLES_MAX, 1)
    for (let t = from; t < to; t += step) this.#add('target_info', labels, Math.floor(t), 1)
    this.#add('target_info', labels, to, 1)
  }

  #add(
    name: string,
    labels: ReadonlyMap<string, string>,
    t: number,
    value: number | Histogram,
    exemplars: readonly OtlpExemplar[] = [],
  ): void {
    const own = [...new Map(labels).set(METRIC_NAME, name)].sort(([a], [b]) => (a < b ? -1 : 1))
    const pairs = own.flat()
    const key = JSON.stringify(pairs)
    let series = this.#series.get(key)
    if (series === undefined)
      this.#series.set(key, (series = { pairs, t: [], values: [], exemplars: [] }))
    series.t.push(t)
    series.values.push(value)
    for (const one of exemplars) {
      if (one.value === undefined)
        throw new RangeError(`an exemplar of ${JSON.stringify(name)} has no value`)
      series.exemplars.push(one)
    }
  }
}

const IDENTIFYING: ReadonlySet<string> = new Set([
  SERVICE_NAMESPACE,
  SERVICE_NAME,
  SERVICE_INSTANCE,
])

function typeOf(metric: Metric): string {
  if (metric.kind === 'sum')
    return metric.isMonotonic && metric.temporality === CUMULATIVE ? 'counter' : 'gauge'
  return metric.kind === 'exponential' ? 'histogram' : metric.kind
}

/** Without an exponent, however long: as Prometheus writes `le` and `quantile`. */
function plainNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const [digits, exponent] = String(value).split('e')
  if (exponent === undefined) return Object.is(value, -0) ? '-0' : digits
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(digits)!
  const shift = Number(exponent)
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`
  return sign + whole + fraction.padEnd(shift, '0')
}

function exemplarOf(one: OtlpExemplar): { labels: Labels; t: number; v: number } {
  const own: [string, string][] = []
  if (one.traceId !== '') own.push(['trace_id', one.traceId])
  if (one.spanId !== '') own.push(['span_id', one.spanId])
  const others = one.attributes.map(({ key, value }): [string, string] => [key, valueText(value)])
  const length = Array.from([...own, ...others].flat().join('')).length
  const pairs = new Map(length <= EXEMPLAR_LENGTH_MAX ? [...others, ...own] : own)
  return { labels: Labels.fromMap(pairs), t: one.t, v: one.value! }
}
