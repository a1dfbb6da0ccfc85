// The stats service: a player's counters, all of them text, and the best of all players.
import { Faults } from '../platform/faults.ts'
import { flaskMetrics } from '../platform/flask-metrics.ts'
import { createHttpService, json } from '../platform/http-service.ts'
import type { Reply } from '../platform/http-service.ts'
import { connectDatabase } from '../platform/postgres.ts'
import type { Database } from '../platform/postgres.ts'
import { createRegistry, listen, say, startFaults } from '../platform/process.ts'
import { product } from '../platform/product.ts'
import { integerSetting, textSetting } from '../platform/settings.ts'
import type { Environment } from '../platform/settings.ts'

/** The "top ten" has always had one more. */
const topCount = 11

/** Starts the service; the result ends it. */
export async function startStats(env: Environment): Promise<() => Promise<void>> {
  const registry = createRegistry()
  const faults = new Faults({ 'slow-stats': {} })
  const database = connectDatabase(env, registry)
  const server = createHttpService({
    routes: [
      {
        method: 'GET',
        path: '/stats/:product/:user',
        name: 'player_stats.get_player_stats',
        handle: ({ parts }) => playerStats(database, parts.get('product')!, parts.get('user')!),
      },
      {
        method: 'GET',
        path: '/leaderboards/top_ten/:product',
        name: 'leaderboards.get_leaderboard',
        handle: ({ parts }) => leaderboard(database, parts.get('product')!),
      },
    ],
    registry,
    faults,
    observe: flaskMetrics(registry, 'stats_server'),
    log: say,
  })
  await listen(server, integerSetting(env, 'PORT', 5000, [0, 65535]))
  await startFaults(faults, textSetting(env, 'FAULTS', ''))
  return async () => {
    await faults.stop()
    server.closeAllConnections()
    server.close()
    await database.close()
  }
}

async function playerStats(database: Database, productId: string, userId: string): Promise<Reply> {
  if (productId !== product) return invalidProduct()
  const rows = await database.query<Record<string, number>>(
    `SELECT games, wins, losses, botch AS botch_selection_count, rock AS rock_selection_count,
       paper AS paper_selection_count, scissors AS scissors_selection_count
     FROM player_stats WHERE product_id = $1 AND user_id = $2`,
    [productId, userId],
  )
  const counters = Object.entries(rows[0] ?? {}).map(([name, value]) => [name, String(value)])
  return json(200, Object.fromEntries(counters))
}

async function leaderboard(database: Database, productId: string): Promise<Reply> {
  if (productId !== product) return invalidProduct()
  const best = await database.query<{ user_id: string; score: number }>(
    `SELECT user_id, score FROM leaderboard WHERE product_id = $1
     ORDER BY score DESC, user_id LIMIT ${topCount}`,
    [productId],
  )
  return json(200, best)
}

function invalidProduct(): Reply {
  return { status: 400, type: 'text/plain', body: 'Invalid product Id' }
}
