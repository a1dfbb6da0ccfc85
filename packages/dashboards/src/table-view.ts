/** Tables: series as rows with their labels as columns, then Grafana's transformations, then texts. */
import { type Colour, thresholdColour, thresholdSteps } from './colours.ts'
import type { TablePanel, Transformation } from './dashboard.ts'
import type { Frame } from './frames.ts'
import { flagOf, numberOf, objectOf, objectsOf, textOf, textsOf } from './json.ts'
import { reduceValues } from './reduce.ts'
import { customFlag, displayNumber, displayText, fieldSettings } from './settings.ts'
import { formatValue } from './units.ts'
import { toRegex } from './variables.ts'

export interface TableView {
  kind: 'table'
  columns: { name: string; isNumber: boolean }[]
  rows: TableCell[][]
}

export interface TableCell {
  text: string
  /** To sort by. */
  value: string | number
  /** undefined: the text's own. */
  colour: Colour | undefined
  isFilled: boolean
}

type Value = string | number | undefined
interface Column {
  name: string
  refId: string
  type: 'time' | 'string' | 'number'
  values: Value[]
}

export function tableView(panel: TablePanel, frames: readonly Frame[]): TableView {
  const columns = transform(columnsOf(frames), panel.transformations)
  const shown = columns
    .map((column) => ({
      column,
      settings: fieldSettings(panel.fieldConfig, {
        name: column.name,
        refId: column.refId,
        type: column.type,
      }),
    }))
    .filter(({ settings }) => !customFlag(settings, 'hidden'))
  const count = Math.max(0, ...columns.map((column) => column.values.length))
  const rows = Array.from({ length: count }, (_, row) =>
    shown.map(({ column, settings }) => cell(column, column.values[row], settings)),
  )
  const names = shown.map(({ column, settings }) => ({
    name: textOf(settings.displayName) || column.name,
    isNumber: column.type === 'number',
  }))
  return { kind: 'table', columns: names, rows: sortRows(rows, names, panel) }
}

function sortRows(
  rows: TableCell[][],
  columns: readonly { name: string }[],
  panel: TablePanel,
): TableCell[][] {
  const { sortBy } = panel
  if (sortBy === undefined) return rows
  const place = /^#(\d+)$/.exec(sortBy.column)
  const at =
    place === null ? columns.findIndex((column) => column.name === sortBy.column) : Number(place[1])
  if (at < 0 || at >= columns.length) return rows
  const sign = sortBy.isDescending ? -1 : 1
  return rows.sort((a, b) => sign * compareValues(a[at].value, b[at].value))
}

const compareValues = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), 'en', { numeric: true })

function cell(
  column: Column,
  value: Value,
  settings: Readonly<Record<string, unknown>>,
): TableCell {
  if (value === undefined)
    return { text: textOf(settings.noValue), value: '', colour: undefined, isFilled: false }
  if (typeof value === 'string') return { value, isFilled: false, ...displayText(value, settings) }
  if (column.type === 'time')
    return {
      text: formatValue(value, 'dateTimeAsIso').text,
      value,
      colour: undefined,
      isFilled: false,
    }
  const display = displayNumber(value, settings)
  const mode =
    textOf(objectOf(settings['custom.cellOptions']).type) || textOf(settings['custom.displayMode'])
  const isColoured = mode.startsWith('color-')
  const steps = thresholdSteps(settings, numberOf(settings.min) ?? 0, numberOf(settings.max) ?? 100)
  return {
    text: display.text,
    value,
    colour: display.colour ?? (isColoured ? thresholdColour(value, steps) : undefined),
    isFilled: mode === 'color-background' || mode === 'color-background-solid',
  }
}

/** One row per series: Time, its labels, Value (`Value #A` when several queries give tables). */
function columnsOf(frames: readonly Frame[]): Column[][] {
  const refIds = [...new Set(frames.map((frame) => frame.refId))]
  return refIds.map((refId) => {
    const own = frames.filter((frame) => frame.refId === refId)
    const labels = [...new Set(own.flatMap((frame) => Object.keys(frame.labels)))].sort()
    const last = (frame: Frame): number => {
      for (let i = frame.v.length - 1; i >= 0; i--) if (!Number.isNaN(frame.v[i])) return i
      return frame.v.length - 1
    }
    return [
      {
        name: 'Time',
        refId,
        type: 'time' as const,
        values: own.map((frame) => frame.t[last(frame)]),
      },
      ...labels.map((name) => ({
        name,
        refId,
        type: 'string' as const,
        values: own.map((frame): Value => frame.labels[name]),
      })),
      {
        name: refIds.length > 1 ? `Value #${refId}` : 'Value',
        refId,
        type: 'number' as const,
        values: own.map((frame) => reduceValues(frame.v, 'lastNotNull')),
      },
    ]
  })
}

