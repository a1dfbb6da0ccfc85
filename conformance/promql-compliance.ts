/**
 * The compliance suite: `promql/compliance`, samples of a demo service and what a Prometheus answers
 * to some hundred queries over them, as a range and at its end. Values are equal within 1e-5.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Labels, type Matcher, type Queryable, SampleColumns, matchesAll } from '@vigie/model'
import { Engine, ParseError, QueryError, type QueryResult } from '@vigie/promql'
import { parseLabels } from '@vigie/promql/syntax'
import type { SuiteResult } from './suite.ts'

type Point = [timeS: number, value: string]

interface Answer {
  http: number
  data?:
    | { resultType: 'matrix'; result: { metric: Record<string, string>; values: Point[] }[] }
    | { resultType: 'vector'; result: { metric: Record<string, string>; value: Point }[] }
    | { resultType: 'scalar' | 'string'; result: Point }
}

interface Expected {
  start: number
  end: number
  step: number
  results: { query: string; should_fail: boolean; range?: Answer; instant?: Answer }[]
}

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const dir = join(vectorsDir, 'promql', 'compliance')
  const read = (file: string): string => gunzipSync(readFileSync(join(dir, file))).toString()
  const { start, end, step, results } = JSON.parse(read('expected.json.gz')) as Expected
  const store = loadSamples(read('data.om.gz'))
  const engine = new Engine({ enableExperimental: true })
  const failures: SuiteResult['failures'] = []
  let total = 0
  const check = async (
    name: string,
    answer: Answer | undefined,
    ask: () => Promise<QueryResult>,
  ): Promise<void> => {
    if (answer === undefined) return
    total++
    const reason = differ(await outcome(ask), answer)
    if (reason !== undefined) failures.push({ name, reason })
  }
  for (const { query, range, instant } of results) {
    const times = { startMs: start * 1000, endMs: end * 1000, stepMs: step * 1000 }
    await check(`range ${query}`, range, () => engine.range(store, query, times))
    await check(`instant ${query}`, instant, () =>
      engine.instant(store, query, { timeMs: end * 1000 }),
    )
  }
  return { suite: 'compliance', passed: total - failures.length, total, failures }
}

async function outcome(ask: () => Promise<QueryResult>): Promise<QueryResult | Error> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ParseError || error instanceof QueryError) return error
    throw error
  }
}

function loadSamples(text: string): Queryable {
  const byKey = new Map<string, { labels: Labels; samples: SampleColumns }>()
  for (const line of text.split('\n')) {
    const match = /^(\S.*?)(?:\})? (\S+) (\S+)$/.exec(line)
    if (line.startsWith('#') || match === null) continue
    const key = line.slice(0, line.lastIndexOf(' ', line.lastIndexOf(' ') - 1))
    let series = byKey.get(key)
    if (series === undefined)
      byKey.set(key, (series = { labels: parseLabels(key), samples: new SampleColumns() }))
    series.samples.push(
      Math.round(Number(match[3]) * 1000),
      Number(match[2].replace('Inf', 'Infinity')),
    )
  }
  const all = [...byKey.values()]
  return {
    select: (matchers: readonly Matcher[]) => {
      const found = all.filter(({ labels }) => matchesAll(matchers, labels))
      return {
        count: found.length,
        labels: (index) => found[index].labels,
        samples: (index, minT, maxT, out) => {
          out.clear()
          const { t, v, length } = found[index].samples
          for (let i = 0; i < length; i++) if (t[i] >= minT && t[i] <= maxT) out.push(t[i], v[i])
        },
      }
    },
    labelNames: () => [],
    labelValues: () => [],
  }
}

function differ(got: QueryResult | Error, { http, data }: Answer): string | undefined {
  if (got instanceof Error) return http === 200 ? got.message : undefined
  if (data === undefined) return `want an error (HTTP ${http}), got a ${got.type}`
  if (got.type !== data.resultType) return `want a ${data.resultType}, got a ${got.type}`
  const want = new Map<string, Point[]>()
  if (data.resultType === 'matrix') {
    for (const { metric, values } of data.result)
      want.set(Labels.fromObject(metric).toString(), values)
  } else if (data.resultType === 'vector') {
    for (const { metric, value } of data.result)
      want.set(Labels.fromObject(metric).toString(), [value])
  } else {
    want.set('', [data.result])
  }
  const have = points(got)
  for (const key of have.keys()) if (!want.has(key)) return `unexpected series ${key}`
  for (const [key, values] of want) {
    const mine = have.get(key)
    if (mine === undefined) return `missing series ${key}`
    if (mine.length !== values.length)
      return `${key}: want ${values.length} points, got ${mine.length}`
    for (const [i, [timeS, value]] of values.entries()) {
      const [t, v] = mine[i]
      if (t !== Math.round(timeS * 1000))
        return `${key}: want a point at ${timeS}, got one at ${t / 1000}`
      if (!isClose(v, value)) return `${key} at ${timeS}: want ${value}, got ${v}`
    }
  }
  return undefined
}

type OwnPoint = [timeMs: number, value: number | string]

function points(got: QueryResult): Map<string, OwnPoint[]> {
  switch (got.type) {
    case 'matrix':
      return new Map(
        got.series.map(({ labels, t, v }) => [
          labels.toString(),
          Array.from(t, (time, i): OwnPoint => [time, v[i]]),
        ]),
      )
    case 'vector':
      return new Map(got.samples.map(({ labels, t, v }) => [labels.toString(), [[t, v]]]))
    case 'scalar':
      return new Map([['', [[got.t, got.v]]]])
    case 'string':
      return new Map([['', [[got.t, got.text]]]])
  }
}

function isClose(got: number | string, wantText: string): boolean {
  if (typeof got === 'string') return got === wantText
  const want = Number(wantText.replace('Inf', 'Infinity'))
  if (Number.isNaN(want) || Number.isNaN(got)) return Number.isNaN(want) && Number.isNaN(got)
  return got === want || Math.abs(got - want) <= 1e-5 * Math.max(Math.abs(got), Math.abs(want))
}
