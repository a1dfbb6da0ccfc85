/** Grafana's transformations, one function per id. One that is not known leaves the tables as they are. */
import type { Transformation } from './dashboard.ts'
import {
  type Json,
  flagOf,
  isObject,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  textsOf,
} from './json.ts'
import { reduceField, reducerColumn } from './reduce.ts'
import {
  type Column,
  type Table,
  type Value,
  column,
  compareValues,
  pickRows,
  rowsOf,
} from './tables.ts'
import { joinByField, merge, seriesToRows } from './transform-join.ts'
import { toRegex } from './pattern.ts'

type Transform = (tables: readonly Table[], options: Json) => readonly Table[]

const each =
  (change: (table: Table, options: Json) => Table): Transform =>
  (tables, options) =>
    tables.map((table) => change(table, options))

const join: Transform = (tables, options) =>
  joinByField(tables, textOf(options.byField), options.mode === 'inner')

const TRANSFORMS: ReadonlyMap<string, Transform> = new Map<string, Transform>([
  ['merge', merge],
  ['joinByField', join],
  ['seriesToColumns', join],
  ['seriesToRows', seriesToRows],
  ['organize', each(organize)],
  ['filterFieldsByName', each(filterFieldsByName)],
  ['sortBy', each(sortBy)],
  ['renameByRegex', each(renameByRegex)],
  [
    'limit',
    each((table, options) =>
      pickRows(table, rowsOf(table).slice(0, numberOf(options.limitField) ?? 10)),
    ),
  ],
  ['filterByValue', each(filterByValue)],
  ['groupBy', each(groupBy)],
  ['calculateField', each(calculateField)],
  ['labelsToFields', labelsToFields],
  ['reduce', reduce],
])

export function transformTables(
  tables: readonly Table[],
  transformations: readonly Transformation[],
): readonly Table[] {
  let current = tables
  for (const { id, options } of transformations)
    current = TRANSFORMS.get(id)?.(current, options) ?? current
  return current
}

function organize(table: Table, options: Json): Table {
  const [hidden, shown, order, names] = [
    objectOf(options.excludeByName),
    objectOf(options.includeByName),
    objectOf(options.indexByName),
    objectOf(options.renameByName),
  ]
  const isShown = (name: string): boolean =>
    hidden[name] !== true && (Object.keys(shown).length === 0 || shown[name] === true)
  const place = (one: Column): number => numberOf(order[one.name]) ?? Number.MAX_SAFE_INTEGER
  return table
    .filter((one) => isShown(one.name))
    .sort((a, b) => place(a) - place(b))
    .map((one) => ({ ...one, name: textOf(names[one.name]) || one.name }))
}

function filterFieldsByName(table: Table, options: Json): Table {
  const test = (matcher: Json): ((name: string) => boolean) | undefined => {
    const names = textsOf(matcher.names)
    const pattern = toRegex(textOf(matcher.pattern))
    if (names.length === 0 && pattern === undefined) return undefined
    return (name) => names.includes(name) || pattern?.test(name) === true
  }
  const include = test(objectOf(options.include))
  const exclude = test(objectOf(options.exclude))
  return table.filter(({ name }) => (include?.(name) ?? true) && !(exclude?.(name) ?? false))
}

function sortBy(table: Table, options: Json): Table {
  const [sort] = objectsOf(options.sort)
  const by = table.find((one) => one.name === textOf(sort?.field))
  if (by === undefined) return table
  const sign = flagOf(sort.desc) ? -1 : 1
  const order = rowsOf(table).sort((a, b) => sign * compareValues(by.values[a], by.values[b]))
  return pickRows(table, order)
}

function renameByRegex(table: Table, options: Json): Table {
  const text = textOf(options.regex)
  const pattern = toRegex(/^\/.*\/[a-z]*$/s.test(text) ? text : `/${text}/`)
  if (pattern === undefined || text === '') return table
  return table.map((one) =>
    one.type === 'time'
      ? one
      : { ...one, name: one.name.replace(pattern, textOf(options.renamePattern)) },
  )
}

const TESTS: ReadonlyMap<string, (value: Value, options: Json) => boolean> = new Map<
  string,
  (value: Value, options: Json) => boolean
