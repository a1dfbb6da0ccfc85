// The game server: games by HTTP for the matchmaker, battles by websocket for players.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { Faults } from '../platform/faults.ts'
import { createHttpService, json } from '../platform/http-service.ts'
import type { Call, Observer, Reply, Route } from '../platform/http-service.ts'
import { connectDatabase } from '../platform/postgres.ts'
import { createRegistry, listen, say, startFaults } from '../platform/process.ts'
import { product } from '../platform/product.ts'
import { integerSetting, textSetting } from '../platform/settings.ts'
import type { Environment } from '../platform/settings.ts'
import { EventWriter } from './event-writer.ts'
import { Game } from './game.ts'
import type { GameHost } from './game.ts'

const gamesMax = 10_000
const connectionsMax = 20_000
const messageBytesMax = 4096

/** Starts the service; the result ends it. */
export async function startGameServer(env: Environment): Promise<() => Promise<void>> {
  const tickMs = integerSetting(env, 'TICK_MS', 1000, [1, 60_000])
  const registry = createRegistry()
  const database = connectDatabase(env, registry)
  const writer = new EventWriter(database, say)
  const games = new Games(writer)
  const metrics = gameMetrics(registry, games, writer, tickMs)
  const faults = new Faults({
    'drop-events': { start: () => writer.startDropping(), stop: () => writer.stopDropping() },
    close0: { stop: () => games.closeFinished() },
  })
  games.closesWrongly = () => faults.isOn('close0')
  const http = createHttpService({
    routes: gameRoutes(games),
    registry,
    faults,
    observe: metrics.observeHttp,
    log: say,
  })
  const sockets = createServer((_request, response) => response.writeHead(426).end())
  const websockets = new WebSocketServer({
    server: sockets,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
  })
  websockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', (error) => say(`socket: ${error.message}`))
    socket.on('message', () => metrics.messages.inc())
    if (websockets.clients.size > connectionsMax) return socket.close(1013, 'Server is full.')
    connectPlayer(games, socket, new URL(request.url ?? '/', 'ws://arcade').searchParams)
  })
  metrics.connections(() => websockets.clients.size)

  await writer.removeLeftovers()
  await listen(http, integerSetting(env, 'PORT', 8080, [0, 65535]))
  await listen(sockets, integerSetting(env, 'WS_PORT', 8085, [0, 65535]))
  await startFaults(faults, textSetting(env, 'FAULTS', ''))
  const ticks = setInterval(() => {
    const endTimer = metrics.tick.startTimer()
    games.tick()
    endTimer()
  }, tickMs)
  return async () => {
    clearInterval(ticks)
    for (const client of websockets.clients) client.terminate()
    websockets.close()
    for (const server of [http, sockets]) {
      server.closeAllConnections()
      server.close()
    }
    await writer.close()
    await database.close()
  }
}

/** All games that the server holds. */
class Games implements GameHost {
  readonly writer: EventWriter
  readonly random: () => number = Math.random
  readonly log: (message: string) => void = say
  closesWrongly: () => boolean = () => false
  #byId = new Map<string, Game>()
  #byToken = new Map<string, Game>()

  constructor(writer: EventWriter) {
    this.writer = writer
  }

  get size(): number {
    return this.#byId.size
  }

