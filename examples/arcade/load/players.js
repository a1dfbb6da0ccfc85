/* oxlint-disable import/no-default-export -- what a player does is the default export in k6 scripts */
// Players of the arcade: they register, look around, create and join games, and play them.
//
//   vigie load examples/arcade/load/players.js              ten players for a minute
//   vigie load -u 100 -d 5m examples/arcade/load/players.js
//
// Runs on k6 as well. Roles go by number: every tenth player only looks around, of the others the
// even ones create games and the odd ones join. What follows is the module's scope, which each
// player has for itself: the account and its tokens last for all of a player's iterations.
//
// Environment: PORTAL_URL, SITE_URL, GAME_CLIENT_URL, MATCHMAKER_URL (and GAME_SERVER_WS_URL, when
// the address that the matchmaker gives is not the one to use); PACE, seconds between two steps
// (default 1); JOIN=first, all join the oldest game and most are refused, as the real ones do
// (default: any game); GAME_SECONDS, longest game (default 180).
import { check, group, sleep } from 'k6'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import ws from 'k6/ws'

const portal = __ENV.PORTAL_URL || 'http://127.0.0.1:8000'
const site = __ENV.SITE_URL || 'http://127.0.0.1:8002'
const gameClient = __ENV.GAME_CLIENT_URL || 'http://127.0.0.1:8090'
const matchmaker = __ENV.MATCHMAKER_URL || 'http://127.0.0.1:5050'
const pace = Number(__ENV.PACE || 1)
const gameSeconds = Number(__ENV.GAME_SECONDS || 180)
const product = 'exrps'
const fighters = ['aru', 'man', 'hog', 'rad']

/** Seconds after which the access token, good for an hour, is exchanged. */
const tokenSeconds = 50 * 60
const openedWeapons = 2

export const options = {
  vus: 10,
  duration: '1m',
  // Without `url`: every game has its own, and each would be a series.
  systemTags: [
    'proto',
    'subproto',
    'status',
    'method',
    'name',
    'group',
    'check',
    'error',
    'error_code',
    'scenario',
    'expected_response',
  ],
  thresholds: {
    checks: ['rate>0.95'],
    'http_req_failed{group:::look around}': ['rate<0.01'],
    'http_req_duration{group:::look around}': ['p(95)<2000'],
    ws_connecting: ['p(95)<1000'],
  },
}

const gamesFinished = new Counter('games_finished')
const gamesUnfinished = new Counter('games_unfinished')
const gameDuration = new Trend('game_duration', true)

// This player; null until registered.
let account = null

export default function () {
  if (account === null) account = register()
  if (account === null) return pause(5)
  if (Date.now() - account.sinceMs > tokenSeconds * 1000) refresh()

  lookAround()
  if (__VU % 10 === 0) return pause(2)
  const ticket = __VU % 2 === 0 ? createGame() : joinGame()
  if (ticket !== null) playGame(ticket)
  pause(1)
}

/** Steps come at a player's pace, not all at once. */
function pause(steps) {
  sleep(steps * pace * (0.5 + Math.random()))
}

function register() {
  const name = `player-${__VU}-${Math.floor(Math.random() * 1e9)}`
  let registered = null
  group('register', () => {
    const response = http.post(
      `${portal}/register/`,
      JSON.stringify({ username: name, email: `${name}@arcade.example`, password: 'let me play' }),
      { headers: { 'Content-Type': 'application/json' } },
    )
    const isRegistered = check(response, { registered: (r) => r.status === 201 })
    if (!isRegistered) return // leaves the group only
    const body = response.json()
    registered = { id: body.user.id, sinceMs: Date.now(), ...tokens(body) }
  })
  return registered
}

function refresh() {
  const response = http.post(
    `${portal}/token/refresh/`,
    JSON.stringify({ refresh: account.refresh }),
    { headers: { 'Content-Type': 'application/json' } },
  )
  if (!check(response, { refreshed: (r) => r.status === 200 })) return
  account = { ...account, sinceMs: Date.now(), ...tokens(response.json()) }
}

function tokens(body) {
  return { refresh: body.refresh, headers: { Authorization: `Bearer ${body.access}` } }
}