>([
  ['greater', (value, options) => Number(value) > (numberOf(options.value) ?? Number.NaN)],
  ['greaterOrEqual', (value, options) => Number(value) >= (numberOf(options.value) ?? Number.NaN)],
  ['lower', (value, options) => Number(value) < (numberOf(options.value) ?? Number.NaN)],
  ['lowerOrEqual', (value, options) => Number(value) <= (numberOf(options.value) ?? Number.NaN)],
  ['equal', (value, options) => String(value ?? '') === textOf(options.value)],
  ['notEqual', (value, options) => String(value ?? '') !== textOf(options.value)],
  [
    'regex',
    (value, options) => toRegex(`/${textOf(options.value)}/`)?.test(String(value ?? '')) === true,
  ],
  ['substring', (value, options) => String(value ?? '').includes(textOf(options.value))],
  ['isNull', (value) => isNothing(value)],
  ['isNotNull', (value) => !isNothing(value)],
  [
    'between',
    (value, options) =>
      Number(value) > (numberOf(options.from) ?? -Infinity) &&
      Number(value) < (numberOf(options.to) ?? Infinity),
  ],
])

const isNothing = (value: Value): boolean => value === undefined || Number.isNaN(value)

function filterByValue(table: Table, options: Json): Table {
  const tests = objectsOf(options.filters).flatMap((filter) => {
    const by = table.find((one) => one.name === textOf(filter.fieldName))
    const config = objectOf(filter.config)
    const test = TESTS.get(textOf(config.id))
    if (by === undefined || test === undefined) return []
    return [(row: number): boolean => test(by.values[row], objectOf(config.options))]
  })
  if (tests.length === 0) return table
  const isAll = options.match === 'all'
  const isWanted = options.type !== 'exclude'
  const isMatched = (row: number): boolean =>
    isAll ? tests.every((test) => test(row)) : tests.some((test) => test(row))
  return pickRows(
    table,
    rowsOf(table).filter((row) => isMatched(row) === isWanted),
  )
}

const numbersOf = (values: readonly Value[]): (number | null)[] =>
  values.map((value) => (typeof value === 'number' ? value : null))

/** A calculation over any values; texts know only some. */
function aggregate(values: readonly Value[], calc: string, type: Column['type']): Value {
  if (type !== 'string') {
    const reduced = reduceField(numbersOf(values), calc)
    return reduced === null ? undefined : Number(reduced)
  }
  const given = values.filter((value) => value !== undefined)
  if (calc === 'count') return given.length
  if (calc === 'distinctCount') return new Set(given).size
  if (calc.startsWith('first')) return given[0]
  return calc.startsWith('last') ? given.at(-1) : undefined
}

function groupBy(table: Table, options: Json): Table {
  const fields = objectOf(options.fields)
  const operation = (one: Column): string => textOf(objectOf(fields[one.name]).operation)
  const keys = table.filter((one) => operation(one) === 'groupby')
  if (keys.length === 0) return table
  const groups = new Map<string, number[]>()
  for (const row of rowsOf(table)) {
    const key = JSON.stringify(keys.map((one) => one.values[row] ?? null))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  const rows = [...groups.values()]
  const calculated = table
    .filter((one) => operation(one) === 'aggregate')
    .flatMap((one) =>
      textsOf(objectOf(fields[one.name]).aggregations).map((calc) =>
        column(
          `${one.name} (${calc})`,
          one.type === 'string' && !/[cC]ount/.test(calc) ? 'string' : 'number',
          rows.map((group) =>
            aggregate(
              group.map((row) => one.values[row]),
              calc,
              one.type,
            ),
          ),
          { refId: one.refId },
        ),
      ),
    )
  return [
    ...pickRows(
      keys,
      rows.map(([first]) => first),
    ),
    ...calculated,
  ]
}

const OPERATORS: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ['+', (a: number, b: number) => a + b],
  ['-', (a: number, b: number) => a - b],
  ['*', (a: number, b: number) => a * b],
  ['/', (a: number, b: number) => a / b],
  ['**', (a: number, b: number) => a ** b],
  ['%', (a: number, b: number) => a % b],
])

