/** One request with everything in it, as JSON and as protobuf, and what becomes of it. */
import protobuf from 'protobufjs/minimal.js'
import { expect, test } from 'vitest'
import { type Histogram, isStale } from '@vigie/model'
import { decodeJson } from './decode-json.ts'
import { decodeProtobuf } from './decode-protobuf.ts'
import type { ResourceMetrics } from './metrics.ts'
import { OTLP_DEFAULTS, type OtlpSettings, type OtlpSwitches } from './settings.ts'
import { translate } from './translate.ts'

const SWITCHES = { takesDeltas: false, hasTypeAndUnit: false, lookbackMs: 300_000 }
const AT = '1700000000123999999'
const T = 1_700_000_000_123

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })

const RESOURCE = {
  attributes: [
    text('service.name', 'cart'),
    text('service.namespace', 'shop'),
    text('service.instance.id', 'i1'),
    text('k8s.pod', 'p'),
  ],
}

/** A request of one metric. */
const requestOf = (...metrics: object[]): string =>
  JSON.stringify({
    resourceMetrics: [
      {
        resource: RESOURCE,
        scopeMetrics: [
          {
            scope: { name: 'lib', version: '1', attributes: [text('a.b', 'c')] },
            schemaUrl: 'u',
            metrics,
          },
        ],
      },
    ],
  })

const point = (fields: object): object => ({ timeUnixNano: AT, ...fields })

/** Series as `name{labels}`, with what they have. */
function shown(
  resources: ResourceMetrics[],
  settings: Partial<OtlpSettings> = {},
  switches: Partial<OtlpSwitches> = {},
): { series: Record<string, (number | string | Histogram)[]>; problems: string[] } {
  const { batch, problems } = translate(
    resources,
    { ...OTLP_DEFAULTS, ...settings },
    { ...SWITCHES, ...switches },
  )
  const series = batch.series.map((labels, i) => {
    const values: (number | string | Histogram)[] = []
    for (let j = batch.starts[i]; j < batch.starts[i + 1]; j++)
      values.push(batch.h?.[j] ?? (isStale(batch.v[j]) ? 'stale' : batch.v[j]))
    return [JSON.stringify(labels.toObject()).replace(/"/g, ''), values]
  })
  return { series: Object.fromEntries(series), problems }
}

const INFO = '{__name__:target_info,instance:i1,job:shop/cart,k8s_pod:p}'
const OWN = 'instance:i1,job:shop/cart'

test('gauges and sums', () => {
  const dataPoints = [
    point({ asDouble: 1.5, attributes: [text('x.y', 'a'), text('x_y', 'b')] }),
    point({ asInt: '9007199254740993', attributes: [{ key: 'n', value: { intValue: '7' } }] }),
    point({ flags: 1, attributes: [text('x', 'gone')] }),
  ]
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point({ asInt: 3 })] }
  const request = requestOf(
    { name: 'a.gauge', unit: 'By', gauge: { dataPoints } },
    { name: 'a.count', sum },
    { name: 'up.down', sum: { ...sum, isMonotonic: false } },
  )
  expect(shown(decodeJson(request))).toEqual({
    series: {
      [`{__name__:a_gauge_bytes,${OWN},x_y:a;b}`]: [1.5],
      [`{__name__:a_gauge_bytes,${OWN},n:7}`]: [9007199254740992],
      [`{__name__:a_gauge_bytes,${OWN},x:gone}`]: ['stale'],
      [`{__name__:a_count_total,${OWN}}`]: [3],
      [`{__name__:up_down,${OWN}}`]: [3],
      [INFO]: [1],
    },
    problems: [],
  })
})

const HISTOGRAM = {
  aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
  dataPoints: [
    point({
      count: '6',
      sum: 12.5,
      bucketCounts: ['0', 1, 3, 2],
      explicitBounds: [0.5, 1, 1e21],
      exemplars: [
        {
          timeUnixNano: AT,
          asDouble: 0.7,
          traceId: '0AF7651916CD43DD8448EB211C80319C',
          spanId: 'b7ad6b7169203331',
          filteredAttributes: [text('k', 'v')],
        },
      ],
    }),
  ],
}

