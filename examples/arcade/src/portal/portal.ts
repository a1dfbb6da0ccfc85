// The portal: registration, login, profile, the list of games, and the way to a player's statistics.
// It works on PORTAL_CONCURRENCY requests at a time, as one synchronous web worker would.
import { connectDatabase } from '../platform/postgres.ts'
import type { Database } from '../platform/postgres.ts'
import { Faults } from '../platform/faults.ts'
import { createHttpService, json } from '../platform/http-service.ts'
import type { Call, Reply, Route } from '../platform/http-service.ts'
import { connectPeer } from '../platform/peer.ts'
import type { Peer } from '../platform/peer.ts'
import { createRegistry, listen, say, startFaults } from '../platform/process.ts'
import { integerSetting, textSetting, tokenSecret, urlSetting } from '../platform/settings.ts'
import type { Environment } from '../platform/settings.ts'
import { issueTokens, readToken } from '../platform/token.ts'
import type { Player } from '../platform/token.ts'
import { createAccount, findAccount, profileLevel, takenFields, usernames } from './accounts.ts'
import { djangoMetrics } from './metrics.ts'
import { checkPassword, hashPassword, roundsFor } from './passwords.ts'

interface Portal {
  database: Database
  stats: Peer
  secret: string
  hashRounds: number
  gameClientUrl: string
}

const passwordLengthMin = 8
const nameLengthMax = 150

/** Starts the service; the result ends it. */
export async function startPortal(env: Environment): Promise<() => Promise<void>> {
  const registry = createRegistry()
  const faults = new Faults()
  const portal: Portal = {
    database: connectDatabase(env, registry),
    stats: connectPeer(urlSetting(env, 'STATS_URL', 'http://127.0.0.1:5000')),
    secret: tokenSecret(env),
    hashRounds: roundsFor(integerSetting(env, 'HASH_MS', 69, [0, 10_000])),
    gameClientUrl: urlSetting(env, 'GAME_CLIENT_URL', 'http://127.0.0.1:8090'),
  }
  const server = createHttpService({
    routes: portalRoutes(portal),
    registry,
    faults,
    observe: djangoMetrics(registry),
    concurrency: integerSetting(env, 'PORTAL_CONCURRENCY', 1, [1, 1000]),
    log: say,
  })
  await listen(server, integerSetting(env, 'PORT', 8000, [0, 65535]))
  await startFaults(faults, textSetting(env, 'FAULTS', ''))
  return async () => {
    server.closeAllConnections()
    server.close()
    portal.stats.close()
    await portal.database.close()
  }
}

function portalRoutes(portal: Portal): Route[] {
  const withSlash = (path: string): Route => ({
    method: 'GET',
    path,
    name: 'redirect',
    handle: (call) => ({ status: 301, headers: { Location: `${call.path}/` } }),
  })
  return [
    { method: 'POST', path: '/register/', name: 'register', handle: (c) => register(portal, c) },
    { method: 'POST', path: '/token/', name: 'token_obtain_pair', handle: (c) => login(portal, c) },
    {
      method: 'POST',
      path: '/token/refresh/',
      name: 'token_refresh',
      handle: (c) => refresh(portal, c),
    },
    {
      method: 'GET',
      path: '/profile_service/v1/profile/',
      name: 'profile_service',
      handle: (c) => profile(portal, c),
    },
    withSlash('/games/v1/games'),
    { method: 'GET', path: '/games/v1/games/', name: 'game-list', handle: () => games(portal) },
    withSlash('/games/v1/stats/:product'),
    {
      method: 'GET',
      path: '/games/v1/stats/:product/',
      name: 'get_player_game_stats',
      handle: (c) => playerStats(portal, c),
    },
    withSlash('/games/v1/leaderboard/:product'),
    {
      method: 'GET',
      path: '/games/v1/leaderboard/:product/',
      name: 'get_game_leaderboard',
      handle: (c) => leaderboard(portal, c),
    },
  ]
}

async function register(portal: Portal, call: Call): Promise<Reply> {
  const fields = readFields(call, ['username', 'email', 'password'])
  if (!(fields instanceof Map)) return fields
  const [username, email, password] = [...fields.values()] as [string, string, string]
  if (password.length < passwordLengthMin)
    return json(400, {
      password: [
        `This password is too short. It must contain at least ${passwordLengthMin} characters.`,
      ],
    })
  const taken = await takenFields(portal.database, username, email)
  if (Object.keys(taken).length > 0) return json(400, taken)
  const hash = await hashPassword(password, portal.hashRounds)
  const created = await createAccount(portal.database, username, email, hash)
  if (!('user_id' in created)) return json(400, created)
  const player = created as Player
  return json(201, {
    user: publicUser(player),
    ...issueTokens(player, portal.secret, Date.now()),
  })
}

