/**
 * Whether B is faster than A. The unit of replication is the run: requests of one run depend on each other,
 * and tests on them call a difference where there is none three times out of four. Statistics are logarithms
 * (of percentiles and rates) and log-odds (of error rates), compared by Welch's interval. One run of each
 * has six segments instead, a wider interval and a larger least effect, and is called indicative.
 */
import { mean } from '../statistics.ts'
import { type Difference, welch, welchAround, welchAtLeast } from './welch.ts'
import { comparisonSentence } from './sentence.ts'

/** latency: less is better; throughput: more is better; errors: a share, 0..1, less is better. */
export type FigureKind = 'latency' | 'throughput' | 'errors'

/** One figure of one run. */
export interface RunFigure {
  /** `http_req_duration p(95)`; the same in every run. */
  name: string
  kind: FigureKind
  /** latency: ms; throughput: per second; errors: 0..1. */
  value: number
  /** errors: of how many. */
  count?: number
  /** The same of equal parts of the run in order of time, when known. */
  segments?: readonly number[]
}

export interface ComparedRun {
  id: string
  figures: readonly RunFigure[]
}

export type RowVerdict = 'better' | 'worse' | 'same' | 'unsure'

export interface ComparisonRow {
  name: string
  kind: FigureKind
  /** Whether the overall verdict rests on it. */
  isPrimary: boolean
  /** Geometric means of the sides (errors: means). */
  a: number
  b: number
  /** b ÷ a and its interval (throughput: a wider one); errors: of the odds. Null: not a number (nothing, or no spread known). */
  ratio: number | null
  low: number | null
  high: number | null
  verdict: RowVerdict
}

export interface Comparison {
  /** Of B. Errors do not make a run slower: see `hasMoreErrors`. */
  verdict: 'faster' | 'slower' | 'same' | 'unsure'
  hasMoreErrors: boolean
  /** One run of each: the verdict is no more than a hint. */
  isIndicative: boolean
  runs: { a: number; b: number }
  rows: ComparisonRow[]
  /** What it says, in one or two sentences. */
  sentence: string
}

export interface CompareOptions {
  /** Least relative difference that is called one; left out: 0.05, of single runs 0.1. */
  minimumEffect?: number
  /** Share of false alarms that is taken; left out: 0.05, of single runs 0.01. */
  alpha?: number
}

const SEVERAL = { minimumEffect: 0.05, alpha: 0.05 }
const SINGLE = { minimumEffect: 0.1, alpha: 0.01 }
/** Throughput may speak up beside latency, so it must be surer: together they keep to the share of alarms. */
const THROUGHPUT_ALPHA = 0.2
/** Least absolute difference of error rates that is called one. */
const ERRORS_EFFECT = 0.001
/** The verdict rests on the first of these that both sides have, and on throughput. */
const PRIMARY = ['http_req_duration p(95)', 'iteration_duration p(95)']
const PRIMARY_RATES = ['http_reqs', 'iterations']

/** Both sides have at least one run. Figures that a run lacks are left out. */
export function compareRuns(
  a: readonly ComparedRun[],
  b: readonly ComparedRun[],
  options: CompareOptions = {},
): Comparison {
  const isIndicative = a.length === 1 && b.length === 1
  const rules = { ...(isIndicative ? SINGLE : SEVERAL), ...options }
  const names = (a[0]?.figures ?? []).map(({ name }) => name)
  const common = names.filter((name) => [...a, ...b].every((run) => figureOf(run, name) !== null))
  const primary = new Set(
    [PRIMARY, PRIMARY_RATES].flatMap((list) =>
      list.filter((one) => common.includes(one)).slice(0, 1),
    ),
  )
  const rows = common.map((name) => {
    const side = (runs: readonly ComparedRun[]): RunFigure[] =>
      runs.map((run) => figureOf(run, name)!)
    return rowOf(name, side(a), side(b), primary.has(name), rules)
  })
  const known = {
    verdict: overall(rows),
    hasMoreErrors: rows.some((row) => row.kind === 'errors' && row.verdict === 'worse'),
    isIndicative,
    runs: { a: a.length, b: b.length },
    rows,
  }
  return { ...known, sentence: comparisonSentence(known, rules.minimumEffect) }
}

const figureOf = (run: ComparedRun, name: string): RunFigure | null =>
  run.figures.find((figure) => figure.name === name && Number.isFinite(figure.value)) ?? null

function overall(rows: readonly ComparisonRow[]): Comparison['verdict'] {
  const verdicts = rows.filter(({ isPrimary }) => isPrimary).map(({ verdict }) => verdict)
  const isBetter = verdicts.includes('better')
  const isWorse = verdicts.includes('worse')
  if (isBetter !== isWorse) return isBetter ? 'faster' : 'slower'
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'same') ? 'same' : 'unsure'
}

