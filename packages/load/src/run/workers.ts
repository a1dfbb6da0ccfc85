/** The worker threads of a run: made, given their VUs, started, watched, and given up when they hang. */
import { type Share, allocate, lastMomentMs, maxVusOf, plannedVusOf } from '../executors/plan.ts'
import { type RunState, monotonicMs } from '../executors/run-state.ts'
import type { Program } from '../compile/compile.ts'
import type { RunOptions } from '../options.ts'
import type { Preparation, ScriptFacts } from '../worker-protocol.ts'
import { type Notice, WorkerThread } from '../worker-thread.ts'

/** ms that a worker whose event loop turns may come late to its end. */
const LATE_MS = 10_000
/** ms that an event loop may be silent when the run should be over. */
const HUNG_MS = 2000
/** ms between two looks at workers that should be over. */
const WATCH_INTERVAL_MS = 200

/** A compiled script with its environment. */
export interface Script {
  program: Program
  env: Record<string, string>
}

/** What VUs are made of. */
export interface VuPlan {
  script: Script
  facts: ScriptFacts
  options: RunOptions
  state: RunState
  flushIntervalMs: number | undefined
  wantsSamples: boolean
}

export class Workers {
  readonly #url: URL
  readonly #hear: (notice: Notice, worker: number) => void
  readonly #threads: WorkerThread[] = []
  /** Those whose event loop never turned again. */
  readonly #hung = new Set<WorkerThread>()
  #plan!: VuPlan

  constructor(url: URL, hear: (notice: Notice, worker: number) => void) {
    this.#url = url
    this.#hear = hear
  }

  /** Starts the first one: it comes up while the script is compiled. */
  startFirst(): void {
    this.#start()
  }

  /** Evaluates the script in the first one: its options, functions and files. */
  inspect(script: Script): Promise<ScriptFacts> {
    return this.#threads[0]!.request('inspect', script)
  }

  /** Starts the others, up to `count` in all. */
  async load(script: Script, count: number): Promise<void> {
    while (this.#threads.length < count) this.#start()
    await Promise.all(this.#threads.slice(1).map((worker) => worker.request('load', script)))
  }

  #start(): WorkerThread {
    const worker = new WorkerThread(this.#url, this.#threads.length, this.#hear)
    this.#threads.push(worker)
    return worker
  }

  /** Makes the VUs. */
  async prepare(plan: VuPlan): Promise<void> {
    this.#plan = plan
    const { state, options } = plan
    const { scenarios } = options
    const { shares, vuIds, unplannedVUs } = allocate(scenarios, this.#threads.length)
    state.add('lastVuId', vuIds.flat().length)
    state.add('unplannedVus', unplannedVUs)
    scenarios.forEach((one, i) => state.addOf(i, 'unplannedVus', maxVusOf(one) - plannedVusOf(one)))
    await Promise.all(
      this.#threads.map((worker, i) =>
        worker.request('prepare', this.#preparation(worker, shares[i]!, vuIds[i]!)),
      ),
    )
  }

  #preparation(worker: WorkerThread, shares: Share[], vuIds: number[]): Preparation {
    const { facts, options, state, flushIntervalMs, wantsSamples } = this.#plan
    const { thresholds, systemTags, raw, scenarios, ...vuOptions } = options
    void thresholds
    void systemTags
    return {
      options: vuOptions,
      testOptions: testOptions(raw, scenarios),
      scenarios,
      state: state.buffer,
      flushIntervalMs,
      worker: worker.index,
      workers: this.#threads.length,
      shares,
      vuIds,
      openedFiles: facts.openedFiles,
      sharedArrays: facts.sharedArrays,
      wantsSamples,
    }
  }

  setup(): Promise<string | undefined> {
    return this.#threads[0]!.request('setup', null)
  }

  /**
   * Runs the scenarios. Every worker gets its time and a little more; one that does not come back is given
   * up, and `onHung` is called. `isStopping`: whether the run has been told to end.
   */
  async run(
    setupData: string | undefined,
    isStopping: () => boolean,
    onHung: () => void,
  ): Promise<void> {
    await Promise.all(
      this.#threads.map(async (worker) => {
        const watch = this.#watch(worker, isStopping, onHung)
        try {
          await worker.request('run', { setupData })
        } catch (error) {
          // What a VU in an endless loop does is an interrupted iteration, as in k6.
          if (!this.#hung.has(worker)) throw error
        } finally {
          clearInterval(watch)
        }
      }),
    )
  }

  /** Ends a worker that should have come to its end and whose event loop does not turn, or that is far too late. */
  #watch(worker: WorkerThread, isStopping: () => boolean, onHung: () => void): NodeJS.Timeout {
    const { options, state } = this.#plan
    const lastMs = lastMomentMs(options.scenarios)
    let overSinceMs: number | null = null
    return setInterval(() => {
      const now = monotonicMs()
      if (!isStopping() && now - state.startMs < lastMs) return
      overSinceMs ??= now
      const isHung = state.silenceMs(worker.index) > HUNG_MS
      if (!isHung && now - overSinceMs < LATE_MS) return
      if (this.#hung.has(worker)) return
      this.#hung.add(worker)
      onHung()
      state.add('interrupted')
      void worker.close()
    }, WATCH_INTERVAL_MS)
  }

  async teardown(setupData: string | undefined): Promise<void> {
    await (await this.#once()).request('teardown', { setupData })
  }

  /** What `handleSummary` makes of `data`. Throws LoadError. */
  async handleSummary(data: unknown): Promise<[string, string | Uint8Array][]> {
    return (await this.#once()).request('summary', { data })
  }

  /** The worker that runs what runs once; when the first one hangs, a new one. */
  async #once(): Promise<WorkerThread> {
    const first = this.#threads[0]!
    if (!this.#hung.has(first)) return first
    const fresh = this.#start()
    await fresh.request('load', this.#plan.script)
    await fresh.request('prepare', this.#preparation(fresh, [], []))
    this.#threads[0] = fresh
    return fresh
  }

  /** Tells all to end. */
  stop(): void {
    for (const worker of this.#threads) worker.stop()
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((worker) => worker.close()))
  }
}

/** What `exec.test.options` shows: the scenarios as derived, without the shortcuts they came from. */
function testOptions(raw: Record<string, unknown>, scenarios: RunOptions['scenarios']): unknown {
  const {
    vus: _vus,
    duration: _duration,
    iterations: _iterations,
    stages: _stages,
    scenarios: given,
    ...rest
  } = raw
  return {
    ...rest,
    scenarios: given ?? Object.fromEntries(scenarios.map(({ name, ...one }) => [name, one])),
  }
}
