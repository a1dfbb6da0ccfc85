import { expect, test } from 'vitest'
import type { DashboardEntry } from '../api/vigie.ts'
import { allTags, groupByFolder, matchesSearch } from './dashboard-search.ts'

const entry = (
  title: string,
  folder = '',
  tags: string[] = [],
  source = 'file',
): DashboardEntry => ({
  uid: title,
  title,
  folder,
  tags,
  source: source as DashboardEntry['source'],
})

test.each([
  ['node full', null, true],
  ['linux', null, true],
  ['infra node', null, true],
  ['redis', null, false],
  ['', 'linux', true],
  ['', 'windows', false],
])('search %j with tag %s: %s', (search, tag, expected) => {
  expect(matchesSearch(entry('Node Exporter Full', 'Infra', ['linux']), search, tag)).toBe(expected)
})

test('folders by name, the generated last, titles within', () => {
  const groups = groupByFolder([
    entry('z'),
    entry('job', '', [], 'generated'),
    entry('b', 'Infra'),
    entry('a', 'Infra'),
  ])
  expect(
    groups.map(([folder, list]) => `${folder}: ${list.map((one) => one.title).join(' ')}`),
  ).toEqual(['General: z', 'Infra: a b', 'Made from metrics: job'])
})

test('every tag once', () => {
  expect(allTags([entry('a', '', ['y', 'x']), entry('b', '', ['x'])])).toEqual(['x', 'y'])
})
