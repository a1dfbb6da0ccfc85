import { expect, test } from 'vitest'
import { Battle } from './battle.ts'
import type { Outcome } from './battle.ts'
import { exchange, fighters } from './fighters.ts'
import type { Weapon } from './fighters.ts'

const fighter = (name: string) => fighters.get(name)!

/** Ticks a battle of two players to its end. `choose` is asked before each tick. */
function play(names: [string, string], choose: (battle: Battle) => void = () => {}) {
  const battle = new Battle(
    [
      { id: 'p1', fighter: fighter(names[0]) },
      { id: 'p2', fighter: fighter(names[1]) },
    ],
    () => 0.5,
  )
  const ticks: Outcome[][] = []
  while (!ticks.at(-1)?.some((outcome) => outcome.kind === 'over')) {
    choose(battle)
    ticks.push(battle.tick())
    expect(ticks.length).toBeLessThan(1000)
  }
  return ticks
}

/** One letter per message: round event numbers as digits with their value or state change, s a sync. */
function notation(outcomes: readonly Outcome[]): string {
  return outcomes
    .flatMap((outcome) => {
      if (outcome.kind !== 'message') return []
      const { type, eventData } = outcome.message as {
        type: string
        eventData: {
          type: number
          data?: { value?: number; oldState?: number; newState?: number }
        }
      }
      if (type === 'sync') return ['s']
      if (type === 'RPSGameEvent') return [`game${eventData.type}`]
      const { value, oldState, newState } = eventData.data ?? {}
      if (newState !== undefined) return [`${oldState}>${newState}`]
      return [value === undefined ? `e${eventData.type}` : `e${eventData.type}=${value}`]
    })
    .join(' ')
}

test('the messages of a round, tick by tick', () => {
  const ticks = play(['man', 'man']).map(notation)
  expect(ticks.slice(0, 12)).toEqual([
    'e5 0>1 s',
    'e0=3',
    'e0=2',
    'e0=1',
    '1>2 s',
    'e1=3',
    'e1=2',
    'e1=1',
    'e3 2>3 s',
    '',
    '3>2 s',
    'e1=3',
  ])
  expect(ticks.slice(32, 37)).toEqual(['e3 2>3 s', '3>4 s e4', 'e5', '0>1 s', 'e0=3'])
  expect(ticks.slice(68)).toEqual(['3>4 s e4', '', 'game1'])
})

test('two idle players need 71 ticks, 74 round events, 24 syncs and 24 of the 32 stream events', () => {
  const ticks = play(['aru', 'man'])
  const words = ticks.map(notation).join(' ').split(' ')
  expect(ticks.length).toBe(71)
  expect(words.filter((word) => /^e\d|>/.test(word)).length).toBe(74)
  expect(words.filter((word) => word === 's').length).toBe(24)
  // Beside these: creator and all joined, two fighters, two ready, game over, game removed.
  expect(ticks.flat().filter((outcome) => outcome.kind === 'event').length).toBe(24)
})

test('the first player wins when both are down', () => {
  expect(play(['man', 'man']).flat().at(-1)).toEqual({
    kind: 'over',
    winnerId: 'p1',
    loserId: 'p2',
  })
})

test('a player who chooses wins against one who does not', () => {
  const ticks = play(['man', 'aru'], (battle) => battle.choose(1, 0))
  expect(ticks.flat().at(-1)).toEqual({ kind: 'over', winnerId: 'p2', loserId: 'p1' })
})

const [rock, paper, scissors] = [0, 1, 2] as const

test.each<[string, Weapon | null, string, Weapon | null, [number, number]]>([
  ['aru', rock, 'aru', rock, [0, 0]],
  ['man', rock, 'man', scissors, [25, 0]],
  ['man', scissors, 'man', paper, [25 * 1.3, 0]],
  ['man', paper, 'aru', rock, [25 * 0.8, 0]],
  ['hog', scissors, 'hog', rock, [0, 25 * 0.9]],
  ['rad', rock, 'rad', scissors, [20 * 0.7, 0]],
  ['aru', paper, 'man', null, [25 * 1.3, 0]],
  ['mai', null, 'mai', scissors, [0, 20]],
  ['mai', null, 'rad', null, [21, 21]],
])('%s with %s against %s with %s', (first, weapon, second, other, damage) => {
  const dealt = exchange(
    { fighter: fighter(first), weapon },
    { fighter: fighter(second), weapon: other },
    () => 0.5,
  )
  expect(dealt[0]).toBeCloseTo(damage[0], 9)
  expect(dealt[1]).toBeCloseTo(damage[1], 9)
})

test.each([
  [0, 19],
  [0.999, 23],
])('a botch with random %s deals %s', (random, damage) => {
  const idle = { fighter: fighter('aru'), weapon: null }
  expect(exchange(idle, idle, () => random)).toEqual([damage, damage])
})
