// What a batch of events adds to the statistics: pure counting, no database.
import type { StoredEvent } from '../platform/game-events.ts'

/** Added to a player's counters. */
export interface PlayerDelta {
  product_id: string
  user_id: string
  games: number
  wins: number
  losses: number
  botch: number
  rock: number
  paper: number
  scissors: number
}

export interface Tally {
  players: PlayerDelta[]
  /** Events by game. */
  games: { game_id: string; consumed: number }[]
}

const choices = new Map<string, 'botch' | 'rock' | 'paper' | 'scissors'>([
  ['null', 'botch'],
  ['0', 'rock'],
  ['1', 'paper'],
  ['2', 'scissors'],
])

export function tally(events: readonly StoredEvent[]): Tally {
  const players = new Map<string, PlayerDelta>()
  const games = new Map<string, number>()
  const player = (productId: string, userId: string): PlayerDelta => {
    const key = `${productId} ${userId}`
    const known = players.get(key)
    if (known) return known
    const fresh = { product_id: productId, user_id: userId, ...nothing }
    players.set(key, fresh)
    return fresh
  }
  for (const { productId, gameId, type, data } of events) {
    games.set(gameId, (games.get(gameId) ?? 0) + 1)
    if (type === 'game_over') {
      const winner = player(productId, data['winner_id']!)
      const loser = player(productId, data['loser_id']!)
      winner.games++
      winner.wins++
      loser.games++
      loser.losses++
    } else if (type === 'gameplay' && data['event_name'] === 'select_weapon') {
      const choice = choices.get(data['event_data']!)
      if (choice) player(productId, data['user_id']!)[choice]++
    }
  }
  return {
    players: [...players.values()],
    games: [...games].map(([game_id, consumed]) => ({ game_id, consumed })),
  }
}

const nothing = { games: 0, wins: 0, losses: 0, botch: 0, rock: 0, paper: 0, scissors: 0 }
