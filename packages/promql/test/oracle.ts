/**
 * An oracle for property tests: PromQL by its definitions, one step at a time, from raw samples. It
 * is slow and simple, and shares nothing with the engine but the parser.
 */
import { type Labels, Labels as LabelSet, isStale, matchesAll } from '@vigie/model'
import {
  type AggregateExpr,
  type BinaryExpr,
  type Call,
  type Expr,
  type MatrixSelector,
  type TimeModifiers,
  isComparison,
  isSetOp,
  parseExpr,
  unwrapParens,
} from '../src/index.ts'
import type { MemorySeries } from './memory.ts'

export interface Element {
  labels: Labels
  v: number
}

interface Sample {
  t: number
  v: number
  /** Arrays of numbers do not keep the bits of a stale marker. */
  isStale?: boolean
}

interface Range {
  labels: Labels
  samples: Sample[]
}

/** What the oracle says about a query at one time: a scalar, a vector, or that there is an error. */
export type Verdict = number | Element[] | 'error'

class OracleError extends Error {}

export interface OracleQuery {
  series: readonly MemorySeries[]
  lookbackMs: number
  /** Of the query, for `start()` and `end()`. */
  startMs: number
  endMs: number
}

export function ask(query: OracleQuery, text: string, timeMs: number): Verdict {
  try {
    const value = new Oracle(query).evaluate(parseExpr(text), timeMs)
    if (typeof value !== 'number') unique(value)
    return value
  } catch (error) {
    if (error instanceof OracleError) return 'error'
    throw error
  }
}

function unique(elements: readonly Element[]): void {
  if (new Set(elements.map(({ labels }) => labels.key)).size < elements.length)
    throw new OracleError('twice the same labels')
}

const nameless = (labels: Labels): Labels => labels.without('__name__')
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const variance = (values: readonly number[]): number =>
  mean(values.map((v) => (v - mean(values)) ** 2))

class Oracle {
  readonly #query: OracleQuery

  constructor(query: OracleQuery) {
    this.#query = query
  }

  evaluate(expr: Expr, t: number): number | Element[] {
    switch (expr.kind) {
      case 'number':
        return expr.value
      case 'paren':
        return this.evaluate(expr.expr, t)
      case 'unary': {
        const value = this.evaluate(expr.expr, t)
        if (typeof value === 'number') return -value
        return checked(value.map(({ labels, v }) => ({ labels: nameless(labels), v: -v })))
      }
      case 'vectorSelector': {
        const at = this.#time(expr, t)
        const found = this.#samples(expr.matchers, at - this.#query.lookbackMs, at)
        return found.flatMap(({ labels, samples }) => {
          const last = samples.at(-1)
          return last === undefined || last.isStale === true ? [] : [{ labels, v: last.v }]
        })
      }
      case 'binary':
        return this.#binary(expr, t)
      case 'aggregate':
        return this.#aggregate(expr, this.#vector(expr.expr, t), t)
      case 'call':
        return this.#call(expr, t)
      case 'string':
      case 'matrixSelector':
      case 'subquery':
        throw new Error(`the oracle does not know ${expr.kind}`)
    }
  }

