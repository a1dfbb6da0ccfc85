/**
 * One virtual user: its own evaluation of the script, its own global object, cookies and connections.
 *
 * A blocking call is a promise that settles when the call is over, and never when the VU is
 * interrupted: what would have followed is dropped, so that no catch or finally of the script runs.
 */
import { type Client, RemoteClient } from '../blocking/remote-client.ts'
import { CookieJar } from '../http/cookies.ts'
import { BUILTIN_METRICS, type Metric } from '../metrics/metric.ts'
import type { Series } from '../metrics/buffer.ts'
import { OWNER_TAG } from '../metrics/sample-log.ts'
import type { TagSet } from '../metrics/tags.ts'
import { Started } from '../script/coloured.ts'
import { isStarter, isUserAsync } from '../script/isolate.ts'
import { ModuleInstances } from '../script/modules.ts'
import { builtinModule } from './builtin-modules.ts'
import { type VuEnvironment, openClient } from './environment.ts'
import { Gate } from './gate.ts'
import { createGlobal } from './globals.ts'
import type { ResponseCallback } from './http-params.ts'
import { goError } from './go-error.ts'

export type Outcome =
  | { kind: 'returned'; value: unknown }
  | { kind: 'threw'; error: unknown }
  | { kind: 'interrupted' }

/** Where the VU is in the life of a test: what may be called depends on it. */
type Stage = 'init' | 'setup' | 'iteration' | 'teardown' | 'summary' | 'idle'

/** What `k6/execution` tells about the scenario that the VU runs. */
export interface Activation {
  scenario: number
  /** Iterations of this VU in the scenario so far. */
  iterationInScenario: number
  /** Number of the current iteration among all of the scenario that run here. */
  iterationInInstance: number
  /** The same among all of the test, which may be run by several generators. */
  iterationInTest: number
}

interface OwnSeries {
  tags: TagSet
  sent: Series
  received: Series
  iterations: Series
  duration: Series
}

type Callable = (...args: unknown[]) => unknown

export class Vu {
  /** `__VU`: from 1; 0 while options are read, in setup, teardown and handleSummary. */
  readonly id: number
  readonly environment: VuEnvironment
  readonly global: Record<string, unknown>
  readonly client: Client
  jar: CookieJar
  stage: Stage = 'init'
  exports: Record<string, unknown> = {}
  /** `__ITER` of the next iteration. */
  iteration = 0
  activation: Activation | null = null
  /** Tags of the scenario and those that the script set; `tags` has the group too. */
  baseTags: TagSet
  tags: TagSet
  groupPath = ''
  responseCallback: ResponseCallback | null | undefined = undefined

  readonly #modules: ModuleInstances
  readonly #builtins = new Map<string, Record<string, unknown>>()
  #gate = new Gate()
  #epoch = 0
  readonly #cancels = new Set<() => void>()
  /** Timers, async requests and the like that keep the iteration open. */
  #pending = 0
  #blocked = 0
  #settle: ((outcome: Outcome) => void) | null = null
  #result: Outcome | null = null
  #own: OwnSeries | null = null
  /** Bytes of websockets since the last time they were emitted. */
  #socketSent = 0
  #socketReceived = 0

