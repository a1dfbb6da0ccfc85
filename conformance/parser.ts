/**
 * The parser suite: `promql/*.json`, what Prometheus's own parser tests expect. Trees are compared
 * in Prometheus's shape, positions in bytes, errors by their whole text.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import {
  COUNTER_RESET,
  GAUGE,
  type Histogram,
  NOT_COUNTER_RESET,
  UNKNOWN_RESET,
  formatDuration,
  makeHistogram,
} from '@vigie/model'
import {
  type DurationExpr,
  type Expr,
  Lexer,
  type Node,
  ParseError,
  type TimeModifiers,
  type Token,
  parseExpr,
  parseSeries,
  prettyPrint,
  printExpr,
  utf8Length,
} from '@vigie/promql/syntax'
import { histogramNotation } from '../packages/promql/src/histogram/print.ts'
import type { SuiteResult } from './suite.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Check = (name: string, body: () => string | undefined) => void

export function run(vectorsDir: string): Promise<SuiteResult> {
  const failures: SuiteResult['failures'] = []
  let total = 0
  const check: Check = (name, body) => {
    total++
    const reason = body()
    if (reason !== undefined) failures.push({ name, reason })
  }
  const load = <T>(file: string): T =>
    JSON.parse(readFileSync(join(vectorsDir, 'promql', file), 'utf8')) as T
  parseCases(load('parse.json'), check)
  printCases(load('print.json'), check)
  lexCases(load('lex.json'), check)
  durationCases(load('durations.json'), check)
  const notation = load<SeriesVectors>('series-notation.json')
  seriesCases(notation.seriesDesc, check)
  histogramCases(notation.histogramSeries, check)
  for (const { name, input, expected } of notation.histogramTestExpression)
    check(`series-notation.json ${name}`, () => differ(histogramNotation(ofGo(input)), expected))
  return Promise.resolve({ suite: 'parser', passed: total - failures.length, total, failures })
}

interface ParseCase {
  line: number
  input?: string
  inputBytes?: number[]
  fail: boolean
  errMsg?: string
  expected?: Json
}

function parseCases({ cases }: { cases: ParseCase[] }, check: Check): void {
  for (const { line, input, inputBytes, fail, errMsg, expected } of cases) {
    const query = input ?? new TextDecoder().decode(Uint8Array.from(inputBytes!))
    check(`parse.json:${line} ${query.slice(0, 80)}`, () => {
      const got = parsed(query)
      if (fail)
        return got instanceof ParseError ? differ(got.message, errMsg!) : `parsed; want ${errMsg}`
      if (got instanceof ParseError) return got.message
      const tree = goTree(got, query)
      return isDeepStrictEqual(tree, normal(expected!))
        ? undefined
        : differ(tree, normal(expected!))
    })
  }
}

function parsed(query: string): Expr | ParseError {
  try {
    return parseExpr(query, { enableExperimental: true })
  } catch (error) {
    if (error instanceof ParseError) return error
    throw error
  }
}

const differ = (got: Json, want: Json): string | undefined =>
  isDeepStrictEqual(got, want)
    ? undefined
    : `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`

/** Without what Go leaves at its zero value, and with types that name themselves. */
function normal(value: Json): Json {
  if (Array.isArray(value)) return value.map(normal)
  if (value === null || typeof value !== 'object') return value
  if ('_num' in value) return value['_num']
  if ('bytes' in value) return new TextDecoder().decode(Uint8Array.from(value['bytes'] as number[]))
  const out: { [key: string]: Json } = {}
  for (const [key, part] of Object.entries(value)) {
    if (part === null || part === false || part === 0 || part === '') {
      if (key !== 'Val') continue
    }
    if (Array.isArray(part) && part.length === 0) continue
    if (key === '_elts' || (key === 'Card' && part === 'CardOneToOne')) continue
    out[key] = normal(part)
  }
  return out
}

