import { expect, test } from 'vitest'
import type { EventType } from '../platform/game-events.ts'
import { tally } from './tally.ts'

/** `game type key=value …` per event, to `player counter=n …` and `game n`. */
function counts(...events: string[]): string[] {
  const { players, games } = tally(
    events.map((text, i) => {
      const [gameId, type, ...fields] = text.split(' ')
      const data = Object.fromEntries(fields.map((field) => field.split('=')))
      return { id: i + 1, productId: 'exrps', gameId, type: type as EventType, data }
    }),
  )
  return [
    ...players.map((player) => {
      const counters = Object.entries(player).filter(([, value]) => Number(value) > 0)
      return [player.user_id, ...counters.map(([name, value]) => `${name}=${value}`)].join(' ')
    }),
    ...games.map(({ game_id, consumed }) => `${game_id} ${consumed}`),
  ]
}

const pick = (game: string, user: string, weapon: string): string =>
  `${game} gameplay event_name=select_weapon user_id=${user} event_data=${weapon}`

test.each([
  [['g game_over winner_id=a loser_id=b'], ['a games=1 wins=1', 'b games=1 losses=1', 'g 1']],
  [
    ['g game_over winner_id=a loser_id=b', 'h game_over winner_id=b loser_id=a'],
    ['a games=2 wins=1 losses=1', 'b games=2 wins=1 losses=1', 'g 1', 'h 1'],
  ],
  [
    [pick('g', 'a', 'null'), pick('g', 'a', '0'), pick('g', 'a', '1'), pick('g', 'a', '2')],
    ['a botch=1 rock=1 paper=1 scissors=1', 'g 4'],
  ],
  [['g state_change new_state=creator_joined', 'g game_removed'], ['g 2']],
  [[pick('g', 'a', '7')], ['g 1']],
])('%j counts %j', (events, wanted) => {
  expect(counts(...events)).toEqual(wanted)
})
