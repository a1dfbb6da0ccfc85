/**
 * Prometheus's query tests (`promqltest/*.test`) and the tests of their runner. Each evaluation
 * counts once; instant ones must hold in three ways: as written, with `@` on every selector at other
 * times, and as the middle of a range query.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Histogram, UNKNOWN_RESET, compareLabels, compileRegex } from '@vigie/model'
import {
  Engine,
  type MatrixSeries,
  ParseError,
  QueryError,
  type QueryResult,
  printExpr,
} from '@vigie/promql'
import { type Expr, type SeriesValue, parseExpr, walk } from '@vigie/promql/syntax'
import { HistogramBuilder } from '../packages/promql/src/histogram/builder.ts'
import { histogramNotation } from '../packages/promql/src/histogram/print.ts'
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

interface Tally {
  passed: number
  total: number
}

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const dir = join(vectorsDir, 'promqltest')
  const tally: Tally = { passed: 0, total: 0 }
  const failures: SuiteResult['failures'] = []
  for (const file of readdirSync(dir)
    .filter((name) => name.endsWith('.test'))
    .sort()) {
    const script = readFileSync(join(dir, file), 'utf8')
    try {
      await runScript(script, (command, reason) => {
        tally.total++
        if (reason === undefined) tally.passed++
        else failures.push({ name: `${file}:${command.line}`, reason })
      })
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      // None of its evaluations was run.
      tally.total += script.match(/^eval/gm)?.length ?? 1
      failures.push({ name: file, reason: error.message })
    }
  }
  const own = await runSelfTest(join(dir, 'runner-selftest.json'))
  return {
    suite: 'promqltest',
    passed: tally.passed + own.passed,
    total: tally.total + own.total,
    failures: [...failures, ...own.failures],
  }
}

type Report = (command: EvalCommand, reason: string | undefined) => void

/** Runs a script to its end; reports each evaluation. Throws ScriptError. */
async function runScript(script: string, report: Report): Promise<void> {
  const store = new TestStore()
  const engine = newEngine()
  for (const command of parseScript(script)) {
    if (command.kind === 'clear') store.clear()
    else if (command.kind === 'load') store.load(command)
    else report(command, await check(engine, store, command))
  }
}

interface SelfTest {
  cases: { name: string; input: string; expectedError?: string }[]
}

/** The runner's own tests: the text of the first error of each script. */
async function runSelfTest(path: string): Promise<Tally & { failures: SuiteResult['failures'] }> {
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as SelfTest
  const failures: SuiteResult['failures'] = []
  for (const { name, input, expectedError = '' } of cases) {
    const error = await firstError(input)
    if (error !== (expectedError ?? ''))
      failures.push({ name, reason: `got "${error}", want "${expectedError}"` })
  }
  return { passed: cases.length - failures.length, total: cases.length, failures }
}

