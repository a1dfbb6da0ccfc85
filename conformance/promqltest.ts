/**
 * Prometheus's query tests (`promqltest/*.test`) and the tests of their runner. Each evaluation
 * counts once; instant ones must hold in three ways: as written, with `@` on every selector at other
 * times, and as the middle of a range query. What needs native histograms is reported apart.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compareLabels, compileRegex } from '@vigie/model'
import {
  Engine,
  type MatrixSeries,
  ParseError,
  QueryError,
  type QueryResult,
  printExpr,
} from '@vigie/promql'
import { type Expr, type SeriesValue, parseExpr, walk } from '@vigie/promql/syntax'
import {
  type EvalCommand,
  type Expectation,
  type ExpectedSeries,
  ScriptError,
  parseScript,
} from './promqltest-script.ts'
import { TestStore } from './promqltest-store.ts'
import type { SuiteResult } from './suite.ts'
import { almostEqual, braced, showFixed, showValue } from './promqltest-text.ts'

const LOOKBACK_MS = 300_000

const newEngine = (): Engine =>
  new Engine({
    lookbackMs: LOOKBACK_MS,
    maxSamples: 10_000,
    noStepSubqueryIntervalMs: 60_000,
    enableExperimental: true,
    enableDelayedNameRemoval: true,
    useStartTimestamps: true,
  })

type Kind = 'plain' | 'histogram'

interface Tally {
  passed: number
  total: number
}

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const dir = join(vectorsDir, 'promqltest')
  const tallies: Record<Kind, Tally> = {
    plain: { passed: 0, total: 0 },
    histogram: { passed: 0, total: 0 },
  }
  const failures: SuiteResult['failures'] = []
  for (const file of readdirSync(dir)
    .filter((name) => name.endsWith('.test'))
    .sort()) {
    const script = readFileSync(join(dir, file), 'utf8')
    try {
      await runScript(script, (command, kind, reason) => {
        tallies[kind].total++
        if (reason === undefined) tallies[kind].passed++
        else if (kind !== 'histogram') failures.push({ name: `${file}:${command.line}`, reason })
      })
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      // None of its evaluations was run.
      tallies.plain.total += script.match(/^eval/gm)?.length ?? 1
      failures.push({ name: file, reason: error.message })
    }
  }
  const own = await runSelfTest(join(dir, 'runner-selftest.json'))
  const { plain, histogram } = tallies
  return {
    suite: 'promqltest',
    ...plain,
    failures,
    beside: [
      { suite: 'promqltest, native histograms', ...histogram },
      { suite: 'promqltest, the runner itself', ...own },
    ],
  }
}

type Report = (command: EvalCommand, kind: Kind, reason: string | undefined) => void

/** Runs a script to its end; reports each evaluation. Throws ScriptError. */
async function runScript(script: string, report: Report): Promise<void> {
  const store = new TestStore()
  const engine = newEngine()
  for (const command of parseScript(script)) {
    if (command.kind === 'clear') store.clear()
    else if (command.kind === 'load') store.load(command)
    else report(command, kindOf(command, store), await check(engine, store, command))
  }
}

interface SelfTest {
  cases: { name: string; input: string; expectedError?: string }[]
}

/** The runner's own tests: the text of the first error of each script. */
async function runSelfTest(path: string): Promise<Tally> {
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as SelfTest
  const tally: Tally = { passed: 0, total: 0 }
  for (const { input, expectedError } of cases) {
    if (input.includes('{{')) continue
    tally.total++
    if ((await firstError(input)) === (expectedError ?? '')) tally.passed++
  }
  return tally
}

async function firstError(script: string): Promise<string> {
  let first = ''
  try {
    await runScript(script, (_command, _kind, reason) => {
      if (first === '') first = reason ?? ''
    })
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    return error.message
  }
  return first
}

function kindOf(command: EvalCommand, store: TestStore): Kind {
  let kind: Kind = command.series.some((one) => one.hasHistograms) ? 'histogram' : 'plain'
  walk(parseExpr(command.expr, { enableExperimental: true }), (node) => {
    if (node.kind === 'vectorSelector' && store.hasHistograms(node.matchers)) kind = 'histogram'
  })
  return kind
}

/** Gives what is wrong, or undefined. */
async function check(
  engine: Engine,
  store: TestStore,
  command: EvalCommand,
): Promise<string | undefined> {
  try {
    return command.isRange
      ? await checkRange(engine, store, command)
      : await checkInstant(engine, store, command)
  } catch (error) {
    if (error instanceof Mismatch) return error.message
    throw error
  }
}

