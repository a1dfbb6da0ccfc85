// The matchmaker: players create games, list those that are open, and join one. Replies are JSON
// text sent as text/html, as the platform has always done.
import { randomUUID } from 'node:crypto'
import { Faults } from '../platform/faults.ts'
import { flaskMetrics } from '../platform/flask-metrics.ts'
import { createHttpService } from '../platform/http-service.ts'
import type { Call, Reply } from '../platform/http-service.ts'
import { connectPeer } from '../platform/peer.ts'
import type { Peer } from '../platform/peer.ts'
import { connectDatabase } from '../platform/postgres.ts'
import type { Database } from '../platform/postgres.ts'
import { createRegistry, listen, say, startFaults } from '../platform/process.ts'
import { product } from '../platform/product.ts'
import { integerSetting, textSetting, tokenSecret, urlSetting } from '../platform/settings.ts'
import type { Environment } from '../platform/settings.ts'
import { readToken } from '../platform/token.ts'
import type { Player } from '../platform/token.ts'
import { addGame, addZombie, findGame, joinGame, openGames } from './lobby.ts'
import type { LobbyGame, NewGame } from './lobby.ts'

interface Matchmaker {
  database: Database
  gameServer: Peer
  secret: string
  /** Where players connect, `host:port`. */
  gameServerAddress: string
}

const openGamesMax = 25
const openGamesDefault = 10
const zombieEveryMs = 2000

/** Starts the service; the result ends it. */
export async function startMatchmaker(env: Environment): Promise<() => Promise<void>> {
  const registry = createRegistry()
  const matchmaker: Matchmaker = {
    database: connectDatabase(env, registry),
    gameServer: connectPeer(urlSetting(env, 'GAME_SERVER_URL', 'http://127.0.0.1:8080')),
    secret: tokenSecret(env),
    gameServerAddress: textSetting(env, 'GAME_SERVER_WS', '127.0.0.1:8085'),
  }
  const faults = new Faults({ zombie: zombieFault(matchmaker) })
  const lobby = '/game_lobby/:product'
  const server = createHttpService({
    routes: [
      {
        method: 'POST',
        path: `${lobby}/create_game`,
        name: 'game_lobby.create_new_game',
        handle: (call) => createGame(matchmaker, call),
      },
      {
        method: 'POST',
        path: `${lobby}/join_game/:game`,
        name: 'game_lobby.join_game',
        handle: (call) => join(matchmaker, call),
      },
      {
        method: 'GET',
        path: `${lobby}/open_games`,
        name: 'game_lobby.get_open_games',
        handle: (call) => listOpenGames(matchmaker, call),
      },
    ],
    registry,
    faults,
    observe: flaskMetrics(registry, 'matchmaker_server'),
    log: say,
  })
  await listen(server, integerSetting(env, 'PORT', 5050, [0, 65535]))
  await startFaults(faults, textSetting(env, 'FAULTS', ''))
  return async () => {
    await faults.stop()
    server.closeAllConnections()
    server.close()
    matchmaker.gameServer.close()
    await matchmaker.database.close()
  }
}

async function createGame(matchmaker: Matchmaker, call: Call): Promise<Reply> {
  const player = authenticate(matchmaker, call)
  if (!player) return html(401, 'Unauthorized')
  if (call.parts.get('product') !== product) return html(400, 'Unknown product')
  const gameId = randomUUID().replaceAll('-', '')
  const answer = await matchmaker.gameServer.post('/create_game', {
    gameId,
    userId: player.user_id,
    username: player.username,
  })
  if (answer.status !== 200) return html(400, 'Unable to create game on target game server.')
  const { gameToken } = answer.body as { gameToken: string }
  const game = await addGame(
    matchmaker.database,
    newGame(matchmaker, gameId, player.user_id, player.username, gameToken),
  )
  return html(200, JSON.stringify(ownGame(game)))
}

