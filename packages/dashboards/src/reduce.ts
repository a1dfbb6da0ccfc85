/**
 * Series to one number: the calculations of stats, gauges, legends and the reduce transformation, with
 * the answers Grafana gives for gaps (null) and for NaN, which count as values but not as numbers.
 */

export type Reducible = readonly (number | null)[]
export type Reduced = number | boolean | null

/** What one pass over the values finds. */
interface Stats {
  first: number | null
  last: number | null
  firstNotNull: number | null
  lastNotNull: number | null
  min: number | null
  max: number | null
  /** The least above zero. */
  logmin: number
  sum: number
  /** Values that are not null, NaN among them. */
  count: number
  /** Values that are numbers. */
  numbers: number
  delta: number
  /** The least difference of neighbours. */
  step: number | null
  changes: number
  hasOther: boolean
}

function statsOf(values: Reducible): Stats {
  const stats: Stats = {
    first: values[0] ?? null,
    last: values.at(-1) ?? null,
    firstNotNull: null,
    lastNotNull: null,
    min: null,
    max: null,
    logmin: Number.MAX_VALUE,
    sum: 0,
    count: 0,
    numbers: 0,
    delta: 0,
    step: null,
    changes: 0,
    hasOther: false,
  }
  let before: number | undefined
  let isRising = true
  for (const value of values) {
    if (value === null) continue
    stats.count++
    if (before !== undefined && before !== value) stats.changes++
    before = value
    if (Number.isNaN(value)) continue
    isRising = addNumber(stats, value, isRising)
  }
  return stats
}

/** A counter that falls was reset: neither the fall nor the rise right after it counts into delta. */
function addNumber(stats: Stats, value: number, wasRising: boolean): boolean {
  const previous = stats.lastNotNull
  stats.firstNotNull ??= value
  stats.lastNotNull = value
  stats.numbers++
  stats.sum += value
  stats.min = stats.min === null ? value : Math.min(stats.min, value)
  stats.max = stats.max === null ? value : Math.max(stats.max, value)
  if (value > 0) stats.logmin = Math.min(stats.logmin, value)
  if (value !== 0) stats.hasOther = true
  if (previous === null) return wasRising
  const step = value - previous
  stats.step = stats.step === null ? step : Math.min(stats.step, step)
  if (step < 0) return false
  if (wasRising) stats.delta += step
  return true
}

const given = (values: Reducible): number[] => values.filter((value) => value !== null)
const sorted = (values: Reducible): number[] => given(values).sort((a, b) => a - b)

function median(values: Reducible): number {
  const list = sorted(values)
  const middle = list.length / 2
  return list.length % 2 === 1 ? list[Math.floor(middle)] : (list[middle - 1] + list[middle]) / 2
}

function variance(values: Reducible): number {
  const list = given(values)
  if (list.length === 0) return 0
  const mean = list.reduce((total, v) => total + v, 0) / list.length
  return list.reduce((total, v) => total + (v - mean) ** 2, 0) / list.length
}

function percentile(values: Reducible, q: number): number | null {
  const list = sorted(values)
  return list[Math.round((list.length - 1) * q)] ?? null
}

const difference = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a - b

interface Reducer {
  title: string
  reduce: (stats: Stats, values: Reducible) => Reduced
  /** Of no values at all; null when left out. */
  ofNothing?: Reduced
}

const REDUCERS: ReadonlyMap<string, Reducer> = new Map<string, Reducer>([
  ['lastNotNull', { title: 'Last', reduce: (stats) => stats.lastNotNull }],
  ['last', { title: 'Last', reduce: (stats) => stats.last }],
  ['firstNotNull', { title: 'First', reduce: (stats) => stats.firstNotNull }],
  ['first', { title: 'First', reduce: (stats) => stats.first }],
  [
    'mean',
    { title: 'Mean', reduce: (stats) => (stats.numbers > 0 ? stats.sum / stats.numbers : null) },
  ],
  ['sum', { title: 'Total', reduce: (stats) => stats.sum, ofNothing: 0 }],
  ['min', { title: 'Min', reduce: (stats) => stats.min }],
  ['max', { title: 'Max', reduce: (stats) => stats.max }],
  ['logmin', { title: 'Min (above zero)', reduce: (stats) => stats.logmin }],
  ['count', { title: 'Count', reduce: (stats) => stats.count, ofNothing: 0 }],
  ['countAll', { title: 'Count all', reduce: (_stats, values) => values.length, ofNothing: 0 }],
  ['range', { title: 'Range', reduce: (stats) => difference(stats.max, stats.min) }],
  [
    'diff',
    { title: 'Difference', reduce: (stats) => difference(stats.lastNotNull, stats.firstNotNull) },
  ],
  [
    'diffperc',
    {
      title: 'Difference percent',
      reduce: ({ firstNotNull, lastNotNull }) =>
        firstNotNull === null ? 0 : ((lastNotNull! - firstNotNull) / firstNotNull) * 100,
    },
  ],
  ['delta', { title: 'Delta', reduce: (stats) => stats.delta }],
  ['step', { title: 'Step', reduce: (stats) => stats.step }],
  ['median', { title: 'Median', reduce: (_stats, values) => median(values) }],
  ['variance', { title: 'Variance', reduce: (_stats, values) => variance(values) }],
  ['stdDev', { title: 'StdDev', reduce: (_stats, values) => Math.sqrt(variance(values)) }],
  ['changeCount', { title: 'Change count', reduce: (stats) => stats.changes }],
  [
    'distinctCount',
    { title: 'Distinct count', reduce: (_stats, values) => new Set(given(values)).size },
  ],
  [
    'allIsZero',
    {
      title: 'All zeros',
      reduce: (stats) => stats.numbers > 0 && !stats.hasOther,
      ofNothing: false,
    },
  ],
  ['allIsNull', { title: 'All nulls', reduce: (stats) => stats.numbers === 0, ofNothing: true }],
])

/** null when there is no answer, or the calculation is not known. */
export function reduceField(values: Reducible, calc: string): Reduced {
  const quantile = /^p(\d{1,2})$/.exec(calc)
  if (quantile !== null) return percentile(values, Number(quantile[1]) / 100)
  const reducer = REDUCERS.get(calc)
  if (reducer === undefined) return null
  if (values.length === 0) return reducer.ofNothing ?? null
  return reducer.reduce(statsOf(values), values)
}

/** The same over a column where NaN is a gap; NaN when there is no answer. */
export function reduceValues(values: Float64Array, calc: string): number {
  const reduced = reduceField(
    Array.from(values, (value) => (Number.isNaN(value) ? null : value)),
    calc,
  )
  return reduced === null || reduced === Number.MAX_VALUE ? Number.NaN : Number(reduced)
}

/** As a column of a table is called, by which overrides find it: `Last *` is Grafana's last that is not null. */
export function reducerColumn(calc: string): string {
  const quantile = /^p(\d{1,2})$/.exec(calc)
  if (quantile !== null) return `${ordinal(Number(quantile[1]))} %`
  return calc.endsWith('NotNull') ? `${reducerTitle(calc)} *` : reducerTitle(calc)
}

function ordinal(count: number): string {
  const ending = ['th', 'st', 'nd', 'rd'][count % 10] ?? 'th'
  return `${count}${count > 10 && count < 14 ? 'th' : ending}`
}

/** As a column of a legend is called. */
export const reducerTitle = (calc: string): string => REDUCERS.get(calc)?.title ?? calc
