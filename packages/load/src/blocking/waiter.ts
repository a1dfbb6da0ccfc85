/**
 * The VU thread's way to wait: the thread stops in Atomics.wait until the I/O thread has something
 * for it, so that nothing of the script can run meanwhile. What comes while it does not wait comes
 * through the event loop.
 */
import { receiveMessageOnPort } from 'node:worker_threads'
import type { BlockingData, FromIo, ToIo } from './wire.ts'

/** ms between two hand-overs of samples: what a thread loses when it has to be terminated. */
const FLUSH_INTERVAL_MS = 100

type Answer = Exclude<FromIo, { op: 'stop' }>
type Listener = (message: Answer) => void

interface Timer {
  atMs: number
  fire(): void
}

export interface WaiterHooks {
  /** Hands over samples. False: there were none. */
  flush(): boolean
  /** Told to stop while it does not wait. */
  stop(): void
}

export class Waiter {
  readonly #port: BlockingData['port']
  readonly #posted: Int32Array
  readonly #listeners = new Map<number, Listener>()
  readonly #timers = new Set<Timer>()
  /** What came while the script waited for something else; it is heard when that is over. */
  #deferred: Answer[] = []
  #lastId = 0
  /** Blocking calls that wait right now: one, or a handler's inside of ws.connect's. */
  #depth = 0
  #flushedMs = -Infinity
  #hooks: WaiterHooks = { flush: () => false, stop() {} }

  constructor({ port, posted }: BlockingData) {
    this.#port = port
    this.#posted = new Int32Array(posted)
    port.on('message', (message: FromIo) => this.#hear(message, null))
  }

  /** Called once, before anything waits. */
  attach(hooks: WaiterHooks): void {
    this.#hooks = hooks
  }

  /** Waits until `start` calls back. Gives what it was called back with, or throws it. */
  block<T>(start: (done: (value: T) => void, fail: (error: unknown) => void) => unknown): T {
    let end: { value: T } | { error: unknown } | null = null
    const firstId = this.#lastId + 1
    start(
      (value) => (end ??= { value }),
      (error) => (end ??= { error }),
    )
    this.#depth++
    while (end === null) this.#step(firstId)
    this.#depth--
    if (this.#depth === 0 && this.#deferred.length > 0) setTimeout(() => this.#catchUp(), 0)
    this.#flush()
    const outcome = end as { value: T } | { error: unknown }
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** As setTimeout, and also while the thread waits. Gives how to cancel it. */
  later(fn: () => void, ms: number): () => void {
    const cancel = (): void => {
      clearTimeout(ordinary)
      this.#timers.delete(timer)
    }
    const timer: Timer = {
      atMs: performance.now() + ms,
      fire: () => {
        cancel()
        fn()
      },
    }
    const ordinary = setTimeout(() => timer.fire(), ms)
    this.#timers.add(timer)
    return cancel
  }

  /** Ends the thread here and now: not even a finally of the script runs. Samples are handed over first. */
  die(): never {
    this.#hooks.flush()
    // In a worker thread this ends the thread, not the process.
    process.exit(0)
  }

  // The I/O thread

  post(message: ToIo): void {
    this.#port.postMessage(message)
  }

  /** A number for what comes back about something that is asked for. */
  listen(listener: Listener): number {
    this.#listeners.set(++this.#lastId, listener)
    return this.#lastId
  }

  forget(id: number): void {
    this.#listeners.delete(id)
  }

  /** `firstId`: what is being waited for was asked for from this number on; null: nothing is. */
  #hear(message: FromIo, firstId: number | null): void {
    if (message.op === 'stop') {
      if (firstId !== null) this.die()
      this.#hooks.stop()
      this.post({ op: 'stopped' })
    } else if (firstId !== null && message.id < firstId) {
      this.#deferred.push(message)
    } else {
      this.#listeners.get(message.id)?.(message)
    }
  }

  #catchUp(): void {
    for (const message of this.#deferred.splice(0)) this.#hear(message, null)
  }

  #flush(): void {
    const now = performance.now()
    if (now - this.#flushedMs < FLUSH_INTERVAL_MS) return
    if (this.#hooks.flush()) this.#flushedMs = now
  }

  /** Takes one message, or fires one timer, or waits for either. */
  #step(firstId: number): void {
    const known = this.#deferred.findIndex(({ id }) => id >= firstId)
    if (known >= 0) return this.#hear(this.#deferred.splice(known, 1)[0]!, firstId)
    const posted = Atomics.load(this.#posted, 0)
    const received = receiveMessageOnPort(this.#port) as { message: FromIo } | undefined
    if (received !== undefined) return this.#hear(received.message, firstId)
    const now = performance.now()
    const next = this.#nextTimer()
    if (next !== null && next.atMs <= now) return next.fire()
    this.#flush()
    const waitMs = Math.min(next === null ? Infinity : next.atMs - now, FLUSH_INTERVAL_MS)
    Atomics.wait(this.#posted, 0, posted, waitMs)
  }

  #nextTimer(): Timer | null {
    let next: Timer | null = null
    for (const timer of this.#timers) if (next === null || timer.atMs < next.atMs) next = timer
    return next
  }
}
