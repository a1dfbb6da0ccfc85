/** OTLP as it is sent: over HTTP, packed or not, and what is asked of it afterwards. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestVigie, startTestVigie } from './start-vigie.ts'

const PATH = '/api/v1/otlp/v1/metrics'
const CONFIG = `default_rules: false
otlp:
  promote_resource_attributes: [k8s.pod]
`

let started: TestVigie
const logged: string[] = []

beforeAll(async () => {
  const log = { debug() {}, info() {}, error() {}, warn: (text: string) => void logged.push(text) }
  started = await startTestVigie(CONFIG, { enableOtlp: true, log })
})
afterAll(() => started.stop())

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })

const bodyOf = (t: number, asDouble: number, metric: object = {}): string =>
  JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: [text('service.name', 'cart'), text('k8s.pod', 'p')] },
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'queue.size',
                gauge: { dataPoints: [{ timeUnixNano: `${t}000000`, asDouble }] },
                ...metric,
              },
            ],
          },
        ],
      },
    ],
  })

async function send(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<[status: number, text: string]> {
  const response = await fetch(started.url + PATH, { method: 'POST', headers, body })
  return [response.status, await response.text()]
}

async function answers(query: string): Promise<unknown> {
  const response = await fetch(`${started.url}/api/v1/query?query=${encodeURIComponent(query)}`)
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  return data.result.map(({ metric, value }) => [metric, value[1]])
}

test('what is sent is there, also packed, and what is known of the resource', async () => {
  const t = Date.now()
  expect(await send(bodyOf(t - 2, 4))).toEqual([200, ''])
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' }
  expect(await send(gzipSync(bodyOf(t - 1, 5)), headers)).toEqual([200, ''])
  expect(await answers('queue_size')).toEqual([
    [{ __name__: 'queue_size', job: 'cart', k8s_pod: 'p' }, '5'],
  ])
  expect(await answers('target_info')).toEqual([
    [{ __name__: 'target_info', job: 'cart', k8s_pod: 'p' }, '1'],
  ])
})

test('native histograms', async () => {
  const t = Date.now()
  const dataPoints = [
    {
      timeUnixNano: `${t}000000`,
      count: 3,
      sum: 4,
      positive: { offset: 0, bucketCounts: [1, 2] },
    },
  ]
  const exponentialHistogram = { aggregationTemporality: 2, dataPoints }
  expect(await send(bodyOf(t, 0, { name: 'eh', gauge: undefined, exponentialHistogram }))).toEqual([
    200,
    '',
  ])
  expect(await answers('histogram_count(eh)')).toEqual([[{ job: 'cart', k8s_pod: 'p' }, '3']])
  const wrong = [{ ...dataPoints[0], timeUnixNano: `${t + 1}000000`, count: 2 }]
  const other = { aggregationTemporality: 2, dataPoints: wrong }
  const [status] = await send(
    bodyOf(t, 0, { name: 'eh', gauge: undefined, exponentialHistogram: other }),
  )
  expect(status).toBe(400)
})

test('what comes too late is refused, the rest of the request is kept', async () => {
  const t = Date.now()
  expect(await send(bodyOf(t, 1, { name: 'late' }))).toEqual([200, ''])
  const [status, message] = await send(bodyOf(t - 1000, 1, { name: 'late' }))
  expect([status, message]).toEqual([
    400,
    'out of order sample for series {__name__="late", job="cart", k8s_pod="p"}\n',
  ])
})

test('what cannot be translated is logged', async () => {
  expect(await send(bodyOf(Date.now(), 1, { gauge: {} }))).toEqual([200, ''])
  expect(logged).toContain('metrics sent by OTLP are left out')
})

test.each<[Record<string, string>, string | Uint8Array<ArrayBuffer>, number, string]>([
  [
    { 'content-type': 'text/plain' },
    '{}',
    400,
    'unsupported content type: text/plain, supported: [application/json, application/x-protobuf]',
  ],
  [
    { 'content-type': 'application/json', 'content-encoding': 'snappy' },
    '{}',
    400,
    'unsupported compression: snappy. Only "gzip" or no compression supported',
  ],
  [
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    '{}',
    400,
    'cannot unpack the body: incorrect header check',
  ],
  [
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    gzipSync(Buffer.alloc(65 * 2 ** 20)),
    413,
    'the body unpacks to more than 67108864 bytes',
  ],
  [
    { 'content-type': 'application/json' },
    '[]',
    400,
    'cannot decode OTLP: the body: found [], expected an object',
  ],
  [{ 'content-type': 'application/x-protobuf' }, 'x', 400, 'cannot decode OTLP: '],
])('%j with %#', async (headers, body, status, message) => {
  const [found, said] = await send(body, headers)
  expect([found, said.slice(0, message.length)]).toEqual([status, message])
})

test('is off unless it is asked for', async () => {
  const off = await startTestVigie('default_rules: false')
  const response = await fetch(off.url + PATH, { method: 'POST', body: '{}' })
  expect([response.status, await response.text()]).toEqual([
    404,
    'otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n',
  ])
  await off.stop()
})
