// A battle of two fighters, best of three rounds, as a clockwork that does one step per tick:
//
//   tick    1        round started, state 0>1 (in later rounds the second comes a tick later)
//           2..4     countdown 3, 2, 1
//           5        state 1>2: weapons are open
//           6..8     weapon countdown 3, 2, 1
//           9        exchange, state 2>3; nobody down: two ticks later state 3>2, weapons again
//           +1       somebody down: state 3>4, round over
//
// Two idle players need 34 ticks for the first round, 35 for each further one, and 2 for the end. No
// sockets, no database, no clock in here: a tick returns what is to be sent and recorded.
import { exchange } from './fighters.ts'
import type { Fighter, Weapon } from './fighters.ts'

export interface Combatant {
  id: string
  fighter: Fighter
}

/** What a tick brings: a message to both players, an event for the stream, or the end. */
export type Outcome =
  | { kind: 'message'; message: unknown }
  | { kind: 'event'; data: Record<string, string> }
  | { kind: 'over'; winnerId: string; loserId: string }

type Phase =
  | { name: 'opening' }
  | { name: 'countdown'; left: number }
  | { name: 'weapons'; left: number }
  | { name: 'attack'; left: number }
  | { name: 'pause' }
  | { name: 'ending'; left: number }
  | { name: 'over' }

/** Numbers of round events on the wire. */
const roundEvent = {
  countdown: 0,
  weaponCountdown: 1,
  state: 2,
  attack: 3,
  roundOver: 4,
  roundStarted: 5,
} as const
/** Numbers of round states on the wire. */
const roundState = { waiting: 0, countdown: 1, weapons: 2, attack: 3, over: 4 } as const

const countdownFrom = 3
const ticksBetweenAttacks = 2
const ticksToEnd = 2
const roundsToWin = 2

export class Battle {
  #players: readonly [Combatant, Combatant]
  #random: () => number
  #health: [number, number] = [0, 0]
  #wins: [number, number] = [0, 0]
  #weapons: [Weapon | null, Weapon | null] = [null, null]
  #phase: Phase = { name: 'pause' }
  #isFirstRound = true
  #outcomes: Outcome[] = []

  constructor(players: readonly [Combatant, Combatant], random: () => number) {
    this.#players = players
    this.#random = random
  }

  /** Takes a choice while weapons are open; at other times it is ignored. */
  choose(player: 0 | 1, weapon: Weapon): void {
    if (this.#phase.name === 'weapons') this.#weapons[player] = weapon
  }

  /** Does one step. Returns nothing more after the battle is over. */
  tick(): Outcome[] {
    this.#outcomes = []
    this.#phase = this.#step(this.#phase)
    return this.#outcomes
  }

  #step(phase: Phase): Phase {
    switch (phase.name) {
      case 'pause':
        return this.#startRound()
      case 'opening':
        return this.#openRound()
      case 'countdown':
        if (phase.left === 0) return this.#openWeapons(roundState.countdown)
        this.#round(roundEvent.countdown, { value: phase.left })
        return { name: 'countdown', left: phase.left - 1 }
      case 'weapons':
        if (phase.left === 0) return this.#attack()
        this.#round(roundEvent.weaponCountdown, { value: phase.left })
        return { name: 'weapons', left: phase.left - 1 }
      case 'attack':
        if (phase.left > 1) return { name: 'attack', left: phase.left - 1 }
        return this.#isSomebodyDown() ? this.#finishRound() : this.#openWeapons(roundState.attack)
      case 'ending':
        return phase.left > 1 ? { name: 'ending', left: phase.left - 1 } : this.#finish()
      case 'over':
        return phase
    }
  }

  #startRound(): Phase {
    this.#round(roundEvent.roundStarted)
    this.#progress('round_started')
    if (!this.#isFirstRound) return { name: 'opening' }
    this.#isFirstRound = false
    return this.#openRound()
  }

  #openRound(): Phase {
    this.#health = [this.#players[0].fighter.health, this.#players[1].fighter.health]
    this.#changeState(roundState.waiting, roundState.countdown)
    return { name: 'countdown', left: countdownFrom }
  }

  #openWeapons(from: number): Phase {
    this.#weapons = [null, null]
    this.#changeState(from, roundState.weapons)
    return { name: 'weapons', left: countdownFrom }
  }

  #attack(): Phase {
    const [first, second] = this.#players
    const [dealt, suffered] = exchange(
      { fighter: first.fighter, weapon: this.#weapons[0] },
      { fighter: second.fighter, weapon: this.#weapons[1] },
      this.#random,
    )
    this.#health = [Math.max(0, this.#health[0] - suffered), Math.max(0, this.#health[1] - dealt)]
    for (const i of [0, 1] as const)
      this.#record({
        event_name: 'select_weapon',
        event_data: String(this.#weapons[i]),
        user_id: this.#players[i].id,
      })
    this.#round(roundEvent.attack, {
      attackSummary: {
        p1Selection: { weaponId: this.#weapons[0], damageDealt: dealt },
        p2Selection: { weaponId: this.#weapons[1], damageDealt: suffered },
      },
    })
    this.#changeState(roundState.weapons, roundState.attack)
    return { name: 'attack', left: this.#isSomebodyDown() ? 1 : ticksBetweenAttacks }
  }

  #finishRound(): Phase {
    // When both are down the first player has won.
    const winner = this.#health[1] === 0 ? 0 : 1
    const winnerId = this.#players[winner].id
    const loserId = this.#players[1 - winner]!.id
    this.#wins[winner]++
    this.#changeState(roundState.attack, roundState.over)
    this.#round(roundEvent.roundOver, { roundWinnerId: winnerId, roundLoserId: loserId })
    this.#progress('round_finished', { round_winner_id: winnerId, round_loser_id: loserId })
    return this.#wins[winner] === roundsToWin
      ? { name: 'ending', left: ticksToEnd }
      : { name: 'pause' }
  }

  #finish(): Phase {
    const winner = this.#wins[0] === roundsToWin ? 0 : 1
    const winnerId = this.#players[winner].id
    const loserId = this.#players[1 - winner]!.id
    this.#send(gameEvent(1, { winnerId, loserId }))
    this.#outcomes.push({ kind: 'over', winnerId, loserId })
    return { name: 'over' }
  }

  #isSomebodyDown(): boolean {
    return this.#health[0] === 0 || this.#health[1] === 0
  }

  #changeState(oldState: number, newState: number): void {
    this.#round(roundEvent.state, { newState, oldState })
    this.#send({
      type: 'sync',
      gameData: { p1Health: this.#health[0], p2Health: this.#health[1] },
    })
  }

  #progress(progressEvent: string, data: Record<string, string> = {}): void {
    this.#record({
      ...data,
      event_name: 'progression',
      progress_event: progressEvent,
      p1_id: this.#players[0].id,
      p2_id: this.#players[1].id,
    })
  }

  #round(type: number, data?: Record<string, unknown>): void {
    this.#send({
      type: 'RPSRoundEvent',
      eventData: { type, ...(data && { data }), classtype: 'RPSRoundEvent' },
    })
  }

  #send(message: unknown): void {
    this.#outcomes.push({ kind: 'message', message })
  }

  #record(data: Record<string, string>): void {
    this.#outcomes.push({ kind: 'event', data })
  }
}

/** A message about the whole game: 0 started, 1 complete. */
export function gameEvent(type: 0 | 1, data: Record<string, string>): unknown {
  return { type: 'RPSGameEvent', eventData: { type, data, classtype: 'RPSGameEvent' } }
}