function rowOf(
  name: string,
  a: readonly RunFigure[],
  b: readonly RunFigure[],
  isPrimary: boolean,
  rules: Required<CompareOptions>,
): ComparisonRow {
  const { kind } = a[0]!
  const alpha = kind === 'throughput' ? rules.alpha * THROUGHPUT_ALPHA : rules.alpha
  const row = kind === 'errors' ? errorsRow(a, b, rules) : speedRow(kind, a, b, { ...rules, alpha })
  return { name, kind, isPrimary, ...row }
}

type Row = Omit<ComparisonRow, 'name' | 'kind' | 'isPrimary'>

function speedRow(
  kind: FigureKind,
  a: readonly RunFigure[],
  b: readonly RunFigure[],
  { alpha, minimumEffect }: Required<CompareOptions>,
): Row {
  const logs = (figures: readonly RunFigure[]): number[] =>
    figures.map(({ value }) => Math.log(value))
  const means = { a: Math.exp(mean(logs(a))), b: Math.exp(mean(logs(b))) }
  if (!(means.a > 0 && means.b > 0))
    return { ...means, ...NO_RATIO, verdict: means.a === means.b ? 'same' : 'unsure' }
  const difference =
    a.length + b.length > 2
      ? welch(logs(a), logs(b), alpha)
      : welchAround(
          Math.log(means.b / means.a),
          segmentsOf(a[0]!).map(Math.log),
          segmentsOf(b[0]!).map(Math.log),
          alpha,
        )
  const effect = Math.log1p(minimumEffect)
  const isMore = difference.low > 0 && difference.value >= effect
  const isLess = difference.high < 0 && difference.value <= -effect
  const isSame = difference.low >= -effect && difference.high <= effect
  const better = kind === 'latency' ? isLess : isMore
  const worse = kind === 'latency' ? isMore : isLess
  return {
    ...means,
    ...ratiosOf(difference),
    verdict: better ? 'better' : worse ? 'worse' : isSame ? 'same' : 'unsure',
  }
}

/** Those with a logarithm. */
const segmentsOf = ({ segments = [] }: RunFigure): number[] =>
  segments.filter((value) => value > 0 && Number.isFinite(value))

const NO_RATIO = { ratio: null, low: null, high: null }

function ratiosOf({ value, low, high }: Difference): Pick<Row, 'ratio' | 'low' | 'high'> {
  const isKnown = Number.isFinite(low) && Number.isFinite(high)
  return {
    ratio: Math.exp(value),
    low: isKnown ? Math.exp(low) : null,
    high: isKnown ? Math.exp(high) : null,
  }
}

function errorsRow(
  a: readonly RunFigure[],
  b: readonly RunFigure[],
  { alpha }: Required<CompareOptions>,
): Row {
  const means = { a: mean(a.map(({ value }) => value)), b: mean(b.map(({ value }) => value)) }
  if (means.a === 0 && means.b === 0)
    return { ...means, ratio: 1, low: 1, high: 1, verdict: 'same' }
  const left = a.map(oddsOf)
  const right = b.map(oddsOf)
  // No spread between runs does not mean that counting had none.
  const counting = Math.sqrt(
    [left, right].reduce(
      (sum, side) => sum + side.reduce((all, one) => all + one.variance, 0) / side.length ** 2,
      0,
    ),
  )
  const difference = welchAtLeast(
    mean(right.map(({ logit }) => logit)) - mean(left.map(({ logit }) => logit)),
    spreadOfErrors(a, left),
    spreadOfErrors(b, right),
    counting,
    alpha,
  )
  const isLarge = Math.abs(means.b - means.a) >= ERRORS_EFFECT
  const worse = isLarge && difference.low > 0
  const better = isLarge && difference.high < 0
  const isSame = !isLarge && Math.max(means.a, means.b) < 10 * ERRORS_EFFECT
  return {
    ...means,
    ...ratiosOf(difference),
    verdict: worse ? 'worse' : better ? 'better' : isSame ? 'same' : 'unsure',
  }
}

/** Log-odds of the runs; of one run, those of its segments. */
function spreadOfErrors(figures: readonly RunFigure[], odds: readonly Odds[]): number[] {
  const [first] = figures
  if (figures.length > 1 || first?.segments === undefined) return odds.map(({ logit }) => logit)
  const count = countOf(first) / first.segments.length
  return first.segments.map((value) => oddsOf({ ...first, value, count }).logit)
}

interface Odds {
  logit: number
  /** Of the logit, by counting alone. */
  variance: number
}

const countOf = ({ count = 1000 }: RunFigure): number => count

/** Half an error more of each kind keeps the logarithm finite. */
function oddsOf(figure: RunFigure): Odds {
  const count = countOf(figure)
  const failed = figure.value * count + 0.5
  const passed = (1 - figure.value) * count + 0.5
  return { logit: Math.log(failed / passed), variance: 1 / failed + 1 / passed }
}
