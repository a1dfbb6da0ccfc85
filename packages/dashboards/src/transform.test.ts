/**
 * Tables are written `T a b|0 x 1|60 y 2`: names, then rows; T is the time, `-` no value, tables apart
 * by `;`. A name with labels is `v{job=a}`.
 */
import { expect, test } from 'vitest'
import { type Table, type Value, column } from './tables.ts'
import { transformTables } from './transform.ts'

const parseValue = (text: string): Value =>
  text === '-' ? undefined : /^-?[\d.]+$/.test(text) ? Number(text) : text.replaceAll('_', ' ')

function parseTable(text: string): Table {
  const [names, ...rows] = text.split('|').map((row) => row.split(' '))
  return names.map((named, i) => {
    const [, name, label, value] = /^([^{]*)(?:\{(\w+)=(\w+)\})?$/.exec(named)!
    const values = rows.map((row) => parseValue(row[i]))
    const isText = values.some((one) => typeof one === 'string')
    return column(
      name.replaceAll('_', ' '),
      name.startsWith('T') ? 'time' : isText ? 'string' : 'number',
      values,
      label === undefined ? {} : { labels: { [label]: value } },
    )
  })
}

const printTable = (table: Table): string =>
  [
    table.map((one) => one.name.replaceAll(' ', '_')).join(' '),
    ...(table[0]?.values ?? []).map((_, row) =>
      table.map((one) => String(one.values[row] ?? '-').replaceAll(' ', '_')).join(' '),
    ),
  ].join('|')

function check(id: string, options: object, given: string, want: string): void {
  const tables = given.split(';').map(parseTable)
  const got = transformTables(tables, [{ id, options: options as Record<string, unknown> }])
  expect(got.map(printTable).join(';'), id).toBe(want)
}

test('merge: rows that agree in the columns all tables have', () => {
  check('merge', {}, 'T job A|9 x 1|9 y 2;T job B|9 x 3|9 z 4', 'T job A B|9 x 1 3|9 y 2 -|9 z - 4')
  check('merge', {}, 'job A|x 1;job A|x 1', 'job A|x 1')
  check('merge', {}, 'job k A|x p 1;job k B|x q 2', 'job k A B|x p 1 -|x q - 2')
  check('merge', {}, 'job A|x 1|x 2', 'job A|x 1|x 2')
})

test('join by a field', () => {
  check('joinByField', {}, 'T a|60 1|120 2;T b|0 3|60 4', 'T a b|0 - 3|60 1 4|120 2 -')
  check('joinByField', { mode: 'inner' }, 'T a|60 1|120 2;T b|0 3|60 4', 'T a b|60 1 4')
  check(
    'seriesToColumns',
    { byField: 'job' },
    'job T A|x 1 2;job T B|x 1 3',
    'job T_1 A T_2 B|x 1 2 1 3',
  )
})

test('columns chosen, renamed, put in order', () => {
  const organized = {
    excludeByName: { T: true },
    indexByName: { b: 0, a: 1 },
    renameByName: { a: 'A' },
  }
  check('organize', organized, 'T a b|0 1 2', 'b A|2 1')
  check('filterFieldsByName', { include: { names: ['a'] } }, 'T a b|0 1 2', 'a|1')
  check('filterFieldsByName', { include: { pattern: '/a|T/' } }, 'T a b|0 1 2', 'T a|0 1')
  check('filterFieldsByName', { exclude: { names: ['a'] } }, 'T a b|0 1 2', 'T b|0 2')
  check('renameByRegex', { regex: '(.)-x', renamePattern: '$1!' }, 'T a-x|0 1', 'T a!|0 1')
})

test('rows chosen and put in order', () => {
  check('sortBy', { sort: [{ field: 'a', desc: true }] }, 'a b|1 x|3 y|2 z', 'a b|3 y|2 z|1 x')
  check('limit', { limitField: 1 }, 'a|1|2', 'a|1')
  const filters = [{ fieldName: 'a', config: { id: 'greater', options: { value: 1 } } }]
  check('filterByValue', { type: 'include', match: 'any', filters }, 'a|1|2', 'a|2')
  check('filterByValue', { type: 'exclude', match: 'any', filters }, 'a|1|2', 'a|1')
})

test('calculated', () => {
  const fields = {
    job: { operation: 'groupby' },
    a: { operation: 'aggregate', aggregations: ['sum', 'count'] },
  }
  check('groupBy', { fields }, 'job a b|x 1 5|y 2 5|x 3 5', 'job a_(sum) a_(count)|x 4 2|y 2 1')
  const binary = { mode: 'binary', binary: { left: 'a', operator: '/', right: 'b' } }
  check('calculateField', binary, 'a b|1 2|1 -', 'a b a_/_b|1 2 0.5|1 - -')
  const fixed = {
    mode: 'binary',
    binary: { left: { matcher: { options: 'a' } }, operator: '*', right: { fixed: '2' } },
  }
  check(
    'calculateField',
    { ...fixed, alias: 'twice', replaceFields: true },
    'T a|0 3',
    'T twice|0 6',
  )
  check(
    'calculateField',
    { mode: 'reduceRow', reduce: { reducer: 'sum' } },
    'T a b|0 1 2',
    'T a b Total|0 1 2 3',
  )
})

test('series to rows', () => {
  check('seriesToRows', {}, 'T a|0 1|60 2;T b|30 3', 'Time Metric Value|60 a 2|30 b 3|0 a 1')
  check(
    'reduce',
    { reducers: ['max', 'lastNotNull', 'p95'] },
    'T a|0 1|60 2;T b|0 5|60 -',
    'Field Max Last_* 95th_%|a 2 2 2|b 5 5 5',
  )
  check(
    'reduce',
    { reducers: ['max'], labelsToFields: true },
    'T a{job=x}|0 1',
    'Field job Max|a x 1',
  )
  check('reduce', { mode: 'reduceFields', reducers: ['mean'] }, 'T a b|0 1 5|60 3 7', 'a b|2 6')
  check('labelsToFields', {}, 'T a{job=x}|0 1;T b{job=y}|0 2', 'T job Value|0 x 1|0 y 2')
  check('labelsToFields', { valueLabel: 'job' }, 'T a{job=x}|0 1;T b{job=y}|0 2', 'T x y|0 1 2')
})

test('what is not known changes nothing', () => check('heatmap', {}, 'T a|0 1', 'T a|0 1'))