test('histograms with bounds', () => {
  const resources = decodeJson(requestOf({ name: 'h', histogram: HISTOGRAM }))
  expect(shown(resources).series).toEqual({
    [`{__name__:h_sum,${OWN}}`]: [12.5],
    [`{__name__:h_count,${OWN}}`]: [6],
    [`{__name__:h_bucket,${OWN},le:0.5}`]: [0],
    [`{__name__:h_bucket,${OWN},le:1}`]: [1],
    [`{__name__:h_bucket,${OWN},le:1000000000000000000000}`]: [4],
    [`{__name__:h_bucket,${OWN},le:+Inf}`]: [6],
    [INFO]: [1],
  })
  const { batch } = translate(resources, OTLP_DEFAULTS, SWITCHES)
  expect(batch.exemplars.map((one) => [one.series, one.t, one.v, one.labels.toObject()])).toEqual([
    [
      3,
      T,
      0.7,
      { k: 'v', span_id: 'b7ad6b7169203331', trace_id: '0af7651916cd43dd8448eb211c80319c' },
    ],
  ])
  const custom = shown(resources, { toCustomBuckets: true }).series[`{__name__:h,${OWN}}`]
  expect(custom).toMatchObject([
    {
      schema: -53,
      count: 6,
      sum: 12.5,
      customBounds: Float64Array.of(0.5, 1, 1e21),
      positiveSpans: Int32Array.of(1, 3),
      positiveCounts: Float64Array.of(1, 3, 2),
    },
  ])
})

test('exponential histograms', () => {
  const of = (fields: object): string =>
    requestOf({
      name: 'e',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [point({ count: 9, sum: 1, zeroCount: 1, ...fields })],
      },
    })
  const series = `{__name__:e,${OWN}}`
  const positive = { offset: -1, bucketCounts: [1, 0, 2, 0, 0, 0, '4', 0] }
  const negative = { offset: 3, bucketCounts: [1] }
  const [one] = shown(decodeJson(of({ scale: 3, positive, negative }))).series[series]
  expect(one).toMatchObject({
    schema: 3,
    zeroCount: 1,
    zeroThreshold: 1e-128,
    positiveSpans: Int32Array.of(0, 3, 3, 1),
    positiveCounts: Float64Array.of(1, 0, 2, 4),
    negativeSpans: Int32Array.of(4, 1),
    negativeCounts: Float64Array.of(1),
  })
  // Two scales down, four buckets are one: indexes -1, 0…3, 4…6.
  const [down] = shown(decodeJson(of({ scale: 10, positive }))).series[series]
  expect(down).toMatchObject({
    schema: 8,
    positiveSpans: Int32Array.of(0, 3),
    positiveCounts: Float64Array.of(1, 2, 4),
  })
  expect(shown(decodeJson(of({ scale: -5, positive }))).problems).toEqual([
    'an exponential histogram has scale -5, below -4',
  ])
  const [end] = shown(decodeJson(of({ flags: 1, scale: 0, positive }))).series[series]
  expect(isStale((end as Histogram).sum)).toBe(true)
})

test('summaries', () => {
  const dataPoints = [
    point({ count: 2, sum: 3, quantileValues: [{ quantile: 0.99, value: 2 }, { value: 'NaN' }] }),
  ]
  expect(shown(decodeJson(requestOf({ name: 's', summary: { dataPoints } }))).series).toEqual({
    [`{__name__:s_sum,${OWN}}`]: [3],
    [`{__name__:s_count,${OWN}}`]: [2],
    [`{__name__:s,${OWN},quantile:0.99}`]: [2],
    [`{__name__:s,${OWN},quantile:0}`]: [NaN],
    [INFO]: [1],
  })
})

const GAUGE = { name: 'g', unit: '1', gauge: { dataPoints: [point({ asInt: 1 })] } }

