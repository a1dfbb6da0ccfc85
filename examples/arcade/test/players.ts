// Players for tests: pairs that register, create, join and play over real sockets until told to stop.
import { WebSocket } from 'ws'

export interface Addresses {
  portal: string
  matchmaker: string
}

interface Account {
  id: string
  access: string
}

/** What a pair of players has seen. */
export interface Played {
  games: number
  /** Messages that the host received, by type. */
  hostMessages: string[]
}

const weapons = [0, 1, 2]

/** Registers a player with a name that nobody else has. */
export async function register(addresses: Addresses, name: string): Promise<Account> {
  const response = await fetch(`${addresses.portal}/register/`, {
    method: 'POST',
    body: JSON.stringify({ username: name, email: `${name}@arcade.test`, password: 'let me play' }),
  })
  if (response.status !== 201) throw new Error(`cannot register ${name}: ${await response.text()}`)
  const { user, access } = (await response.json()) as { user: { id: string }; access: string }
  return { id: user.id, access }
}

export interface Ticket {
  game_id: string
  game_server_url: string
  token: string
}

/** Creates a game, or joins the one with that id. */
export async function enter(
  addresses: Addresses,
  player: Account,
  path: string,
): Promise<{ status: number; text: string; ticket: Ticket }> {
  const response = await fetch(`${addresses.matchmaker}/game_lobby/exrps/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${player.access}` },
  })
  const text = await response.text()
  return {
    status: response.status,
    text,
    ticket: response.ok ? (JSON.parse(text) as Ticket) : ({} as Ticket),
  }
}

/** Plays a game to its end; `idle` players make no choice. Resolves when the server closes. */
export function playGame(
  player: Account,
  ticket: Ticket,
  onMessage: (message: { type: string; gameData?: { p2Id?: string | null } }) => void = () => {},
  isIdle = false,
): Promise<{ code: number; reason: string }> {
  const socket = new WebSocket(
    `${ticket.game_server_url}/?game_token=${ticket.token}&user_id=${player.id}`,
  )
  const send = (message: unknown): void => socket.send(JSON.stringify(message))
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString())
    onMessage(message)
    if (message.type === 'player_joined' && message.gameData.p2Id !== null) {
      send({ type: 'select_fighter', characterId: 'man' })
      send({ type: 'start_battle' })
    }
    const isOpen =
      message.type === 'RPSRoundEvent' &&
      message.eventData.type === 2 &&
      message.eventData.data.newState === 2
    if (isOpen && !isIdle)
      send({ type: 'select_weapon', index: weapons[Math.floor(Math.random() * weapons.length)] })
    if (message.type === 'error') socket.close()
  })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
}

/** One game of two players, from creating it to the close of both sockets. */
export async function playPair(
  addresses: Addresses,
  host: Account,
  guest: Account,
  isIdle = false,
): Promise<string[]> {
  const created = await enter(addresses, host, 'create_game')
  if (created.status !== 200) throw new Error(`cannot create a game: ${created.text}`)
  const types: string[] = []
  const hosting = playGame(host, created.ticket, ({ type }) => types.push(type), isIdle)
  const deadlineMs = Date.now() + 5000
  for (;;) {
    const joined = await enter(addresses, guest, `join_game/${created.ticket.game_id}`)
    if (joined.status === 200) {
      await Promise.all([hosting, playGame(guest, joined.ticket, undefined, isIdle)])
      return types
    }
    if (!joined.text.includes('invalid state') || Date.now() > deadlineMs)
      throw new Error(`cannot join: ${joined.text}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Lets pairs play until the signal; resolves with the number of games. */
export async function playUntil(
  addresses: Addresses,
  pairs: number,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  let games = 0
  const pair = async (i: number): Promise<void> => {
    const host = await register(addresses, `${name}-${i}-host`)
    const guest = await register(addresses, `${name}-${i}-guest`)
    while (!signal.aborted) {
      await playPair(addresses, host, guest)
      games++
    }
  }
  await Promise.all(Array.from({ length: pairs }, (_, i) => pair(i)))
  return games
}