async function listOpenGames(matchmaker: Matchmaker, call: Call): Promise<Reply> {
  if (call.parts.get('product') !== product) return html(400, 'Unknown product')
  const count = queryNumber(call, 'count', openGamesDefault)
  const page = queryNumber(call, 'page', 0)
  if (count === null || page === null) return html(400, 'count and page must be whole numbers')
  const games = await openGames(
    matchmaker.database,
    product,
    Math.min(count, openGamesMax),
    Math.min(page, 1_000_000),
  )
  return html(200, JSON.stringify(games.map(publicGame)))
}

async function join(matchmaker: Matchmaker, call: Call): Promise<Reply> {
  const player = authenticate(matchmaker, call)
  if (!player) return html(401, 'Unauthorized')
  const gameId = call.parts.get('game')!
  const game = await findGame(matchmaker.database, gameId)
  if (!game || game.product_id !== call.parts.get('product')) return html(404, 'Game not found')
  if (game.state !== 'creator_joined')
    return html(400, `Unable to join game - invalid state: ${game.state}`)
  const answer = await matchmaker.gameServer.post('/join_game', {
    gameId,
    userId: player.user_id,
    username: player.username,
  })
  if (answer.status !== 200) return html(400, 'Unable to join game on target game server.')
  const joined = await joinGame(matchmaker.database, gameId, player.user_id)
  return joined ? html(200, JSON.stringify(ownGame(joined))) : html(404, 'Game not found')
}

/** While it is on, a game that nobody holds comes back into the lobby whenever it was purged. */
function zombieFault(matchmaker: Matchmaker): { start(): Promise<void>; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    start: async () => {
      const gameId = randomUUID().replaceAll('-', '')
      const game = newGame(matchmaker, gameId, randomUUID(), 'ghost', gameId)
      await addZombie(matchmaker.database, game)
      timer = setInterval(() => {
        addZombie(matchmaker.database, game).catch((error: unknown) => say(String(error)))
      }, zombieEveryMs)
    },
    stop: () => clearInterval(timer),
  }
}

function newGame(
  matchmaker: Matchmaker,
  gameId: string,
  creatorId: string,
  creatorName: string,
  token: string,
): NewGame {
  return {
    game_id: gameId,
    product_id: product,
    game_server_url: `ws://${matchmaker.gameServerAddress}`,
    creator_id: creatorId,
    creator_name: creatorName,
    players: [creatorId],
    settings: { num_players: 2 },
    token,
    target_game_server: matchmaker.gameServerAddress,
  }
}

/** What everybody may see. */
function publicGame(game: LobbyGame): Record<string, unknown> {
  return {
    game_id: game.game_id,
    product_id: game.product_id,
    game_server_url: game.game_server_url,
    creator_id: game.creator_id,
    creator_name: game.creator_name,
    players: game.players,
    settings: game.settings,
  }
}

/** What its players see. */
function ownGame(game: LobbyGame): Record<string, unknown> {
  return {
    ...publicGame(game),
    token: game.token,
    _last_updated: lastUpdated(game.last_updated),
    state: game.state,
    target_game_server: game.target_game_server,
  }
}

/** `22-Nov-2026 (14:39:10.000000)`, in UTC. */
function lastUpdated(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ')
  return `${day}-${month}-${year} (${time}.${String(at.getUTCMilliseconds()).padStart(3, '0')}000)`
}

/** The second word of the header is the token, whatever the first is. */
function authenticate(matchmaker: Matchmaker, call: Call): Player | null {
  const token = (call.headers.authorization ?? '').split(' ')[1]
  return token === undefined ? null : readToken(token, 'access', matchmaker.secret, Date.now())
}

function queryNumber(call: Call, name: string, fallback: number): number | null {
  const text = call.query.get(name)
  if (text === null) return fallback
  return /^\d{1,9}$/.test(text) ? Number(text) : null
}

function html(status: number, body: string): Reply {
  return { status, type: 'text/html; charset=utf-8', body }
}