/** One more column: two combined, or a calculation over each row. */
function calculateField(table: Table, options: Json): Table {
  const made =
    options.mode === 'binary'
      ? binary(table, objectOf(options.binary))
      : reduceRow(table, objectOf(options.reduce))
  if (made === undefined) return table
  const named = { ...made, name: textOf(options.alias) || made.name }
  return flagOf(options.replaceFields)
    ? [...table.filter((one) => one.type === 'time'), named]
    : [...table, named]
}

function binary(table: Table, options: Json): Column | undefined {
  const operator = textOf(options.operator, '+')
  const combine = OPERATORS.get(operator)
  const [left, right] = [operand(table, options.left), operand(table, options.right)]
  if (combine === undefined || left === undefined || right === undefined) return undefined
  const values = rowsOf(table).map((row) => {
    const result = combine(left.at(row), right.at(row))
    return Number.isNaN(result) ? undefined : result
  })
  return column(`${left.name} ${operator} ${right.name}`, 'number', values)
}

/** A column by its name, or a number; newer files wrap either in an object. */
function operand(
  table: Table,
  given: unknown,
): { name: string; at: (row: number) => number } | undefined {
  const text = isObject(given)
    ? textOf(given.fixed) || textOf(objectOf(given.matcher).options)
    : textOf(given)
  const found = table.find((one) => one.name === text)
  if (found !== undefined)
    return { name: text, at: (row) => Number(found.values[row] ?? Number.NaN) }
  const number = numberOf(text)
  return number === undefined ? undefined : { name: text, at: () => number }
}

function reduceRow(table: Table, options: Json): Column {
  const names = textsOf(options.include)
  const calc = textOf(options.reducer, 'sum')
  const columns = table.filter(
    (one) => one.type === 'number' && (names.length === 0 || names.includes(one.name)),
  )
  return column(
    reducerColumn(calc),
    'number',
    rowsOf(table).map((row) =>
      aggregate(
        columns.map((one) => one.values[row]),
        calc,
        'number',
      ),
    ),
  )
}

/** Labels of series as columns, all series in one table. */
function labelsToFields(tables: readonly Table[], options: Json): readonly Table[] {
  const kept = textsOf(options.keepLabels)
  const valueLabel = textOf(options.valueLabel)
  const widened = tables.map((table) => {
    const labels = Object.assign({}, ...table.map((one) => one.labels)) as Record<string, string>
    const names = Object.keys(labels).filter(
      (name) => name !== valueLabel && (kept.length === 0 || kept.includes(name)),
    )
    const count = rowsOf(table).length
    const added = names.map((name) =>
      column(
        name,
        'string',
        Array.from({ length: count }, () => labels[name]),
      ),
    )
    const [time, rest] = [
      table.filter((one) => one.type === 'time'),
      table.filter((one) => one.type !== 'time'),
    ]
    const named = rest.map((one) => ({
      ...one,
      name: one.labels[valueLabel] ?? (Object.keys(one.labels).length > 0 ? 'Value' : one.name),
      labels: {},
    }))
    return [...time, ...added, ...named]
  })
  return merge(widened)
}

/** A row per series with its calculations, or each column to its one value. */
function reduce(tables: readonly Table[], options: Json): readonly Table[] {
  const calcs = textsOf(options.reducers)
  const wanted = calcs.length > 0 ? calcs : ['max']
  if (options.mode === 'reduceFields')
    return tables.map((table) =>
      table
        .filter((one) => one.type === 'number' || flagOf(options.includeTimeField))
        .map((one) => ({ ...one, values: [aggregate(one.values, wanted[0], one.type)] })),
    )
  const columns = tables
    .flat()
    .filter(
      (one) => one.type === 'number' || (one.type === 'time' && flagOf(options.includeTimeField)),
    )
  const labels = flagOf(options.labelsToFields)
    ? [...new Set(columns.flatMap((one) => Object.keys(one.labels)))].sort()
    : []
  return [
    [
      column(
        'Field',
        'string',
        columns.map((one) => one.name),
      ),
      ...labels.map((name) =>
        column(
          name,
          'string',
          columns.map((one) => one.labels[name]),
        ),
      ),
      ...wanted.map((calc) =>
        column(
          reducerColumn(calc),
          'number',
          columns.map((one) => aggregate(one.values, calc, one.type)),
        ),
      ),
    ],
  ]
}
