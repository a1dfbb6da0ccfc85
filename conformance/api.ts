/**
 * The HTTP API, asked over HTTP: the cases that Prometheus tests its handlers with, its byte-exact JSON
 * encodings, and the errors that Prometheus 3.5 was recorded to answer.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type Histogram, Labels, makeHistogram, parseDuration } from '@vigie/model'
import { type QueryResult, parseSeries } from '@vigie/promql'
import {
  JsonBytes,
  SUCCESS_START,
  type Vigie,
  exemplarsJson,
  startVigie,
  successEnd,
  writeResult,
} from '@vigie/server'
import type { SeriesExemplars } from '@vigie/tsdb'
import {
  type GoCase,
  FLAGS,
  GO_RULES_FILE,
  RULES,
  RULES_FILE,
  arrange,
  exemplars,
  jsonOf,
  unlike,
} from './api-fixtures.ts'
import type { SuiteResult } from './suite.ts'

/** Text, or text that is not UTF-8. */
type Name = string | { bytes: number[] }

interface EndpointCase {
  line: number
  endpoint: string
  query?: Record<string, string[]>
  params?: { name: Name }
  errorType?: string
  dataJSON?: unknown
  responseGo?: unknown
  responseLen?: number
  warningsCount?: number
}

interface Endpoints {
  load: string
  cases: (EndpointCase & GoCase)[]
  parseTime: { input: unknown; fail?: boolean }[]
  parseDuration: { input: string; fail?: boolean }[]
}

const ENDPOINTS = [
  '/query',
  '/query_range',
  '/series',
  '/labels',
  '/label/:name/values',
  '/format_query',
]
const NOW_MS = 123_400

/** What was asked when the errors were recorded, over two series `up`; the same file name holds the answer. */
const RECORDED: readonly (readonly [file: string, request: string])[] = [
  ['err_404', 'GET /api/v1/nothing'],
  ['err_admin', 'POST /api/v1/admin/tsdb/snapshot'],
  ['err_badlabel', 'GET /api/v1/label/%FF/values'],
  ['err_exec', 'GET /api/v1/query?query=up*on()up&time=60'],
  ['err_lifecycle', 'POST /-/reload'],
  ['err_manypoints', 'GET /api/v1/query_range?query=up&start=0&end=20000&step=1'],
  ['err_nomatch', 'GET /api/v1/series'],
  ['err_parse', 'GET /api/v1/query?query=up%7B'],
  ['err_step0', 'GET /api/v1/query_range?query=up&start=0&end=1&step=0'],
  ['err_timeparse', 'GET /api/v1/query?query=up&time=foo'],
  ['err_type', 'GET /api/v1/query?query=rate(up)'],
  ['err_unknownfn', 'GET /api/v1/query?query=foo(up)'],
  ['alertmanagers', 'GET /api/v1/alertmanagers'],
  ['alerts', 'GET /api/v1/alerts'],
  ['format_query', 'GET /api/v1/format_query?query=sum(up)by(job)'],
  ['query_scalar', 'GET /api/v1/query?query=1&time=1795359578.04'],
  ['notifications', 'GET /api/v1/notifications'],
  ['query_string', 'GET /api/v1/query?query="a"&time=1795359578.048'],
  ['rules', 'GET /api/v1/rules'],
  ['walreplay', 'GET /api/v1/status/walreplay'],
]
const RECORDED_SERIES = [
  'up{instance="127.0.0.1:19095",job="prometheus"} 1x2',
  'up{instance="127.0.0.1:19999",job="down"} 0x2',
]

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const dir = join(vectorsDir, 'api')
  const endpoints = readJson<Endpoints>(join(dir, 'endpoints.json'))
  const failures: SuiteResult['failures'] = []
  let total = 0
  const count = (name: string, reason: string | undefined): void => {
    total++
    if (reason !== undefined) failures.push({ name, reason })
  }
  const served = endpoints.cases.filter((one) => ENDPOINTS.includes(one.endpoint))
  await withVigie(seriesLines(endpoints.load), async (url) => {
    for (const one of served)
      count(`${one.endpoint} line ${one.line}`, await checkEndpoint(url, one))
    for (const { input, fail = false } of endpoints.parseTime)
      count(`time ${JSON.stringify(input)}`, await checkTime(url, timeText(input), fail))
    for (const { input, fail = false } of endpoints.parseDuration)
      count(`duration ${input}`, await checkDuration(url, input, fail))
  })
  await withVigie(RECORDED_SERIES, async (url) => {
    for (const [file, request] of RECORDED)
      count(file, await checkRecorded(url, request, join(dir, 'prometheus-3.5', file)))
  })
  const made = endpoints.cases.filter((one) => !ENDPOINTS.includes(one.endpoint))
  await withVigie(
    seriesLines(endpoints.load),
    async (url, vigie) => {
      await waitForRules(url)
      await post(url, exemplars())
      for (const one of made) {
        arrange(vigie, one, made)
        count(`${one.endpoint} line ${one.line}`, await checkMade(url, one, vigie))
      }
    },
    { rules: RULES, flags: FLAGS, features: new Set(['exemplar-storage']) },
  )
  const codec = Object.values(
    readJson<Record<string, CodecCase[]>>(join(dir, 'json-codec.json')),
  ).flat()
  codec.forEach((one, i) => count(`encoding ${i}`, checkEncoding(one)))
  return {
    suite: 'api',
    passed: total - failures.length,
    total,
    failures,
  }
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T

