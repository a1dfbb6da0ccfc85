/** Warnings and infos about a query, in Prometheus's words. They are values, never errors. */
import { quote } from '@vigie/model'
import { exponential, shortest } from '../histogram/print.ts'
import { type Expr, type Node, type Span, children, unwrapParens } from '../syntax/ast.ts'
import { positionText } from '../syntax/parse-error.ts'

/** How many different ones are kept of each kind, so that bad data cannot fill the memory. */
const KEPT_MAX = 1000

/** What was done with two histograms that do not quite go together. */
export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation'

interface Monotonicity {
  minBucket: number
  maxBucket: number
  maxDiff: number
  count: number
  minTimeMs: number
  maxTimeMs: number
}

export class Annotations {
  readonly #query: string
  readonly #expr: Expr
  readonly #warnings = new Map<string, Span>()
  readonly #infos = new Map<string, Span>()
  readonly #ofStorage = new Set<string>()
  readonly #monotonicity = new Map<string, Monotonicity & { span: Span }>()

  #ranks: Map<Span, number> | undefined

  /** `query` is what positions refer to, `expr` the same as a tree. */
  constructor(query: string, expr: Expr) {
    this.#query = query
    this.#expr = expr
  }

  /** Where one is given at several places, the place that Prometheus evaluates last counts. */
  #keep(kept: Map<string, Span>, text: string, span: Span): void {
    const known = kept.get(text)
    if (known === span || (known === undefined && kept.size >= KEPT_MAX)) return
    if (known === undefined || this.#rank(span) > this.#rank(known)) kept.set(text, span)
  }