const TRANSFORMS: ReadonlyMap<
  string,
  (tables: Column[][], options: Readonly<Record<string, unknown>>) => Column[][]
> = new Map([
  ['merge', (tables: Column[][]) => [merge(tables, () => true)]],
  [
    'joinByField',
    (tables: Column[][], options: Readonly<Record<string, unknown>>) => [
      merge(tables, (name) => name === (textOf(options.byField) || 'Time')),
    ],
  ],
  [
    'seriesToColumns',
    (tables: Column[][], options: Readonly<Record<string, unknown>>) => [
      merge(tables, (name) => name === (textOf(options.byField) || 'Time')),
    ],
  ],
  [
    'organize',
    (tables: Column[][], options: Readonly<Record<string, unknown>>) =>
      tables.map((table) => organize(table, options)),
  ],
  [
    'filterFieldsByName',
    (tables: Column[][], options: Readonly<Record<string, unknown>>) =>
      tables.map((table) => filterNames(table, options)),
  ],
  [
    'sortBy',
    (tables: Column[][], options: Readonly<Record<string, unknown>>) =>
      tables.map((table) => sortTable(table, options)),
  ],
])

/** Those that are not known leave the table as it is. Several tables end up one below the other. */
function transform(tables: Column[][], transformations: readonly Transformation[]): Column[] {
  let current = tables
  for (const { id, options } of transformations)
    current = TRANSFORMS.get(id)?.(current, options) ?? current
  return current.length === 1 ? current[0] : merge(current, () => true)
}

/** Rows of several tables that agree in the key columns they share become one row. */
function merge(tables: readonly Column[][], isKey: (name: string) => boolean): Column[] {
  const columns = new Map<string, Column>()
  for (const column of tables.flat())
    if (!columns.has(column.name)) columns.set(column.name, { ...column, values: [] })
  const rowByKey = new Map<string, number>()
  let count = 0
  for (const table of tables) {
    const keys = table.filter(
      (column) =>
        isKey(column.name) &&
        column.type !== 'number' &&
        (column.type !== 'time' || tables.length === 1 || table.length === 2),
    )
    for (let row = 0; row < (table[0]?.values.length ?? 0); row++) {
      const key = JSON.stringify(keys.map((column) => [column.name, column.values[row]]))
      const isTaken =
        rowByKey.has(key) &&
        table.some(
          (column) =>
            column.type === 'number' &&
            columns.get(column.name)!.values[rowByKey.get(key)!] !== undefined,
        )
      const at = isTaken ? count++ : (rowByKey.get(key) ?? count++)
      rowByKey.set(key, at)
      for (const column of table) columns.get(column.name)!.values[at] = column.values[row]
    }
  }
  for (const column of columns.values()) column.values.length = count
  return [...columns.values()]
}

function organize(table: Column[], options: Readonly<Record<string, unknown>>): Column[] {
  const [hidden, order, names] = [
    objectOf(options.excludeByName),
    objectOf(options.indexByName),
    objectOf(options.renameByName),
  ]
  const place = (column: Column): number => numberOf(order[column.name]) ?? 1000
  return table
    .filter((column) => !flagOf(hidden[column.name]))
    .sort((a, b) => place(a) - place(b))
    .map((column) => ({ ...column, name: textOf(names[column.name]) || column.name }))
}

function filterNames(table: Column[], options: Readonly<Record<string, unknown>>): Column[] {
  const include = objectOf(options.include)
  const names = textsOf(include.names)
  const pattern = toRegex(textOf(include.pattern))
  if (names.length === 0 && pattern === undefined) return table
  return table.filter(
    (column) => names.includes(column.name) || pattern?.test(column.name) === true,
  )
}

function sortTable(table: Column[], options: Readonly<Record<string, unknown>>): Column[] {
  const [sort] = objectsOf(options.sort)
  const by = table.find((column) => column.name === textOf(sort?.field))
  if (by === undefined) return table
  const sign = flagOf(sort.desc) ? -1 : 1
  const order = by.values
    .map((_, i) => i)
    .sort((a, b) => sign * compareValues(by.values[a] ?? '', by.values[b] ?? ''))
  return table.map((column) => ({ ...column, values: order.map((i) => column.values[i]) }))
}
