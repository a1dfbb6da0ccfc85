// Writes the game server's events, its ledger of finished games and its list of live ones.
//
// What happened between two writes goes in one statement, so that whoever reads the tables sees a
// removed game, its events and its result together or not at all. There is one write at a time, so
// ids follow the order in which things happened.
import type { GameEvent } from '../platform/game-events.ts'
import type { Database } from '../platform/postgres.ts'

/** A finished game; its number of events is the game server's own count. */
export interface Result {
  gameId: string
  productId: string
  winnerId: string
  loserId: string
  eventsProduced: number
}

/** Events that wait while the database is away; beyond it the oldest are lost. */
const waitingMax = 50_000
const batchMax = 1000
const retryMs = 500
/** Events that the fault `drop-events` holds back. */
const heldBackMax = 10_000
const dropEvery = 5

export class EventWriter {
  #database: Database
  #log: (message: string) => void
  #events: GameEvent[] = []
  #results = new Map<string, Result>()
  #removed: string[] = []
  #writing: Promise<void> | null = null
  #isClosed = false
  #heldBack: GameEvent[] | null = null
  #droppable = 0
  #lost = 0

  constructor(database: Database, log: (message: string) => void) {
    this.#database = database
    this.#log = log
  }

  /** Events that could not be kept, since the start. */
  get lost(): number {
    return this.#lost
  }

  /** Games that an earlier life of the server left behind are gone: says so. */
  async removeLeftovers(): Promise<void> {
    await this.#database.query(
      `WITH gone AS (DELETE FROM live_games RETURNING game_id, product_id),
       counted AS (
         UPDATE matches m SET events_produced = events_produced + 1
         FROM gone WHERE m.game_id = gone.game_id
       )
       INSERT INTO game_events (product_id, game_id, type, data)
       SELECT product_id, game_id, 'game_removed', '{}' FROM gone`,
    )
  }

  /** Lists a game as live; when this resolves everybody can see it. */
  async addLiveGame(gameId: string, productId: string): Promise<void> {
    await this.#database.query('INSERT INTO live_games (game_id, product_id) VALUES ($1, $2)', [
      gameId,
      productId,
    ])
  }

  /** Writes an event soon. */
  record(event: GameEvent): void {
    if (this.#heldBack && event.type === 'gameplay' && ++this.#droppable % dropEvery === 0) {
      if (this.#heldBack.length < heldBackMax) this.#heldBack.push(event)
      return
    }
    this.#push(event)
  }

  /** Writes a result, or its new count of events, with the events recorded so far. */
  recordResult(result: Result): void {
    this.#results.set(result.gameId, result)
    this.#schedule()
  }

  /** Takes a game off the list of live ones, with the events recorded so far. */
  recordRemoval(gameId: string): void {
    this.#removed.push(gameId)
    this.#schedule()
  }

  /** From now on one in five gameplay events does not reach the stream. */
  startDropping(): void {
    this.#heldBack = []
  }

  /** Events reach the stream again; those that were dropped follow now. */
  async stopDropping(): Promise<void> {
    const late = this.#heldBack ?? []
    this.#heldBack = null
    for (const event of late) this.#push(event)
    await this.flush()
  }

  /** Resolves when all that was recorded is written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.flush()
  }

  #push(event: GameEvent): void {
    if (this.#events.length >= waitingMax) {
      this.#events.shift()
      this.#lost++
    }
    this.#events.push(event)
    this.#schedule()
  }

  #schedule(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null
      if (this.#hasWork() && !this.#isClosed) this.#schedule()
    })
  }

  #hasWork(): boolean {
    return this.#events.length > 0 || this.#results.size > 0 || this.#removed.length > 0
  }

  async #writeAll(): Promise<void> {
    // After the current tick, so that what happens in it is written together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#hasWork()) {
      const events = this.#events.splice(0, batchMax)
      // Results and removals refer to events that may be in a later batch: they go with the last.
      const isLast = this.#events.length === 0
      const results = isLast ? [...this.#results.values()] : []
      const removed = isLast ? this.#removed.splice(0) : []
      if (isLast) this.#results.clear()
      try {
        await this.#write(events, results, removed)
      } catch (error) {
        this.#log(`cannot write ${events.length} events: ${String(error)}`)
        this.#events.unshift(...events)
        this.#removed.unshift(...removed)
        for (const one of results)
          if (!this.#results.has(one.gameId)) this.#results.set(one.gameId, one)
        if (this.#isClosed) return
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
  }

  async #write(
    events: readonly GameEvent[],
    results: readonly Result[],
    removed: readonly string[],
  ): Promise<void> {
    await this.#database.query(
      `WITH written AS (
         INSERT INTO game_events (product_id, game_id, type, data)
         SELECT e.value->>'productId', e.value->>'gameId', e.value->>'type', e.value->'data'
         FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e(value, place) ORDER BY place
         RETURNING id, game_id, type
       ), gone AS (
         DELETE FROM live_games WHERE game_id = ANY($2::text[])
       )
       INSERT INTO matches AS m
         (game_id, product_id, winner_id, loser_id, events_produced, game_over_id, last_event_id)
       SELECT r."gameId", r."productId", r."winnerId", r."loserId", r."eventsProduced",
         coalesce((SELECT max(id) FROM written WHERE game_id = r."gameId" AND type = 'game_over'), 0),
         coalesce((SELECT max(id) FROM written), 0)
       FROM jsonb_to_recordset($3::jsonb) AS r("gameId" text, "productId" text, "winnerId" text,
         "loserId" text, "eventsProduced" int)
       ON CONFLICT (game_id) DO UPDATE SET events_produced = excluded.events_produced,
         last_event_id = greatest(m.last_event_id, excluded.last_event_id)`,
      [JSON.stringify(events), [...removed], JSON.stringify(results)],
    )
  }
}
