// The whole arcade from outside: real processes from `dist`, real sockets, the embedded database.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { dataChecks, startArcade } from '../src/index.ts'
import type { Arcade, ServiceName } from '../src/index.ts'
import { enter, playPair, playUntil, register } from './players.ts'
import type { Addresses } from './players.ts'

const dist = new URL('../dist/', import.meta.url)
const dataDir = mkdtempSync(join(tmpdir(), 'arcade-'))
let arcade: Arcade
let database: Client
let addresses: Addresses

beforeAll(async () => {
  arcade = await startArcade({
    dataDir,
    ports: 0,
    settings: { TICK_MS: 20, HASH_MS: 1, MAIN_JS_KB: 4, WORKER_SLEEP_MS: 50 },
    entryUrl: (name) => new URL(`services/${name}.js`, dist),
    env: process.env,
  })
  database = new Client({ connectionString: arcade.databaseUrl })
  await database.connect()
  addresses = { portal: url('portal'), matchmaker: url('matchmaker') }
}, 60_000)

afterAll(async () => {
  await database?.end()
  await arcade?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const url = (name: ServiceName): string => service(name).url
const service = (name: ServiceName) => arcade.services().find((one) => one.name === name)!

/** Rows that are wrong, by check; a check without any is left out. */
async function violations(): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const { name, query } of dataChecks) {
    const { rows } = await database.query(query)
    if (rows.length > 0) found[name] = rows
  }
  return found
}

