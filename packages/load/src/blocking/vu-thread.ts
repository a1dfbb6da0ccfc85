/**
 * A VU in a thread of its own, as the worker that holds its sockets sees it. Its thread runs the same
 * worker code with one VU, whose blocking calls stop the thread (`Waiter`). A thread that does not
 * let go when it is told to is terminated; it starts anew when its VU is needed again.
 */
import { MessageChannel } from 'node:worker_threads'
import type { Player } from '../executors/player.ts'
import { describeError } from '../vu/vu.ts'
import { type VuEnvironment, openClient } from '../vu/environment.ts'
import type { RequestName, Requests } from '../worker-protocol.ts'
import { type Notice, WorkerThread } from '../worker-thread.ts'
import { VuIo } from './io.ts'
import type { BlockingData } from './wire.ts'

/** ms that a thread has to let go before it is terminated: it does not wait, so it computes. */
const STOP_TIMEOUT_MS = 250

/** One thread and its sockets. */
export class VuThread {
  readonly #worker: WorkerThread
  readonly #io: VuIo
  #onStopped: () => void = () => {}

  constructor(
    url: URL,
    index: number,
    environment: VuEnvironment,
    onNotice: (notice: Notice) => void,
  ) {
    const { port1, port2 } = new MessageChannel()
    const posted = new SharedArrayBuffer(4)
    this.#worker = new WorkerThread(url, index, onNotice, {
      data: { port: port2, posted } satisfies BlockingData,
      transfer: [port2],
    })
    this.#io = new VuIo(port1, posted, openClient(environment, index), environment, () =>
      this.#onStopped(),
    )
  }

  request<K extends RequestName>(name: K, payload: Requests[K][0]): Promise<Requests[K][1]> {
    return this.#worker.request(name, payload)
  }

  /** Whether the thread ended by itself: the script aborted the run, or let go of a blocking call. */
  get hasEnded(): boolean {
    return this.#worker.exitCode === 0
  }

  /** Makes the VU drop what it is doing. False: that took its thread's life. */
  async stop(): Promise<boolean> {
    const stopped = new Promise<boolean>((resolve) => (this.#onStopped = () => resolve(true)))
    const ended = this.#worker.exited.then(() => false)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), STOP_TIMEOUT_MS)
    })
    this.#io.stop()
    const isAlive = await Promise.race([stopped, ended, late])
    clearTimeout(timer)
    if (!isAlive) await this.close()
    return isAlive
  }

  async close(): Promise<void> {
    await this.#worker.close()
    this.#io.close()
  }
}

/** A VU in a thread as a player. */
export class ThreadPlayer implements Player {
  readonly #id: number
  readonly #environment: VuEnvironment
  readonly #start: (id: number) => Promise<VuThread>
  readonly #setupData: () => string | undefined
  #thread: Promise<VuThread> | null
  #scenario = 0
  #isNew = true
  #iteration = 0
  #settle: ((elapsedMs: number | null) => void) | null = null
  #stopping: Promise<void> = Promise.resolve()
  #hasData = false

  /** `start` starts a thread and evaluates the script in it as VU `id`. */
  constructor(
    id: number,
    environment: VuEnvironment,
    thread: VuThread,
    start: (id: number) => Promise<VuThread>,
    setupData: () => string | undefined,
  ) {
    this.#id = id
    this.#environment = environment
    this.#thread = Promise.resolve(thread)
    this.#start = start
    this.#setupData = setupData
  }

  activate(scenario: number): void {
    this.#scenario = scenario
    this.#isNew = true
  }

  deactivate(): void {}

  iterate(number: number): Promise<number | null> {
    return new Promise((resolve) => {
      const settle = (elapsedMs: number | null): void => {
        if (this.#settle !== settle) return
        this.#settle = null
        resolve(elapsedMs)
      }
      this.#settle = settle
      void this.#play(number, settle)
    })
  }

  async #play(number: number, settle: (elapsedMs: number | null) => void): Promise<void> {
    const start = performance.now()
    await this.#stopping
    if (this.#settle !== settle) return
    try {
      this.#thread ??= this.#start(this.#id)
      const thread = await this.#thread
      const answer = thread.request('play', {
        scenario: this.#scenario,
        isNew: this.#isNew,
        number,
        iteration: this.#iteration++,
        setupData: this.#hasData ? undefined : this.#setupData(),
      })
      this.#isNew = false
      this.#hasData = true
      settle(await answer)
    } catch (error) {
      if (this.#settle !== settle) return
      const ended = await this.#thread?.catch(() => null)
      this.#drop()
      if (ended?.hasEnded === true) return settle(null)
      this.#environment.log('error', describeError(error))
      settle(performance.now() - start)
    }
  }

  #drop(): void {
    this.#thread = null
    this.#isNew = true
    this.#hasData = false
  }

  interrupt(): void {
    if (this.#settle === null) return
    this.#stopping = this.#stop()
    this.#settle(null)
  }

  async #stop(): Promise<void> {
    const thread = await this.#thread?.catch(() => null)
    if (thread && !(await thread.stop())) this.#drop()
  }

  async close(): Promise<void> {
    await this.#stopping
    const thread = await this.#thread?.catch(() => null)
    if (!thread) return
    this.#drop()
    await thread.request('finish', null).catch(() => null)
    await thread.close()
  }
}