const OP_NAMES: Record<string, string> = {
  '+': 'ADD',
  '-': 'SUB',
  '*': 'MUL',
  '/': 'DIV',
  '%': 'MOD',
  '^': 'POW',
  atan2: 'ATAN2',
  '==': 'EQLC',
  '!=': 'NEQ',
  '<': 'LSS',
  '<=': 'LTE',
  '>': 'GTR',
  '>=': 'GTE',
  '</': 'TRIM_UPPER',
  '>/': 'TRIM_LOWER',
  and: 'LAND',
  or: 'LOR',
  unless: 'LUNLESS',
}

const CARDS = {
  'one-to-one': 'CardOneToOne',
  'many-to-one': 'CardManyToOne',
  'one-to-many': 'CardOneToMany',
  'many-to-many': 'CardManyToMany',
}

const ns = (ms: number): number => ms * 1e6

/** Our tree as Prometheus's, zero values left out. */
// oxlint-disable-next-line max-lines-per-function -- one switch over all kinds of node
function goTree(expr: Node, query: string): Json {
  const at = (offset: number): number => utf8Length(query, 0, offset)
  const span = (node: Node): Json => [at(node.start), at(node.end)]
  const value = (v: number): Json =>
    Number.isFinite(v) ? v : v !== v ? 'NaN' : v > 0 ? '+Inf' : '-Inf'
  const time = (node: TimeModifiers): { [key: string]: Json } => ({
    OriginalOffset: ns(node.offsetMs),
    OriginalOffsetExpr: node.offsetExpr ? tree(node.offsetExpr) : null,
    Timestamp: node.atMs ?? null,
    StartOrEnd: node.atEdge ? node.atEdge.toUpperCase() : null,
  })
  const optional = (node: Node | undefined): Json => (node === undefined ? null : tree(node))
  // oxlint-disable-next-line max-lines-per-function -- as above
  const tree = (node: Node): Json => {
    switch (node.kind) {
      case 'number':
        return {
          _type: 'NumberLiteral',
          Val: value(node.value),
          Duration: node.isDuration,
          PosRange: span(node),
        }
      case 'string':
        return { _type: 'StringLiteral', Val: node.value, PosRange: span(node) }
      case 'vectorSelector':
        return {
          _type: 'VectorSelector',
          Name: node.name,
          LabelMatchers: node.matchers.map((one) => ({ matcher: [one.name, one.type, one.value] })),
          Anchored: node.isAnchored,
          Smoothed: node.isSmoothed,
          BypassEmptyMatcherCheck: node.allowsEmpty,
          PosRange: span(node),
          ...time(node),
        }
      case 'matrixSelector':
        return {
          _type: 'MatrixSelector',
          VectorSelector: matrixInner(node.selector),
          Range: ns(node.rangeMs),
          RangeExpr: optional(node.rangeExpr),
          EndPos: at(node.end),
        }
      case 'subquery':
        return {
          _type: 'SubqueryExpr',
          Expr: tree(node.expr),
          Range: ns(node.rangeMs),
          RangeExpr: optional(node.rangeExpr),
          Step: ns(node.stepMs),
          StepExpr: optional(node.stepExpr),
          EndPos: at(node.end),
          ...time(node),
        }
      case 'unary':
        return {
          _type: 'UnaryExpr',
          Op: OP_NAMES[node.op],
          Expr: tree(node.expr),
          StartPos: at(node.start),
        }
      case 'paren':
        return { _type: 'ParenExpr', Expr: tree(node.expr), PosRange: span(node) }
      case 'binary':
        return {
          _type: 'BinaryExpr',
          Op: OP_NAMES[node.op],
          LHS: tree(node.lhs),
          RHS: tree(node.rhs),
          ReturnBool: node.returnsBool,
          VectorMatching:
            node.matching === undefined
              ? null
              : {
                  _type: 'VectorMatching',
                  Card: CARDS[node.matching.card],
                  On: node.matching.isOn,
                  MatchingLabels: node.matching.labels,
                  Include: node.matching.include,
                },
        }
      case 'aggregate':
        return {
          _type: 'AggregateExpr',
          Op: node.op.toUpperCase(),
          Expr: tree(node.expr),
          Param: optional(node.param),
          Grouping: node.grouping,
          Without: node.isWithout,
          PosRange: span(node),
        }
      case 'call':
        return {
          _type: 'Call',
          Func: { func: node.func.name },
          Args: node.args.map(tree),
          PosRange: span(node),
        }
      case 'duration':
        return durationTree(node)
    }
  }
  // In Prometheus the end of a selector with a range stands in the range alone.
  const matrixInner = (selector: Node): Json => tree(selector)
  const durationTree = (node: DurationExpr): Json => {
    const isUnary = node.lhs === undefined
    const isCall = ['step', 'range', 'min_of', 'max_of'].includes(node.op)
    const hasEnd = isCall || (isUnary && node.op === '+')
    return {
      _type: 'DurationExpr',
      Op: OP_NAMES[node.op] ?? node.op.toUpperCase(),
      LHS: optional(node.lhs),
      RHS: optional(node.rhs),
      Wrapped: node.isWrapped,
      StartPos: isUnary || isCall ? at(node.start) : null,
      EndPos: hasEnd ? at(node.end) : null,
    }
  }
  return normal(tree(expr))
}