class Mismatch extends Error {}

const inEval = ({ expr, line }: EvalCommand, message: string): Mismatch =>
  new Mismatch(`error in eval ${expr} (line ${line}): ${message}`)
const ofQuery = ({ expr, line }: EvalCommand): string => `evaluating query "${expr}" (line ${line})`

async function outcome(query: Promise<QueryResult>): Promise<QueryResult | Error> {
  try {
    return await query
  } catch (error) {
    if (error instanceof QueryError || error instanceof ParseError) return error
    throw error
  }
}

/** The result, unless failing was right. */
function checkFailure(command: EvalCommand, result: QueryResult | Error): QueryResult | undefined {
  const expected = command.expectations.find((one) => one.kind === 'fail')
  if (!(result instanceof Error)) {
    if (expected !== undefined)
      throw new Mismatch(`expected error ${ofQuery(command)} but got none`)
    return result
  }
  if (expected === undefined) throw new Mismatch(`error ${ofQuery(command)}: ${result.message}`)
  const { failMessage, failPattern } = command
  const but = `${ofQuery(command)}, but got: ${result.message}`
  if (failMessage !== undefined && failMessage !== result.message) {
    throw new Mismatch(`expected error "${failMessage}" ${but}`)
  }
  if (failPattern !== undefined && !compileRegex(failPattern).matcher(result.message).find()) {
    throw new Mismatch(`expected error matching pattern "${failPattern}" ${but}`)
  }
  for (const one of command.expectations) {
    if (one.kind === 'fail' && !matches(one, result.message)) {
      throw new Mismatch(`expected error matching "${one.text}" ${but}`)
    }
  }
  return undefined
}

function matches({ match, text }: Expectation, message: string): boolean {
  if (match === 'any') return true
  return match === 'msg' ? text === message : compileRegex(text).matcher(message).find()
}

function checkAnnotations(command: EvalCommand, { warnings, infos }: QueryResult): void {
  checkKind(command, 'warn', 'warning', warnings)
  checkKind(command, 'info', 'info', infos)
}

function checkKind(
  command: EvalCommand,
  kind: 'warn' | 'info',
  word: string,
  found: readonly string[],
): void {
  const { expr, line, expectations } = command
  const expected = expectations.filter((one) => one.kind === kind)
  const where = `query "${expr}" (line ${line})`
  if (expected.length > 0 && found.length === 0) {
    const isOld =
      expected.every((one) => one.match === 'any') &&
      expected.length === 1 &&
      command.series.length > 0
    if (isOld && kind === 'warn')
      throw new Mismatch(`expected warnings evaluating ${where} but got none`)
    throw new Mismatch(`expected ${kind} annotations but none were found for ${where}`)
  }
  for (const one of expected) {
    if (found.some((text) => matches(one, text))) continue
    const how = one.match === 'msg' ? 'message' : 'pattern'
    const missing = `expected ${kind} annotation matching ${how} "${one.text}" but no matching annotation was found`
    throw new Mismatch(`${missing} for ${where}, found: [${found.join(' ')}]`)
  }
  const isForbidden = expectations.some((one) => one.kind === `no_${kind}`)
  const stray =
    expected.length > 0 ? found.filter((text) => !expected.some((one) => matches(one, text))) : []
  if (isForbidden && found.length > 0) {
    throw new Mismatch(`unexpected ${word} annotations evaluating ${where}: [${found.join(' ')}]`)
  }
  if (stray.length > 0)
    throw new Mismatch(`unexpected ${word} annotations evaluating ${where}: [${stray.join(' ')}]`)
}

async function checkRange(
  engine: Engine,
  store: TestStore,
  command: EvalCommand,
): Promise<string | undefined> {
  const { startMs, endMs, stepMs } = command
  const result = checkFailure(
    command,
    await outcome(engine.range(store, command.expr, { startMs, endMs, stepMs })),
  )
  if (result === undefined) return undefined
  checkAnnotations(command, result)
  if (command.scalar !== undefined) {
    throw inEval(command, `expected scalar result, but got matrix ${showMatrix(result)}`)
  }
  if (result.type === 'matrix') compareMatrix(command, result.series, { startMs, endMs, stepMs })
  return undefined
}