  #rank(span: Span): number {
    this.#ranks ??= evaluationRanks(this.#expr)
    return this.#ranks.get(span) ?? -1
  }

  #place(text: string, span: Span): string {
    return this.#query === '' ? text : `${text} (${positionText(this.#query, span.start)})`
  }

  #warn(text: string, span: Span): void {
    this.#keep(this.#warnings, `PromQL warning: ${text}`, inner(span))
  }

  /** What storage says of a selection: no place of the query is to blame. */
  storageWarning(text: string): void {
    if (this.#ofStorage.size < KEPT_MAX) this.#ofStorage.add(text)
  }

  #info(text: string, span: Span): void {
    this.#keep(this.#infos, `PromQL info: ${text}`, inner(span))
  }

  invalidQuantile(q: number, span: Span): void {
    this.#warn(`quantile value should be between 0 and 1, got ${shortest(q)}`, span)
  }

  invalidRatio(ratio: number, cappedTo: number, span: Span): void {
    const got = `got ${shortest(ratio)}, capping to ${shortest(cappedTo)}`
    this.#warn(`ratio value should be between -1 and 1, ${got}`, span)
  }

  badBucketLabel(metricName: string, value: string, span: Span): void {
    this.#warn(
      `bucket label "le" is missing or has a malformed value of ${quote(value)}${forMetric(metricName)}`,
      span,
    )
  }

  possibleNonCounter(metricName: string, span: Span): void {
    const text = 'metric might not be a counter, name does not end in _total/_sum/_count/_bucket:'
    this.#info(`${text} ${quote(metricName)}`, span)
  }

  possibleNonCounterType(metricName: string, type: string, span: Span): void {
    const label = `__type__ label is not set to "counter" or "histogram", got ${quote(type)}`
    this.#info(`metric might not be a counter, ${label}: ${quote(metricName)}`, span)
  }

  mixedKinds(metricName: string, span: Span): void {
    const text = 'encountered a mix of histograms and floats for metric name'
    this.#warn(`${text} ${quote(metricName)}`, span)
  }

  mixedKindsInAggregation(span: Span): void {
    this.#warn('encountered a mix of histograms and floats for aggregation', span)
  }

  mixedClassicAndNative(metricName: string, span: Span): void {
    this.#warn(
      `vector contains a mix of classic and native histograms${forMetric(metricName)}`,
      span,
    )
  }

  notCounterHistogram(metricName: string, span: Span): void {
    this.#warn(`this native histogram metric is not a counter: ${quote(metricName)}`, span)
  }

  notGaugeHistogram(metricName: string, span: Span): void {
    this.#warn(`this native histogram metric is not a gauge: ${quote(metricName)}`, span)
  }

  mixedSchemas(metricName: string, span: Span): void {
    const text = 'vector contains a mix of histograms with exponential and custom buckets schemas'
    this.#warn(`${text} for metric name ${quote(metricName)}`, span)
  }

  incompatibleLayout(op: string, span: Span): void {
    this.#warn(`incompatible bucket layout encountered for binary operator ${op}`, span)
  }

  resetCollision(operation: HistogramOperation, span: Span): void {
    this.#warn(`conflicting counter resets during histogram ${operation}`, span)
  }

  reconciledBounds(operation: HistogramOperation, span: Span): void {
    this.#info(`mismatched custom buckets were reconciled during ${operation}`, span)
  }

  ignoredInAggregation(op: string, span: Span): void {
    this.#info(`ignored histogram in ${op} aggregation`, span)
  }

  ignoredInMixedRange(metricName: string, span: Span): void {
    const text = 'ignored histograms in a range containing both floats and histograms'
    this.#info(`${text} for metric name ${quote(metricName)}`, span)
  }

  nanInQuantile(kind: 'result' | 'skew', metricName: string, span: Span): void {
    const what = kind === 'result' ? 'result is NaN' : 'result is skewed higher'
    const text = `input to histogram_quantile has NaN observations, ${what}`
    this.#info(`${text}${forMetric(metricName)}`, span)
  }

  nanInFraction(metricName: string, span: Span): void {
    const text = 'input to histogram_fraction has NaN observations'
    this.#info(`${text}, which are excluded from all fractions${forMetric(metricName)}`, span)
  }

  startTimeOverlap(metricName: string, span: Span): void {
    const text = 'sample has start time that overlaps with previous sample timestamp for metric'
    this.#warn(`${text} ${quote(metricName)}`, span)
  }

  incompatibleTypes(left: string, op: string, right: string, span: Span): void {
    const text = 'incompatible sample types encountered for binary operator'
    this.#info(`${text} ${quote(op)}: ${left} ${op} ${right}`, span)
  }

  forcedMonotonicity(
    metricName: string,
    place: Span,
    found: Omit<Monotonicity, 'count' | 'minTimeMs' | 'maxTimeMs'>,
    timeMs: number,
  ): void {
    const span = inner(place)
    const page =
      'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile'
    const text = `PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see ${page})`
    const key = text + forMetric(metricName)
    const known = this.#monotonicity.get(key)
    if (known === undefined) {
      if (this.#monotonicity.size >= KEPT_MAX) return
      this.#monotonicity.set(key, {
        ...found,
        count: 1,
        minTimeMs: timeMs,
        maxTimeMs: timeMs,
        span,
      })
      return
    }
    if (this.#rank(span) > this.#rank(known.span)) known.span = span
    known.minBucket = Math.min(known.minBucket, found.minBucket)
    known.maxBucket = Math.max(known.maxBucket, found.maxBucket)
    known.maxDiff = Math.max(known.maxDiff, found.maxDiff)
    known.minTimeMs = Math.min(known.minTimeMs, timeMs)
    known.maxTimeMs = Math.max(known.maxTimeMs, timeMs)
    known.count++
  }

  get warnings(): string[] {
    const own = Array.from(this.#warnings, ([text, span]) => this.#place(text, span))
    return [...own, ...this.#ofStorage]
  }

  get infos(): string[] {
    const monotonicity = Array.from(this.#monotonicity, ([key, one]) => {
      const buckets = `from buckets ${shortest(one.minBucket)} to ${shortest(one.maxBucket)}`
      const diff = `with a max diff of ${twoDigits(one.maxDiff)}`
      const times = `from ${rfc3339(one.minTimeMs)} to ${rfc3339(one.maxTimeMs)}`
      return this.#place(
        `${key}, ${buckets}, ${diff}, over ${one.count} samples ${times}`,
        one.span,
      )
    })
    const infos = Array.from(this.#infos, ([text, span]) => this.#place(text, span))
    return [...infos, ...monotonicity]
  }
}

/** When the node around each node has been evaluated: parts before the whole, left before right. */
function evaluationRanks(expr: Expr): Map<Span, number> {
  const ranks = new Map<Span, number>()
  let next = 0
  const visit = (node: Node): void => {
    const parts = children(node)
    for (const part of parts) visit(part)
    const own = next++
    for (const part of parts) ranks.set(part, own)
  }
  visit(expr)
  return ranks.set(expr, next)
}

/** Arguments count without the parentheses around them. */
const inner = (span: Span): Span => ('kind' in span ? unwrapParens(span as Expr) : span)

const forMetric = (name: string): string => (name === '' ? '' : ` for metric name ${quote(name)}`)

/** Go's `%.2g`: with an exponent from 100 on. */
function twoDigits(v: number): string {
  const rounded = Number(v.toPrecision(2))
  const size = Math.abs(rounded)
  return size >= 100 && size < 1e6 ? exponential(rounded) : shortest(rounded)
}

/** Whole seconds, as in Prometheus. */
const rfc3339 = (ms: number): string =>
  new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z')