  constructor(id: number, environment: VuEnvironment) {
    const { options, waiter } = environment
    this.id = id
    this.environment = environment
    this.global = createGlobal(this)
    this.client = waiter === null ? openClient(environment, id) : new RemoteClient(waiter)
    this.jar = new CookieJar(Date.now)
    environment.samples.log?.own(this)
    this.baseTags = this.#owned(environment.samples.tags.of([...options.tags, ['group', '']]))
    this.tags = this.baseTags
    this.#modules = new ModuleInstances(environment.isolate, {
      global: this.global,
      files: environment.files,
      builtin: (name) => this.#builtin(name),
      isInit: () => this.stage === 'init',
    })
  }

  /** Evaluates the script: `init` of k6. Rejects with what it throws. */
  async evaluate(): Promise<void> {
    const outcome = await this.#run(() => this.#modules.evaluate(), [])
    this.stage = 'idle'
    if (outcome.kind === 'threw') throw outcome.error
    if (outcome.kind === 'returned') this.exports = outcome.value as Record<string, unknown>
  }

  #builtin(name: string): Record<string, unknown> {
    let module = this.#builtins.get(name)
    if (module === undefined) this.#builtins.set(name, (module = builtinModule(name, this)))
    return module
  }

  // Running

  /** Calls an exported function and waits until nothing that it started is left. Never rejects. */
  run(stage: Stage, fn: Callable, args: unknown[]): Promise<Outcome> {
    this.stage = stage
    return this.#run(fn, args)
  }

  #run(fn: Callable, args: unknown[]): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#settle = resolve
      this.#result = null
      if (this.environment.isolate.program.gate) void this.#startGated(fn, args)
      else this.#start(fn, args, () => {})
    })
  }

  async #startGated(fn: Callable, args: unknown[]): Promise<void> {
    const gate = this.#gate
    await gate.acquire()
    // An async function of the script holds the gate only until its first await.
    if (isUserAsync(fn) && !isStarter(fn)) {
      gate.handOver()
      this.#start(fn, args, () => {})
    } else {
      let isHeld = true
      this.#start(fn, args, () => {
        if (isHeld) gate.release()
        isHeld = false
      })
    }
  }

  #start(fn: Callable, args: unknown[], release: () => void): void {
    const epoch = this.#epoch
    const ended = (outcome: Outcome): void => {
      release()
      if (epoch !== this.#epoch) return
      this.#result = outcome
      if (this.environment.isolate.program.isAsynchronous) this.#endWhenQuiet()
      else this.#checkEnd()
    }
    let value: unknown
    try {
      value = fn(...args)
    } catch (error) {
      return ended({ kind: 'threw', error })
    }
    if (!(value instanceof Promise)) return ended({ kind: 'returned', value })
    const returned = (result: unknown): void => ended({ kind: 'returned', value: result })
    const threw = (error: unknown): void => ended({ kind: 'threw', error })
    value.then((result: unknown) => {
      if (!(result instanceof Started)) return returned(result)
      // It has come to its own first await: from here on it queues like any other.
      release()
      result.promise.then(returned, threw)
    }, threw)
    // A promise that nothing can settle any more must not hold the iteration for ever.
    if (isUserAsync(fn)) this.#checkIdle()
  }

  /** Ends once what was already on its way (promise reactions) is through. */
  #endWhenQuiet(): void {
    const epoch = this.#epoch
    setImmediate(() => {
      if (epoch !== this.#epoch) return
      if (this.#gate.isIdle) this.#checkEnd()
      else this.#gate.whenIdle(() => this.#endWhenQuiet())
    })
  }

  #checkEnd(): void {
    if (this.#result === null || this.#settle === null) return
    if (this.#pending > 0) return
    if (this.#blocked > 0) {
      const error = new Error(
        'BUG: a blocking call was not waited for; this script needs a construct that Vigie does not follow',
      )
      this.#blocked = 0
      this.#result = { kind: 'threw', error }
    }
    const settle = this.#settle
    this.#settle = null
    settle(this.#result)
  }

  /** Ends an async function that waits for something that will never happen: nothing is pending any more. */
  #checkIdle(): void {
    const epoch = this.#epoch
    setImmediate(() => {
      if (epoch !== this.#epoch || this.#settle === null || this.#result !== null) return
      if (this.#pending > 0 || this.#blocked > 0) return
      setImmediate(() => {
        if (epoch !== this.#epoch || this.#settle === null || this.#result !== null) return
        if (this.#pending > 0 || this.#blocked > 0) return
        this.#result = { kind: 'returned', value: undefined }
        this.#checkEnd()
      })
    })
  }

  /** Stops whatever runs, at once and without the script noticing. */
  interrupt(): void {
    const settle = this.#settle
    this.#epoch++
    this.#settle = null
    this.#result = null
    this.#gate.close()
    this.#gate = new Gate()
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
    this.#pending = 0
    this.#blocked = 0
    this.client.abort()
    settle?.({ kind: 'interrupted' })
  }

  // What modules build on

  /** Throws in the init stage, where k6 refuses `what`. */
  requireRunning(what: string): void {
    if (this.stage === 'init') throw goError(`${what} in the init context is not supported`)
  }

  /**
   * A blocking call. `start` gets what to call when it is over and returns how to cancel it. What comes
   * back is for the script: a promise, which never settles when the VU is interrupted, or in a thread
   * of its own the value itself. Until then nothing in the thread runs but what the client, sockets
   * and timers of the VU call back: `start` must not count on promises.
   */
  block<T>(
    start: (done: (value: T) => void, fail: (error: unknown) => void) => () => void,
  ): Promise<T> | T {
    const { waiter } = this.environment
    return waiter === null ? this.#track<T>('blocked', start) : waiter.block(start)
  }

  /** A timer that also fires while the VU is blocked. Gives how to cancel it. */
  later(fn: () => void, ms: number): () => void {
    const { waiter } = this.environment
    if (waiter !== null) return waiter.later(fn, ms)
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  }

  /** Ends what the VU is doing at the call itself, which never returns: it gives a promise that never settles. */
  halt(): Promise<never> | never {
    const { waiter } = this.environment
    if (waiter !== null) waiter.die()
    const never = this.#track<never>('blocked', () => () => {})
    this.interrupt()
    return never
  }

  /** Something asynchronous that keeps the iteration open, as `block` does, without blocking. */
  pend<T>(
    start: (done: (value: T) => void, fail: (error: unknown) => void) => () => void,
  ): Promise<T> {
    return this.#track<T>('pending', start)
  }

  #track<T>(
    kind: 'blocked' | 'pending',
    start: (done: (value: T) => void, fail: (error: unknown) => void) => () => void,
  ): Promise<T> {
    const epoch = this.#epoch
    this.#count(kind, 1)
    return new Promise<T>((resolve, reject) => {
      let cancel: (() => void) | null = null
      let isOver = false
      const over = (): boolean => {
        if (isOver || epoch !== this.#epoch) return false
        isOver = true
        if (cancel !== null) this.#cancels.delete(cancel)
        this.#count(kind, -1)
        return true
      }
      cancel = start(
        (value) => {
          if (over()) resolve(value)
        },
        (error) => {
          if (over()) reject(error)
        },
      )
      if (!isOver) this.#cancels.add(cancel)
    })
  }

  #count(kind: 'blocked' | 'pending', change: 1 | -1): void {
    if (kind === 'blocked') {
      this.#blocked += change
      return
    }
    this.#pending += change
    if (this.#pending > 0) return
    // What waited for it goes on in a promise reaction, and may start more.
    if (this.#result !== null) this.#endWhenQuiet()
    else if (this.#settle !== null) this.#checkIdle()
  }

  /**
   * Runs a callback of the script that the engine calls (a timer, say); what it throws ends the
   * iteration as an error, and is told to `failed`. Of an async function, only the start is waited for.
   */
  async callback(
    fn: Callable,
    args: unknown[],
    failed: (error: unknown) => void = () => {},
  ): Promise<void> {
    const epoch = this.#epoch
    const gate = this.environment.isolate.program.gate ? this.#gate : null
    const isAsync = isUserAsync(fn)
    await (gate?.acquire() ?? Promise.resolve())
    if (isAsync) gate?.handOver()
    try {
      if (epoch !== this.#epoch) return
      const result = fn(...args)
      if (!isAsync) await result
    } catch (error) {
      if (epoch !== this.#epoch) return
      failed(error)
      this.reportError(error)
    } finally {
      if (!isAsync) gate?.release()
    }
  }

  reportError(error: unknown): void {
    const scenario =
      this.activation === null
        ? undefined
        : this.environment.state.scenarios[this.activation.scenario]
    this.environment.log('error', describeError(error), {
      ...(scenario === undefined ? {} : { executor: scenario.executor, scenario: scenario.name }),
      source: 'stacktrace',
    })
  }

  get gate(): Gate {
    return this.#gate
  }

  // Tags and samples

  series(metric: Metric, tags: TagSet = this.tags): Series {
    return this.environment.samples.series(metric, tags)
  }

  sample(name: string, value: number, tags: TagSet = this.tags): void {
    this.series(BUILTIN_METRICS.get(name)!, tags).add(value)
  }

  withTags(pairs: Iterable<readonly [string, string]>): TagSet {
    return this.environment.samples.tags.with(this.tags, pairs)
  }

  /** For outputs that want to know which VU made a sample, each has series of its own. */
  #owned(tags: TagSet): TagSet {
    const { samples, options } = this.environment
    if (samples.log === null || !options.extraTags.some((name) => name === 'vu' || name === 'iter'))
      return tags
    return samples.tags.with(tags, [[OWNER_TAG, String(this.id)]])
  }

  get currentIteration(): number {
    return Math.max(0, this.iteration - 1)
  }

  setBaseTags(tags: TagSet): void {
    this.baseTags = this.#owned(tags)
    this.enterGroup(this.groupPath)
  }

  enterGroup(path: string): void {
    this.groupPath = path
    this.tags =
      path === ''
        ? this.baseTags
        : this.environment.samples.tags.with(this.baseTags, [['group', path]])
  }

  /** Emits what went over the wire since the last time. */
  sampleTraffic(): void {
    const series = this.#ownSeries()
    series.sent.add(this.client.takeSent() + this.#socketSent)
    series.received.add(this.client.takeReceived() + this.#socketReceived)
    this.#socketSent = 0
    this.#socketReceived = 0
  }

  /** Bytes that went over a connection that is not the client's. */
  countTraffic(sent: number, received: number): void {
    this.#socketSent += sent
    this.#socketReceived += received
  }

  /** Emits the end of an iteration that was not interrupted. */
  sampleIteration(elapsedMs: number): void {
    const series = this.#ownSeries()
    this.sampleTraffic()
    series.iterations.add(1)
    series.duration.add(elapsedMs)
  }

  /** The series of every iteration, found anew only when the VU's tags are others. */
  #ownSeries(): OwnSeries {
    if (this.#own?.tags === this.tags) return this.#own
    const series = (name: string): Series => this.series(BUILTIN_METRICS.get(name)!)
    this.#own = {
      tags: this.tags,
      sent: series('data_sent'),
      received: series('data_received'),
      iterations: series('iterations'),
      duration: series('iteration_duration'),
    }
    return this.#own
  }
}

/** An error of the script as k6 logs it: message, then `at` lines. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error))
    return typeof error === 'object' && error !== null ? JSON.stringify(error) : String(error)
  const stack = typeof error.stack === 'string' ? error.stack : String(error)
  return stack.replace(/\n {4}at /g, '\n\tat ') + (stack.includes('\n    at ') ? '\n' : '')
}
