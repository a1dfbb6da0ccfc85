// The lobby in the database. A game is in one of three lists: pending (created, its creator has not
// connected), lobby (open to join), active (two players). Matchmaker and its worker both write it.
import type { Database } from '../platform/postgres.ts'

export type GameState =
  | 'created'
  | 'creator_joined'
  | 'all_players_joined'
  | 'in_progress'
  | 'ended'

export interface LobbyGame {
  game_id: string
  product_id: string
  game_server_url: string
  creator_id: string
  creator_name: string
  players: string[]
  settings: { num_players: number }
  token: string
  state: GameState
  target_game_server: string
  last_updated: Date
}

export type NewGame = Omit<LobbyGame, 'state' | 'last_updated'>

const columns = `game_id, product_id, game_server_url, creator_id, creator_name, players, settings,
  token, state, target_game_server, last_updated`

/** Adds a pending game. */
export async function addGame(database: Database, game: NewGame): Promise<LobbyGame> {
  const rows = await database.query<LobbyGame>(
    `INSERT INTO games (game_id, product_id, list, state, game_server_url, creator_id, creator_name,
       players, settings, token, target_game_server)
     VALUES ($1, $2, 'pending', 'created', $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9)
     RETURNING ${columns}`,
    [
      game.game_id,
      game.product_id,
      game.game_server_url,
      game.creator_id,
      game.creator_name,
      JSON.stringify(game.players),
      JSON.stringify(game.settings),
      game.token,
      game.target_game_server,
    ],
  )
  return rows[0]!
}

/**
 * Puts a game into the lobby that no game server knows, as a transaction does that read the game
 * before it was deleted and writes it back after.
 */
export async function addZombie(database: Database, game: NewGame): Promise<void> {
  await database.query(
    `INSERT INTO games (game_id, product_id, list, state, game_server_url, creator_id, creator_name,
       players, settings, token, target_game_server, created_at)
     VALUES ($1, $2, 'lobby', 'creator_joined', $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9,
       now() - interval '1 hour')
     ON CONFLICT (game_id) DO NOTHING`,
    [
      game.game_id,
      game.product_id,
      game.game_server_url,
      game.creator_id,
      game.creator_name,
      JSON.stringify(game.players),
      JSON.stringify(game.settings),
      game.token,
      game.target_game_server,
    ],
  )
}

/** Games that can be joined, oldest first. */
export function openGames(
  database: Database,
  productId: string,
  count: number,
  page: number,
): Promise<LobbyGame[]> {
  return database.query<LobbyGame>(
    `SELECT ${columns} FROM games WHERE product_id = $1 AND list = 'lobby'
     ORDER BY created_at, game_id LIMIT $2::int OFFSET $3::int`,
    [productId, count, count * page],
  )
}

export async function findGame(database: Database, gameId: string): Promise<LobbyGame | null> {
  const rows = await database.query<LobbyGame>(`SELECT ${columns} FROM games WHERE game_id = $1`, [
    gameId,
  ])
  return rows[0] ?? null
}

/** Makes the game active with one more player; null when it was removed meanwhile. */
export async function joinGame(
  database: Database,
  gameId: string,
  userId: string,
): Promise<LobbyGame | null> {
  const rows = await database.query<LobbyGame>(
    `UPDATE games SET players = players || to_jsonb($2::text), list = 'active', last_updated = now()
     WHERE game_id = $1 RETURNING ${columns}`,
    [gameId, userId],
  )
  return rows[0] ?? null
}

/** Follows a state change that the game server reports; a game enters the lobby by the first. */
export async function changeState(
  database: Database,
  gameId: string,
  state: GameState,
): Promise<void> {
  await database.query(
    `UPDATE games SET state = $2::text, last_updated = now(),
       list = CASE WHEN $2::text = 'creator_joined' AND list = 'pending' THEN 'lobby' ELSE list END
     WHERE game_id = $1`,
    [gameId, state],
  )
}

/** Takes a player out and puts the game back into the lobby. */
export async function removePlayer(
  database: Database,
  gameId: string,
  userId: string,
): Promise<void> {
  await database.query(
    `UPDATE games SET players = players - $2::text, state = 'creator_joined', list = 'lobby',
       last_updated = now() WHERE game_id = $1`,
    [gameId, userId],
  )
}

export async function removeGame(database: Database, gameId: string): Promise<void> {
  await database.query('DELETE FROM games WHERE game_id = $1', [gameId])
}

/** Games that stayed in their state for longer than it may last, at most `limit`. */
export function expiredGames(database: Database, limit: number): Promise<LobbyGame[]> {
  return database.query<LobbyGame>(
    `SELECT ${columns} FROM games WHERE last_updated < now() - CASE state
       WHEN 'all_players_joined' THEN interval '600 seconds'
       WHEN 'in_progress' THEN interval '1200 seconds'
       WHEN 'ended' THEN interval '300 seconds'
       ELSE interval '60 seconds' END
     ORDER BY last_updated LIMIT $1::int`,
    [limit],
  )
}
