/**
 * `ExportMetricsServiceRequest` as JSON: ids in hex, 64-bit numbers as text or as numbers, names of fields
 * in either of protobuf's ways. Source: the OTLP specification, "JSON Protobuf Encoding".
 */
import {
  type AnyValue,
  type Attribute,
  type Buckets,
  CUMULATIVE,
  DELTA,
  EMPTY_VALUE,
  type Metric,
  type MetricData,
  NO_RECORDED_VALUE,
  type NumberPoint,
  type OtlpExemplar,
  OtlpError,
  type PointBase,
  type ResourceMetrics,
  type ScopeMetrics,
  VALUE_DEPTH_MAX,
  idOf,
} from './metrics.ts'

/** Throws OtlpError, which says where. */
export function decodeJson(text: string): ResourceMetrics[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new OtlpError(`cannot decode OTLP: ${(error as Error).message}`, 400, error)
  }
  return new Message(value, '').list('resourceMetrics', readResourceMetrics)
}

/** A JSON object with where it is, so that what is wrong with a field can be said. */
class Message {
  readonly #fields: Record<string, unknown>
  readonly #at: string

  constructor(value: unknown, at: string) {
    this.#at = at
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw wrong(at === '' ? 'the body' : at, value, 'an object')
    this.#fields = value as Record<string, unknown>
  }

