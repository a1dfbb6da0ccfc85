/** Series to one number: the calculations of stats, gauges and legends. NaN is no value. */

type Reducer = (values: Float64Array) => number

const each = (values: Float64Array): number[] => {
  const out: number[] = []
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) out.push(values[i])
  return out
}
const sum: Reducer = (values) => each(values).reduce((total, v) => total + v, 0)
const first: Reducer = (values) => each(values)[0] ?? Number.NaN
const last: Reducer = (values) => each(values).at(-1) ?? Number.NaN
const min: Reducer = (values) => each(values).reduce((least, v) => Math.min(least, v), Infinity)
const max: Reducer = (values) => each(values).reduce((most, v) => Math.max(most, v), -Infinity)
const finite = (v: number): number => (Number.isFinite(v) ? v : Number.NaN)

function quantile(values: Float64Array, q: number): number {
  const sorted = each(values).sort((a, b) => a - b)
  return sorted.length === 0 ? Number.NaN : sorted[Math.round((sorted.length - 1) * q)]
}

function median(values: Float64Array): number {
  const sorted = each(values).sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]
    : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Increase of a counter, resets included. */
const delta: Reducer = (values) => {
  const list = each(values)
  let total = 0
  for (let i = 1; i < list.length; i++)
    total += list[i] >= list[i - 1] ? list[i] - list[i - 1] : list[i]
  return total
}

function variance(values: Float64Array): number {
  const list = each(values)
  const mean = list.reduce((total, v) => total + v, 0) / list.length
  return list.reduce((total, v) => total + (v - mean) ** 2, 0) / list.length
}

const REDUCERS: ReadonlyMap<string, { title: string; reduce: Reducer }> = new Map([
  ['lastNotNull', { title: 'Last', reduce: last }],
  ['last', { title: 'Last', reduce: (values: Float64Array) => values.at(-1) ?? Number.NaN }],
  ['firstNotNull', { title: 'First', reduce: first }],
  ['first', { title: 'First', reduce: (values: Float64Array) => values[0] ?? Number.NaN }],
  ['mean', { title: 'Mean', reduce: (values: Float64Array) => sum(values) / each(values).length }],
  ['sum', { title: 'Total', reduce: sum }],
  ['min', { title: 'Min', reduce: (values: Float64Array) => finite(min(values)) }],
  ['max', { title: 'Max', reduce: (values: Float64Array) => finite(max(values)) }],
  [
    'logmin',
    {
      title: 'Min (above zero)',
      reduce: (values: Float64Array) =>
        finite(
          each(values)
            .filter((v) => v > 0)
            .reduce((a, b) => Math.min(a, b), Infinity),
        ),
    },
  ],
  ['count', { title: 'Count', reduce: (values: Float64Array) => each(values).length }],
  [
    'range',
    { title: 'Range', reduce: (values: Float64Array) => finite(max(values) - min(values)) },
  ],
  ['diff', { title: 'Difference', reduce: (values: Float64Array) => last(values) - first(values) }],
  [
    'diffperc',
    {
      title: 'Difference percent',
      reduce: (values: Float64Array) => (last(values) - first(values)) / first(values),
    },
  ],
  ['delta', { title: 'Delta', reduce: delta }],
  ['median', { title: 'Median', reduce: median }],
  ['variance', { title: 'Variance', reduce: variance }],
  ['stdDev', { title: 'StdDev', reduce: (values: Float64Array) => Math.sqrt(variance(values)) }],
])

/** NaN when there is no value, or the calculation is not known. */
export function reduceValues(values: Float64Array, calc: string): number {
  const percentile = /^p(\d{1,2})$/.exec(calc)
  if (percentile !== null) return quantile(values, Number(percentile[1]) / 100)
  return REDUCERS.get(calc)?.reduce(values) ?? Number.NaN
}

/** As a column of a legend is called. */
export const reducerTitle = (calc: string): string => REDUCERS.get(calc)?.title ?? calc
