/**
 * Answers as tables, what transformations work on. A query in table format is one table with a row per
 * sample (Time, labels, Value); any other query is one table (Time, value) per series.
 */
import type { Frame } from './frames.ts'

/** undefined: no value. */
export type Value = string | number | undefined

export interface Column {
  name: string
  refId: string
  type: 'time' | 'string' | 'number'
  /** Of the series, when the column is one. */
  labels: Readonly<Record<string, string>>
  values: Value[]
}

export type Table = readonly Column[]

/** Rows of one table; what is beyond is left out. */
export const ROWS_MAX = 20_000

export const rowCount = (table: Table): number => table[0]?.values.length ?? 0

const NO_LABELS = {}
export const column = (
  name: string,
  type: Column['type'],
  values: Value[],
  rest: Partial<Column> = {},
): Column => ({ name, refId: '', labels: NO_LABELS, ...rest, type, values })

export function tablesOf(frames: readonly Frame[]): Table[] {
  const isTable = (frame: Frame): boolean => frame.query.target.format === 'table'
  const tableIds = [...new Set(frames.filter(isTable).map((frame) => frame.refId))]
  return [
    ...tableIds.map((refId) =>
      sampleTable(
        frames.filter((frame) => frame.refId === refId && isTable(frame)),
        tableIds.length > 1 ? `Value #${refId}` : 'Value',
      ),
    ),
    ...frames.filter((frame) => !isTable(frame)).map(seriesTable),
  ]
}

/** Every series as one row with its last value: what a table shows of series that nothing transforms. */
export function lastRows(frames: readonly Frame[]): Table[] {
  const refIds = [...new Set(frames.map((frame) => frame.refId))]
  return refIds.map((refId) =>
    sampleTable(
      frames.filter((frame) => frame.refId === refId).map(lastOnly),
      refIds.length > 1 ? `Value #${refId}` : 'Value',
    ),
  )
}

function lastOnly(frame: Frame): Frame {
  let at = frame.v.length - 1
  while (at > 0 && Number.isNaN(frame.v[at])) at--
  return { ...frame, t: frame.t.slice(at, at + 1), v: frame.v.slice(at, at + 1) }
}

function sampleTable(frames: readonly Frame[], valueName: string): Table {
  const [{ refId }] = frames
  const names = [...new Set(frames.flatMap((frame) => Object.keys(frame.labels)))].sort()
  const time: Value[] = []
  const values: Value[] = []
  const labels = names.map((): Value[] => [])
  for (const frame of frames) {
    for (let i = 0; i < frame.t.length && time.length < ROWS_MAX; i++) {
      // A range has a place for every step; an instant answer is a row even if it is NaN.
      if (Number.isNaN(frame.v[i]) && !frame.query.isInstant) continue
      time.push(frame.t[i])
      values.push(frame.v[i])
      names.forEach((name, at) => labels[at].push(frame.labels[name]))
    }
  }
  return [
    column('Time', 'time', time, { refId }),
    ...names.map((name, at) => column(name, 'string', labels[at], { refId })),
    column(valueName, 'number', values, { refId }),
  ]
}

const seriesTable = (frame: Frame): Table => [
  column('Time', 'time', [...frame.t], { refId: frame.refId }),
  column(
    frame.name,
    'number',
    Array.from(frame.v, (v) => (Number.isNaN(v) ? undefined : v)),
    { refId: frame.refId, labels: frame.labels },
  ),
]

/** Back to series: every column of numbers is one, over its table's time. `like` gives the query. */
export function framesOf(tables: readonly Table[], like: Frame): Frame[] {
  return tables.flatMap((table) => {
    const time = table.find((one) => one.type === 'time')
    const t = Float64Array.from({ length: rowCount(table) }, (_, row) =>
      Number(time?.values[row] ?? like.t.at(-1) ?? 0),
    )
    return table
      .filter((one) => one.type === 'number')
      .map((one) => ({
        refId: one.refId || like.refId,
        name: one.name,
        labels: one.labels,
        t,
        v: Float64Array.from(one.values, (value) =>
          value === undefined ? Number.NaN : Number(value),
        ),
        query: like.query,
      }))
  })
}

/** A series of one value per row, named by the row's texts: panels that show all values. */
export function rowFrames(tables: readonly Table[], like: Frame): Frame[] {
  return tables.flatMap((table) => {
    const texts = table.filter((one) => one.type === 'string')
    const numbers = table.filter((one) => one.type === 'number')
    return rowsOf(table).flatMap((row) => {
      const name = texts.map((one) => one.values[row] ?? '').join(' ')
      return numbers.map((one) => ({
        refId: one.refId || like.refId,
        name: name === '' ? one.name : numbers.length > 1 ? `${name} ${one.name}` : name,
        labels: Object.fromEntries(
          texts.map((text) => [text.name, String(text.values[row] ?? '')]),
        ),
        t: like.t.slice(-1),
        v: Float64Array.of(Number(one.values[row] ?? Number.NaN)),
        query: like.query,
      }))
    })
  })
}

export const compareValues = (a: Value, b: Value): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a ?? '').localeCompare(String(b ?? ''), 'en', { numeric: true })
}

/** The rows `order` names, in that order. */
export const pickRows = (table: Table, order: readonly number[]): Table =>
  table.map((one) => ({ ...one, values: order.map((row) => one.values[row]) }))

export const rowsOf = (table: Table): number[] =>
  Array.from({ length: rowCount(table) }, (_, i) => i)
