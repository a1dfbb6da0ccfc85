import { expect, test } from 'vitest'
import { type NamedKind, type Strategy, labelName, metricName, unitName } from './names.ts'

const ESCAPED = 'UnderscoreEscapingWithSuffixes'

test.each<[name: string, unit: string, kind: NamedKind, want: string]>([
  ['system.filesystem.usage', 'By', 'other', 'system_filesystem_usage_bytes'],
  ['http.server.request.duration', 's', 'other', 'http_server_request_duration_seconds'],
  ['a.seconds', 's', 'counter', 'a_seconds_total'],
  ['a.total.count', '{request}', 'counter', 'a_count_total'],
  ['requests', '{request}/s', 'gauge', 'requests_per_second'],
  ['speed', 'm/s', 'gauge', 'speed_meters_per_second'],
  ['speed', 'm/m', 'gauge', 'speed_meters_per_minute'],
  ['rate', '/s', 'gauge', 'rate_per_second'],
  ['used', '1', 'gauge', 'used_ratio'],
  ['used.ratio.of', '1', 'gauge', 'used_of_ratio'],
  ['used', '1', 'counter', 'used_total'],
  ['used', '%', 'gauge', 'used_percent'],
  ['a', 'own unit', 'gauge', 'a_own_unit'],
  ['a', 'x_/y_', 'gauge', 'a_x_per_y'],
  ['  a -- b  ', '', 'other', 'a_b'],
  ['a__b_', '', 'other', 'a_b'],
  ['1a', '', 'other', '_1a'],
  ['a:b', '', 'other', 'a:b'],
  ['été', '', 'other', 't'],
])('%j in %j, a %s: %s', (name, unit, kind, want) => {
  expect(metricName(name, unit, kind, ESCAPED)).toBe(want)
})

test.each<[strategy: Strategy, name: string, want: string]>([
  ['UnderscoreEscapingWithoutSuffixes', 'a.b--c_total', 'a_b_c_total'],
  ['UnderscoreEscapingWithoutSuffixes', '1.a', '_1_a'],
  ['NoUTF8EscapingWithSuffixes', 'a.b', 'a.b_bytes_per_second_total'],
  ['NoUTF8EscapingWithSuffixes', 'a.b.bytes', 'a.b.bytes_per_second_total'],
  ['NoUTF8EscapingWithSuffixes', 'a.per_second.total', 'a_bytes_per_second_total'],
  ['NoTranslation', 'a.b', 'a.b'],
])('%s: %s is %s', (strategy, name, want) => {
  expect(metricName(name, 'By/s', 'counter', strategy)).toBe(want)
})

test('a name that nothing is left of', () => {
  for (const name of ['', '...'])
    expect(() => metricName(name, '', 'other', ESCAPED)).toThrow(
      `the name of metric "${name}" is empty`,
    )
  expect(() => metricName('_.', '', 'other', 'UnderscoreEscapingWithoutSuffixes')).toThrow(
    'metric "_." has no letter or digit in its name',
  )
})

test.each([
  ['http.method', 'http_method'],
  ['1a', 'key_1a'],
  ['_a', 'key_a'],
  ['__a__b__', '__a__b__'],
  ['a__b', 'a__b'],
  ['été', '_t_'],
])('attribute %s is %s', (name, want) => {
  const by = { strategy: ESCAPED, isUnderscoreMarked: true, areUnderscoresKept: true } as const
  expect(labelName(name, by)).toBe(name === 'été' ? `key${want}` : want)
})

test('attributes otherwise', () => {
  const by = { strategy: ESCAPED, isUnderscoreMarked: false, areUnderscoresKept: false } as const
  expect(['_a', 'a__b', '__a__b__', 'a.-b'].map((name) => labelName(name, by))).toEqual([
    '_a',
    'a_b',
    '__a_b__',
    'a_b',
  ])
  expect(labelName('a.b', { ...by, strategy: 'NoTranslation' })).toBe('a.b')
  expect(() => labelName('..', by)).toThrow('no letter or digit')
  expect(() => labelName('', by)).toThrow('empty name')
})

test('units', () => {
  expect(['By/s', '{x}', '{x}/m', '', 'Cel'].map((unit) => unitName(unit, ESCAPED))).toEqual([
    'bytes_per_second',
    '',
    'per_minute',
    '',
    'celsius',
  ])
})
