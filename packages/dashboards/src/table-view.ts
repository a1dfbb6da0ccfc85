/** What is drawn of a table panel: transformed, hidden columns left out, every cell a text. */
import { type Colour, thresholdColour, thresholdSteps } from './colours.ts'
import type { TablePanel } from './dashboard.ts'
import type { Frame } from './frames.ts'
import { numberOf, objectOf, textOf } from './json.ts'
import { type Settings, customFlag, displayNumber, displayText, fieldSettings } from './settings.ts'
import {
  type Column,
  type Table,
  type Value,
  compareValues,
  lastRows,
  rowsOf,
  tablesOf,
} from './tables.ts'
import { merge } from './transform-join.ts'
import { transformTables } from './transform.ts'
import { formatValue } from './units.ts'

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

export function tableView(panel: TablePanel, frames: readonly Frame[]): TableView {
  const table = shownTable(panel, frames)
  const shown = table
    .map((column) => ({ column, settings: fieldSettings(panel.fieldConfig, column) }))
    .filter(({ settings }) => !customFlag(settings, 'hidden'))
  const rows = rowsOf(table).map((row) =>
    shown.map(({ column, settings }) => cell(column, column.values[row], settings)),
  )
  const names = shown.map(({ column, settings }) => ({
    name: textOf(settings.displayName) || column.name,
    isNumber: column.type === 'number',
  }))
  return { kind: 'table', columns: names, rows: sortRows(rows, names, panel) }
}

/** Series that nothing transforms are shown as a row each; several tables become one. */
function shownTable(panel: TablePanel, frames: readonly Frame[]): Table {
  const tables =
    panel.transformations.length === 0 &&
    frames.some((frame) => frame.query.target.format !== 'table')
      ? lastRows(frames)
      : transformTables(tablesOf(frames), panel.transformations)
  return (tables.length === 1 ? tables[0] : merge(tables)[0]) ?? []
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

function cell(column: Column, value: Value, settings: Settings): TableCell {
  if (typeof value === 'string') return { value, isFilled: false, ...displayText(value, settings) }
  if (column.type === 'string') return { value: '', isFilled: false, ...displayText('', settings) }
  if (column.type === 'time') return timeCell(value, settings)
  const number = value ?? Number.NaN
  const display = displayNumber(number, settings)
  const mode =
    textOf(objectOf(settings['custom.cellOptions']).type) || textOf(settings['custom.displayMode'])
  const isColoured = mode.startsWith('color-') && !Number.isNaN(number)
  const steps = thresholdSteps(settings, numberOf(settings.min) ?? 0, numberOf(settings.max) ?? 100)
  return {
    text: display.text,
    value: value ?? '',
    colour: display.colour ?? (isColoured ? thresholdColour(number, steps) : undefined),
    isFilled: mode.startsWith('color-background'),
  }
}

function timeCell(value: number | undefined, settings: Settings): TableCell {
  const unit = textOf(settings.unit)
  const text =
    value === undefined
      ? ''
      : formatValue(value, /^(dateTime|time:)/.test(unit) ? unit : 'dateTimeAsIso').text
  return { text, value: value ?? '', colour: undefined, isFilled: false }
}