test.each<[string, Partial<OtlpSettings>, Partial<OtlpSwitches>, string[]]>([
  [
    'promoted by name',
    { promoted: { isAllBut: false, names: new Set(['k8s.pod', 'none']) } },
    {},
    [`{__name__:g_ratio,${OWN},k8s_pod:p}`, INFO],
  ],
  [
    'all but one promoted, as they are',
    { strategy: 'NoTranslation', promoted: { isAllBut: true, names: new Set(['k8s.pod']) } },
    {},
    [
      `{__name__:g,${OWN},service.instance.id:i1,service.name:cart,service.namespace:shop}`,
      `{__name__:target_info,${OWN},k8s.pod:p}`,
    ],
  ],
  [
    'the scope',
    { promoteScope: true },
    {},
    [
      `{__name__:g_ratio,${OWN},otel_scope_a_b:c,otel_scope_name:lib,otel_scope_schema_url:u,otel_scope_version:1}`,
      INFO,
    ],
  ],
  [
    'what identifies, kept',
    { keepIdentifying: true },
    {},
    [
      `{__name__:g_ratio,${OWN}}`,
      `{__name__:target_info,${OWN},k8s_pod:p,service_instance_id:i1,service_name:cart,service_namespace:shop}`,
    ],
  ],
  [
    'type and unit',
    {},
    { hasTypeAndUnit: true },
    [`{__name__:g_ratio,__type__:gauge,${OWN}}`, INFO],
  ],
])('%s', (_, settings, switches, want) => {
  const { series } = shown(decodeJson(requestOf(GAUGE)), settings, switches)
  expect(Object.keys(series)).toEqual(want)
})

test('what is left out is named, the rest is kept', () => {
  const delta = { aggregationTemporality: 1, dataPoints: [point({ asInt: 1 })] }
  const request = requestOf(
    { name: 'd', sum: delta },
    { name: 'none' },
    { name: 'empty', gauge: {} },
    { name: '.', gauge: { dataPoints: [point({ asInt: 1 })] } },
    { name: 'x', gauge: { dataPoints: [point({ attributes: [text('', 'v')] })] } },
    GAUGE,
  )
  const { series, problems } = shown(decodeJson(request))
  expect(Object.keys(series)).toEqual([`{__name__:g_ratio,${OWN}}`, INFO])
  expect(problems).toEqual([
    'metric "d" has temporality delta, expected cumulative',
    'metric "none" is of no kind that is known',
    'metric "empty" has no points',
    'the name of metric "." is empty',
    'an attribute has an empty name',
  ])
  const taken = shown(decodeJson(requestOf({ name: 'd', sum: delta })), {}, { takesDeltas: true })
  expect(Object.keys(taken.series)).toEqual([`{__name__:d,${OWN}}`, INFO])
})

test('target_info is there from the first point to the last', () => {
  const later = `${BigInt(AT) + 400_000_000_000n}`
  const dataPoints = [point({ asInt: 1 }), { timeUnixNano: later, asInt: 2 }]
  const { batch } = translate(
    decodeJson(requestOf({ name: 'g', gauge: { dataPoints } })),
    OTLP_DEFAULTS,
    SWITCHES,
  )
  const info = batch.series.length - 1
  expect([...batch.t.subarray(batch.starts[info])]).toEqual([
    T,
    T + 150_000,
    T + 300_000,
    T + 400_000,
  ])
})

test.each([
  ['{', 'cannot decode OTLP: '],
  ['[]', 'cannot decode OTLP: the body: found [], expected an object'],
  ['{"resourceMetrics":{}}', 'resourceMetrics: found {}, expected a list'],
  [
    requestOf({ name: 'g', gauge: { dataPoints: [{ timeUnixNano: 'x' }] } }),
    'resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].timeUnixNano: found "x", expected a whole number',
  ],
  [requestOf({ name: 1 }), 'metrics[0].name: found 1, expected text'],
  [
    `{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(70)}${']}}'.repeat(70)}}]}}]}`,
    'a value nests deeper than 64 levels',
  ],
])('%s', (body, message) => {
  expect(() => decodeJson(body)).toThrow(message)
})

