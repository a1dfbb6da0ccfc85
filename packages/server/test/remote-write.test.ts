/** Remote write from a real storage to a server that takes, refuses and fails as it is told. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, makeHistogram } from '@vigie/model'
import {
  type DecodedWrite,
  type WriteMetadata,
  decodeWriteRequest,
} from '@vigie/model/remote-write'
import { PROTOCOL_V2, RemoteWrite, decodeWriteRequestV2 } from '@vigie/remote'
import { type Tsdb, nodeDisk, openTsdb } from '@vigie/tsdb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parseConfig } from '../src/config/config.ts'
import { writeEndpoint } from '../src/remote/write-endpoints.ts'

const MAX = 1 << 24
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** No answer: the connection ends. */
const CUT = -1
/** What to answer a request with; undefined: 204, and it is kept. */
type Answer = (write: DecodedWrite, headers: IncomingHttpHeaders) => number | undefined

let dir: string
let storage: Tsdb
let sending: RemoteWrite
let url: string
/** `name{labels} t:v`, in the order of arrival. */
let received: string[]
let requests: { status: number; headers: IncomingHttpHeaders; size: number }[]
let answer: Answer
let answerHeaders: Record<string, string>
let closing: (() => Promise<void>)[]
let metadata: WriteMetadata[]

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-remote-'))
  received = []
  requests = []
  answer = () => undefined
  answerHeaders = {}
  closing = []
  metadata = []
  url = await receiver()
  storage = await openStorage()
  sending = send(storage)
})

afterEach(async () => {
  await sending.stop()
  await storage.close()
  for (const close of closing) await close()
  rmSync(dir, { recursive: true, force: true })
})