async function checkInstant(
  engine: Engine,
  store: TestStore,
  command: EvalCommand,
): Promise<string | undefined> {
  const { expr, startMs: timeMs } = command
  const result = checkFailure(command, await outcome(engine.instant(store, expr, { timeMs })))
  if (result !== undefined) {
    checkAnnotations(command, result)
    compareResult(command, result)
  }
  const fixed = withFixedTime(expr, timeMs)
  if (fixed !== undefined) {
    const text = printExpr(fixed)
    const times =
      timeMs === 0
        ? [-1000, 0, 1000]
        : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs]
    for (const at of times) {
      const again = checkFailure(
        command,
        await outcome(engine.instant(store, text, { timeMs: at })),
      )
      if (again !== undefined) compareResult(command, again)
    }
  }
  if (result !== undefined) await checkMiddle(engine, store, command, result)
  return undefined
}

async function checkMiddle(
  engine: Engine,
  store: TestStore,
  command: EvalCommand,
  instant: QueryResult,
): Promise<void> {
  const { expr, startMs: timeMs } = command
  const isSkipped = command.isOrdered || instant.type === 'string' || instant.type === 'matrix'
  if (isSkipped || /(start|end|range|step)\(\)/.test(expr)) return
  const range = { startMs: timeMs - 60_000, endMs: timeMs + 60_000, stepMs: 60_000 }
  const result = await outcome(engine.range(store, expr, range))
  if (result instanceof Error)
    throw new Mismatch(`error ${ofQuery(command)} in range mode: ${result.message}`)
  if (result.type !== 'matrix') throw new Mismatch('a range query gave no matrix')
  const samples = result.series.flatMap(({ labels, t, v }) => {
    const at = t.indexOf(timeMs)
    return at < 0 ? [] : [{ labels, t: timeMs, v: v[at] }]
  })
  const { warnings, infos, stats } = result
  if (instant.type === 'scalar') {
    compareResult(command, {
      type: 'scalar',
      t: timeMs,
      v: samples[0]?.v ?? NaN,
      warnings,
      infos,
      stats,
    })
  } else {
    compareResult(command, { type: 'vector', samples, warnings, infos, stats })
  }
}

const UNSAFE = new Set(
  'days_in_month day_of_month day_of_week day_of_year hour minute month year predict_linear time timestamp start end step range'.split(
    ' ',
  ),
)

/** The query with `@ time` wherever it has none; undefined when it depends on the time otherwise. */
function withFixedTime(text: string, timeMs: number): Expr | undefined {
  const expr = parseExpr(text, { enableExperimental: true })
  let isUnsafe = false
  walk(expr, (node) => {
    if (node.kind === 'call' && UNSAFE.has(node.func.name)) isUnsafe = true
    if (node.kind !== 'vectorSelector' && node.kind !== 'subquery') return undefined
    if (node.atMs === undefined && node.atEdge === undefined) node.atMs = timeMs
    // What is inside of a subquery moves with its steps.
    return node.kind === 'vectorSelector'
  })
  return isUnsafe ? undefined : expr
}

function compareResult(command: EvalCommand, result: QueryResult): void {
  if (command.scalar !== undefined) return compareScalar(command, command.scalar, result)
  switch (result.type) {
    case 'vector':
      return compareVector(command, result.samples)
    case 'matrix': {
      if (command.rangeVector === undefined) throw inEval(command, 'expected no range vector')
      return compareMatrix(command, result.series, command.rangeVector)
    }
    case 'scalar':
      throw inEval(
        command,
        `expected vector or matrix result, but got scalar: ${showValue(result.v)} @[${result.t}]`,
      )
    case 'string':
      if (command.text !== result.text) {
        throw inEval(
          command,
          `expected string ${JSON.stringify(command.text)} but got ${JSON.stringify(result.text)}`,
        )
      }
  }
}

function compareScalar(command: EvalCommand, expected: number, result: QueryResult): void {
  if (result.type === 'vector') {
    const shown = result.samples.map(
      ({ labels, t, v }) => `${labels.toString()} => ${showValue(v)} @[${t}]`,
    )
    throw inEval(command, `expected scalar result, but got vector ${shown.join('\n')}`)
  }
  if (result.type !== 'scalar')
    throw inEval(command, `expected scalar result, but got ${result.type}`)
  if (almostEqual(expected, result.v)) return
  throw inEval(command, `expected scalar ${showValue(expected)} but got ${showValue(result.v)}`)
}

/** A stale marker cannot be told from another NaN once it is a result. */
const asNumber = (value: SeriesValue): number | undefined => (value === 'stale' ? NaN : value)

type Sample = { labels: ExpectedSeries['labels']; v: number }