/** Asks until the answer is wanted; the last answer is in the error. */
async function eventually<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (isWanted(answer)) return answer
    if (Date.now() > deadlineMs) throw new Error(`still ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function answer(path: string, init: RequestInit = {}): Promise<string> {
  const name = path.slice(0, path.indexOf('/')) as ServiceName
  const response = await fetch(url(name) + path.slice(name.length), { redirect: 'manual', ...init })
  const location = response.headers.get('location')
  return `${response.status} ${location ?? (await response.text())}`
}

describe('what the services answer', () => {
  test.each([
    ['site/', /^200 <!doctype html>/],
    ['game-client/main.js', /^200 \/\* the game client/],
    ['portal/games/v1/games', /^301 \/games\/v1\/games\/$/],
    ['portal/games/v1/games/', /^200 {"count":1,"next":null,"previous":null,"results":\[/],
    ['portal/profile_service/v1/profile/', /^200 $/],
    ['portal/games/v1/leaderboard/exrps/', /^200 \[/],
    ['portal/games/v1/stats/exrps/', /^401 .*not provided/],
    ['matchmaker/game_lobby/exrps/open_games', /^200 \[/],
    ['matchmaker/game_lobby/chess/open_games', /^400 /],
    ['stats/stats/exrps/nobody', /^200 {}$/],
    ['stats/leaderboards/top_ten/chess', /^400 Invalid product Id$/],
    ['game-server/active_games', /^200 \[/],
    ['game-server/nothing', /^404 /],
  ])('GET %s', async (path, wanted) => {
    expect(await answer(path)).toMatch(wanted)
  })

  test.each([
    ['portal/register/', '{', /^400 {"detail":"JSON parse error/],
    ['portal/register/', '{"username":"x","email":"x@y"}', /^400 {"password":\["This field is req/],
    [
      'portal/register/',
      '{"username":"x","email":"x@y","password":"short"}',
      /^400 {"password":\["This password is too short/,
    ],
    ['portal/token/', '{"email":"a@b","password":"no such user"}', /^401 .*No active account/],
    ['portal/token/refresh/', '{"refresh":"a.b.c"}', /^401 .*token_not_valid/],
    ['matchmaker/game_lobby/exrps/create_game', '', /^401 /],
    ['game-server/create_game', '{}', /^400 {"message":"Invalid gameId format."}$/],
    ['game-server/join_game', '{"gameId":"g1","userId":"u"}', /^400 .*Unable to find game/],
    ['game-server/_faults/gravity', '', /^404 .*no fault named 'gravity'/],
    ['game-server/create_game', 'x'.repeat(70_000), /^413 /],
  ])('POST %s %s', async (path, body, wanted) => {
    expect(await answer(path, { method: 'POST', body })).toMatch(wanted)
  })

  test('an account is used once, logs in, and has a profile', async () => {
    const { access } = await register(addresses, 'ada')
    await expect(register(addresses, 'ada')).rejects.toThrow(/already registered.*already reg/)
    const login = await answer('portal/token/', {
      method: 'POST',
      body: '{"email":"ada@arcade.test","password":"let me play"}',
    })
    expect(login).toMatch(/^200 {"refresh":"[^"]+","access":"/)
    const get = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })
    expect(await answer('portal/profile_service/v1/profile/', get(access))).toMatch(
      /^200 {"user":{"id":"[^"]+","username":"ada","account_type":"PL"},"level":1}$/,
    )
    expect(await answer('portal/profile_service/v1/profile/', get('x.y.z'))).toMatch(
      /^401 {"detail":"Given token not valid for any token type","code":"token_not_valid","messages"/,
    )
  })

  test.each([
    ['', 'A user ID and game token must be supplied.'],
    ['?game_token=t&user_id=u', 'Supplied token has no active games associated with it.'],
  ])('a socket with %j is closed with the reason', async (query, wanted) => {
    const socket = new WebSocket(`${service('game-server').wsUrl}/${query}`)
    const reason = await new Promise((resolve) => {
      socket.on('close', (code, text) => resolve(`${code} ${text.toString()}`))
    })
    expect(reason).toBe(`1000 ${wanted}`)
  })

  test.each<[ServiceName, string[]]>([
    ['portal', ['django_http_requests_total_by_view_transport_method_total']],
    ['portal', ['django_http_requests_latency_seconds_by_view_method_bucket']],
    ['portal', ['django_http_responses_total_by_status_total']],
    ['portal', ['django_http_responses_total_by_status_view_method_total']],
    ['matchmaker', ['matchmaker_server_http_request_duration_seconds_bucket']],
    ['matchmaker', ['matchmaker_server_http_request_total', 'matchmaker_server_exporter_info']],
    ['matchmaker-worker', ['matchmaker_worker_execution_time_count', 'vcg_stream_lag_events']],
    ['stats', ['stats_server_http_request_total']],
    ['stats-worker', ['stats_worker_execution_time_sum', 'stats_worker_events_processed_total']],
    ['game-server', ['game_rps_active_games_total', 'game_rps_active_connections_total', 'up']],
    ['game-server', ['game_rps_socket_messages_received', 'vcg_tick_duration_seconds_bucket']],
    ['site', ['process_start_time_seconds', 'nodejs_eventloop_lag_seconds']],
  ])('%s exports %j', async (name, metrics) => {
    const text = await (await fetch(`${url(name)}/metrics`)).text()
    for (const metric of metrics) expect(text).toMatch(new RegExp(`^${metric}[ {]`, 'm'))
  })
})

test('clients share the embedded database without mixing up their statements', async () => {
  const pool = new Pool({ connectionString: arcade.databaseUrl, max: 8 })
  // Too long for one piece on the socket: other clients' messages arrive in between.
  const long = 'x'.repeat(300_000)
  const ask = async (i: number): Promise<boolean> => {
    const { rows } =
      i % 2 === 0
        ? await pool.query('SELECT $1::int AS i, $2::text AS t', [i, `${i} ${long}`])
        : await pool.query('SELECT $2::int AS i, $1::text AS t, $3::float8', [`${i} ${long}`, i, 1])
    return rows[0].i === i && rows[0].t === `${i} ${long}`
  }
  const answers = await Promise.all(Array.from({ length: 80 }, (_, i) => ask(i)))
  const failing = pool.query('SELECT $1::int / 0', [1])
  await expect(failing).rejects.toThrow('division by zero')
  await pool.end()
  expect(answers.every(Boolean)).toBe(true)
})

test('two idle players get 104 messages and leave 32 events', async () => {
  const [host, guest] = [await register(addresses, 'eve'), await register(addresses, 'bob')]
  // 7.5 % of idle games between equals go to a third round: then play again.
  const types = await eventually(
    () => playPair(addresses, host, guest, true),
    (seen) => seen.length === 104,
  )
  expect(types.filter((type) => type === 'RPSRoundEvent').length).toBe(74)
  expect(types.filter((type) => type === 'sync').length).toBe(24)
  await eventually(
    async () => {
      const { rows } = await database.query(
        'SELECT events_produced FROM matches ORDER BY ended_at DESC LIMIT 1',
      )
      return rows[0]?.events_produced as number
    },
    (produced) => produced === 32,
  )
})

describe('under play', () => {
  const ending = new AbortController()
  let played: Promise<number>

  beforeAll(() => {
    played = playUntil(addresses, 3, 'player', ending.signal)
    played.catch(() => {}) // the last test looks at it
  })

  test('no check finds anything, at any moment', async () => {
    const untilMs = Date.now() + 5000
    let looks = 0
    while (Date.now() < untilMs) {
      expect(await violations()).toEqual({})
      looks++
    }
    expect(looks).toBeGreaterThan(5)
  })

  test.each([
    ['double', 'wins_equal_losses'],
    ['drop-events', 'events_produced_equal_consumed'],
    ['zombie', 'lobby_games_exist'],
  ])('%s is found by %s, and mended', async (fault, check) => {
    await arcade.break(fault)
    expect(arcade.faults().find((one) => one.name === fault)?.active).toBe(true)
    const found = await eventually(violations, (all) => all[check] !== undefined)
    expect(found[check]!.length).toBeGreaterThan(0)
    await arcade.mend()
    expect(arcade.faults().some((one) => one.active)).toBe(false)
    expect(await violations()).toEqual({})
  })

  test('players were never in the way', async () => {
    ending.abort()
    expect(await played).toBeGreaterThan(2)
    expect(await violations()).toEqual({})
  })
})

describe('faults of processes', () => {
  test.each([
    ['crash', 'down'],
    ['hang', 'hung'],
  ] as const)('%s leaves the matchmaker %s until it is mended', async (fault, state) => {
    const player = await register(addresses, `after-${fault}`)
    await arcade.break(fault)
    await eventually(
      async () => service('matchmaker').state,
      (now) => now === state,
    )
    await arcade.mend()
    expect(service('matchmaker').state).toBe('up')
    expect((await enter(addresses, player, 'create_game')).status).toBe(200)
  })

  test('errors, slow and leak show, and go', async () => {
    for (const fault of ['errors', 'slow', 'leak', 'slow-stats']) await arcade.break(fault)
    await eventually(
      () => answer('portal/games/v1/games/'),
      (text) => text.startsWith('500'),
    )
    const startMs = Date.now()
    await answer('stats/stats/exrps/nobody')
    expect(Date.now() - startMs).toBeGreaterThan(700)
    await arcade.mend()
    expect(await answer('portal/games/v1/games/')).toMatch(/^200/)
  })

  test('faults are not for web pages', async () => {
    const headers = { Origin: 'https://example.org' }
    expect(await answer('stats/_faults/crash', { method: 'POST', headers })).toMatch(/^403/)
  })

  test('an unknown fault is refused with the names there are', async () => {
    await expect(arcade.break('gravity')).rejects.toThrow(
      /no fault "gravity"; there are crash, hang, slow, errors, leak, double, zombie, drop-events/,
    )
  })
})

test('nothing is left when the arcade stops, nor when its parent is killed', async () => {
  await database.end()
  await arcade.stop()
  expect(arcade.services().map((one) => one.pid)).toEqual(Array(9).fill(null))
  const main = spawn(process.execPath, [fileURLToPath(new URL('main.js', dist)), dataDir], {
    env: { ...process.env, TICK_MS: '20' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  await new Promise<void>((resolve) => {
    main.stdout.on('data', (text: Buffer) => {
      output += text.toString()
      if (output.includes('Ctrl+C')) resolve()
    })
  })
  const pids = [...output.matchAll(/ (\d+)$/gm)].map((match) => Number(match[1]))
  expect(pids.length).toBe(9)
  await fetch(`${/http:\S+/.exec(/^matchmaker .*/m.exec(output)![0])![0]}/_faults/hang`, {
    method: 'POST',
  })
  main.kill('SIGKILL')
  await eventually(
    async () => pids.filter(isRunning),
    (left) => left.length === 0,
  )
})

/** A process that has ended and waits to be collected does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
