// Turns game events into player statistics and the leaderboard.
//
// Counters and the saved index change in one statement, so an event counts once even if the worker
// dies anywhere. The fault `double` saves the index only every other time, as a worker does that
// crashes between the two.
import { Faults } from '../platform/faults.ts'
import type { StoredEvent } from '../platform/game-events.ts'
import type { Database } from '../platform/postgres.ts'
import type { Environment } from '../platform/settings.ts'
import { startWorker } from '../platform/worker.ts'
import { tally } from './tally.ts'

/** Events that stay in the stream after both workers have handled them. */
const eventsKept = 20_000
const pruneEveryMs = 30_000

/** Starts the worker; the result ends it. */
export function startStatsWorker(env: Environment): Promise<() => Promise<void>> {
  const faults = new Faults({ double: {} })
  let forgets = false
  return startWorker(env, {
    consumer: 'stats-worker',
    prefix: 'stats_worker',
    defaultPort: 5002,
    faults,
    handle: async (database, events) => {
      forgets = faults.isOn('double') && !forgets
      await apply(database, events, !forgets)
      return events.length + events.filter((event) => event.type === 'game_over').length
    },
    chore: { everyMs: pruneEveryMs, run: prune },
  })
}

async function apply(
  database: Database,
  events: readonly StoredEvent[],
  savesIndex: boolean,
): Promise<void> {
  const { players, games } = tally(events)
  await database.query(
    `WITH delta AS (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS d(product_id text, user_id text, games int,
         wins int, losses int, botch int, rock int, paper int, scissors int)
     ), stats AS (
       INSERT INTO player_stats AS s
         (product_id, user_id, games, wins, losses, botch, rock, paper, scissors)
       SELECT product_id, user_id, games, wins, losses, botch, rock, paper, scissors FROM delta
       ON CONFLICT (product_id, user_id) DO UPDATE SET
         games = s.games + excluded.games, wins = s.wins + excluded.wins,
         losses = s.losses + excluded.losses, botch = s.botch + excluded.botch,
         rock = s.rock + excluded.rock, paper = s.paper + excluded.paper,
         scissors = s.scissors + excluded.scissors
     ), scores AS (
       INSERT INTO leaderboard AS l (product_id, user_id, score)
       SELECT product_id, user_id, wins FROM delta WHERE games > 0
       ON CONFLICT (product_id, user_id) DO UPDATE SET score = l.score + excluded.score
     ), counts AS (
       INSERT INTO consumed_events AS c (game_id, consumed)
       SELECT game_id, consumed FROM jsonb_to_recordset($2::jsonb) AS g(game_id text, consumed int)
       ON CONFLICT (game_id) DO UPDATE SET consumed = c.consumed + excluded.consumed
     )
     UPDATE consumer_index SET last_id = $3::bigint WHERE consumer = 'stats-worker' AND $4::boolean`,
    [JSON.stringify(players), JSON.stringify(games), events.at(-1)!.id, savesIndex],
  )
}

async function prune(database: Database): Promise<void> {
  await database.query(
    'DELETE FROM game_events WHERE id < (SELECT min(last_id) FROM consumer_index) - $1::bigint',
    [eventsKept],
  )
}