/** The same request as `decodeJson` reads, written by hand: `[field, wire type, value]`. */
type Field = [field: number, write: (writer: protobuf.Writer) => protobuf.Writer]
const message = (...fields: Field[]): Uint8Array => {
  const writer = protobuf.Writer.create()
  for (const [field, write] of fields) write(writer.uint32(field))
  return writer.finish()
}
const bytes = (field: number, value: Uint8Array): Field => [
  (field << 3) | 2,
  (writer) => writer.bytes(value),
]
const string = (field: number, value: string): Field => bytes(field, Buffer.from(value))
const double = (field: number, value: number): Field => [
  (field << 3) | 1,
  (writer) => writer.double(value),
]
const fixed = (field: number, value: bigint): Field => [
  (field << 3) | 1,
  (writer) => writer.fixed32(Number(value & 0xffffffffn)).fixed32(Number(value >> 32n)),
]
const varint = (field: number, value: number): Field => [
  field << 3,
  (writer) => writer.uint32(value),
]
const signed = (field: number, value: number): Field => [
  field << 3,
  (writer) => writer.sint32(value),
]
const attribute = (key: string, value: string): Uint8Array =>
  message(string(1, key), bytes(2, message(string(1, value))))

const EXEMPLAR = message(
  fixed(2, BigInt(AT)),
  double(3, 0.7),
  bytes(4, Buffer.from('b7ad6b7169203331', 'hex')),
  bytes(5, Buffer.from('0AF7651916CD43DD8448EB211C80319C', 'hex')),
  bytes(7, attribute('k', 'v')),
)
const packed = (write: (writer: protobuf.Writer) => protobuf.Writer): Uint8Array =>
  write(protobuf.Writer.create()).finish()

const BODY = message(
  bytes(
    1,
    message(
      bytes(
        1,
        message(
          ...RESOURCE.attributes.map((one) => bytes(1, attribute(one.key, one.value.stringValue))),
        ),
      ),
      bytes(
        2,
        message(
          bytes(1, message(string(1, 'lib'), string(2, '1'), bytes(3, attribute('a.b', 'c')))),
          bytes(
            2,
            message(
              string(1, 'h'),
              bytes(
                9,
                message(
                  varint(2, 2),
                  bytes(
                    1,
                    message(
                      fixed(3, BigInt(AT)),
                      fixed(4, 6n),
                      double(5, 12.5),
                      // Packed, and one by one.
                      bytes(
                        6,
                        packed((writer) => writer.fixed64(0).fixed64(1).fixed64(3)),
                      ),
                      fixed(6, 2n),
                      bytes(
                        7,
                        packed((writer) => writer.double(0.5).double(1).double(1e21)),
                      ),
                      bytes(8, EXEMPLAR),
                    ),
                  ),
                ),
              ),
            ),
          ),
          bytes(
            2,
            message(
              string(1, 'e'),
              bytes(
                10,
                message(
                  varint(2, 2),
                  bytes(
                    1,
                    message(
                      fixed(3, BigInt(AT)),
                      fixed(4, 3n),
                      signed(6, -2),
                      fixed(7, 1n),
                      bytes(
                        8,
                        message(
                          signed(1, -7),
                          bytes(
                            2,
                            packed((writer) => writer.uint32(2)),
                          ),
                        ),
                      ),
                    ),
                  ),
                ),
              ),
            ),
          ),
          string(3, 'u'),
        ),
      ),
    ),
  ),
)

const SAME = requestOf(
  { name: 'h', histogram: HISTOGRAM },
  {
    name: 'e',
    exponentialHistogram: {
      aggregationTemporality: 2,
      dataPoints: [
        point({ count: 3, scale: -2, zeroCount: 1, positive: { offset: -7, bucketCounts: [2] } }),
      ],
    },
  },
)

test('protobuf says the same as JSON', () => {
  expect(decodeProtobuf(BODY)).toMatchObject(decodeJson(SAME))
})

test('a body that is cut off, or wrong in a byte, is an error or another request, and no more', () => {
  const outcomes = new Set<string>()
  const take = (body: Uint8Array): void => {
    try {
      translate(decodeProtobuf(body), OTLP_DEFAULTS, SWITCHES)
      outcomes.add('taken')
    } catch (error) {
      outcomes.add((error as Error).name)
    }
  }
  for (let end = 0; end < BODY.length; end++) take(BODY.subarray(0, end))
  for (let at = 0; at < BODY.length; at++)
    for (const flip of [1, 0x80, 0xff]) {
      const body = Uint8Array.from(BODY)
      body[at] ^= flip
      take(body)
    }
  expect(outcomes).toEqual(new Set(['taken', 'OtlpError']))
})
