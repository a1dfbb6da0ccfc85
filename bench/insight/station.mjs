// What a capacity is made of: a number of places that each hold a customer for a fixed time, and a bucket
// that lets a number of customers through per second.
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * `places` servers with one queue before them. Times follow from a schedule and not from when a timer fires,
 * so the ceiling is exactly places ÷ hold, on a busy machine too.
 */
export class Station {
  waiting = 0
  busy = 0
  served = 0
  /** Seconds that customers have waited, and places were held. */
  waitedSeconds = 0
  heldSeconds = 0
  #holdMs
  #freeAtMs

  constructor(places, holdMs) {
    this.#holdMs = holdMs
    this.#freeAtMs = Array.from({ length: places }, () => 0)
  }

  get places() {
    return this.#freeAtMs.length
  }

  /** Resolves when the customer has been served. */
  async serve() {
    const nowMs = performance.now()
    const place = this.#freeAtMs.indexOf(Math.min(...this.#freeAtMs))
    const startMs = Math.max(nowMs, this.#freeAtMs[place])
    const endMs = startMs + this.#holdMs
    this.#freeAtMs[place] = endMs
    if (startMs > nowMs) {
      this.waiting++
      await until(startMs)
      this.waiting--
      this.waitedSeconds += (startMs - nowMs) / 1000
    }
    this.busy++
    await until(endMs)
    this.busy--
    this.heldSeconds += this.#holdMs / 1000
    this.served++
  }
}

/** `perSecond` tokens, at most `burst` kept. */
export class TokenBucket {
  #perSecond
  #burst
  #tokens
  #atMs = performance.now()

  constructor(perSecond, burst) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  get tokens() {
    const nowMs = performance.now()
    this.#tokens = Math.min(
      this.#burst,
      this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#perSecond,
    )
    this.#atMs = nowMs
    return this.#tokens
  }

  take() {
    if (this.tokens < 1) return false
    this.#tokens--
    return true
  }
}

export async function until(atMs) {
  const leftMs = atMs - performance.now()
  if (leftMs > 0) await sleep(leftMs)
}

/** Keeps the processor busy. */
export function burn(ms) {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}
