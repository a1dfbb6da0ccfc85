/** Several tables to one: merge by the columns they share, join by one field. */
import {
  type Column,
  type Table,
  type Value,
  column,
  compareValues,
  pickRows,
  rowCount,
  rowsOf,
} from './tables.ts'

const keyOf = (columns: readonly Column[], row: number): string =>
  JSON.stringify(columns.map(({ values }) => values[row] ?? null))

/**
 * Rows that agree in every column that all tables have become one, unless they contradict each other
 * in another.
 */
export function merge(tables: readonly Table[]): Table[] {
  const filled = tables.filter((table) => table.length > 0)
  if (filled.length === 0) return []
  const isKey = (name: string): boolean =>
    filled.every((table) => table.some((one) => one.name === name))
  const out = new Map<string, Column>()
  for (const one of filled.flat()) if (!out.has(one.name)) out.set(one.name, { ...one, values: [] })
  const rowsByKey = new Map<string, number[]>()
  let count = 0
  for (const table of filled) {
    const keys = [...out.keys()].flatMap((name) =>
      isKey(name) ? [table.find((one) => one.name === name)!] : [],
    )
    for (const row of rowsOf(table)) {
      const key = keyOf(keys, row)
      const candidates = rowsByKey.get(key) ?? []
      let at = candidates.find((other) =>
        table.every(({ name, values }) => agrees(out.get(name)!.values[other], values[row])),
      )
      if (at === undefined) {
        at = count++
        rowsByKey.set(key, [...candidates, at])
      }
      for (const { name, values } of table)
        if (values[row] !== undefined) out.get(name)!.values[at] = values[row]
    }
  }
  for (const one of out.values()) one.values.length = count
  return [[...out.values()]]
}

const agrees = (a: Value, b: Value): boolean =>
  a === undefined || b === undefined || Object.is(a, b)

/** Columns of all tables beside each other, a row per value of the field; those of the same name are numbered. */
export function joinByField(tables: readonly Table[], field: string, isInner: boolean): Table[] {
  const isField = (one: Column): boolean =>
    field === ''
      ? one.type === 'time'
      : one.name === field || (field === 'Time' && one.type === 'time')
  const joined = tables.filter((table) => table.some(isField))
  if (joined.length === 0) return [...tables]
  const keys: Value[] = []
  const rowByKey = new Map<Value, number>()
  for (const table of joined)
    for (const value of table.find(isField)!.values)
      if (!rowByKey.has(value)) {
        rowByKey.set(value, keys.length)
        keys.push(value)
      }
  const first = joined[0].find(isField)!
  const out: Column[] = [{ ...first, values: keys }]
  const found = new Int32Array(keys.length)
  for (const table of joined) {
    const key = table.find(isField)!
    const rows = key.values.map((value) => rowByKey.get(value)!)
    for (const row of new Set(rows)) found[row]++
    for (const one of table) {
      if (one === key) continue
      const values: Value[] = Array.from({ length: keys.length })
      rows.forEach((row, i) => (values[row] = one.values[i]))
      out.push({ ...one, values })
    }
  }
  const order = keys.map((_, row) => row).filter((row) => !isInner || found[row] === joined.length)
  if (first.type === 'time') order.sort((a, b) => compareValues(keys[a], keys[b]))
  return [pickRows(numbered(out), order)]
}

/** Equal names become `name 1`, `name 2`. */
function numbered(columns: readonly Column[]): Column[] {
  const counts = new Map<string, number>()
  for (const { name } of columns) counts.set(name, (counts.get(name) ?? 0) + 1)
  const seen = new Map<string, number>()
  return columns.map((one) => {
    if (counts.get(one.name) === 1) return one
    const place = (seen.get(one.name) ?? 0) + 1
    seen.set(one.name, place)
    return { ...one, name: `${one.name} ${place}` }
  })
}

/** All series one below the other as Time, Metric, Value, the newest first. */
export function seriesToRows(tables: readonly Table[]): Table[] {
  const rows: [time: Value, metric: string, value: Value][] = []
  for (const table of tables) {
    const time = table.find((one) => one.type === 'time')
    for (const one of table)
      if (one.type === 'number')
        for (let row = 0; row < rowCount(table); row++)
          if (one.values[row] !== undefined)
            rows.push([time?.values[row], one.name, one.values[row]])
  }
  rows.sort((a, b) => compareValues(b[0], a[0]))
  return [
    [
      column(
        'Time',
        'time',
        rows.map(([time]) => time),
      ),
      column(
        'Metric',
        'string',
        rows.map(([, metric]) => metric),
      ),
      column(
        'Value',
        'number',
        rows.map(([, , value]) => value),
      ),
    ],
  ]
}