function compareVector(command: EvalCommand, samples: readonly Sample[]): void {
  const expected = new Map(command.series.map((one) => [one.labels.key, one]))
  const seen = new Set<string>()
  for (const [i, { labels, v }] of samples.entries()) {
    const one = expected.get(labels.key)
    const name = braced(labels)
    if (one === undefined)
      throw inEval(command, `unexpected metric ${name} in result, has value ${showValue(v)}`)
    if (one.hasHistograms)
      throw inEval(command, `expected histogram for ${name} but got float value ${showValue(v)}`)
    const want = asNumber(one.values[0])
    if (command.isOrdered && one.position !== i + 1) {
      const which = `expected metric ${name} with [${one.values.map((x) => showFixed(asNumber(x)!)).join(' ')}]`
      throw inEval(command, `${which} at position ${one.position} but was at ${i + 1}`)
    }
    if (want === undefined || !almostEqual(want, v)) {
      throw inEval(
        command,
        `expected ${want === undefined ? '_' : showValue(want)} for ${name} but got ${showValue(v)}`,
      )
    }
    seen.add(labels.key)
  }
  for (const { labels, values, position } of command.series) {
    if (seen.has(labels.key)) continue
    const shown = values.map((v) => (v === undefined ? '_' : showFixed(asNumber(v)!))).join(' ')
    throw inEval(
      command,
      `expected metric ${braced(labels)} with ${position}: [${shown}] not found`,
    )
  }
}

const points = (count: number): string => `${count} float point${count === 1 ? '' : 's'}`

function showPoints({ t, v }: MatrixSeries): string {
  const shown = Array.from(t, (time, i) => `${showValue(v[i])} @[${time}]`)
  return `${points(t.length)} [${shown.join(' ')}] and 0 histogram points []`
}

const showMatrix = (result: QueryResult): string =>
  result.type !== 'matrix'
    ? ''
    : result.series
        .map(({ labels, t, v }) =>
          [
            `${labels.toString()} =>`,
            ...Array.from(t, (time, i) => `${showValue(v[i])} @[${time}]`),
          ].join('\n'),
        )
        .join('\n')

function compareMatrix(
  command: EvalCommand,
  series: readonly MatrixSeries[],
  { startMs, endMs, stepMs }: { startMs: number; endMs: number; stepMs: number },
): void {
  const isSorted = series.every(
    (one, i) => i === 0 || compareLabels(series[i - 1].labels, one.labels) <= 0,
  )
  if (!isSorted) throw inEval(command, 'matrix results should always be sorted by labels')
  const expected = new Map(command.series.map((one) => [one.labels.key, one]))
  const seen = new Set<string>()
  for (const one of series) {
    const name = braced(one.labels)
    const want = expected.get(one.labels.key)
    if (want === undefined)
      throw inEval(command, `unexpected metric ${name} in result, has ${showPoints(one)}`)
    seen.add(one.labels.key)
    comparePoints(command, name, want, one, startMs, endMs, stepMs)
  }
  for (const { labels } of command.series) {
    if (!seen.has(labels.key)) throw inEval(command, `expected metric ${braced(labels)} not found`)
  }
}

function comparePoints(
  command: EvalCommand,
  name: string,
  { values, hasHistograms }: ExpectedSeries,
  got: MatrixSeries,
  startMs: number,
  endMs: number,
  stepMs: number,
): void {
  if (hasHistograms) throw inEval(command, `expected histograms for ${name}`)
  if (values.length > Math.floor((endMs - startMs) / stepMs) + 1) {
    const many = `expected ${values.length} points for ${name}`
    throw inEval(command, `${many}, but query time range cannot return this many points`)
  }
  const want = values
    .map(asNumber)
    .flatMap((v, i) => (v === undefined ? [] : [{ t: startMs + i * stepMs, v }]))
  if (want.length !== got.t.length) {
    throw inEval(
      command,
      `expected ${points(want.length)} and 0 histogram points for ${name}, but got ${showPoints(got)}`,
    )
  }
  for (const [i, { t, v }] of want.entries()) {
    if (got.t[i] !== t) {
      const had = `to have timestamp ${t}, but it had timestamp ${got.t[i]}`
      throw inEval(
        command,
        `expected float value at index ${i} for ${name} ${had} (result has ${showPoints(got)})`,
      )
    }
    if (almostEqual(v, got.v[i])) continue
    const be = `to be ${showValue(v)}, but got ${showValue(got.v[i])} (result has ${showPoints(got)})`
    throw inEval(command, `expected float value at index ${i} (t=${t}) for ${name} ${be}`)
  }
}