async function receiver(): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isV2 = request.headers['content-type']!.includes(PROTOCOL_V2)
      const decode = isV2 ? decodeWriteRequestV2 : decodeWriteRequest
      const write = decode(Buffer.concat(chunks), MAX)
      const status = answer(write, request.headers) ?? 204
      requests.push({ status, headers: request.headers, size: write.t.length })
      if (status === 204) received.push(...show(write))
      if (status === CUT) request.socket.destroy()
      else response.writeHead(status, answerHeaders).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/write`
}

function show({ series, starts, t, v, h, exemplars }: DecodedWrite): string[] {
  return series.flatMap((labels, i) => {
    const own = exemplars.filter((one) => one.series === i)
    const out = own.map((one) => `${labels.toString()} ${one.t}:${one.labels.toString()}`)
    for (let j = starts[i]; j < starts[i + 1]; j++)
      out.push(`${labels.toString()} ${t[j]}:${h?.[j] === undefined ? v[j] : `h${h[j]?.count}`}`)
    return out
  })
}

const openStorage = (): Promise<Tsdb> =>
  openTsdb({
    dir: join(dir, 'tsdb'),
    disk: nodeDisk(),
    log: quiet,
    now: () => Date.now(),
    maxExemplars: 10,
  })

const send = (from: Tsdb, newestMs: () => number | undefined = () => undefined): RemoteWrite =>
  new RemoteWrite({
    source: { follow: (options) => from.follow(options), newestMs },
    dir: join(dir, 'remote-write'),
    metadata: () => metadata,
    userAgent: 'Vigie/test',
    now: () => Date.now(),
    log: quiet,
  })

const QUEUE = 'batch_send_deadline: 20ms, min_backoff: 5ms, max_backoff: 20ms'

/** Starts sending. `keys`: further lines of the section. */
async function start(keys = '', queue = ''): Promise<void> {
  const text = `global: { external_labels: { cluster: c } }\nremote_write:\n- url: ${url}\n  queue_config: { ${QUEUE}, ${queue} }\n${keys}`
  const config = parseConfig({ file: 'vigie.yml', text, env: {} })
  sending.apply(config.remoteWrites.map((one) => writeEndpoint(one, config.externalLabels)))
  // What is written from the next turn on is sent.
  await new Promise((resolve) => setImmediate(resolve))
}

const T0 = Date.now() - 3_600_000

/** One batch: a sample at `T0 + t` of each series, of value `t`. */
function write(t: number, names: readonly string[]): void {
  const appender = storage.appender()
  for (const name of names)
    appender.append(appender.series(Labels.fromObject({ __name__: name })), T0 + t, t)
  appender.commit()
}

const metric = (name: string, labels: Record<string, string> = {}): number | undefined =>
  sending
    .metrics()
    .find((one) => one.name === `prometheus_remote_storage_${name}`)
    ?.samples.find((one) =>
      Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    )?.value

const until = (condition: () => boolean, what: string): Promise<void> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error(`${what}; received ${received.length}`)
    },
    { timeout: 10_000, interval: 5 },
  )

const line = (name: string, t: number): string => `${name}{cluster="c"} ${T0 + t}:${t}`
const names = Array.from({ length: 50 }, (_, i) => `m${i}`)
const wanted = (from: number, to: number, of = names): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => of.map((name) => line(name, from + i))).flat()
const sorted = (lines: readonly string[]): string[] => lines.toSorted()

/** As Prometheus does with 1.0: all of a request or nothing, where a series has something newer. */
function strictReceiver(): Answer {
  const newest = new Map<string, number>()
  return ({ series, starts, t }) => {
    const seen = new Map(newest)
    for (const [i, labels] of series.entries())
      for (let j = starts[i]; j < starts[i + 1]; j++) {
        if (t[j] < (seen.get(labels.key) ?? 0)) return 400
        seen.set(labels.key, t[j])
      }
    for (const [key, at] of seen) newest.set(key, at)
    return undefined
  }
}

test('all samples arrive, of a series in their order, with external labels', async () => {
  await start('', 'max_samples_per_send: 30, min_shards: 3, capacity: 40')
  for (let t = 200; t < 240; t++) write(t, names)
  await until(() => received.length === 2000, 'want 2000')
  expect(sorted(received)).toEqual(sorted(wanted(200, 239)))
  for (const name of names) {
    const own = received.filter((one) => one.startsWith(`${name}{`))
    expect(own).toEqual(own.toSorted())
  }
  expect(requests.at(-1)!.headers).toMatchObject({
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
    'user-agent': 'Vigie/test',
  })
  expect(requests.every((one) => one.size <= 30)).toBe(true)
})

test('rules decide what is sent, and under which labels', async () => {
  await start(`  write_relabel_configs:
  - { source_labels: [__name__], regex: m1.*, action: drop }
  - { target_label: a, replacement: b }
`)
  write(200, ['m1', 'm2', 'm10'])
  await until(() => received.length === 1, 'want 1')
  expect(received).toEqual([`m2{a="b", cluster="c"} ${T0 + 200}:200`])
  expect(metric('samples_dropped_total', { reason: 'dropped_series' })).toBe(2)
})

test('what fails is sent again, what is refused is dropped and counted', async () => {
  await start()
  let fails = 3
  answer = () => (fails-- > 0 ? 503 : undefined)
  write(200, ['a'])
  await until(() => received.length === 1, 'want 1')
  expect(received).toEqual([line('a', 200)])
  expect(metric('samples_retried_total')).toBe(3)
  answer = () => 400
  write(300, ['a', 'b'])
  await until(() => metric('samples_failed_total') === 2, 'want 2 failed')
  answer = () => undefined
  write(400, ['a'])
  await until(() => received.length === 2, 'want 2')
  expect(received[1]).toBe(line('a', 400))
})

test('429 is final, unless it is asked for; Retry-After is waited for', async () => {
  await start()
  answer = () => 429
  write(200, ['a'])
  await until(() => metric('samples_failed_total') === 1, 'want 1 failed')
  answer = () => undefined
  await sending.stop()
  sending = send(storage)
  await start('', 'retry_on_http_429: true')
  let first = 0
  answerHeaders = { 'retry-after': '1' }
  answer = () => {
    first ||= Date.now()
    return Date.now() - first < 500 ? 429 : undefined
  }
  write(300, ['a'])
  await until(() => received.includes(line('a', 300)), 'want it after a second')
  expect(metric('samples_retried_total')).toBe(1)
})

test('after a restart nothing is lost, whatever was on its way', async () => {
  await start('', 'max_samples_per_send: 60')
  answer = () => 500
  for (let t = 200; t < 205; t++) write(t, names)
  await until(() => requests.some((one) => one.status === 500), 'want an attempt')
  await sending.stop()
  for (let t = 205; t < 210; t++) write(t, names)
  await storage.close()
  storage = await openStorage()
  for (let t = 210; t < 215; t++) write(t, names)
  answer = () => undefined
  sending = send(storage)
  await start('', 'max_samples_per_send: 60')
  await until(() => received.length === 750, 'want 750')
  expect(sorted(received)).toEqual(sorted(wanted(200, 214)))
  expect(metric('samples_failed_total')).toBe(0)
})

test('a receiver that refuses whole requests for what it has already loses nothing', async () => {
  await start('', 'max_samples_per_send: 120')
  const strict = strictReceiver()
  // The answer to what was taken is lost.
  answer = (write_, headers) => (strict(write_, headers) === undefined ? 500 : 400)
  const taken: string[] = []
  const keep = answer
  answer = (write_, headers) => {
    const status = keep(write_, headers)
    if (status === 500) taken.push(...show(write_))
    return status
  }
  for (let t = 200; t < 206; t++) write(t, names)
  await until(() => taken.length > 0, 'want a lost answer')
  answer = strict
  for (let t = 206; t < 210; t++) write(t, names)
  await until(() => new Set([...taken, ...received]).size === 500, 'want 500')
  expect(metric('samples_failed_total')).toBe(0)
})

test('what may have been taken is known as such to the shards of another number', async () => {
  const few = names.slice(0, 10)
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    // So far behind that all shards are wanted.
    sending = send(storage, () => T0 + 1e9)
    await start('', 'max_samples_per_send: 150, max_shards: 4')
    const strict = strictReceiver()
    answer = strict
    write(200, few)
    await until(() => received.length === 10, 'want 10')
    answer = (write_, headers) => {
      if (strict(write_, headers) !== undefined) return 400
      received.push(...show(write_))
      answer = () => 503
      answerHeaders = { 'retry-after': '60' }
      return CUT
    }
    write(201, few)
    write(202, few)
    await until(() => requests.some((one) => one.status === 503), 'want a lost answer')
    for (let t = 203; t < 210; t++) write(t, few)
    await until(() => metric('samples_pending') === 9 * few.length, 'want all read')
    answer = strict
    vi.advanceTimersByTime(10_000)
    await until(() => metric('shards') === 4, 'want 4 shards')
    write(210, few)
    // Once the newest are there, what was refused before is lost.
    await until(() => few.every((name) => received.includes(line(name, 210))), 'want 210')
    // What is the newest of its series may be taken twice: it changes nothing.
    expect(sorted([...new Set(received)])).toEqual(sorted(wanted(200, 210, few)))
    expect(metric('samples_failed_total')).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a request whose connection broke is not sent again unseen', async () => {
  await start()
  const strict = strictReceiver()
  answer = strict
  write(200, ['a', 'b'])
  await until(() => received.length === 2, 'want 2')
  answer = (write_, headers) => {
    answer = strict
    return strict(write_, headers) ?? CUT
  }
  write(201, ['a', 'b'])
  write(202, ['a', 'b'])
  const isDone = (): boolean => metric('samples_total') === 6 && metric('samples_pending') === 0
  await until(isDone, 'want 6')
  expect(metric('samples_failed_total')).toBe(0)
  expect(metric('samples_retried_total')).toBeGreaterThan(0)
})

test('the place in the log is kept before the next batch is sent', async () => {
  await start('', 'max_samples_per_send: 50')
  const places: string[] = []
  answer = () => {
    const [file] = readdirSync(join(dir, 'remote-write'))
    places.push(readFileSync(join(dir, 'remote-write', file), 'utf8'))
    return undefined
  }
  for (let t = 200; t < 204; t++) write(t, names)
  await until(() => received.length === 200, 'want 200')
  expect(new Set(places).size).toBe(4)
  expect(places.every((text) => text.length === places[0].length)).toBe(true)
})

test('2.0 where it is spoken, 1.0 where it is not', async () => {
  answerHeaders = { 'x-prometheus-remote-write-samples-written': '1' }
  await start('  protobuf_message: io.prometheus.write.v2.Request\n')
  write(100, ['a'])
  await until(() => received.length === 1, 'want it by 2.0')
  expect(requests[0].headers).toMatchObject({
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'x-prometheus-remote-write-version': '2.0.0',
  })
  answer = (_, headers) =>
    headers['x-prometheus-remote-write-version'] === '2.0.0' ? 415 : undefined
  write(200, ['a'])
  await until(() => received.includes(line('a', 200)), 'want it by 1.0')
  expect(requests.at(-1)!.headers['x-prometheus-remote-write-version']).toBe('0.1.0')
})

test('native histograms are sent where that is asked for', async () => {
  await start('  send_native_histograms: true\n')
  const appender = storage.appender()
  const h = makeHistogram({
    isInteger: true,
    count: 3,
    sum: 5,
    positiveSpans: Int32Array.of(0, 2),
    positiveCounts: Float64Array.of(1, 2),
  })
  appender.appendHistogram(appender.series(Labels.fromObject({ __name__: 'h' })), T0 + 5, h)
  appender.commit()
  await until(() => received.length === 1, 'want 1')
  expect(received).toEqual([`h{cluster="c"} ${T0 + 5}:h3`])
})

test('histograms with buckets of their own are not for 1.0, as in Prometheus', async () => {
  await start('  send_native_histograms: true\n')
  const appender = storage.appender()
  const h = makeHistogram({
    isInteger: true,
    schema: -53,
    count: 3,
    sum: 5,
    customBounds: Float64Array.of(1, 2),
    positiveSpans: Int32Array.of(0, 2),
    positiveCounts: Float64Array.of(1, 2),
  })
  appender.appendHistogram(appender.series(Labels.fromObject({ __name__: 'h' })), T0 + 5, h)
  appender.commit()
  write(6, ['a'])
  await until(() => received.length === 1, 'want 1')
  const reason = { reason: 'nhcb_in_rw1_not_supported' }
  expect(metric('histograms_dropped_total', reason)).toBe(1)
  expect([metric('histograms_in_total'), metric('samples_in_total')]).toEqual([1, 1])
})

test('exemplars are sent where that is asked for', async () => {
  await start('  send_exemplars: true\n')
  const appender = storage.appender()
  const ref = appender.series(Labels.fromObject({ __name__: 'e' }))
  appender.append(ref, T0 + 5, 1)
  appender.appendExemplar!(ref, { labels: Labels.fromObject({ trace_id: 'x' }), t: T0 + 4, v: 2 })
  appender.commit()
  await until(() => received.length === 2, 'want 2')
  expect(received).toEqual([
    `e{cluster="c"} ${T0 + 5}:1`,
    `e{cluster="c"} ${T0 + 4}:{trace_id="x"}`,
  ])
  expect(metric('exemplars_total')).toBe(1)
})

test.each([
  ['1.0', '  metadata_config: { send_interval: 30ms }\n', 'jobs'],
  ['2.0', `  protobuf_message: ${PROTOCOL_V2}\n`, 'jobs_total'],
])('metadata by %s', async (_, keys, name) => {
  metadata = [{ metric: 'jobs', type: 'counter', help: 'Jobs done.', unit: '' }]
  answerHeaders = { 'x-prometheus-remote-write-samples-written': '1' }
  const seen: WriteMetadata[] = []
  answer = (write_) => {
    seen.push(...write_.metadata)
    return undefined
  }
  await start(keys)
  write(200, ['jobs_total'])
  await until(() => seen.length > 0, 'want metadata')
  expect(seen[0]).toEqual({ metric: name, type: 'counter', help: 'Jobs done.', unit: '' })
})