async function login(portal: Portal, call: Call): Promise<Reply> {
  const fields = readFields(call, ['email', 'password'])
  if (!(fields instanceof Map)) return fields
  const account = await findAccount(portal.database, fields.get('email')!)
  if (!account || !(await checkPassword(fields.get('password')!, account.password)))
    return json(401, { detail: 'No active account found with the given credentials' })
  return json(200, issueTokens(account, portal.secret, Date.now()))
}

function refresh(portal: Portal, call: Call): Reply {
  const fields = readFields(call, ['refresh'])
  if (!(fields instanceof Map)) return fields
  const player = readToken(fields.get('refresh')!, 'refresh', portal.secret, Date.now())
  if (!player) return json(401, { detail: 'Token is invalid or expired', code: 'token_not_valid' })
  return json(200, issueTokens(player, portal.secret, Date.now()))
}

async function profile(portal: Portal, call: Call): Promise<Reply> {
  const player = authenticate(portal, call)
  if (player === 'anonymous') return { status: 200, type: 'application/json' }
  if (player === 'invalid') return invalidToken()
  const level = await profileLevel(portal.database, player.user_id)
  if (level === null) return { status: 200, type: 'application/json' }
  return json(200, { user: publicUser(player), level })
}

function games(portal: Portal): Reply {
  const game = {
    game_id: 'exrps',
    name: 'Exploding Rock Paper Scissors',
    desc: 'Two fighters, three weapons, best of three rounds.',
    client_url: `${portal.gameClientUrl}/main.js`,
    cover_art: '/assets/exrps/cover.png',
    banner_art: '/assets/exrps/banner.png',
    stats_config: '',
    game_state: 'ACT',
    game_type: 'MSP',
  }
  return json(200, { count: 1, next: null, previous: null, results: [game] })
}

async function playerStats(portal: Portal, call: Call): Promise<Reply> {
  const player = authenticate(portal, call)
  if (player === 'anonymous')
    return json(401, { detail: 'Authentication credentials were not provided.' })
  if (player === 'invalid') return invalidToken()
  const product = encodeURIComponent(call.parts.get('product')!)
  const reply = await portal.stats.get(`/stats/${product}/${player.user_id}`)
  return json(reply.status, reply.body ?? {})
}

async function leaderboard(portal: Portal, call: Call): Promise<Reply> {
  const product = encodeURIComponent(call.parts.get('product')!)
  const reply = await portal.stats.get(`/leaderboards/top_ten/${product}`)
  if (reply.status !== 200 || !Array.isArray(reply.body))
    return json(reply.status, reply.body ?? {})
  const entries = reply.body as { user_id: string; score: number }[]
  const names = await usernames(
    portal.database,
    entries.map((entry) => entry.user_id),
  )
  return json(
    200,
    entries.map((entry) => ({ ...entry, username: names.get(entry.user_id) ?? 'Unknown User' })),
  )
}

function authenticate(portal: Portal, call: Call): Player | 'anonymous' | 'invalid' {
  const [scheme, token] = (call.headers.authorization ?? '').split(' ')
  if (scheme !== 'Bearer' || token === undefined) return 'anonymous'
  return readToken(token, 'access', portal.secret, Date.now()) ?? 'invalid'
}

function invalidToken(): Reply {
  const message = 'Token is invalid or expired'
  return json(401, {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  })
}

function publicUser(player: Player): { id: string; username: string; account_type: string } {
  return { id: player.user_id, username: player.username, account_type: player.account_type }
}

/** The named fields of a JSON body, in order; or the 400 that says which are missing. */
function readFields(call: Call, names: readonly string[]): Map<string, string> | Reply {
  let body: unknown
  try {
    body = JSON.parse(call.body.toString())
  } catch (error) {
    return json(400, { detail: `JSON parse error - ${(error as Error).message}` })
  }
  const given = new Map(typeof body === 'object' && body !== null ? Object.entries(body) : [])
  const fields = new Map<string, string>()
  const errors: Record<string, string[]> = {}
  for (const name of names) {
    const value: unknown = given.get(name)
    if (value === undefined) errors[name] = ['This field is required.']
    else if (typeof value !== 'string') errors[name] = ['Not a valid string.']
    else if (value === '') errors[name] = ['This field may not be blank.']
    else if (name !== 'refresh' && value.length > nameLengthMax)
      errors[name] = [`Ensure this field has no more than ${nameLengthMax} characters.`]
    else fields.set(name, value)
  }
  return Object.keys(errors).length > 0 ? json(400, errors) : fields
}
