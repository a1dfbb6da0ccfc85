/**
 * What a worker does with a script that needs real blocking: every VU, also the throw-away ones of
 * init, setup, teardown and handleSummary, runs in a thread of its own.
 */
import type { Program } from '../compile/compile.ts'
import { LoadError } from '../errors.ts'
import type { Player } from '../executors/player.ts'
import type { VuEnvironment } from '../vu/environment.ts'
import type { FromWorker, Preparation, Requests, ScriptFacts } from '../worker-protocol.ts'
import { ThreadPlayer, VuThread } from './vu-thread.ts'

/** Threads that start at the same time. */
const MAX_STARTING = 4
/** ms beyond its own limit after which a throw-away VU is ended from outside: it computes. */
const GRACE_MS = 100

type Lifecycle = 'setup' | 'teardown' | 'summary'

export class VuThreads {
  readonly #url: URL
  readonly #script: { program: Program; env: Record<string, string> }
  readonly #send: (message: FromWorker) => void
  #environment: VuEnvironment
  #preparation: Preparation | null = null
  #lifecycle: { thread: VuThread; name: Lifecycle } | null = null
  #setupData: string | undefined
  #count = 0

  constructor(
    url: URL,
    script: { program: Program; env: Record<string, string> },
    environment: VuEnvironment,
    send: (message: FromWorker) => void,
  ) {
    this.#url = url
    this.#script = script
    this.#environment = environment
    this.#send = send
  }

  #open(): VuThread {
    const source = ++this.#count
    return new VuThread(this.#url, source, this.#environment, (notice) =>
      this.#send(notice.kind === 'samples' ? { ...notice, source } : notice),
    )
  }

  async inspect(): Promise<ScriptFacts> {
    const thread = this.#open()
    try {
      return await thread.request('inspect', this.#script)
    } finally {
      await thread.close()
    }
  }

  /** From here on, threads know the options. */
  prepare(preparation: Preparation, environment: VuEnvironment): void {
    this.#preparation = preparation
    this.#environment = environment
  }

  async players(ids: readonly number[]): Promise<Player[]> {
    const players: Player[] = []
    const left = ids.entries()
    const startSome = async (): Promise<void> => {
      for (const [i, id] of left) {
        players[i] = await this.player(id)
        this.#environment.state.add('initializedVus')
      }
    }
    await Promise.all(Array.from({ length: MAX_STARTING }, startSome))
    return players
  }

  async player(id: number): Promise<Player> {
    const start = (): Promise<VuThread> => this.#start([id])
    const thread = await start()
    return new ThreadPlayer(id, this.#environment, thread, start, () => this.#setupData)
  }

  set setupData(text: string | undefined) {
    this.#setupData = text
  }

  async #start(vuIds: number[]): Promise<VuThread> {
    const thread = this.#open()
    try {
      await thread.request('load', this.#script)
      await thread.request('prepare', { ...this.#preparation!, vuIds })
      return thread
    } catch (error) {
      await thread.close()
      throw error
    }
  }

  /** Runs `setup`, `teardown` or `handleSummary` in a thread of its own. */
  async run<K extends Lifecycle>(
    name: K,
    payload: Requests[K][0],
    timeoutMs: number,
    exitCode: number,
  ): Promise<Requests[K][1] | undefined> {
    const thread = await this.#start([])
    this.#lifecycle = { thread, name }
    let hasTimedOut = false
    const timer = setTimeout(() => {
      hasTimedOut = true
      void thread.stop()
    }, timeoutMs + GRACE_MS)
    try {
      return await thread.request(name, payload)
    } catch (error) {
      if (hasTimedOut)
        throw new LoadError(
          exitCode,
          `${name === 'summary' ? 'handleSummary' : name}() execution timed out after ${timeoutMs / 1000} seconds`,
        )
      // It ended itself: the script aborted the run, or the run was stopped.
      if (thread.hasEnded) return undefined
      throw error
    } finally {
      clearTimeout(timer)
      this.#lifecycle = null
      await thread.close()
    }
  }

  /** Interrupts a setup that is running. */
  stop(): void {
    if (this.#lifecycle?.name === 'setup') void this.#lifecycle.thread.stop()
  }
}