  #vector(expr: Expr, t: number): Element[] {
    const value = this.evaluate(expr, t)
    return typeof value === 'number' ? [{ labels: LabelSet.EMPTY, v: value }] : value
  }

  #time({ atMs, atEdge, offsetMs }: TimeModifiers, t: number): number {
    const { startMs, endMs } = this.#query
    const at = atEdge === undefined ? (atMs ?? t) : atEdge === 'start' ? startMs : endMs
    return at - offsetMs
  }

  /** Samples after `from` up to `to`, stale markers among them; series without any are left out. */
  #samples(matchers: MatrixSelector['selector']['matchers'], from: number, to: number): Range[] {
    return this.#query.series
      .filter(({ labels }) => matchesAll(matchers, labels))
      .map(({ labels, t, v }) => ({
        labels,
        samples: Array.from(t, (time, i) => ({ t: time, i }))
          .filter(({ t: time }) => time > from && time <= to)
          .map(({ t: time, i }) => ({ t: time, v: v[i], isStale: isStale(v[i]) })),
      }))
  }

  #range(expr: Expr, t: number): { ranges: Range[]; from: number; to: number } {
    const range = unwrapParens(expr)
    if (range.kind === 'matrixSelector') {
      const to = this.#time(range.selector, t)
      const from = to - range.rangeMs
      const ranges = this.#samples(range.selector.matchers, from, to)
      return { ranges: ranges.map(withoutStale), from, to }
    }
    if (range.kind !== 'subquery') throw new Error(`${range.kind} is no range`)
    const to = this.#time(range, t)
    const from = to - range.rangeMs
    const step = range.stepMs
    const bySeries = new Map<string, Range>()
    for (let at = Math.floor(from / step) * step; at <= to; at += step) {
      if (at <= from) continue
      for (const { labels, v } of this.#vector(range.expr, at)) {
        let one = bySeries.get(labels.key)
        if (one === undefined) bySeries.set(labels.key, (one = { labels, samples: [] }))
        one.samples.push({ t: at, v })
      }
    }
    // In the order of the storage, which says what topk keeps of equal ones.
    const place = new Map(this.#query.series.map(({ labels }, i) => [labels.key, i]))
    const placeOf = ({ labels }: Range): number => place.get(labels.key) ?? Infinity
    const ranges = [...bySeries.values()].sort((a, b) => placeOf(a) - placeOf(b))
    return { ranges, from, to }
  }

  #call({ func, args }: Call, t: number): number | Element[] {
    if (func.name === 'time') return t / 1000
    if (func.name === 'abs')
      return checked(
        this.#vector(args[0], t).map(({ labels, v }) => ({
          labels: nameless(labels),
          v: Math.abs(v),
        })),
      )
    const { ranges, from, to } = this.#range(args[0], t)
    const used = ranges.filter(({ samples }) => samples.length > 0)
    if (func.name === 'absent_over_time') {
      const range = unwrapParens(args[0])
      const matchers = range.kind === 'matrixSelector' ? range.selector.matchers : []
      const labels = matchers.flatMap(({ type, name, value }) =>
        type === '=' && name !== '__name__' ? [name, value] : [],
      )
      return used.length > 0 ? [] : [{ labels: LabelSet.fromPairs(labels), v: 1 }]
    }
    const over = OVER[func.name]
    const elements = used.flatMap(({ labels, samples }) => {
      const v = over(samples, from, to)
      const kept = func.name === 'last_over_time' ? labels : nameless(labels)
      return v === undefined ? [] : [{ labels: kept, v }]
    })
    return checked(elements)
  }

  #aggregate(
    { op, grouping, isWithout, param }: AggregateExpr,
    all: Element[],
    t: number,
  ): Element[] {
    const names = new Set(isWithout ? [...grouping, '__name__'] : grouping)
    const groups = new Map<string, { labels: Labels; members: Element[] }>()
    for (const element of all) {
      const labels = isWithout ? element.labels.drop(names) : element.labels.keep(names)
      const group = groups.get(labels.key) ?? { labels, members: [] }
      group.members.push(element)
      groups.set(labels.key, group)
    }
    const k = param === undefined ? 0 : (this.evaluate(param, t) as number)
    return [...groups.values()].flatMap(({ labels, members }) => {
      const values = members.map(({ v }) => v)
      if (op === 'topk') return top(members, k)
      return [{ labels, v: op === 'quantile' ? quantile(k, values) : AGGREGATES[op](values) }]
    })
  }

  #binary(expr: BinaryExpr, t: number): number | Element[] {
    const left = this.evaluate(expr.lhs, t)
    const right = this.evaluate(expr.rhs, t)
    const { op, matching, returnsBool } = expr
    const compute = (a: number, b: number, kept: number): number | undefined => {
      if (!isComparison(op)) return ARITHMETIC[op](a, b)
      const isTrue = COMPARE[op](a, b)
      return returnsBool ? Number(isTrue) : isTrue ? kept : undefined
    }
    const keepsName = isComparison(op) && !returnsBool
    if (typeof left === 'number' && typeof right === 'number') return compute(left, right, left)!
    if (typeof left === 'number' || typeof right === 'number') {
      const vector = (typeof left === 'number' ? right : left) as Element[]
      return checked(
        vector.flatMap(({ labels, v }) => {
          const result =
            typeof left === 'number' ? compute(left, v, v) : compute(v, right as number, v)
          return result === undefined
            ? []
            : [{ labels: keepsName ? labels : nameless(labels), v: result }]
        }),
      )
    }
    const { isOn, labels: on, card, include } = matching!
    const names = new Set(isOn ? on : [...on, '__name__'])
    const signature = (labels: Labels): Labels => (isOn ? labels.keep(names) : labels.drop(names))
    const has = (elements: Element[], labels: Labels): boolean =>
      elements.some((one) => signature(one.labels).key === signature(labels).key)
    if (isSetOp(op)) {
      if (op === 'and') return left.filter(({ labels }) => has(right, labels))
      if (op === 'unless') return left.filter(({ labels }) => !has(right, labels))
      return [...left, ...right.filter(({ labels }) => !has(left, labels))]
    }
    if (left.length === 0 || right.length === 0) return []
    const ones = new Map<string, Element>()
    for (const one of right) {
      const { key } = signature(one.labels)
      if (ones.has(key)) throw new OracleError('many on the one side')
      ones.set(key, one)
    }
    const seen = new Set<string>()
    return left.flatMap(({ labels, v }) => {
      const { key } = signature(labels)
      const one = ones.get(key)
      if (one === undefined) return []
      const result = compute(v, one.v, v)
      let kept = keepsName ? labels : nameless(labels)
      if (card === 'one-to-one') kept = isOn ? kept.keep(names) : kept.drop(new Set(on))
      for (const name of include) kept = kept.with(name, one.labels.get(name))
      const mark = card === 'one-to-one' ? key : `${key} ${kept.key}`
      if (seen.has(mark)) throw new OracleError('many to one')
      seen.add(mark)
      return result === undefined ? [] : [{ labels: kept, v: result }]
    })
  }
}

