import { expect, test } from 'vitest'
import { type ScorerOptions, makeScorer } from './search-score.ts'

const check = (
  terms: string,
  name: string,
  want: number,
  options: Partial<ScorerOptions> = {},
): void => {
  const all = { algorithm: 'subsequence', threshold: 0, isCaseSensitive: true, ...options } as const
  expect(makeScorer(terms.split(' '), all)(name), `${terms} in ${name}`).toBeCloseTo(want, 6)
}

test('letters in their order: runs count, gaps cost', () => {
  check('up', 'up', 1)
  check('up', 'upper', 1)
  check('up', 'down', 0)
  check('', 'anything', 1)
  check('bc', 'abc', (4 - 1 / 3) / 4)
  check('bc', 'abcd', (4 - 1 / 4 - 1 / 8) / 4)
  check('ac', 'xabcx', (2 - 1 / 5 - 1 / 5 - 1 / 10) / 4)
  check('UP', 'up', 0)
  check('UP', 'up', 1, { isCaseSensitive: false })
  check('ac', 'xabcx', 0, { threshold: 0.5 })
  check('zzz up', 'up', 1)
})

test('parts and near misses', () => {
  const near = { algorithm: 'jarowinkler' } as const
  check('up', 'upper', 1, near)
  check('per', 'upper', 0.9, near)
  check('martha', 'marhta', 0.961111, near)
  check('dixon', 'dicksonx', 0.813333, near)
  check('martha', 'marhta', 0, { ...near, threshold: 1 })
})