interface PrintVectors {
  print: { in: string; out: string }[]
  pretty: { in: string; out: string }[]
  prettyMaxCharactersPerLine: number
}

function printCases(
  { print, pretty, prettyMaxCharactersPerLine }: PrintVectors,
  check: Check,
): void {
  const compare = (
    input: string,
    want: string,
    show: (expr: Expr) => string,
  ): string | undefined => {
    const expr = parsed(input)
    return differ(expr instanceof ParseError ? expr.message : show(expr), want)
  }
  for (const one of print)
    check(`print.json print ${one.in}`, () => compare(one.in, one.out, printExpr))
  for (const one of pretty) {
    const show = (expr: Expr): string => prettyPrint(expr, prettyMaxCharactersPerLine)
    check(`print.json pretty ${one.in}`, () => compare(one.in, one.out, show))
  }
}

interface LexCase {
  group: string
  input: string | { bytes: number[] }
  expected?: [kind: string, position: number, text: string][]
  fail?: boolean
  seriesDesc?: boolean
}

function lexCases(cases: LexCase[], check: Check): void {
  for (const { group, input, expected, fail, seriesDesc } of cases) {
    // Series descriptions are not lexed here: they have a notation of their own, see seriesCases.
    if (seriesDesc) continue
    const text =
      typeof input === 'string' ? input : new TextDecoder().decode(Uint8Array.from(input.bytes))
    check(`lex.json ${group} ${text}`, () => {
      const tokens = allTokens(text)
      if (fail) return tokens.some(({ kind }) => kind === 'ERROR') ? undefined : 'no error'
      const got = tokens
        .filter((token) => token.kind !== 'EOF')
        .map((token) => [token.kind, utf8Length(text, 0, token.start), token.text])
      return differ(got as Json, expected as unknown as Json)
    })
  }
}

function allTokens(text: string): Token[] {
  const lexer = new Lexer(text)
  const tokens: Token[] = []
  do tokens.push(lexer.next())
  while (!['EOF', 'ERROR'].includes(tokens.at(-1)!.kind))
  // A string with a bad escape comes after its error.
  const last = tokens.at(-1)!
  const after = last.kind === 'ERROR' ? lexer.next() : last
  if (after.kind === 'STRING') tokens.push(after)
  return tokens
}

interface DurationVectors {
  'TestParseDuration.baseCases': { in: string; out: number; expectedString?: string }[]
  'TestParseBadDuration.cases': string[]
}

function durationCases(vectors: DurationVectors, check: Check): void {
  for (const one of vectors['TestParseDuration.baseCases']) {
    // A bare number is a number to the lexer, of seconds.
    if (/^\d+$/.test(one.in)) continue
    check(`durations.json ${one.in}`, () => {
      const expr = parsed(one.in)
      if (expr instanceof ParseError) return expr.message
      const ms = expr.kind === 'number' ? expr.value * 1000 : NaN
      if (ns(ms) !== one.out) return `got ${ns(ms)}, want ${one.out}`
      return differ(formatDuration(ms), one.expectedString || one.in)
    })
  }
  for (const text of vectors['TestParseBadDuration.cases']) {
    check(`durations.json bad ${text}`, () => {
      const expr = parsed(`x[${text}]`)
      const isNumber = /^-?[\d.]+$/.test(text)
      return expr instanceof ParseError || isNumber ? undefined : 'no error'
    })
  }
}