const withoutStale = ({ labels, samples }: Range): Range => ({
  labels,
  samples: samples.filter((sample) => sample.isStale !== true),
})

function checked(elements: Element[]): Element[] {
  unique(elements)
  return elements
}

function quantile(q: number, values: readonly number[]): number {
  if (Number.isNaN(q)) return NaN
  if (q < 0 || q > 1) return q < 0 ? -Infinity : Infinity
  const sorted = values.toSorted((a, b) => (a !== a ? -1 : b !== b ? 1 : a - b))
  const rank = q * (sorted.length - 1)
  const low = Math.floor(rank)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] * (1 - (rank - low)) + sorted[high] * (rank - low)
}

/** The k largest; NaN is smaller than all. The first of equal ones stays. */
function top(members: readonly Element[], k: number): Element[] {
  const rank = (v: number): number => (v !== v ? -Infinity : v)
  return members.toSorted((a, b) => rank(b.v) - rank(a.v) || 0).slice(0, Math.max(0, Math.trunc(k)))
}

const AGGREGATES: Record<string, (values: readonly number[]) => number> = {
  sum,
  avg: mean,
  max: largest,
  count: (values) => values.length,
  stddev: (values) => Math.sqrt(variance(values)),
}

/** NaN only when there is nothing else. */
function largest(values: readonly number[]): number {
  const numbers = values.filter((v) => v === v)
  return numbers.length === 0 ? NaN : Math.max(...numbers)
}

const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '==': (a, b) => a === b,
}

type Over = (samples: readonly Sample[], from: number, to: number) => number | undefined

const valuesOf = (samples: readonly Sample[]): number[] => samples.map(({ v }) => v)
const pairs = (samples: readonly Sample[]): [Sample, Sample][] =>
  samples.slice(1).map((one, i) => [samples[i], one])

/** The change between the outermost samples, carried on to the bounds of the range. */
const change =
  (isCounter: boolean, perSecond: boolean): Over =>
  (samples, from, to) => {
    if (samples.length < 2) return undefined
    const [first, last] = [samples[0], samples.at(-1)!]
    const lost = pairs(samples).map(([a, b]) => (isCounter && b.v < a.v ? a.v : 0))
    const raw = last.v - first.v + sum(lost)
    const sampled = last.t - first.t
    const interval = sampled / (samples.length - 1)
    const reach = (gap: number): number => (gap < interval * 1.1 ? gap : interval / 2)
    let before = reach(first.t - from)
    // A counter cannot have been below 0.
    if (isCounter && raw > 0 && first.v >= 0) before = Math.min(before, (sampled * first.v) / raw)
    const factor = (before + sampled + reach(to - last.t)) / sampled
    return (raw * factor) / (perSecond ? (to - from) / 1000 : 1)
  }

function slope(samples: readonly Sample[]): number | undefined {
  if (samples.length < 2) return undefined
  const values = valuesOf(samples)
  if (values.every((v) => v === values[0])) return Number.isFinite(values[0]) ? 0 : NaN
  const times = samples.map(({ t }) => (t - samples[0].t) / 1000)
  const [meanT, meanV] = [mean(times), mean(values)]
  const above = sum(times.map((t, i) => (t - meanT) * (values[i] - meanV)))
  return above / sum(times.map((t) => (t - meanT) ** 2))
}

const OVER: Record<string, Over> = {
  rate: change(true, true),
  increase: change(true, false),
  delta: change(false, false),
  irate: (samples) => {
    if (samples.length < 2) return undefined
    const [a, b] = samples.slice(-2)
    return (b.v < a.v ? b.v : b.v - a.v) / ((b.t - a.t) / 1000)
  },
  resets: (samples) => pairs(samples).filter(([a, b]) => b.v < a.v).length,
  changes: (samples) =>
    pairs(samples).filter(([a, b]) => a.v !== b.v && !(a.v !== a.v && b.v !== b.v)).length,
  sum_over_time: (samples) => sum(valuesOf(samples)),
  max_over_time: (samples) => largest(valuesOf(samples)),
  last_over_time: (samples) => samples.at(-1)?.v,
  stddev_over_time: (samples) => Math.sqrt(variance(valuesOf(samples))),
  deriv: slope,
}