/** Runs `use` beside a Vigie that holds `lines`, one sample a minute from 0 on. */
async function withVigie(
  lines: readonly string[],
  use: (url: string, vigie: Vigie) => Promise<void>,
  extras: Extras = {},
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-conformance-'))
  let vigie: Vigie | undefined
  try {
    vigie = await start(dir, extras)
    write(vigie, lines)
    await use(vigie.url, vigie)
  } finally {
    await vigie?.stop()
    rmSync(dir, { recursive: true })
  }
}

interface Extras {
  rules?: string
  flags?: ReadonlyMap<string, string>
  features?: ReadonlySet<string>
}

function start(
  dir: string,
  { rules, flags = new Map(), features = new Set() }: Extras,
): Promise<Vigie> {
  const configFile = join(dir, 'vigie.yml')
  const files = rules === undefined ? '' : `rule_files: [${RULES_FILE}]\n`
  writeFileSync(configFile, `${files}default_rules: false\n`)
  if (rules !== undefined) writeFileSync(join(dir, RULES_FILE), rules)
  writeFileSync(join(dir, 'index.html'), '')
  return startVigie({
    version: 'conformance',
    configFile,
    targets: [],
    dataDir: join(dir, 'data'),
    tsdbDir: join(dir, 'data/tsdb'),
    retentionMs: parseDuration('10y')!,
    retentionBytes: 2 ** 28,
    listen: { host: '127.0.0.1', port: 0, orNext: false },
    externalUrl: null,
    web: undefined,
    enableLifecycle: false,
    dashboardsDir: join(dir, 'dashboards'),
    uiDir: dir,
    discover: false,
    query: { lookbackMs: 300_000, timeoutMs: 30_000, maxConcurrency: 20, maxSamples: 50_000_000 },
    flags,
    features,
    env: {},
    now: () => NOW_MS,
    log: { debug() {}, info() {}, warn: console.error, error: console.error },
  })
}

/** The lines of a `load 1m` command. */
const seriesLines = (load: string): string[] =>
  load
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Not by remote write, which takes nothing that the clock has not come to. */
function write({ storage }: Vigie, lines: readonly string[]): void {
  const appender = storage.appender()
  for (const line of lines) {
    const { labels, values } = parseSeries(line)
    const ref = appender.series(labels)
    values.forEach((value, i) => appender.append(ref, i * 60_000, Number(value)))
  }
  appender.commit()
}

async function post(url: string, body: Uint8Array): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: Buffer.from(body),
  })
  if (response.status !== 204) throw new Error(`cannot write the series: ${await response.text()}`)
}

interface ApiBody {
  status: string
  data?: unknown
  errorType?: string
  warnings?: string[]
}

async function get(url: string, path: string): Promise<ApiBody> {
  const response = await fetch(`${url}/api/v1${path}`)
  return (await response.json()) as ApiBody
}

async function checkEndpoint(url: string, one: EndpointCase): Promise<string | undefined> {
  const query = new URLSearchParams()
  for (const [name, values] of Object.entries(one.query ?? {}))
    for (const value of values) query.append(name, value)
  const path = one.endpoint.replace(':name', () => encodeName(one.params?.name ?? ''))
  const body = await get(url, `${path}?${query}`)
  if (one.errorType !== undefined) return differs(body.errorType, one.errorType)
  if (one.warningsCount !== undefined && (body.warnings?.length ?? 0) !== one.warningsCount)
    return `got ${body.warnings?.length ?? 0} warnings, want ${one.warningsCount}`
  if (one.responseLen !== undefined)
    return differs((body.data as unknown[] | undefined)?.length, one.responseLen)
  return differs(body.data, one.dataJSON ?? fromGo(one.responseGo))
}

