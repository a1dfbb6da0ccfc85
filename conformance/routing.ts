/**
 * Suite `routing`: Alertmanager's own cases for routes, matchers of both syntaxes, and when a receiver
 * is told again (alertmanager/routing.json, matchers.json, dedup.json).
 */
import { readFileSync } from 'node:fs'
import {
  type Route,
  matchRoutes,
  parseAlertmanagerConfig,
  parseClassicMatchers,
  parseMatchers,
  parseUtf8Matcher,
  parseUtf8Matchers,
  reasonToNotify,
  walkRoutes,
} from '@vigie/alerting'
import { Labels, type Matcher } from '@vigie/model'
import { parse } from 'yaml'
import type { SuiteResult } from './suite.ts'

type Json = Record<string, unknown>
type MatcherTuple = [name: string, type: string, value: string]

const NS_PER_MS = 1e6

class Tally {
  readonly failures: SuiteResult['failures'] = []
  total = 0

  check(name: string, got: () => unknown, want: unknown): void {
    this.total++
    let found: unknown
    try {
      found = got()
    } catch (error) {
      found = `error: ${(error as Error).message}`
    }
    const [a, b] = [JSON.stringify(found), JSON.stringify(want)]
    if (a !== b) this.failures.push({ name, reason: `got ${a}, want ${b}` })
  }
}

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const read = (name: string): Json =>
    JSON.parse(readFileSync(`${vectorsDir}/alertmanager/${name}`, 'utf8')) as Json
  const tally = new Tally()
  routing(tally, read('routing.json'))
  matchers(tally, read('matchers.json'))
  dedup(tally, read('dedup.json'))
  const { total, failures } = tally
  return { suite: 'routing', passed: total - failures.length, total, failures }
}

/** The tree of a route alone, with whatever receivers it names. */
function routeOf(yaml: string): Route {
  const route: unknown = parse(yaml)
  const names = new Set([...yaml.matchAll(/receiver: *['"]?([\w-]+)/g)].map((match) => match[1]))
  const problems: string[] = []
  const config = parseAlertmanagerConfig(
    { route, receivers: [...names].map((name) => ({ name })) },
    [],
    (path, message) => problems.push(`${path.join('.')}: ${message}`),
    () => {},
  )
  if (problems.length > 0) throw new Error(problems.join('; '))
  return config.route
}

interface RouteTest {
  input: Record<string, string>
  keys?: string[]
  result?: Json[]
  expectedRouteLabels?: Record<string, string> | string[]
}

function routing(tally: Tally, vectors: Json): void {
  for (const one of vectors.cases as { name: string; routeYaml: string; tests: RouteTest[] }[]) {
    const root = routeOf(one.routeYaml)
    for (const test of one.tests) {
      const name = `${one.name} ${JSON.stringify(test.input)}`
      const found = matchRoutes(root, Labels.fromObject(test.input))
      if (test.keys !== undefined)
        tally.check(`${name} keys`, () => found.map((route) => route.key), test.keys)
      if (test.result !== undefined)
        tally.check(name, () => found.map(options), test.result.map(filledIn))
      if (test.expectedRouteLabels !== undefined)
        tally.check(
          name,
          () => sortedPairs(found[0].labels),
          sortedPairs(Object.entries(test.expectedRouteLabels)),
        )
    }
  }
  const walk = vectors.walk as { routeYaml: string; expectedReceiversInOrder: string[] }
  tally.check(
    'walk',
    () => [...walkRoutes(routeOf(walk.routeYaml))].map((route) => route.receiver),
    walk.expectedReceiversInOrder,
  )
  const ids = vectors.routeID as { routeYaml: string; expected: string[] }
  tally.check(
    'route ids',
    () => [...walkRoutes(routeOf(ids.routeYaml))].map((route) => route.id),
    ids.expected,
  )
}

const DEFAULTS = new Map<string, unknown>([
  ['GroupBy', []],
  ['GroupInterval', 300_000 * NS_PER_MS],
  ['GroupWait', 30_000 * NS_PER_MS],
  ['Labels', {}],
  ['RepeatInterval', 4 * 3_600_000 * NS_PER_MS],
])

/** Options as the vectors write them, with what they call DEFAULT filled in. */
const filledIn = (options: Json): Json =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key,
      value === 'DEFAULT' ? DEFAULTS.get(key) : value,
    ]),
  )

const options = (route: Route): Json => ({
  GroupBy: route.groupBy,
  GroupByAll: route.isGroupedByAll,
  GroupInterval: route.groupIntervalMs * NS_PER_MS,
  GroupWait: route.groupWaitMs * NS_PER_MS,
  Labels: Object.fromEntries(route.labels),
  Receiver: route.receiver,
  RepeatInterval: route.repeatIntervalMs * NS_PER_MS,
})

const sortedPairs = (pairs: Iterable<readonly string[]>): string[] =>
  Array.from(pairs, (pair) => pair.join('=')).sort((a, b) => (a < b ? -1 : 1))

const tuples = (list: readonly Matcher[]): MatcherTuple[] =>
  list.map((matcher) => [matcher.name, matcher.type, matcher.value])

function matchers(tally: Tally, vectors: Json): void {
  const cases = (
    key: string,
    parseAll: (input: string) => Matcher[],
    errorKey: 'err' | 'error',
    isSkipped: (one: Json) => boolean = () => false,
  ): void => {
    for (const one of vectors[key] as Json[]) {
      if (isSkipped(one)) continue
      const error = one[errorKey] as string | null
      const want = error === null ? (one.want ?? []) : `error: ${error}`
      tally.check(`${key} ${String(one.input)}`, () => tuples(parseAll(one.input as string)), want)
    }
  }
  cases('compliance', parseMatchers, 'err', (one) => one.skip === true)
  cases('classicParser', parseClassicMatchers, 'err')
  cases('utf8Matchers', parseUtf8Matchers, 'error')
  for (const one of vectors.utf8Matcher as Json[]) {
    const want = one.error === null ? one.want : `error: ${one.error as string}`
    tally.check(
      `utf8Matcher ${String(one.input)}`,
      () => tuples([parseUtf8Matcher(one.input as string)])[0],
      want,
    )
  }
}

interface DedupCase {
  entry: { FiringAlerts?: number[]; ResolvedAlerts?: number[]; Timestamp?: unknown } | null
  firingAlerts?: { args: number[] }
  resolvedAlerts?: { args: number[] }
  repeat?: number
  resolve?: boolean
  res: boolean
}

function dedup(tally: Tally, vectors: Json): void {
  const texts = (numbers: readonly number[] = []): string[] => numbers.map(String)
  for (const one of vectors['TestDedupStageNeedsUpdate.cases'] as DedupCase[]) {
    const offset = /"now\.Add","args":\[(-?\d+)\]/.exec(
      JSON.stringify(one.entry?.Timestamp ?? null),
    )?.[1]
    const entry =
      one.entry === null
        ? undefined
        : {
            // Without a time of its own an entry is infinitely old.
            timeMs: offset === undefined ? -Infinity : Number(offset) / NS_PER_MS,
            firing: texts(one.entry.FiringAlerts),
            resolved: texts(one.entry.ResolvedAlerts),
          }
    const state = {
      firing: new Set(texts(one.firingAlerts?.args)),
      resolved: new Set(texts(one.resolvedAlerts?.args)),
    }
    tally.check(
      `dedup ${JSON.stringify(one)}`,
      () =>
        reasonToNotify(entry, state, 0, (one.repeat ?? 0) / NS_PER_MS, one.resolve ?? false) !==
        undefined,
      one.res,
    )
  }
}
