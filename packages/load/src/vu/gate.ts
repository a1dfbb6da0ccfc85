/**
 * One at a time: while a piece of a VU's script runs, or waits in a blocking call, no other piece of
 * the same VU may. Pieces (an iteration, a timer, a promise reaction) queue here in the order they
 * became ready. Only scripts that mix blocking calls with promises of their own go through it.
 */
import { Started, seen } from '../script/coloured.ts'

export class Gate {
  #isHeld = false
  #queue: (() => void)[] = []
  #onIdle: (() => void)[] = []
  /** Set when the next async function of the script takes over what the caller holds. */
  #isHandedOver = false
  #isClosed = false

  acquire(): Promise<void> {
    if (this.#isClosed) return new Promise(() => {})
    if (!this.#isHeld) {
      this.#isHeld = true
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#queue.push(resolve))
  }

  release(): void {
    const next = this.#queue.shift()
    if (next !== undefined) return next()
    this.#isHeld = false
    const waiting = this.#onIdle
    this.#onIdle = []
    for (const tell of waiting) tell()
  }

  /** Calls back when nobody holds the gate and nobody queues: at once, or later. */
  whenIdle(tell: () => void): void {
    if (this.isIdle) tell()
    else this.#onIdle.push(tell)
  }

  get isIdle(): boolean {
    return !this.#isHeld && this.#queue.length === 0
  }

  /** Nobody gets in any more: the iteration was interrupted, and what still waits is dropped. */
  close(): void {
    this.#isClosed = true
    this.#queue = []
  }

  /** The async function that is called next runs as the holder, and releases when it first waits. */
  handOver(): void {
    this.#isHandedOver = true
  }

  /**
   * Runs the body of an async function that may block. What comes back settles when the body first
   * waits for something of its own, or ends: up to there it is part of its caller.
   */
  start(body: (job: Job) => Promise<unknown>): Promise<Started> {
    const job = new Job(this, false)
    return new Promise((resolve) => {
      let started: Started | null = null
      let isApart = false
      const part = (): void => {
        isApart = true
        if (started !== null) resolve(started)
      }
      job.onWait = part
      const run = async (): Promise<unknown> => {
        try {
          return await body(job)
        } finally {
          job.end()
          part()
        }
      }
      started = new Started(run())
      if (isApart) resolve(started)
    })
  }

  /** One call of an async function of the script: `$vj` in emitted code. */
  job(): Job {
    const isHolder = this.#isHandedOver
    this.#isHandedOver = false
    return new Job(this, isHolder)
  }

  /** Runs a callback (which may be coloured) as a piece of its own. */
  async run<T>(callback: () => T | Promise<T>): Promise<T> {
    await this.acquire()
    try {
      return seen(await callback()) as T
    } finally {
      this.release()
    }
  }
}

export class Job {
  readonly #gate: Gate
  #isHolder: boolean
  /** Called when it first waits. */
  onWait: () => void = () => {}

  constructor(gate: Gate, isHolder: boolean) {
    this.#gate = gate
    this.#isHolder = isHolder
  }

  /** The script's own `await`: others may run meanwhile; what follows queues again. */
  async wait<T>(value: T | Promise<T>): Promise<T> {
    this.onWait()
    if (this.#isHolder) this.#gate.release()
    this.#isHolder = false
    try {
      return await value
    } finally {
      await this.#gate.acquire()
      this.#isHolder = true
    }
  }

  end(): void {
    if (this.#isHolder) this.#gate.release()
    this.#isHolder = false
  }
}