const RULES_WAIT_MS = 10_000

/** Every rule is evaluated once. */
async function waitForRules(url: string): Promise<void> {
  const end = Date.now() + RULES_WAIT_MS
  for (;;) {
    const { data } = (await get(url, '/rules')) as {
      data: { groups: { rules: { health: string }[] }[] }
    }
    const rules = data.groups.flatMap((group) => group.rules)
    if (rules.length > 0 && rules.every(({ health }) => health === 'ok')) return
    if (Date.now() > end) throw new Error(`rules are not evaluated: ${JSON.stringify(data)}`)
    await setTimeout(20)
  }
}

async function checkMade(url: string, one: GoCase, vigie: Vigie): Promise<string | undefined> {
  const rulesFile = join(dirname(vigie.configFile!), RULES_FILE)
  const query = new URLSearchParams()
  for (const [name, values] of Object.entries(one.query ?? {}))
    for (const value of values)
      query.append(
        name,
        value === GO_RULES_FILE
          ? rulesFile
          : String(jsonOf(value, rulesFile, vigie.config.shownText)),
      )
  const body = await get(url, `${one.endpoint}?${query}`)
  if (one.errorType !== undefined) return differs(body.errorType, one.errorType)
  if (one.responseMetadataTotal !== undefined) {
    const all = Object.values(body.data as Record<string, unknown[]>)
    const reason = differs(all.flat().length, one.responseMetadataTotal)
    if (reason !== undefined) return reason
  }
  if (one.responseLen !== undefined)
    return differs(Object.keys(body.data as object).length, one.responseLen)
  if (one.dataJSON !== undefined) return differs(body.data, one.dataJSON)
  if (isDeepStrictEqual(one.responseGo, []) && one.endpoint === '/metadata')
    return differs(body.data, {})
  return unlike(body.data, jsonOf(one.responseGo, rulesFile, vigie.config.shownText))
}

const differs = (got: unknown, want: unknown): string | undefined =>
  isDeepStrictEqual(got, want)
    ? undefined
    : `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`

const encodeName = (name: Name): string =>
  typeof name === 'string'
    ? encodeURIComponent(name)
    : name.bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

interface GoQueryData {
  ResultType: string
  Result: { T: unknown; V: number } | { Metric?: Record<string, string>; Floats: GoPoint[] }[]
}
interface GoPoint {
  T: unknown
  F: number
}

/** The JSON of what the Go handler returns: lists as they are, results of queries as in the API. */
function fromGo(response: unknown): unknown {
  if (Array.isArray(response) || typeof response !== 'object' || response === null) return response
  const { ResultType, Result } = response as GoQueryData
  const point = (t: unknown, v: number): [number, string] => [goTimeMs(t) / 1000, String(v)]
  if (!Array.isArray(Result))
    return { resultType: goType(ResultType), result: point(Result.T, Result.V) }
  const result = Result.map(({ Metric = {}, Floats }) => ({
    metric: Metric,
    values: Floats.map(({ T, F }) => point(T, F)),
  }))
  return { resultType: goType(ResultType), result }
}

const goType = (name: string): string => name.replace('parser.ValueType', '').toLowerCase()

/** `timestamp.FromTime(start.Add(ns))` and its like, where `start` is 0; ms. */
function goTimeMs(value: unknown): number {
  const [time] = (value as { args: (string | { _call: string; args: number[] })[] }).args
  if (typeof time === 'string') return 0
  return time._call === 'start.Add' ? time.args[0] / 1e6 : NOW_MS
}

/** Some times stand in the vectors as the Go expression that makes them. */
function timeText(input: unknown): string {
  if (typeof input === 'string') return input
  return (input as { _call: string })._call.startsWith('MinTime')
    ? '-292273086-05-16T16:47:06Z'
    : '292277025-08-18T07:12:54.999999999Z'
}

/** An empty time is one that is not there, where it may be left out: asked where it may not. */
async function checkTime(url: string, text: string, isBad: boolean): Promise<string | undefined> {
  const time = encodeURIComponent(text)
  const { status } = await get(url, `/query_range?query=1&start=${time}&end=${time}&step=1`)
  return differs(status, isBad ? 'error' : 'success')
}