async function firstError(script: string): Promise<string> {
  let first = ''
  try {
    await runScript(script, (_command, reason) => {
      if (first === '') first = reason ?? ''
    })
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    return error.message
  }
  return first
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
    if (kind === 'warn' && expected[0].isOld === true)
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
  const samples = result.series.flatMap(({ labels, t, v, h }) => {
    const at = t.indexOf(timeMs)
    return at < 0 ? [] : [{ labels, t: timeMs, v: v[at], h: h?.[at] }]
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

type Value = number | Histogram

/** A stale marker cannot be told from another NaN once it is a result. */
const asValue = (value: SeriesValue): Value | undefined => (value === 'stale' ? NaN : value)
const show = (value: Value): string =>
  typeof value === 'number' ? showValue(value) : histogramNotation(value)
const showExpected = (value: SeriesValue): string => {
  const one = asValue(value)
  if (one === undefined) return '_'
  return typeof one === 'number' ? showFixed(one) : histogramNotation(one)
}

type Sample = { labels: ExpectedSeries['labels']; v: number; h?: Histogram | undefined }

function compareVector(command: EvalCommand, samples: readonly Sample[]): void {
  const expected = new Map(command.series.map((one) => [one.labels.key, one]))
  const seen = new Set<string>()
  for (const [i, { labels, v, h }] of samples.entries()) {
    const one = expected.get(labels.key)
    const name = braced(labels)
    const got = h ?? v
    if (one === undefined)
      throw inEval(command, `unexpected metric ${name} in result, has value ${show(got)}`)
    if (command.isOrdered && one.position !== i + 1) {
      const which = `expected metric ${name} with [${one.values.map(showExpected).join(' ')}]`
      throw inEval(command, `${which} at position ${one.position} but was at ${i + 1}`)
    }
    const wrong = difference(name, one, asValue(one.values[0]), got)
    if (wrong !== undefined) throw inEval(command, wrong)
    seen.add(labels.key)
  }
  for (const { labels, values, position } of command.series) {
    if (seen.has(labels.key)) continue
    const shown = values.map(showExpected).join(' ')
    throw inEval(
      command,
      `expected metric ${braced(labels)} with ${position}: [${shown}] not found`,
    )
  }
}

function difference(
  name: string,
  series: ExpectedSeries,
  want: Value | undefined,
  got: Value,
): string | undefined {
  if (typeof want === 'object' && typeof got === 'number')
    return `expected histogram ${show(want)} for ${name} but got float value ${show(got)}`
  if (typeof want === 'number' && typeof got === 'object')
    return `expected float value ${showFixed(want)} for ${name} but got histogram ${show(got)}`
  if (want !== undefined && isAlmostEqual(series, want, got)) return undefined
  return `expected ${want === undefined ? '_' : show(want)} for ${name} but got ${show(got)}`
}

function isAlmostEqual({ wantsUnknownHint }: ExpectedSeries, want: Value, got: Value): boolean {
  if (typeof want === 'number' || typeof got === 'number')
    return typeof want === 'number' && typeof got === 'number' && almostEqual(want, got)
  const [a, b] = [want, got].map((h) => HistogramBuilder.from(h).finish())
  const wantsHint = wantsUnknownHint || want.counterResetHint !== UNKNOWN_RESET
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    almostEqual(a.zeroCount, b.zeroCount) &&
    almostEqual(a.count, b.count) &&
    almostEqual(a.sum, b.sum) &&
    a.customBounds.join() === b.customBounds.join() &&
    a.positiveSpans.join() === b.positiveSpans.join() &&
    a.negativeSpans.join() === b.negativeSpans.join() &&
    a.positiveCounts.every((count, i) => almostEqual(count, b.positiveCounts[i])) &&
    a.negativeCounts.every((count, i) => almostEqual(count, b.negativeCounts[i])) &&
    (!wantsHint || want.counterResetHint === got.counterResetHint)
  )
}

interface Point {
  t: number
  value: Value
}

const counted = (count: number, kind: string): string =>
  `${count} ${kind} point${count === 1 ? '' : 's'}`

const pointsOf = ({ t, v, h }: MatrixSeries): Point[] =>
  Array.from(t, (time, i) => ({ t: time, value: h?.[i] ?? v[i] }))

const ofKind = (points: readonly Point[], kind: 'number' | 'object'): Point[] =>
  points.filter(({ value }) => typeof value === kind)

function showPoints(points: readonly Point[]): string {
  const shown = (kind: 'number' | 'object', word: string): string => {
    const some = ofKind(points, kind)
    const texts = some.map(({ t, value }) => `${show(value)} @[${t}]`)
    return `${counted(some.length, word)} [${texts.join(' ')}]`
  }
  return `${shown('number', 'float')} and ${shown('object', 'histogram')}`
}

const showMatrix = (result: QueryResult): string =>
  result.type !== 'matrix'
    ? ''
    : result.series
        .map((one) =>
          [
            `${one.labels.toString()} =>`,
            ...pointsOf(one).map(({ t, value }) => `${show(value)} @[${t}]`),
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
      throw inEval(command, `unexpected metric ${name} in result, has ${showPoints(pointsOf(one))}`)
    seen.add(one.labels.key)
    comparePoints(command, name, want, pointsOf(one), startMs, endMs, stepMs)
  }
  for (const { labels } of command.series) {
    if (!seen.has(labels.key)) throw inEval(command, `expected metric ${braced(labels)} not found`)
  }
}

function comparePoints(
  command: EvalCommand,
  name: string,
  series: ExpectedSeries,
  got: readonly Point[],
  startMs: number,
  endMs: number,
  stepMs: number,
): void {
  const { values } = series
  if (values.length > Math.floor((endMs - startMs) / stepMs) + 1) {
    const many = `expected ${values.length} points for ${name}`
    throw inEval(command, `${many}, but query time range cannot return this many points`)
  }
  const want = values
    .map(asValue)
    .flatMap((value, i) => (value === undefined ? [] : [{ t: startMs + i * stepMs, value }]))
  const [wantFloats, gotFloats] = [ofKind(want, 'number'), ofKind(got, 'number')]
  const [wantOthers, gotOthers] = [ofKind(want, 'object'), ofKind(got, 'object')]
  if (wantFloats.length !== gotFloats.length || wantOthers.length !== gotOthers.length) {
    const both = `${counted(wantFloats.length, 'float')} and ${counted(wantOthers.length, 'histogram')}`
    throw inEval(command, `expected ${both} for ${name}, but got ${showPoints(got)}`)
  }
  compareKind(command, name, series, 'float', wantFloats, gotFloats, showPoints(got))
  compareKind(command, name, series, 'histogram', wantOthers, gotOthers, showPoints(got))
}

function compareKind(
  command: EvalCommand,
  name: string,
  series: ExpectedSeries,
  kind: string,
  want: readonly Point[],
  got: readonly Point[],
  shown: string,
): void {
  for (const [i, { t, value }] of want.entries()) {
    if (got[i].t !== t) {
      const had = `to have timestamp ${t}, but it had timestamp ${got[i].t}`
      throw inEval(
        command,
        `expected ${kind} value at index ${i} for ${name} ${had} (result has ${shown})`,
      )
    }
    if (isAlmostEqual(series, value, got[i].value)) continue
    const be = `to be ${show(value)}, but got ${show(got[i].value)} (result has ${shown})`
    throw inEval(command, `expected ${kind} value at index ${i} (t=${t}) for ${name} ${be}`)
  }
}
