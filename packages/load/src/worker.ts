/** The worker thread: holds VUs, runs them, and hands their samples to the main thread. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { Waiter } from './blocking/waiter.ts'
import { VuThreads } from './blocking/vu-threads.ts'
import type { BlockingData } from './blocking/wire.ts'
import type { Program } from './compile/compile.ts'
import { EXIT, LoadError } from './errors.ts'
import { Crew } from './executors/crew.ts'
import { LocalPlayer, type Player } from './executors/player.ts'
import { runShares } from './executors/runner.ts'
import { RunState, monotonicMs } from './executors/run-state.ts'
import { ThreadMeter } from './generator/thread-meter.ts'
import { MAX_SERIES, SampleBuffer } from './metrics/buffer.ts'
import { SampleLog } from './metrics/sample-log.ts'
import type { VuOptions } from './options.ts'
import { mapStacks } from './script/isolate.ts'
import { OpenedFiles } from './script/modules.ts'
import { loadZstd } from './vu/http-encoding.ts'
import { Vu, describeError } from './vu/vu.ts'
import {
  type LogLevel,
  type VuEnvironment,
  createEnvironment,
  networkOf,
} from './vu/environment.ts'
import type { FromWorker, Preparation, Requests, ScriptFacts, ToWorker } from './worker-protocol.ts'

/** ms between two hand-overs of samples. */
const FLUSH_INTERVAL_MS = 500

type Callable = (...args: unknown[]) => unknown
type Handlers = { [K in keyof Requests]: (payload: Requests[K][0]) => Promise<Requests[K][1]> }

class WorkerHost {
  readonly #port: MessagePort
  readonly #samples: SampleBuffer
  #environment: VuEnvironment | null = null
  #players: Player[] = []
  /** Where VUs run when the script needs real blocking; null: here. */
  #threads: VuThreads | null = null
  /** Set in the thread of one VU. */
  readonly #waiter: Waiter | null
  #setupData: string | undefined
  #preparation: Preparation | null = null
  #crew: Crew | null = null
  readonly #meter = new ThreadMeter(() => this.#environment!.state.beat(this.#preparation!.worker))
  #isMetering = false
  /** The throw-away VU that runs setup, teardown or handleSummary. */
  #lifecycleVu: Vu | null = null
  #isStopped = false
  #flushTimer: NodeJS.Timeout | undefined