async function checkDuration(
  url: string,
  text: string,
  isBad: boolean,
): Promise<string | undefined> {
  const { status } = await get(
    url,
    `/query_range?query=1&start=0&end=0&step=${encodeURIComponent(text)}`,
  )
  return differs(status, isBad ? 'error' : 'success')
}

async function checkRecorded(
  url: string,
  request: string,
  file: string,
): Promise<string | undefined> {
  const [method, path] = request.split(' ')
  const response = await fetch(url + path, { method })
  const got = `${response.status} ${response.headers.get('content-type')} ${await response.text()}`
  const status = readFileSync(`${file}.status`, 'utf8').trim()
  return differs(got, `${status} ${readFileSync(`${file}.json`, 'utf8')}`)
}

interface CodecCase {
  expected: string
  response: unknown
}
interface CodecPoint {
  T: number | string
  F: number | string
}
interface CodecSeries {
  Metric: Record<string, string>
  T?: number
  F?: number
  Floats?: CodecPoint[]
  Histograms?: { T: number; H: CodecHistogram }[]
  H?: CodecHistogram
}

function checkEncoding({ expected, response }: CodecCase): string | undefined {
  return differs(`${SUCCESS_START}${encoded(response)}${successEnd()}`, expected)
}

function encoded(response: unknown): string {
  if (Array.isArray(response)) return exemplarsJson(response.map(exemplarsOf))
  const { Result, T, F } = response as CodecPoint & { Result?: CodecSeries[] }
  const out = new JsonBytes()
  if (Result === undefined) out.point(Number(T), goNumber(F))
  else writeResult(out, resultOf(Result))
  return out.finish().toString()
}

interface CodecExemplars {
  SeriesLabels: Record<string, string>
  Exemplars: { Labels: Record<string, string>; Ts: number; Value: number | string }[]
}

const exemplarsOf = ({ SeriesLabels, Exemplars }: CodecExemplars): SeriesExemplars => ({
  labels: Labels.fromObject(SeriesLabels),
  exemplars: Exemplars.map((one) => ({
    labels: Labels.fromObject(one.Labels),
    t: one.Ts,
    v: goNumber(one.Value),
  })),
})

interface CodecSpan {
  Offset: number
  Length: number
}
interface CodecHistogram {
  Count: number
  Sum: number
  Schema: number
  ZeroCount: number
  ZeroThreshold: number
  PositiveSpans?: CodecSpan[]
  PositiveBuckets?: number[]
  NegativeSpans?: CodecSpan[]
  NegativeBuckets?: number[]
}

const spansOf = (spans: readonly CodecSpan[] = []): Int32Array =>
  Int32Array.from(spans.flatMap(({ Offset, Length }) => [Offset, Length]))

const histogramOf = (h: CodecHistogram): Histogram =>
  makeHistogram({
    count: h.Count,
    sum: h.Sum,
    schema: h.Schema,
    zeroCount: h.ZeroCount,
    zeroThreshold: h.ZeroThreshold,
    positiveSpans: spansOf(h.PositiveSpans),
    positiveCounts: Float64Array.from(h.PositiveBuckets ?? []),
    negativeSpans: spansOf(h.NegativeSpans),
    negativeCounts: Float64Array.from(h.NegativeBuckets ?? []),
  })

const NO_NOTES = { warnings: [], infos: [], stats: { samplesTotal: 0, samplesPeak: 0 } }

const goNumber = (value: number | string): number =>
  Number(String(value).replace('Inf', 'Infinity'))

function resultOf(series: readonly CodecSeries[]): QueryResult {
  if (series[0].Floats === undefined && series[0].Histograms === undefined)
    return {
      type: 'vector',
      samples: series.map(({ Metric, T, F, H }) => ({
        labels: Labels.fromObject(Metric),
        t: T!,
        v: F ?? NaN,
        h: H === undefined ? undefined : histogramOf(H),
      })),
      ...NO_NOTES,
    }
  return {
    type: 'matrix',
    series: series.map(({ Metric, Floats = [], Histograms = [] }) => ({
      labels: Labels.fromObject(Metric),
      t: Float64Array.from([...Floats, ...Histograms], ({ T }) => Number(T)),
      v: Float64Array.from([...Floats.map(({ F }) => goNumber(F)), ...Histograms.map(() => NaN)]),
      h: [...Floats.map(() => undefined), ...Histograms.map(({ H }) => histogramOf(H))],
    })),
    ...NO_NOTES,
  }
}
