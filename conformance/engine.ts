/**
 * The engine suite: `promql/engine-cases.json`, what Prometheus's engine tests expect of `@`,
 * lookback, subqueries, switched off modifiers, annotations of rates, and the number of samples that
 * a query holds: each case must work with that many and fail with one less.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Labels } from '@vigie/model'
import {
  Engine,
  type EngineOptions,
  ParseError,
  QueryError,
  type QueryOptions,
  type QueryResult,
} from '@vigie/promql'
import { parseScript } from './promqltest-script.ts'
import { TestStore } from './promqltest-store.ts'
import type { SuiteResult } from './suite.ts'

type Check = (name: string, body: () => Promise<string | undefined>) => Promise<void>
type Outcome = QueryResult | QueryError | ParseError

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const failures: SuiteResult['failures'] = []
  let total = 0
  const check: Check = async (name, body) => {
    total++
    const reason = await body()
    if (reason !== undefined) failures.push({ name, reason })
  }
  const path = join(vectorsDir, 'promql', 'engine-cases.json')
  const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors
  await atCases(vectors['TestAtModifier.cases'], check)
  await timeCases(vectors['TestEngineEvalStmtTimestamps.cases'], check)
  await optionCases(vectors['TestEngineOptsValidation.cases'], check)
  await memoryCases(vectors['TestMaxQuerySamples.cases'], check)
  await lookbackCases(vectors['TestQueryLookbackDelta.cases'], check)
  await rateCases(vectors['TestRateAnnotations.testCases'], check)
  for (const { loadString, cases } of vectors['TestSubquerySelector.range'])
    await subqueryCases(loadString, cases, check)
  return { suite: 'engine', passed: total - failures.length, total, failures }
}

/** `time.Unix(s, ns)` or `lastDatapointTs.Add(ns)`. */
interface GoTime {
  args: number[]
}

interface Point {
  F: number
  T: number
}

interface GoSeries {
  Metric: string | Record<string, string>
  Floats?: Point[]
  F?: number
  T?: number
}

interface AtCase {
  query: string
  start: number
  end?: number
  interval?: number
  result: GoSeries[]
}

interface TimeCase {
  Query: string
  Start?: GoTime
  End?: GoTime
  Interval?: number
  Result?: GoSeries[] | { T: number; V: number }
  ShouldError?: boolean
}

interface SubqueryCase {
  Query: string
  Start: GoTime
  Result: [unknown, GoSeries[], unknown]
}

interface Vectors {
  'TestAtModifier.cases': AtCase[]
  'TestEngineEvalStmtTimestamps.cases': TimeCase[]
  'TestEngineOptsValidation.cases': {
    query: string
    fail?: boolean
    expError?: string
    opts: { EnableAtModifier?: boolean; EnableNegativeOffset?: boolean }
  }[]
  'TestMaxQuerySamples.cases': (TimeCase & { MaxSamples: number })[]
  'TestQueryLookbackDelta.cases': {
    name: string
    ts: GoTime
    expectSamples: boolean
    engineLookback?: number
    queryLookback?: number
  }[]
  'TestRateAnnotations.testCases': {
    name: string
    data: string
    expr: string
    expectedInfoAnnotations: string[]
    expectedWarningAnnotations: string[]
    typeAndUnitLabelsEnabled?: boolean
  }[]
  'TestSubquerySelector.range': { loadString: string; cases: SubqueryCase[] }[]
}

function stored(...scripts: string[]): TestStore {
  const store = new TestStore()
  for (const script of scripts)
    for (const command of parseScript(script)) if (command.kind === 'load') store.load(command)
  return store
}

interface Times {
  startMs: number
  endMs?: number
  stepMs?: number
}

