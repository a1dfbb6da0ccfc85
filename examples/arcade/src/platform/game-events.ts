// The stream of game events: what is in it, and how a consumer reads it.
//
// A consumer reads events after its saved index, handles them, and saves the index of the last one.
// What it does not save it will see again.
import type { Database } from './postgres.ts'

export type EventType =
  | 'state_change'
  | 'gameplay'
  | 'game_over'
  | 'game_removed'
  | 'player_disconnect'

export interface GameEvent {
  productId: string
  gameId: string
  type: EventType
  /** Further fields of the type, all text. */
  data: Readonly<Record<string, string>>
}

export interface StoredEvent extends GameEvent {
  id: number
}

export type Consumer = 'matchmaker-worker' | 'stats-worker'

/** Events that the consumer has not seen, oldest first. */
export async function readEvents(
  database: Database,
  consumer: Consumer,
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await database.query<{
    id: string
    product_id: string
    game_id: string
    type: EventType
    data: Record<string, string>
  }>(
    `SELECT id, product_id, game_id, type, data FROM game_events
     WHERE id > (SELECT last_id FROM consumer_index WHERE consumer = $1) ORDER BY id LIMIT $2::int`,
    [consumer, limit],
  )
  return rows.map((row) => ({
    id: Number(row.id),
    productId: row.product_id,
    gameId: row.game_id,
    type: row.type,
    data: row.data,
  }))
}

export async function saveIndex(
  database: Database,
  consumer: Consumer,
  lastId: number,
): Promise<void> {
  await database.query('UPDATE consumer_index SET last_id = $2::bigint WHERE consumer = $1', [
    consumer,
    lastId,
  ])
}

/** Events that the consumer has still to handle. */
export async function streamLag(database: Database, consumer: Consumer): Promise<number> {
  const rows = await database.query<{ lag: string }>(
    `SELECT (SELECT coalesce(max(id), 0) FROM game_events) - last_id AS lag
     FROM consumer_index WHERE consumer = $1`,
    [consumer],
  )
  return Math.max(0, Number(rows[0]?.lag ?? 0))
}
