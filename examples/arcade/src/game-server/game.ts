// One game on the server: who is in it, who is connected, and what happens between them.
import { WebSocket } from 'ws'
import type { GameEvent } from '../platform/game-events.ts'
import { Battle, gameEvent } from './battle.ts'
import type { EventWriter } from './event-writer.ts'
import { fighters } from './fighters.ts'
import type { Weapon } from './fighters.ts'

/** A seat, from the HTTP call that took it until the player is gone. */
interface Seat {
  userId: string
  username: string
  socket: WebSocket | null
  characterId: string | null
  isReady: boolean
}

/** What a game needs from the server that holds it. */
export interface GameHost {
  writer: EventWriter
  random: () => number
  /** Takes the game out of the server's list. */
  forget: (game: Game) => void
  /** The fault close0: sockets are closed with a code that does not exist. */
  closesWrongly: () => boolean
  log: (message: string) => void
}

/** Close codes and error codes on the wire. */
const normalClosure = 1000
const hostNotReady = 4000
const alreadyConnected = 4001
const hostDisconnected = 4002
const opponentDisconnected = 4003
const handlerFailed = -1
/** Bytes that may wait for a player who does not read. */
const sendBufferBytesMax = 1024 * 1024

export class Game {
  readonly id: string
  readonly productId: string
  readonly token: string
  #server: GameHost
  #host: Seat
  #guest: Seat | null = null
  #battle: Battle | null = null
  #isOver = false
  #isRemoved = false
  #eventsProduced = 0
  #result: { winnerId: string; loserId: string } | null = null

  constructor(
    server: GameHost,
    id: string,
    productId: string,
    token: string,
    userId: string,
    username: string,
  ) {
    this.#server = server
    this.id = id
    this.productId = productId
    this.token = token
    this.#host = seat(userId, username)
  }

  /** False when both seats are taken. */
  addGuest(userId: string, username: string): boolean {
    if (this.#guest) return false
    this.#guest = seat(userId, username)
    return true
  }

  hasPlayer(userId: string): boolean {
    return this.#host.userId === userId || this.#guest?.userId === userId
  }

  /** Connects a player of this game, or closes the socket with the reason why not. */
  connect(socket: WebSocket, userId: string): void {
    const isHost = this.#host.userId === userId
    const mine = isHost ? this.#host : this.#guest!
    if (mine.socket) return socket.close(alreadyConnected, 'Player is already connected.')
    if (!isHost && !this.#host.socket)
      return socket.close(hostNotReady, 'Host is not ready to receive players.')
    mine.socket = socket
    socket.on('message', (text: Buffer) => this.#receive(mine, text.toString()))
    socket.on('close', () => this.#disconnected(mine, socket))
    this.#broadcast({
      type: 'player_joined',
      gameData: {
        p1Id: this.#host.userId,
        p1Name: this.#host.username,
        p2Id: this.#guest?.socket ? this.#guest.userId : null,
        p2Name: this.#guest?.socket ? this.#guest.username : null,
      },
    })
    this.#record('state_change', { new_state: isHost ? 'creator_joined' : 'all_players_joined' })
  }

  /** Moves the battle on by one tick. */
  tick(): void {
    if (!this.#battle || this.#isOver) return
    for (const outcome of this.#battle.tick()) {
      if (outcome.kind === 'message') this.#broadcast(outcome.message)
      else if (outcome.kind === 'event') this.#record('gameplay', outcome.data)
      else this.#finish(outcome.winnerId, outcome.loserId)
    }
  }

  /** Closes what a fault left open. */
  closeIfOver(): void {
    if (this.#isOver) this.remove()
  }

  /** Ends the game for everybody. */
  remove(): void {
    if (this.#isRemoved) return
    this.#isRemoved = true
    for (const one of [this.#host, this.#guest]) one?.socket?.close(normalClosure)
    this.#record('game_removed', {})
    this.#saveResult()
    this.#server.writer.recordRemoval(this.id)
    this.#server.forget(this)
  }

  /** Takes the guest out, so that another can join; false when that user is not the guest. */
  removeGuest(userId: string): boolean {
    const guest = this.#guest
    if (!guest || guest.userId !== userId) return false
    this.#guest = null
    this.#battle = null
    this.#host.isReady = false
    guest.socket?.close(normalClosure)
    return true
  }

  #receive(from: Seat, text: string): void {
    try {
      this.#handle(from, JSON.parse(text) as Record<string, unknown>)
    } catch (error) {
      send(from, { type: 'error', message: (error as Error).message, code: handlerFailed })
    }
  }

  #handle(from: Seat, message: Record<string, unknown>): void {
    switch (message['type']) {
      case 'select_fighter':
        return this.#selectFighter(from, message['characterId'])
      case 'start_battle':
        return this.#startBattle(from)
      case 'select_weapon':
        return this.#selectWeapon(from, message['index'])
      default:
        throw new Error(`Unknown message type: ${String(message['type'])}`)
    }
  }

  #selectFighter(from: Seat, characterId: unknown): void {
    if (typeof characterId !== 'string' || !fighters.has(characterId))
      return send(from, { type: 'error', reason: 'Invalid character ID specified.' })
    from.characterId = characterId
    this.#record('gameplay', {
      event_name: 'select_fighter',
      event_data: characterId,
      user_id: from.userId,
    })
    const other = from === this.#host ? this.#guest : this.#host
    send(from, selection(from))
    if (!other?.characterId) return
    send(from, selection(other))
    send(other, selection(from))
  }

  #startBattle(from: Seat): void {
    if (!from.characterId) throw new Error('No fighter selected.')
    if (this.#battle || from.isReady) return
    from.isReady = true
    this.#record('gameplay', { event_name: 'set_ready', event_data: '', user_id: from.userId })
    const host = this.#host
    const guest = this.#guest
    if (!guest?.isReady || !host.isReady) return
    this.#battle = new Battle(
      [
        { id: host.userId, fighter: fighters.get(host.characterId!)! },
        { id: guest.userId, fighter: fighters.get(guest.characterId!)! },
      ],
      this.#server.random,
    )
    this.#broadcast(gameEvent(0, {}))
  }

  #selectWeapon(from: Seat, index: unknown): void {
    if (index !== 0 && index !== 1 && index !== 2) throw new Error('Invalid weapon index.')
    this.#battle?.choose(from === this.#host ? 0 : 1, index satisfies Weapon)
  }