interface SeriesVectors {
  seriesDesc: {
    input: string
    fail: boolean
    labels?: Record<string, string>
    values?: (number | null | string | { _num: string })[]
  }[]
  histogramSeries: {
    name: string
    input: string
    errMsg: string | null
    expected: GoHistogram[] | null
  }[]
  histogramTestExpression: { name: string; input: GoHistogram; expected: string }[]
}

interface GoSpan {
  Offset: number
  Length: number
}

interface GoHistogram {
  Schema?: number
  Count?: number
  Sum?: number
  ZeroCount?: number
  ZeroThreshold?: number
  CounterResetHint?: string
  PositiveSpans?: GoSpan[]
  PositiveBuckets?: number[]
  NegativeSpans?: GoSpan[]
  NegativeBuckets?: number[]
  CustomValues?: number[]
}

const HINTS: Record<string, Histogram['counterResetHint']> = {
  'histogram.CounterReset': COUNTER_RESET,
  'histogram.NotCounterReset': NOT_COUNTER_RESET,
  'histogram.GaugeType': GAUGE,
}

function ofGo(one: GoHistogram): Histogram {
  const spans = (list: GoSpan[] = []): Int32Array =>
    Int32Array.from(list.flatMap(({ Offset, Length }) => [Offset, Length]))
  return makeHistogram({
    schema: one.Schema ?? 0,
    count: one.Count ?? 0,
    sum: one.Sum ?? 0,
    zeroCount: one.ZeroCount ?? 0,
    zeroThreshold: one.ZeroThreshold ?? 0,
    counterResetHint: HINTS[one.CounterResetHint ?? ''] ?? UNKNOWN_RESET,
    positiveSpans: spans(one.PositiveSpans),
    positiveCounts: Float64Array.from(one.PositiveBuckets ?? []),
    negativeSpans: spans(one.NegativeSpans),
    negativeCounts: Float64Array.from(one.NegativeBuckets ?? []),
    customBounds: Float64Array.from(one.CustomValues ?? []),
  })
}

function histogramCases(cases: SeriesVectors['histogramSeries'], check: Check): void {
  for (const { name, input, errMsg, expected } of cases) {
    check(`series-notation.json ${name}`, () => {
      try {
        const { values } = parseSeries(input)
        if (errMsg !== null) return 'no error'
        const shown = values.map((h) => (typeof h === 'object' ? histogramNotation(h) : String(h)))
        return differ(
          shown,
          expected!.map((one) => histogramNotation(ofGo(one))),
        )
      } catch (error) {
        if (!(error instanceof ParseError)) throw error
        return differ(error.message, errMsg)
      }
    })
  }
}

function seriesCases(cases: SeriesVectors['seriesDesc'], check: Check): void {
  for (const { input, fail, labels, values } of cases) {
    check(`series-notation.json ${input}`, () => {
      let got
      try {
        got = parseSeries(input)
      } catch (error) {
        if (error instanceof ParseError) return fail ? undefined : error.message
        throw error
      }
      if (fail) return 'no error'
      const shown = got.values.map((v) =>
        v === undefined
          ? '_'
          : typeof v === 'object'
            ? histogramNotation(v)
            : v === 'stale' || Number.isFinite(v)
              ? v
              : String(v),
      )
      return differ(
        [got.labels.toObject(), shown] as Json,
        [labels!, (values as Json[]).map(seriesValue)] as Json,
      )
    })
  }
}

function seriesValue(value: Json): Json {
  if (value === null) return '_'
  if (typeof value === 'object' && '_num' in value)
    return JSON.stringify(value['_num']).slice(1, -1).replace('+', '').replace('Inf', 'Infinity')
  return value
}