  constructor(port: MessagePort, blocking: BlockingData | null) {
    this.#port = port
    this.#waiter = blocking === null ? null : new Waiter(blocking)
    this.#waiter?.attach({ flush: () => this.#flush(), stop: () => this.#interrupt() })
    let hasWarned = false
    this.#samples = new SampleBuffer(() => {
      if (hasWarned) return
      hasWarned = true
      this.#log(
        'warning',
        `The test has generated metrics with ${MAX_SERIES} unique time series; from here on, urls and names are folded into one. Use http.url or the name tag to group them`,
      )
    })
  }

  readonly #handlers: Handlers = {
    load: async ({ program, env }) => {
      await this.#open(program, env)
      return null
    },
    inspect: async ({ program, env }) => this.#inspect(await this.#open(program, env)),
    prepare: async (preparation) => {
      await this.#prepare(preparation)
      return null
    },
    setup: async () => this.#setup(),
    run: async ({ setupData }) => {
      this.#setupData = setupData
      if (this.#threads !== null) this.#threads.setupData = setupData
      const { shares, worker, workers } = this.#preparation!
      this.#crew = new Crew({
        environment: this.#environment!,
        vus: this.#players,
        makeVu: (id) => this.#addPlayer(id),
        worker,
        workers,
        meter: this.#meter,
      })
      this.#meter.start()
      this.#isMetering = true
      if (this.#isStopped) this.#crew.stop()
      await runShares(this.#crew, shares)
      await Promise.all(this.#players.map((player) => player.close()))
      this.#meter.stop()
      this.#flush()
      this.#isMetering = false
      return null
    },
    play: async ({ scenario, isNew, number, iteration, setupData }) => {
      const player = this.#players[0] as LocalPlayer
      this.#setupData ??= setupData
      if (isNew) player.activate(scenario)
      player.vu.iteration = iteration
      return player.iterate(number)
    },
    finish: async () => {
      await Promise.all(this.#players.map((player) => player.close()))
      this.#flush()
      return null
    },
    teardown: async ({ setupData }) => {
      if (this.#threads !== null) {
        const { teardownTimeoutMs } = this.#environment!.options
        await this.#threads.run('teardown', { setupData }, teardownTimeoutMs, EXIT.teardownTimeout)
        return null
      }
      const args = [setupData === undefined ? undefined : JSON.parse(setupData)]
      const { teardownTimeoutMs } = this.#environment!.options
      await this.#runLifecycle('teardown', args, teardownTimeoutMs, EXIT.teardownTimeout)
      return null
    },
    summary: async ({ data }) => this.#summary(data),
  }

  listen(): void {
    this.#port.on('message', (message: ToWorker) => {
      if (message.kind === 'stop') this.#stop()
      else void this.#answer(message)
    })
    this.#flushEvery(FLUSH_INTERVAL_MS)
    process.on('unhandledRejection', (reason) => {
      this.#log('error', `Uncaught (in promise) ${describeError(reason)}`, { source: 'stacktrace' })
    })
  }

  #flushEvery(ms: number): void {
    clearInterval(this.#flushTimer)
    this.#flushTimer = setInterval(() => this.#flush(), ms)
    this.#flushTimer.unref()
  }

  async #answer(message: Extract<ToWorker, { kind: 'request' }>): Promise<void> {
    const { id, name, payload } = message
    try {
      const value = await (this.#handlers[name] as (payload: unknown) => Promise<unknown>)(payload)
      this.#send({ kind: 'answer', id, value })
    } catch (error) {
      const exitCode = error instanceof LoadError ? error.exitCode : EXIT.scriptException
      const text = error instanceof LoadError ? error.message : describeError(error)
      this.#flush()
      this.#send({ kind: 'refusal', id, exitCode, message: text })
    }
  }

  #send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
  }

  #log(level: LogLevel, message: string, fields: Record<string, unknown> = {}): void {
    this.#send({ kind: 'log', level, message, fields })
  }

  /** False: there was nothing to hand over. */
  #flush(): boolean {
    const flush = this.#samples.flush()
    if (flush !== null)
      this.#send({ kind: 'samples', flush }, [flush.records.buffer as ArrayBuffer])
    if (this.#isMetering) this.#send({ kind: 'generator', report: this.#meter.report() })
    return flush !== null
  }

  #stop(): void {
    this.#isStopped = true
    this.#crew?.stop()
    this.#threads?.stop()
    if (this.#lifecycleVu?.stage === 'setup') this.#lifecycleVu.interrupt()
  }

  /** In the thread of one VU: drops what it is doing, where it does not block. */
  #interrupt(): void {
    for (const player of this.#players) player.interrupt()
    this.#lifecycleVu?.interrupt()
  }

  async #open(program: Program, env: Record<string, string>): Promise<VuEnvironment> {
    mapStacks(program)
    const hooks = {
      log: (level: LogLevel, message: string, fields?: Record<string, unknown>) =>
        this.#log(level, message, fields),
      abort: (message: string) => this.#send({ kind: 'abort', message }),
      markFailed: (message: string) => this.#send({ kind: 'mark-failed', message }),
    }
    this.#environment = createEnvironment(program, env, this.#samples, hooks, this.#waiter)
    if (program.blocking !== null && this.#waiter === null) {
      this.#threads = new VuThreads(
        new URL(import.meta.url),
        { program, env },
        this.#environment,
        (message) => this.#send(message),
      )
    }
    // It could not be loaded later: a thread that waits loads nothing.
    if (this.#waiter !== null && program.modules.some(({ code }) => code.includes('zstd')))
      await loadZstd()
    return this.#environment
  }

  async #inspect(environment: VuEnvironment): Promise<ScriptFacts> {
    if (this.#threads !== null) return this.#threads.inspect()
    for (const note of environment.isolate.program.notes) this.#log('debug', note)
    const vu = await this.#newVu(0, environment)
    const functions = Object.keys(vu.exports).filter(
      (name) => typeof vu.exports[name] === 'function',
    )
    const { options } = vu.exports
    return {
      functions,
      options: options === undefined || options === null ? undefined : JSON.stringify(options),
      metrics: [...environment.customMetrics.values()],
      openedFiles: environment.files.paths,
      sharedArrays: environment.sharedArrays,
    }
  }

  async #newVu(id: number, environment: VuEnvironment): Promise<Vu> {
    const vu = new Vu(id, environment)
    await vu.evaluate()
    return vu
  }

  async #prepare(preparation: Preparation): Promise<void> {
    const { options, testOptions, scenarios, state, openedFiles, sharedArrays, vuIds } = preparation
    this.#preparation = preparation
    if (preparation.flushIntervalMs !== undefined) this.#flushEvery(preparation.flushIntervalMs)
    if (preparation.wantsSamples) this.#samples.log = new SampleLog(monotonicMs)
    const dropped = new Set(options.droppedTags)
    this.#samples.tags.drop((name) => dropped.has(name))
    this.#environment = {
      ...this.#environment!,
      options: options satisfies VuOptions,
      testOptions: deepFreeze(testOptions),
      ...networkOf(options),
      files: new OpenedFiles(new Set(openedFiles)),
      sharedArrays,
      state: new RunState(scenarios, state),
    }
    if (this.#threads !== null) {
      this.#threads.prepare(preparation, this.#environment)
      this.#players = await this.#threads.players(vuIds)
      return
    }
    for (const id of vuIds) {
      if (this.#isStopped) return
      await this.#addPlayer(id)
      if (this.#waiter === null) this.#environment.state.add('initializedVus')
    }
  }

  async #addPlayer(id: number): Promise<Player> {
    const player =
      this.#threads === null
        ? new LocalPlayer(await this.#newVu(id, this.#environment!), () => this.#setupData)
        : await this.#threads.player(id)
    this.#players.push(player)
    return player
  }

  async #setup(): Promise<string | undefined> {
    if (this.#threads !== null) {
      const { setupTimeoutMs } = this.#environment!.options
      return this.#threads.run('setup', null, setupTimeoutMs, EXIT.setupTimeout)
    }
    const value = await this.#runLifecycle(
      'setup',
      [],
      this.#environment!.options.setupTimeoutMs,
      EXIT.setupTimeout,
    )
    if (value === undefined) return undefined
    let problem: string | undefined
    const text = JSON.stringify(value, function (this: Record<string, unknown>, key, one: unknown) {
      if (typeof one === 'function') problem = 'a function'
      const before = this[key]
      if (before instanceof Date && typeof one === 'string') return rfc3339(one)
      return one === undefined ? null : one
    })
    if (problem !== undefined)
      throw new LoadError(EXIT.other, `error marshaling setup() data to JSON: it holds ${problem}`)
    return text
  }

  async #runLifecycle(
    stage: 'setup' | 'teardown' | 'summary',
    args: unknown[],
    timeoutMs: number,
    exitCode: number,
  ): Promise<unknown> {
    const name = stage === 'summary' ? 'handleSummary' : stage
    const vu = await this.#newVu(0, this.#environment!)
    this.#lifecycleVu = vu
    if (stage !== 'summary') vu.enterGroup(`::${stage}`)
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      vu.interrupt()
    }, timeoutMs)
    const outcome = await vu.run(stage, vu.exports[name] as Callable, args)
    clearTimeout(timer)
    this.#lifecycleVu = null
    if (stage !== 'summary') vu.sampleTraffic()
    vu.client.close()
    this.#flush()
    if (timedOut)
      throw new LoadError(
        exitCode,
        `${name}() execution timed out after ${timeoutMs / 1000} seconds`,
      )
    if (outcome.kind === 'threw') throw outcome.error
    return outcome.kind === 'returned' ? outcome.value : undefined
  }

  async #summary(data: unknown): Promise<[string, string | Uint8Array][]> {
    const { handleSummaryTimeoutMs } = this.#environment!.options
    if (this.#threads !== null) {
      const written = await this.#threads.run(
        'summary',
        { data },
        handleSummaryTimeoutMs,
        EXIT.genericTimeout,
      )
      return written ?? []
    }
    const value = await this.#runLifecycle(
      'summary',
      [data],
      handleSummaryTimeoutMs,
      EXIT.genericTimeout,
    )
    if (typeof value !== 'object' || value === null)
      throw new Error('handleSummary() should return a map with string keys')
    return Object.entries(value).map(([target, content]): [string, string | Uint8Array] => {
      if (typeof content === 'string') return [target, content]
      if (content instanceof ArrayBuffer) return [target, new Uint8Array(content)]
      throw new Error(`handleSummary() returned neither a text nor an ArrayBuffer for '${target}'`)
    })
  }
}

/** As Go writes times: no fraction where it is zero. */
function rfc3339(iso: string): string {
  return iso.replace(/\.?0+Z$/, 'Z')
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const item of Object.values(value)) deepFreeze(item)
  return Object.freeze(value)
}

if (parentPort !== null) new WorkerHost(parentPort, workerData as BlockingData | null).listen()