  #get(name: string): unknown {
    const value = this.#fields[name] ?? this.#fields[snakeCase(name)]
    return value === null ? undefined : value
  }

  #where(name: string): string {
    return this.#at === '' ? name : `${this.#at}.${name}`
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined
  }

  /** Undefined: it is not there. */
  message(name: string): Message | undefined {
    const value = this.#get(name)
    return value === undefined ? undefined : new Message(value, this.#where(name))
  }

  list<T>(name: string, read: (one: Message) => T): T[] {
    return this.#items(name).map((one, i) => read(new Message(one, `${this.#where(name)}[${i}]`)))
  }

  numbers(name: string): number[] {
    return this.#items(name).map((one, i) => asNumber(one, `${this.#where(name)}[${i}]`))
  }

  #items(name: string): unknown[] {
    const value = this.#get(name) ?? []
    if (!Array.isArray(value)) throw wrong(this.#where(name), value, 'a list')
    return value
  }

  text(name: string): string {
    const value = this.#get(name) ?? ''
    if (typeof value !== 'string') throw wrong(this.#where(name), value, 'text')
    return value
  }

  isTrue(name: string): boolean {
    const value = this.#get(name) ?? false
    if (typeof value !== 'boolean') throw wrong(this.#where(name), value, 'true or false')
    return value
  }

  number(name: string): number {
    return asNumber(this.#get(name) ?? 0, this.#where(name))
  }

  /** A whole number of up to 64 bits, as text. */
  whole(name: string): string {
    const value = this.#get(name) ?? 0
    const digits = typeof value === 'number' ? String(value) : value
    if (typeof digits !== 'string' || !/^-?\d{1,20}$/.test(digits))
      throw wrong(this.#where(name), value, 'a whole number')
    return digits
  }

  /** Nanoseconds, in ms. */
  time(name: string): number {
    return Number(BigInt(this.whole(name)) / 1_000_000n)
  }

  temporality(): number {
    const value = this.#get('aggregationTemporality') ?? 0
    return TEMPORALITIES.get(value) ?? this.number('aggregationTemporality')
  }
}

const TEMPORALITIES = new Map<unknown, number>([
  ['AGGREGATION_TEMPORALITY_UNSPECIFIED', 0],
  ['AGGREGATION_TEMPORALITY_DELTA', DELTA],
  ['AGGREGATION_TEMPORALITY_CUMULATIVE', CUMULATIVE],
])

const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function wrong(where: string, found: unknown, expected: string): OtlpError {
  const shown = JSON.stringify(found)?.slice(0, 80)
  return new OtlpError(`cannot decode OTLP: ${where}: found ${shown}, expected ${expected}`)
}

function asNumber(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  if (value === 'NaN') return NaN
  if (typeof value === 'string' && /^-?(Infinity|\d+(\.\d+)?(e[+-]?\d+)?)$/i.test(value))
    return Number(value)
  throw wrong(where, value, 'a number')
}

function readResourceMetrics(one: Message): ResourceMetrics {
  return {
    attributes: one.message('resource')?.list('attributes', readAttribute) ?? [],
    scopes: one.list('scopeMetrics', readScopeMetrics),
  }
}

function readScopeMetrics(one: Message): ScopeMetrics {
  const scope = one.message('scope')
  return {
    name: scope?.text('name') ?? '',
    version: scope?.text('version') ?? '',
    schemaUrl: one.text('schemaUrl'),
    attributes: scope?.list('attributes', readAttribute) ?? [],
    metrics: one.list('metrics', readMetric),
  }
}

function readMetric(one: Message): Metric {
  const said = {
    name: one.text('name'),
    description: one.text('description'),
    unit: one.text('unit'),
  }
  return { ...said, ...readData(one) }
}

function readData(one: Message): MetricData {
  const gauge = one.message('gauge')
  if (gauge !== undefined) return { kind: 'gauge', points: gauge.list('dataPoints', readNumber) }
  const sum = one.message('sum')
  if (sum !== undefined)
    return {
      kind: 'sum',
      points: sum.list('dataPoints', readNumber),
      temporality: sum.temporality(),
      isMonotonic: sum.isTrue('isMonotonic'),
    }
  const histogram = one.message('histogram')
  if (histogram !== undefined)
    return {
      kind: 'histogram',
      temporality: histogram.temporality(),
      points: histogram.list('dataPoints', (point) => ({
        ...readCounted(point),
        bucketCounts: point.numbers('bucketCounts'),
        bounds: point.numbers('explicitBounds'),
      })),
    }
  const exponential = one.message('exponentialHistogram')
  if (exponential !== undefined)
    return {
      kind: 'exponential',
      temporality: exponential.temporality(),
      points: exponential.list('dataPoints', (point) => ({
        ...readCounted(point),
        scale: point.number('scale'),
        zeroCount: point.number('zeroCount'),
        positive: readBuckets(point.message('positive')),
        negative: readBuckets(point.message('negative')),
      })),
    }
  const summary = one.message('summary')
  if (summary === undefined) return { kind: 'none' }
  return {
    kind: 'summary',
    points: summary.list('dataPoints', (point) => ({
      ...readPoint(point),
      count: point.number('count'),
      sum: point.number('sum'),
      quantiles: point.list('quantileValues', (quantile) => ({
        quantile: quantile.number('quantile'),
        value: quantile.number('value'),
      })),
    })),
  }
}

function readPoint(point: Message): PointBase {
  return {
    attributes: point.list('attributes', readAttribute),
    t: point.time('timeUnixNano'),
    isEnd: (point.number('flags') & NO_RECORDED_VALUE) !== 0,
  }
}

function readNumber(point: Message): NumberPoint {
  return {
    ...readPoint(point),
    value: valueOf(point) ?? 0,
    exemplars: point.list('exemplars', readExemplar),
  }
}

function readCounted(point: Message): PointBase & {
  count: number
  sum: number | undefined
  exemplars: OtlpExemplar[]
} {
  return {
    ...readPoint(point),
    count: point.number('count'),
    sum: point.has('sum') ? point.number('sum') : undefined,
    exemplars: point.list('exemplars', readExemplar),
  }
}

const valueOf = (one: Message): number | undefined =>
  one.has('asDouble')
    ? one.number('asDouble')
    : one.has('asInt')
      ? Number(one.whole('asInt'))
      : undefined

function readBuckets(buckets: Message | undefined): Buckets {
  return {
    offset: buckets?.number('offset') ?? 0,
    counts: buckets?.numbers('bucketCounts') ?? [],
  }
}

function readExemplar(one: Message): OtlpExemplar {
  return {
    attributes: one.list('filteredAttributes', readAttribute),
    t: one.time('timeUnixNano'),
    value: valueOf(one),
    traceId: idOf(one.text('traceId'), 16, 'TraceID'),
    spanId: idOf(one.text('spanId'), 8, 'SpanID'),
  }
}

function readAttribute(one: Message, depth = 0): Attribute {
  const value = one.message('value')
  return {
    key: one.text('key'),
    value: value === undefined ? EMPTY_VALUE : readValue(value, depth + 1),
  }
}

function readValue(one: Message, depth: number): AnyValue {
  if (depth > VALUE_DEPTH_MAX)
    throw new OtlpError(`a value nests deeper than ${VALUE_DEPTH_MAX} levels`)
  if (one.has('stringValue')) return { kind: 'string', value: one.text('stringValue') }
  if (one.has('boolValue')) return { kind: 'bool', value: one.isTrue('boolValue') }
  if (one.has('intValue')) return { kind: 'int', value: one.whole('intValue') }
  if (one.has('doubleValue')) return { kind: 'double', value: one.number('doubleValue') }
  if (one.has('bytesValue'))
    return { kind: 'bytes', value: Buffer.from(one.text('bytesValue'), 'base64') }
  const array = one.message('arrayValue')
  if (array !== undefined)
    return { kind: 'array', values: array.list('values', (value) => readValue(value, depth + 1)) }
  const map = one.message('kvlistValue')
  if (map !== undefined)
    return {
      kind: 'map',
      entries: map.list('values', (entry) => readAttribute(entry, depth + 1)),
    }
  return EMPTY_VALUE
}