function lookAround() {
  const params = { headers: account.headers }
  group('look around', () => {
    check(http.get(`${site}/`), { 'site is there': (r) => r.status === 200 })
    // A player's browser keeps the client after the first time.
    if (__ITER === 0)
      check(http.get(`${gameClient}/main.js`), { 'game client is there': (r) => r.status === 200 })
    const profile = http.get(`${portal}/profile_service/v1/profile/`, params)
    check(profile, {
      'profile is mine': (r) => r.status === 200 && r.json('user.id') === account.id,
    })
    check(http.get(`${portal}/games/v1/games`, params), {
      'games are listed': (r) => r.status === 200 && r.json('count') === 1,
    })
    pause(1)
    check(http.get(`${portal}/games/v1/stats/${product}/`, params), {
      'stats are there': (r) => r.status === 200,
    })
    check(http.get(`${portal}/games/v1/leaderboard/${product}/`, params), {
      'leaderboard is there': (r) => r.status === 200,
    })
  })
  pause(1)
}

/** A new game, or null when the matchmaker refuses. */
function createGame() {
  let ticket = null
  group('create', () => {
    const response = http.post(`${matchmaker}/game_lobby/${product}/create_game`, null, {
      headers: account.headers,
    })
    if (check(response, { 'game created': (r) => r.status === 200 })) ticket = response.json()
  })
  return ticket
}

/** A seat in somebody's game, or null when there was none, or others were faster, three times. */
function joinGame() {
  let ticket = null
  group('join', () => {
    for (let i = 0; i < 3 && ticket === null; i++) {
      const game = chooseGame()
      if (game !== null) ticket = join(game)
      if (ticket === null) pause(1)
    }
  })
  return ticket
}

function chooseGame() {
  const response = http.get(`${matchmaker}/game_lobby/${product}/open_games?count=25`, {
    tags: { name: 'open_games' },
  })
  if (!check(response, { 'games are offered': (r) => r.status === 200 })) return null
  const games = response.json()
  if (games.length === 0) return null
  return __ENV.JOIN === 'first' ? games[0] : games[Math.floor(Math.random() * games.length)]
}

function join(game) {
  const response = http.post(
    `${matchmaker}/game_lobby/${product}/join_game/${game.game_id}`,
    null,
    {
      headers: account.headers,
      tags: { name: 'join_game' },
      // To be refused because somebody else was faster is nobody's failure.
      responseCallback: http.expectedStatuses(200, 400, 404),
    },
  )
  check(response, {
    'join answered': (r) => r.status === 200 || r.status === 400 || r.status === 404,
  })
  return response.status === 200 ? response.json() : null
}

/** Plays until the server closes the socket. */
function playGame(ticket) {
  const server = __ENV.GAME_SERVER_WS_URL || ticket.game_server_url
  const startMs = Date.now()
  let isFinished = false
  group('play', () => {
    const response = ws.connect(
      `${server}/?game_token=${ticket.token}&user_id=${account.id}`,
      { tags: { name: 'game' } },
      (socket) => {
        const send = (message) => socket.send(JSON.stringify(message))
        socket.on('message', (text) => {
          const message = JSON.parse(text)
          if (message.type === 'player_joined' && message.gameData.p2Id !== null) {
            send({ type: 'select_fighter', characterId: anyOf(fighters) })
            send({ type: 'start_battle' })
          } else if (message.type === 'RPSRoundEvent') {
            const { type, data } = message.eventData
            const isOpen = type === 2 && data.newState === openedWeapons
            // One in twenty forgets to choose.
            if (isOpen && Math.random() < 0.95)
              send({ type: 'select_weapon', index: anyOf([0, 1, 2]) })
          } else if (message.type === 'RPSGameEvent' && message.eventData.type === 1) {
            isFinished = true
          } else if (message.type === 'error') {
            socket.close()
          }
        })
        socket.setTimeout(() => socket.close(), gameSeconds * 1000)
      },
    )
    check(response, { 'game connected': (r) => r && r.status === 101 })
  })
  if (isFinished) {
    gamesFinished.add(1)
    gameDuration.add(Date.now() - startMs)
  } else {
    gamesUnfinished.add(1)
  }
}

function anyOf(list) {
  return list[Math.floor(Math.random() * list.length)]
}