  #finish(winnerId: string, loserId: string): void {
    this.#isOver = true
    this.#result = { winnerId, loserId }
    this.#record('game_over', { winner_id: winnerId, loser_id: loserId })
    this.#saveResult()
    if (!this.#server.closesWrongly()) return this.remove()
    try {
      this.#host.socket?.close(0, '')
    } catch (error) {
      this.#server.log(`cannot close the sockets of game ${this.id}: ${String(error)}`)
    }
  }

  #disconnected(seatOf: Seat, socket: WebSocket): void {
    if (this.#isRemoved || seatOf.socket !== socket) return
    seatOf.socket = null
    if (this.#isOver) return
    if (seatOf === this.#host) {
      if (this.#guest)
        send(this.#guest, { type: 'error', message: 'Host disconnected', code: hostDisconnected })
      return this.remove()
    }
    if (!this.removeGuest(seatOf.userId)) return
    const message = 'Opponent disconnected'
    send(this.#host, { type: 'error', message, code: opponentDisconnected })
    this.#record('player_disconnect', { player_id: seatOf.userId })
  }

  #saveResult(): void {
    if (!this.#result) return
    this.#server.writer.recordResult({
      gameId: this.id,
      productId: this.productId,
      ...this.#result,
      eventsProduced: this.#eventsProduced,
    })
  }

  #record(type: GameEvent['type'], data: Record<string, string>): void {
    this.#eventsProduced++
    this.#server.writer.record({ productId: this.productId, gameId: this.id, type, data })
  }

  #broadcast(message: unknown): void {
    const text = JSON.stringify(message)
    sendText(this.#host, text)
    if (this.#guest) sendText(this.#guest, text)
  }
}

function seat(userId: string, username: string): Seat {
  return { userId, username, socket: null, characterId: null, isReady: false }
}

function selection(of: Seat): unknown {
  return {
    type: 'select_fighter',
    gameData: { playerId: of.userId, selectedCharacterId: of.characterId },
  }
}

function send(to: Seat, message: unknown): void {
  sendText(to, JSON.stringify(message))
}

function sendText(to: Seat, text: string): void {
  const { socket } = to
  if (socket?.readyState !== WebSocket.OPEN) return
  if (socket.bufferedAmount > sendBufferBytesMax) return socket.terminate()
  socket.send(text)
}