async function ask(
  store: TestStore,
  query: string,
  { startMs, endMs, stepMs }: Times,
  engine: EngineOptions = {},
  options: QueryOptions = {},
): Promise<Outcome> {
  const asked = new Engine({ maxSamples: 1_000_000, ...engine })
  try {
    return stepMs === undefined
      ? await asked.instant(store, query, { timeMs: startMs, ...options })
      : await asked.range(store, query, { startMs, endMs: endMs!, stepMs, ...options })
  } catch (error) {
    if (error instanceof QueryError || error instanceof ParseError) return error
    throw error
  }
}

const toMs = ({ args: [seconds] }: GoTime): number => seconds * 1000

const timesOf = ({ Start, End, Interval }: TimeCase): Times =>
  Interval === undefined
    ? { startMs: Start === undefined ? 0 : toMs(Start) }
    : { startMs: toMs(Start!), endMs: toMs(End!), stepMs: Interval / 1e6 }

/** Labels and samples, in the notation of the vectors. */
function shown(result: Outcome): unknown {
  if (result instanceof Error) return result.message
  if (result.type === 'scalar') return { T: result.t, V: result.v }
  if (result.type === 'string') return result.text
  if (result.type === 'vector')
    return result.samples.map(({ labels, t, v }) => ({ Metric: labels.toObject(), F: v, T: t }))
  return result.series.map(({ labels, t, v }) => ({
    Metric: labels.toObject(),
    Floats: Array.from(t, (time, i) => ({ F: v[i], T: time })),
  }))
}

/** Go's zero values filled in, in order of labels. */
function wanted(
  result: GoSeries[] | { T: number; V: number },
  byName: Record<string, object> = {},
): unknown {
  if (!Array.isArray(result)) return result
  return result.map(({ Metric, Floats, F = 0, T = 0 }) => {
    const labels = typeof Metric === 'string' ? byName[Metric] : sorted(Metric)
    if (Floats === undefined) return { Metric: labels, F, T }
    return { Metric: labels, Floats: Floats.map((point) => ({ F: point.F ?? 0, T: point.T ?? 0 })) }
  })
}

const sorted = (labels: Record<string, string>): object => Labels.fromObject(labels).toObject()

const differ = (got: unknown, want: unknown): string | undefined =>
  isDeepStrictEqual(got, want)
    ? undefined
    : `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`

async function atCases(cases: AtCase[], check: Check): Promise<void> {
  const store = stored(
    `load 10s
      metric{job="1"} 0+1x1000
      metric{job="2"} 0+2x1000
      metric_topk{instance="1"} 0+1x1000
      metric_topk{instance="2"} 0+2x1000
      metric_topk{instance="3"} 1000-1x1000`,
    `load 1ms
      metric_ms 0+1x10000`,
    `load 60s
      metric_timestamp 0+1x1000`,
  )
  const beforeEpoch = Array.from({ length: 1001 }, (_, i) => [(i - 1000) * 1000, 1001 - i] as const)
  store.add(Labels.fromObject({ __name__: 'metric_neg' }), beforeEpoch)
  const names = {
    lbls1: { __name__: 'metric', job: '1' },
    lbls2: { __name__: 'metric', job: '2' },
    lblstopk2: { __name__: 'metric_topk', instance: '2' },
    lblstopk3: { __name__: 'metric_topk', instance: '3' },
    lblsms: { __name__: 'metric_ms' },
    lblsneg: { __name__: 'metric_neg' },
  }
  for (const { query, start, end, interval, result } of cases) {
    const times: Times =
      interval === undefined
        ? { startMs: start * 1000 }
        : { startMs: start * 1000, endMs: end! * 1000, stepMs: interval * 1000 }
    await check(`@ ${query}`, async () =>
      differ(shown(await ask(store, query, times)), wanted(result, names)),
    )
  }
}

async function timeCases(cases: TimeCase[], check: Check): Promise<void> {
  const store = stored('load 10s\n metric 1 2')
  for (const one of cases) {
    await check(`times ${one.Query}`, async () => {
      const got = await ask(store, one.Query, timesOf(one))
      if (one.ShouldError) return got instanceof Error ? undefined : 'no error'
      return differ(shown(got), wanted(one.Result!))
    })
  }
}