  ids(): string[] {
    return [...this.#byId.keys()]
  }

  find(gameId: string): Game | undefined {
    return this.#byId.get(gameId)
  }

  findByToken(token: string): Game | undefined {
    return this.#byToken.get(token)
  }

  async create(gameId: string, userId: string, username: string): Promise<Game> {
    const token = randomUUID().replaceAll('-', '')
    const game = new Game(this, gameId, product, token, userId, username)
    this.#byId.set(gameId, game)
    this.#byToken.set(token, game)
    try {
      await this.writer.addLiveGame(gameId, product)
    } catch (error) {
      this.forget(game)
      throw error
    }
    return game
  }

  forget(game: Game): void {
    this.#byId.delete(game.id)
    this.#byToken.delete(game.token)
  }

  tick(): void {
    for (const game of this.#byId.values()) game.tick()
  }

  closeFinished(): void {
    for (const game of this.#byId.values()) game.closeIfOver()
  }
}

function gameRoutes(games: Games): Route[] {
  const post = (path: string, handle: (fields: Fields) => Promise<Reply> | Reply): Route => ({
    method: 'POST',
    path,
    name: path,
    handle: (call) => {
      const fields = readFields(call)
      return typeof fields === 'string' ? json(400, { message: fields }) : handle(fields)
    },
  })
  return [
    post('/create_game', async ({ gameId, userId, username }) => {
      if (games.find(gameId)) return json(400, { message: `Game with ID '${gameId}' exists.` })
      if (games.size >= gamesMax) return json(400, { message: 'Unable to create more games.' })
      return json(200, { gameToken: (await games.create(gameId, userId, username)).token })
    }),
    post('/join_game', ({ gameId, userId, username }) => {
      const game = games.find(gameId)
      if (!game) return json(400, { message: `Unable to find game with ID '${gameId}'.` })
      if (!game.addGuest(userId, username))
        return json(400, {
          message: `Unable to join game with ID '${gameId}' - game capacity already reached.`,
        })
      return json(200, { gameToken: game.token })
    }),
    post('/remove_game', ({ gameId }) => {
      games.find(gameId)?.remove()
      return json(200, {})
    }),
    post('/remove_player', ({ gameId, userId }) => {
      games.find(gameId)?.removeGuest(userId)
      return json(200, {})
    }),
    {
      method: 'GET',
      path: '/active_games',
      name: '/active_games',
      handle: () => json(200, games.ids()),
    },
  ]
}

function connectPlayer(games: Games, socket: WebSocket, query: URLSearchParams): void {
  const token = query.get('game_token')
  const userId = query.get('user_id')
  if (!token || !userId) return socket.close(1000, 'A user ID and game token must be supplied.')
  const game = games.findByToken(token)
  if (!game) return socket.close(1000, 'Supplied token has no active games associated with it.')
  if (!game.hasPlayer(userId))
    return socket.close(1000, 'No active game data found for supplied game ID.')
  game.connect(socket, userId)
}

interface Fields {
  gameId: string
  userId: string
  username: string
}

const idLengthMax = 64
const nameLengthMax = 150

/** Ids and name of a body, empty where absent; or what is wrong with them. */
function readFields(call: Call): Fields | string {
  let body: unknown
  try {
    body = JSON.parse(call.body.toString())
  } catch {
    return 'Invalid JSON.'
  }
  const given = new Map(typeof body === 'object' && body !== null ? Object.entries(body) : [])
  const text = (name: string, lengthMax: number): string | null => {
    const value: unknown = given.get(name) ?? ''
    return typeof value === 'string' && value.length <= lengthMax ? value : null
  }
  const gameId = text('gameId', idLengthMax)
  const userId = text('userId', idLengthMax)
  const username = text('username', nameLengthMax)
  if (!gameId) return 'Invalid gameId format.'
  if (userId === null || (userId === '' && call.path !== '/remove_game'))
    return 'Invalid userId format.'
  return username === null ? 'Invalid username format.' : { gameId, userId, username }
}

interface GameMetrics {
  messages: Counter
  tick: Histogram
  observeHttp: Observer
  connections(count: () => number): void
}

function gameMetrics(
  registry: Registry,
  games: Games,
  writer: EventWriter,
  tickMs: number,
): GameMetrics {
  const registers = [registry]
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  gauge('up', '1 = up, 0 = not up', () => 1)
  gauge('game_rps_active_games_total', 'Number of active games', () => games.size)
  gauge('vcg_tick_budget_seconds', 'Length of a tick.', () => tickMs / 1000)
  gauge('vcg_events_lost', 'Events that could not be kept while the database was away.', () =>
    Number(writer.lost),
  )
  const duration = new Histogram({
    name: 'game_rps_server_http_request_duration',
    help: 'Duration of HTTP requests in seconds',
    labelNames: ['status_code', 'path'],
    buckets: [0.003, 0.03, 0.1, 0.3, 1.5, 10],
    registers,
  })
  return {
    messages: new Counter({
      name: 'game_rps_socket_messages_received',
      help: 'Number of socket messages received',
      registers,
    }),
    tick: new Histogram({
      name: 'vcg_tick_duration_seconds',
      help: 'Time that one tick of all games takes.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
      registers,
    }),
    observeHttp: ({ route, status, seconds }) => {
      if (route) duration.observe({ status_code: status, path: route.path }, seconds)
    },
    connections: (count) =>
      void gauge('game_rps_active_connections_total', 'Number of active connections', count),
  }
}
