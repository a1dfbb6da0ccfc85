/**
 * Metrics as OTLP has them, whichever encoding they came in. Source: opentelemetry-proto,
 * metrics/v1/metrics.proto, common/v1/common.proto.
 */

/** A request that is no OTLP, or too large; `status` is the HTTP status that says so. */
export class OtlpError extends Error {
  readonly status: 400 | 413

  constructor(message: string, status: 400 | 413 = 400, cause?: unknown) {
    super(message, { cause })
    this.name = 'OtlpError'
    this.status = status
  }
}

/** What an attribute says. Whole numbers are kept as text: they may have 64 bits. */
export type AnyValue =
  | { kind: 'empty' }
  | { kind: 'string'; value: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'int'; value: string }
  | { kind: 'double'; value: number }
  | { kind: 'array'; values: readonly AnyValue[] }
  | { kind: 'map'; entries: readonly Attribute[] }
  | { kind: 'bytes'; value: Uint8Array }

export const EMPTY_VALUE: AnyValue = { kind: 'empty' }

export interface Attribute {
  key: string
  value: AnyValue
}

export interface ResourceMetrics {
  attributes: Attribute[]
  scopes: ScopeMetrics[]
}

export interface ScopeMetrics {
  name: string
  version: string
  schemaUrl: string
  attributes: Attribute[]
  metrics: Metric[]
}

interface MetricBase {
  name: string
  description: string
  unit: string
}

/** `none`: a kind that came after this was written, or no data. */
export type MetricData =
  | { kind: 'none' }
  | { kind: 'gauge'; points: NumberPoint[] }
  | { kind: 'sum'; points: NumberPoint[]; temporality: number; isMonotonic: boolean }
  | { kind: 'histogram'; points: HistogramPoint[]; temporality: number }
  | { kind: 'exponential'; points: ExponentialPoint[]; temporality: number }
  | { kind: 'summary'; points: SummaryPoint[] }

export type Metric = MetricBase & MetricData

export const DELTA = 1
export const CUMULATIVE = 2

export interface PointBase {
  attributes: Attribute[]
  /** ms since the epoch. */
  t: number
  /** NO_RECORDED_VALUE: the series ends here. */
  isEnd: boolean
}

export interface NumberPoint extends PointBase {
  value: number
  exemplars: OtlpExemplar[]
}

export interface HistogramPoint extends PointBase {
  count: number
  sum: number | undefined
  bucketCounts: number[]
  bounds: number[]
  exemplars: OtlpExemplar[]
}

export interface Buckets {
  offset: number
  counts: number[]
}

export interface ExponentialPoint extends PointBase {
  count: number
  sum: number | undefined
  scale: number
  zeroCount: number
  positive: Buckets
  negative: Buckets
  exemplars: OtlpExemplar[]
}

export interface SummaryPoint extends PointBase {
  count: number
  sum: number
  quantiles: { quantile: number; value: number }[]
}

export interface OtlpExemplar {
  attributes: Attribute[]
  t: number
  /** Undefined: it says none. */
  value: number | undefined
  /** In hex; '' when it is not given. */
  traceId: string
  spanId: string
}

/** Of the flags of a point. */
export const NO_RECORDED_VALUE = 1

/** Values of attributes nest no deeper. */
export const VALUE_DEPTH_MAX = 64

/** Nanoseconds, as two 32-bit halves, in ms: a double would round them to the ms after. */
export function millisecondsOf(low: number, high: number): number {
  const signedHigh = high | 0
  // 2^32 ns are 4294 ms and 967296 ns.
  const rest = signedHigh * 967_296 + (low >>> 0)
  const ms = signedHigh * 4294 + Math.floor(rest / 1e6)
  return ms < 0 && rest % 1e6 !== 0 ? ms + 1 : ms
}

/** An id of `length` bytes in hex; '' when it is missing or all zeros. Throws OtlpError. */
export function idOf(hex: string, length: number, name: string): string {
  if (hex === '') return ''
  if (hex.length !== length * 2 || !/^[\da-f]*$/i.test(hex))
    throw new OtlpError(`invalid length for ${name}`)
  return /^0*$/.test(hex) ? '' : hex.toLowerCase()
}