const OPTION_ERRORS: Record<string, string> = {
  'promql.ErrValidationAtModifierDisabled': '@ modifier is disabled',
  'promql.ErrValidationNegativeOffsetDisabled': 'negative offset is disabled',
}

async function optionCases(
  cases: Vectors['TestEngineOptsValidation.cases'],
  check: Check,
): Promise<void> {
  for (const { query, fail, expError, opts } of cases) {
    await check(`options ${query} ${JSON.stringify(opts)}`, async () => {
      const engine = {
        enableAtModifier: opts.EnableAtModifier ?? false,
        enableNegativeOffset: opts.EnableNegativeOffset ?? false,
      }
      const got = await ask(new TestStore(), query, { startMs: 0 }, engine)
      const message = got instanceof Error ? got.message : ''
      return differ(message, fail ? OPTION_ERRORS[expError!] : '')
    })
  }
}

async function memoryCases(
  cases: Vectors['TestMaxQuerySamples.cases'],
  check: Check,
): Promise<void> {
  const store = stored(`load 10s
    metric 1+1x100
    bigmetric{a="1"} 1+1x100
    bigmetric{a="2"} 1+1x100
    metricWith1HistogramEvery10Seconds {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}+{{schema:1 count:10 sum:5 buckets:[1 2 3 4]}}x100`)
  for (const one of cases) {
    await check(`samples ${one.Query}`, async () => {
      const within = await ask(store, one.Query, timesOf(one), { maxSamples: one.MaxSamples })
      if (within instanceof Error) return `with ${one.MaxSamples}: ${within.message}`
      const beyond = await ask(store, one.Query, timesOf(one), { maxSamples: one.MaxSamples - 1 })
      const code = beyond instanceof QueryError ? beyond.code : 'ok'
      return differ([within.stats.samplesPeak, code], [one.MaxSamples, 'tooManySamples'])
    })
  }
}

async function lookbackCases(
  cases: Vectors['TestQueryLookbackDelta.cases'],
  check: Check,
): Promise<void> {
  const store = stored('load 1m\n metric 0 1 2')
  for (const { name, ts, expectSamples, engineLookback = 0, queryLookback = 0 } of cases) {
    await check(name, async () => {
      const timeMs = 120_000 + ts.args[0] / 1e6
      const engine = engineLookback > 0 ? { lookbackMs: engineLookback / 1e6 } : {}
      const options = queryLookback > 0 ? { lookbackMs: queryLookback / 1e6 } : {}
      const got = await ask(store, 'metric', { startMs: timeMs }, engine, options)
      if (got instanceof Error || got.type !== 'vector') return 'no vector'
      return differ(got.samples.length > 0, expectSamples)
    })
  }
}

async function rateCases(
  cases: Vectors['TestRateAnnotations.testCases'],
  check: Check,
): Promise<void> {
  for (const one of cases) {
    await check(one.name, async () => {
      const lines = one.data.split('\n').filter((line) => line.trim() !== '')
      const store = stored(['load 1m', ...lines].join('\n'))
      const engine = { enableTypeAndUnitLabels: one.typeAndUnitLabelsEnabled ?? false }
      const got = await ask(store, one.expr, { startMs: 60_000 }, engine)
      if (got instanceof Error) return got.message
      const want = [one.expectedWarningAnnotations, one.expectedInfoAnnotations]
      return differ([got.warnings, got.infos], want)
    })
  }
}

async function subqueryCases(
  load: string,
  cases: readonly SubqueryCase[],
  check: Check,
): Promise<void> {
  const store = stored(load)
  for (const { Query, Start, Result } of cases) {
    await check(`subquery ${Query}`, async () =>
      differ(shown(await ask(store, Query, { startMs: toMs(Start) })), wanted(Result[1])),
    )
  }
}
