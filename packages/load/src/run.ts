/**
 * One load run, from the command line to the exit code:
 *
 *   compile ▶ options from VU 0 ▶ workers, VUs ▶ setup ▶ scenarios ▶ thresholds ▶ teardown ▶ summary
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, resolve } from 'node:path'
import type { CheckReport, LoadIo, LoadOptions, PromqlQuery, RunReport, RunWindow } from './api.ts'
import { refuseTooManyVus } from './blocking/limit.ts'
import { isRemote } from './compile/imports.ts'
import { compileWithRemotes } from './compile/remote.ts'
import { EXIT, LoadError } from './errors.ts'
import { maxVusOf } from './executors/plan.ts'
import { MAX_WORKERS, RunState, isControlled, monotonicMs } from './executors/run-state.ts'
import { GeneratorMonitor } from './generator/monitor.ts'
import { ThreadMeter } from './generator/thread-meter.ts'
import { argsForPods, kubernetesJob } from './group/kubernetes.ts'
import { LiveFigures } from './live-figures.ts'
import { LogWriter } from './log.ts'
import { RunWindows } from './limit/run-windows.ts'
import { MetricsEngine } from './metrics/engine.ts'
import { type ThresholdGroup, parseThresholds, wantsAbort } from './metrics/threshold.ts'
import { evaluatePromql } from './metrics/promql-threshold.ts'
import { type RunOptions, consolidate } from './options.ts'
import { Progress } from './progress.ts'
import { announcement } from './run/announcement.ts'
import { endSummary } from './run/end-summary.ts'
import { RunOutputs } from './run/run-outputs.ts'
import { runReport, stateOf } from './run/run-report.ts'
import { type Script, Workers } from './run/workers.ts'
import { StatusLine } from './status-line.ts'
import type { SummaryInput } from './summary/data.ts'
import { brokenChecksText } from './summary/broken-checks.ts'
import { type RunSettings, readConfigFile, resolveSettings } from './settings.ts'
import { NO_SCRIPT, USAGE } from './usage.ts'
import type { LogLevel } from './vu/environment.ts'
import type { ScriptFacts } from './worker-protocol.ts'
import type { Notice } from './worker-thread.ts'

/** Where fetched modules are kept, from the current folder. */
const IMPORTS_DIR = 'data/imports'
/** ms between two looks at the thresholds. */
const THRESHOLD_INTERVAL_MS = 2000
/** ms between two samples of `vus`. */
const VUS_INTERVAL_MS = 1000
/** ms between two reports of the main thread on itself. */
const METER_INTERVAL_MS = 500
/** ms that a worker has to let go when it is told to stop, or when its time is over. */
const STOP_TIMEOUT_MS = 5000

/** What the k6 whose behaviour this is sends: servers may tell clients apart by it, and count its bytes. */
const USER_AGENT = 'Grafana k6/2.2.0'

/** Runs the script; resolves with k6's exit code. Rejects only for our own bugs. */
export async function runLoad(options: LoadOptions, io: LoadIo): Promise<number> {
  if (options.args.help) {
    io.stdout(USAGE)
    return EXIT.ok
  }
  if (options.args.script === null) {
    io.stderr(NO_SCRIPT)
    return EXIT.other
  }
  try {
    const settings = resolveSettings(options.args.settings, io.env)
    const log = new LogWriter(settings.log, io)
    try {
      const run = new LoadRun(options, options.args.script, io, settings, log)
      return await (options.args.emit === null ? run.execute() : run.emit())
    } finally {
      log.close()
    }
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    io.stderr(`${error.message}\n`)
    return error.exitCode
  }
}

class LoadRun {
  readonly #given: LoadOptions
  readonly #script: string
  readonly #io: LoadIo
  readonly #settings: RunSettings
  readonly #logWriter: LogWriter
  /** Where the script's console writes; null: into the log. */
  #consoleWriter: LogWriter | null = null
  readonly #id: string
  readonly #startedMs: number
  readonly #workers: Workers
  #outputs: RunOutputs | null = null
  #options!: RunOptions
  #facts!: ScriptFacts
  /** The entry and all that it imports. */
  #scriptPaths: string[] = []
  #state: RunState = new RunState([])
  #engine!: MetricsEngine
  #thresholds: ThresholdGroup[] = []
  #progress: Progress | null = null
  /** What `--out` or the configuration file names. */
  #outs: readonly string[] = []
  #setupData: string | undefined
  /** Aborted when the scenarios are over or told to end. */
  readonly #ending = new AbortController()
  /** What ended the run first, if not its plan. */
  #failure: LoadError | null = null
  /** Dropped iterations that were sampled, by scenario. */
  readonly #dropped: number[] = []
  #isMarkedFailed = false
  #isLingering = false
  #brokenChecks: CheckReport[] | null = null
  /** What a controller has found so far. */
  #found: Pick<RunReport, 'limit' | 'suspects'> = {}
  #status: StatusLine | null = null
  /** The course of the run, when somebody wants to know what gave first. */
  #windows: RunWindows | null = null
  #isStopping = false
  /** Measures the generator: its main thread here, all threads put together in the monitor. */
  readonly #meter = new ThreadMeter()
  #monitor: GeneratorMonitor | null = null
  #vusTimer: NodeJS.Timeout | undefined
  #durationMs = 0
  #summaryText = ''
  #report: RunReport['state'] = 'running'
  #endedMs: number | null = null
  #exitCode: number | null = null

  constructor(
    given: LoadOptions,
    script: string,
    io: LoadIo,
    settings: RunSettings,
    logWriter: LogWriter,
  ) {
    this.#given = given
    this.#script = script
    this.#io = io
    this.#settings = settings
    this.#logWriter = logWriter
    this.#startedMs = io.now()
    this.#id = given.args.runId ?? given.runId ?? newRunId(this.#startedMs)
    this.#workers = new Workers(given.workerUrl, (notice, worker) => this.#hear(notice, worker))
  }

  async execute(): Promise<number> {
    const onSignal = (): void => {
      if (!this.#isLingering)
        this.#stop(new LoadError(EXIT.externalAbort, 'the run was interrupted'))
    }
    this.#io.signal?.addEventListener('abort', onSignal)
    try {
      await this.#open()
      if (this.#io.signal?.aborted === true) onSignal()
      await this.#run()
    } catch (error) {
      this.#fail(error)
    }
    try {
      await this.#finish()
    } catch (error) {
      this.#fail(error)
    } finally {
      clearInterval(this.#vusTimer)
      this.#io.signal?.removeEventListener('abort', onSignal)
      await this.#workers.close()
      this.#consoleWriter?.close()
    }
    return this.#verdict()
  }

  /** Prints how a cluster runs the script instead of running it. */
  async emit(): Promise<number> {
    try {
      const { path } = await this.#inspect()
      const { args, argv = [] } = this.#given
      const yaml = kubernetesJob({
        script: path,
        files: [...this.#scriptPaths, ...this.#facts.openedFiles],
        parallelism: args.parallelism,
        runId: this.#id,
        args: argsForPods(argv, this.#script),
        vigieUrl: args.vigie ?? this.#io.env['VIGIE_URL'] ?? null,
        image: args.image,
      })
      this.#io.stdout(yaml)
    } catch (error) {
      this.#fail(error)
    } finally {
      await this.#workers.close()
    }
    return this.#failure?.exitCode ?? EXIT.ok
  }

  /** The first failure counts; anything that is none of ours is a bug. */
  #fail(error: unknown): void {
    if (!(error instanceof LoadError)) throw error
    if (this.#failure === null || error !== this.#failure) this.#log('error', error.message)
    this.#failure ??= error
  }

  // Opening

  /** Compiles the script and evaluates it once: its options, functions and files. */
  async #inspect(): Promise<{ path: string; script: Script }> {
    this.#workers.startFirst()
    const path = resolve(this.#io.cwd, this.#script)
    const { args } = this.#given
    const program = await compileWithRemotes(path, resolve(this.#io.cwd, IMPORTS_DIR), {
      source: await this.#standardInput(),
      blocking: args.realBlocking,
      npm: args.npm || /^(1|t|true)$/i.test(this.#io.env['VIGIE_NPM'] ?? ''),
    })
    this.#scriptPaths = program.modules.map((module) => module.path).filter((one) => !isRemote(one))
    const script = { program, env: this.#scriptEnv() }
    this.#facts = await this.#workers.inspect(script)
    return { path, script }
  }

  async #open(): Promise<void> {
    const { script } = await this.#inspect()
    this.#readOptions()
    const count = Math.max(
      1,
      Math.min(
        this.#given.workers ?? availableParallelism(),
        this.#options.scenarios.reduce((sum, one) => sum + maxVusOf(one), 0),
        MAX_WORKERS,
      ),
    )
    const { blocking } = script.program
    if (blocking !== null) this.#announceBlocking(blocking)
    await this.#workers.load(script, count)
    this.#outputs = this.#makeOutputs()
    this.#outputs.open()
    this.#announce()
    // As in k6 from here to the end of teardown: 0 VUs are active while they are made and in setup.
    this.#vusTimer = setInterval(() => this.#sampleVus(), VUS_INTERVAL_MS)
    await this.#workers.prepare({
      script,
      facts: this.#facts,
      options: this.#options,
      state: this.#state,
      flushIntervalMs: this.#given.controller?.flushIntervalMs,
      wantsSamples: this.#outputs.wantsSamples,
    })
  }

  #announceBlocking(reason: string): void {
    const { scenarios } = this.#options
    const vus = scenarios.reduce((sum, one) => sum + maxVusOf(one), 0)
    refuseTooManyVus(vus, reason)
    const threads = `${vus} thread${vus === 1 ? '' : 's'}`
    this.#log('warning', `runs with real blocking: ${reason}; slower and heavier: ${threads}`)
  }

  /** The text of the script `-`. */
  async #standardInput(): Promise<string | undefined> {
    if (this.#script !== '-') return undefined
    if (this.#io.stdin === undefined)
      throw new LoadError(EXIT.other, 'cannot read the script: there is no standard input')
    return this.#io.stdin()
  }

  #scriptEnv(): Record<string, string> {
    const env: Record<string, string> = {}
    const outer = this.#settings.includeSystemEnvVars ? this.#io.env : {}
    for (const [name, value] of Object.entries(outer)) if (value !== undefined) env[name] = value
    // For promql(…) thresholds on the run's own series.
    env['VIGIE_RUN_ID'] = this.#id
    for (const [name, value] of this.#given.args.env) env[name] = value
    return env
  }

  #readOptions(): void {
    const { args } = this.#given
    if (this.#facts.functions.length === 0)
      throw new LoadError(EXIT.other, 'no exported functions in script')
    const script =
      this.#facts.options === undefined ? {} : (JSON.parse(this.#facts.options) as unknown)
    if (typeof script !== 'object' || script === null || Array.isArray(script))
      throw new LoadError(EXIT.other, 'the exported options must be an object')
    const config = readConfigFile(args.settings, this.#io)
    const configured = Array.isArray(config['out']) ? config['out'].map(String) : []
    this.#outs = this.#settings.out ?? configured
    const { options, warnings } = consolidate(
      {
        config,
        script: script as Record<string, unknown>,
        env: this.#io.env,
        flags: args.options,
      },
      this.#given.userAgent ?? USER_AGENT,
    )
    for (const warning of warnings) this.#log('warning', warning)
    if (options.consoleOutput !== null) {
      const { format, hasNanoseconds } = this.#settings.log
      const to = { file: options.consoleOutput }
      this.#consoleWriter = new LogWriter({ to, level: null, format, hasNanoseconds }, this.#io)
    }
    const { controller } = this.#given
    if (controller !== undefined && options.stripes !== null)
      throw new LoadError(
        EXIT.invalidConfig,
        'an execution segment is a part of a load that is known before; --find-limit looks for it, on one generator',
      )
    this.#options =
      controller === undefined
        ? options
        : { ...options, scenarios: controller.plan(options.scenarios) }
    for (const { name, exec } of this.#options.scenarios) {
      if (this.#facts.functions.includes(exec)) continue
      throw new LoadError(
        EXIT.invalidConfig,
        `executor ${name}: function '${exec}' not found in exports`,
      )
    }
    this.#state = new RunState(this.#options.scenarios)
    this.#thresholds = this.#settings.noThresholds ? [] : parseThresholds(options.thresholds)
    this.#engine = new MetricsEngine(this.#facts.metrics, this.#thresholds, options.systemTags)
    if (this.#settings.summaryMode === 'full') this.#engine.keepDetails()
  }

  #makeOutputs(): RunOutputs {
    return new RunOutputs({
      given: this.#given,
      io: this.#io,
      id: this.#id,
      engine: this.#engine,
      thresholds: this.#thresholds,
      options: this.#options,
      outs: this.#outs,
      report: this.#settings.report,
      scriptPaths: this.#scriptPaths,
      runReport: () => this.#runReport(),
      onStop: () => this.#stop(new LoadError(EXIT.externalAbort, 'the run was stopped in Vigie')),
      ending: this.#ending.signal,
      warn: (message) => this.#log('warning', message),
      fail: (message) => this.#log('error', message),
    })
  }

  #announce(): void {
    if (this.#given.args.quiet) return
    const outputs = this.#outputs?.descriptions ?? []
    const isPlanned = this.#given.controller === undefined
    this.#io.stdout(announcement(this.#script, outputs, this.#options, isPlanned))
  }

  // Running

  async #run(): Promise<void> {
    if (this.#isStopping) return
    await this.#given.dataChecks?.before()
    const { noSetup } = this.#options
    if (!noSetup && this.#facts.functions.includes('setup'))
      this.#setupData = await this.#workers.setup()
    await this.#outputs?.meetReady()
    if (this.#isStopping) return
    this.#state.startMs = monotonicMs()
    this.#monitor = new GeneratorMonitor(this.#state)
    this.#meter.start()
    const meterTimer = setInterval(
      () => this.#monitor?.add('main', this.#meter.report()),
      METER_INTERVAL_MS,
    )
    const stopWatching = this.#given.controller === undefined ? this.#watch() : this.#watchStatus()
    try {
      await Promise.all([this.#runWorkers(), this.#control()])
    } finally {
      clearInterval(meterTimer)
      this.#meter.stop()
      this.#monitor.add('main', this.#meter.report())
      this.#durationMs = monotonicMs() - this.#state.startMs
      stopWatching()
    }
    this.#sampleDropped(true)
  }

  /** Shows progress and looks at thresholds until the returned function is called. */
  #watch(): () => void {
    const { quiet } = this.#given.args
    const live = quiet ? null : new LiveFigures(this.#engine, monotonicMs)
    const progress = new Progress(this.#state, {
      write: (text) => this.#io.stdout(text),
      isTTY: this.#io.isTTY,
      columns: this.#io.columns ?? 80,
      live: (scenario) => live?.textOf(scenario) ?? '',
    })
    this.#progress = progress
    if (!this.#given.args.quiet) progress.start()
    const timer = setInterval(() => void this.#watchThresholds(), THRESHOLD_INTERVAL_MS)
    if (this.#given.findSuspects !== undefined && this.#thresholds.length > 0)
      this.#windows = new RunWindows(this.#engine, this.#thresholds, this.#state, () =>
        this.#io.now(),
      )
    return () => {
      clearInterval(timer)
      this.#windows?.close()
      if (!this.#given.args.quiet) progress.stop()
    }
  }

  /** A controller says itself what is going on. */
  #watchStatus(): () => void {
    const status = new StatusLine(this.#io, this.#given.args.quiet)
    this.#status = status
    return () => status.set('')
  }

  /** Lets the controller, if there is one, change the load; then the controlled scenarios end. */
  async #control(): Promise<void> {
    const { controller } = this.#given
    if (controller === undefined) return
    try {
      await controller.drive({
        state: this.#state,
        engine: this.#engine,
        health: (windowMs) => this.#monitor!.last(windowMs),
        setTarget: (scenario, value) => this.#state.setTarget(scenario, value),
        signal: this.#ending.signal,
        thresholds: this.#thresholds,
        promql: this.#given.promql,
        now: () => this.#io.now(),
        columns: this.#io.columns ?? 80,
        publish: (part) => (this.#found = { ...this.#found, ...part }),
        say: (text) => this.#status!.interleave(() => this.#io.stdout(text)),
        status: (text) => this.#status!.set(text),
        warn: (text) => this.#log('warning', text),
      })
    } finally {
      this.#options.scenarios.forEach((one, i) => {
        if (isControlled(one)) this.#state.endControlled(i)
      })
    }
  }

  #runWorkers(): Promise<void> {
    return this.#workers.run(
      this.#setupData,
      () => this.#isStopping,
      () =>
        this.#log(
          'error',
          'a worker thread does not stop: the script seems to run without ever waiting; what it measured last is lost',
        ),
    )
  }

  #sampleVus(): void {
    this.#engine.sample('vus', this.#state.get('activeVus'), this.#options.tags)
    this.#engine.sample('vus_max', this.#state.get('initializedVus'), this.#options.tags)
    this.#sampleDropped(false)
  }

  /** Iterations that could not start since the last look; shared ones that are left over only at the end. */
  #sampleDropped(isEnd: boolean): void {
    this.#options.scenarios.forEach((scenario, i) => {
      let total = this.#state.getOf(i, 'dropped')
      if (scenario.executor === 'shared-iterations' && isEnd && !this.#isStopping)
        total = Math.max(0, scenario.iterations - this.#state.getOf(i, 'started'))
      const dropped = total - (this.#dropped[i] ?? 0)
      this.#dropped[i] = total
      if (dropped > 0)
        this.#engine.sample('dropped_iterations', dropped, [
          ...this.#options.tags,
          ...Object.entries(scenario.tags),
          ['scenario', scenario.name],
        ])
    })
  }

  async #watchThresholds(): Promise<void> {
    const elapsedMs = monotonicMs() - this.#state.startMs
    this.#engine.evaluateThresholds(elapsedMs, false)
    await evaluatePromql(this.#thresholds, this.#given.promql, false)
    if (this.#isStopping || this.#endedMs !== null || !wantsAbort(this.#thresholds, elapsedMs))
      return
    this.#stop(
      new LoadError(
        EXIT.thresholdsFailed,
        `thresholds on metrics '${this.#failedKeys().join(', ')}' were crossed; at least one has abortOnFail enabled, stopping test prematurely`,
      ),
    )
  }

  #failedKeys(): string[] {
    return this.#thresholds
      .filter(({ thresholds }) => thresholds.some(({ ok }) => ok === false))
      .map(({ key }) => key)
  }

  /** Ends the run early. Teardown and summary still happen. */
  #stop(reason: LoadError): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#ending.abort()
    this.#log('error', reason.message)
    this.#failure ??= reason
    this.#workers.stop()
    setTimeout(() => {
      if (this.#endedMs === null && this.#durationMs === 0) void this.#workers.close()
    }, STOP_TIMEOUT_MS).unref()
  }

  #hear(notice: Notice, worker: number): void {
    switch (notice.kind) {
      case 'samples':
        return this.#engine?.ingest(worker + MAX_WORKERS * (notice.source ?? 0), notice.flush)
      case 'generator':
        return this.#monitor?.add(`worker ${worker}`, notice.report)
      case 'log':
        return this.#log(notice.level, notice.message, notice.fields)
      case 'abort':
        return this.#stop(new LoadError(EXIT.scriptAborted, notice.message))
      case 'mark-failed':
        if (!this.#isMarkedFailed) this.#log('error', notice.message)
        this.#isMarkedFailed = true
    }
  }

  // Ending

  async #finish(): Promise<void> {
    if (this.#options === undefined || this.#engine === undefined) return
    try {
      await this.#teardown()
    } catch (error) {
      this.#fail(error)
    } finally {
      clearInterval(this.#vusTimer)
    }
    await this.#linger()
    const hasRun = this.#state.startMs !== 0
    // A controlled run goes beyond what the thresholds allow: its controller judges.
    if (this.#given.controller === undefined) await this.#judge(hasRun)
    if (hasRun && !this.#isInterrupted) await this.#checkData()
    this.#endedMs = this.#io.now()
    this.#exitCode = this.#verdict()
    this.#report = stateOf(this.#exitCode)
    await this.#writeReport()
    if (this.#given.onReport !== undefined) this.#given.onReport(this.#runReport())
    await this.#outputs?.close()
  }

  async #judge(hasRun: boolean): Promise<void> {
    const endMs = this.#state.startMs + this.#durationMs
    this.#engine.evaluateThresholds(this.#durationMs, true, Math.max(0, monotonicMs() - endMs))
    await this.#outputs?.flush()
    await evaluatePromql(this.#thresholds, await this.#lastQuery(), true)
    if (hasRun) await this.#summarise()
    const failed = this.#failedKeys()
    const windows = this.#windows?.close() ?? []
    if (!hasRun || failed.length === 0) return
    await this.#findSuspects(windows)
    this.#fail(
      this.#failure?.exitCode === EXIT.thresholdsFailed
        ? this.#failure
        : new LoadError(
            EXIT.thresholdsFailed,
            `thresholds on metrics '${failed.join(', ')}' have been crossed`,
          ),
    )
  }

  async #findSuspects(windows: readonly RunWindow[]): Promise<void> {
    const { findSuspects } = this.#given
    if (findSuspects === undefined || windows.length < 2 || this.#isInterrupted) return
    try {
      const { suspects, text } = await findSuspects(windows, this.#windows!.unit)
      this.#found = { ...this.#found, suspects }
      this.#io.stdout(text)
    } catch (error) {
      this.#log('warning', `cannot look for what gave first: ${(error as Error).message}`)
    }
  }

  get #isInterrupted(): boolean {
    return this.#io.signal?.aborted === true
  }

  async #checkData(): Promise<void> {
    const { dataChecks, args } = this.#given
    if (dataChecks === undefined) return
    try {
      this.#brokenChecks = await dataChecks.after((text) => {
        if (!args.quiet) this.#log('info', text)
      })
    } catch (error) {
      return this.#fail(error)
    }
    this.#io.stdout(brokenChecksText(this.#brokenChecks))
    if (this.#brokenChecks.length === 0) return
    const names = this.#brokenChecks.map(({ name }) => name).join(', ')
    this.#fail(
      new LoadError(
        EXIT.thresholdsFailed,
        `data checks that held before the run are violated: ${names}`,
      ),
    )
  }

  /** With --linger the process stays until Ctrl+C, which then ends it as if nothing had been. */
  async #linger(): Promise<void> {
    const { signal } = this.#io
    if (!this.#settings.linger || this.#isStopping || !signal || signal.aborted) return
    this.#isLingering = true
    if (!this.#given.args.quiet) this.#io.stdout('Linger set; waiting for Ctrl+C...\n')
    await once(signal, 'abort')
  }

  /** PromQL as it is when all results are in, those of other generators included. */
  async #lastQuery(): Promise<PromqlQuery | undefined> {
    const { promql } = this.#given
    const timeMs = (await this.#outputs?.meetDone()) ?? null
    if (promql === undefined || timeMs === null) return promql
    return (expr) => promql(expr, timeMs)
  }

  async #teardown(): Promise<void> {
    const wasSetUp = this.#state.startMs !== 0
    if (!wasSetUp || this.#options.noTeardown || !this.#facts.functions.includes('teardown')) return
    await this.#workers.teardown(this.#setupData)
  }

  #summaryInput(): SummaryInput {
    const { summaryTrendStats, summaryTimeUnit } = this.#options
    return {
      engine: this.#engine,
      thresholds: this.#thresholds,
      durationMs: this.#durationMs || Math.max(1, monotonicMs() - this.#state.startMs),
      trendStats: summaryTrendStats,
      timeUnit: summaryTimeUnit,
      noColor: this.#settings.noColor || !this.#io.isTTY,
      isTTY: this.#io.isTTY,
      setupData: this.#setupData,
    }
  }

  async #summarise(): Promise<void> {
    const hasOwn = this.#facts.functions.includes('handleSummary')
    this.#summaryText = await endSummary({
      input: this.#summaryInput(),
      settings: this.#settings,
      timeUnit: this.#options.summaryTimeUnit,
      script: basename(this.#script),
      nowMs: this.#io.now(),
      generator: this.#monitor?.total() ?? null,
      handleSummary: hasOwn ? (data) => this.#workers.handleSummary(data) : null,
      stdout: (text) => this.#io.stdout(text),
      stderr: (text) => this.#io.stderr(text),
      writeFile: (path, content) => this.#writeFile(path, content),
      log: (level, message) => this.#log(level, message),
    })
  }

  async #writeReport(): Promise<void> {
    const { report: path } = this.#settings
    const collector = this.#outputs?.collector ?? null
    if (path === null || collector === null) return
    const { reportHtml } = await import('./report/html.ts')
    this.#writeFile(path, reportHtml(this.#runReport(), collector))
  }

  #writeFile(path: string, content: string | Uint8Array): void {
    try {
      writeFileSync(resolve(this.#io.cwd, path), content)
    } catch (error) {
      this.#log('error', `cannot write ${path}: ${(error as Error).message}`)
    }
  }

  #verdict(): number {
    if (this.#failure !== null) return this.#failure.exitCode
    return this.#isMarkedFailed ? EXIT.markedFailed : EXIT.ok
  }

  #runReport(): RunReport {
    const known = {
      id: this.#id,
      script: basename(this.#script),
      startedMs: this.#startedMs,
      endedMs: this.#endedMs,
      state: this.#report,
      exitCode: this.#exitCode,
      error: this.#failure?.message ?? null,
      summaryText: this.#summaryText,
      generator: this.#monitor?.total() ?? null,
      ...(this.#brokenChecks === null ? {} : { brokenChecks: this.#brokenChecks }),
      ...this.#found,
    }
    return runReport(known, this.#summaryInput(), this.#options, this.#state)
  }

  #log(level: LogLevel, message: string, fields: Record<string, unknown> = {}): void {
    if (level === 'debug' && !this.#given.args.verbose) return
    const now = this.#io.now()
    const line = { level, message, fields }
    if (this.#consoleWriter !== null && fields['source'] === 'console') {
      this.#consoleWriter.write({ ...line, fields: {} }, now, now - this.#startedMs)
      return
    }
    const write = (): void => this.#logWriter.write(line, now, now - this.#startedMs)
    const screen = this.#progress ?? this.#status
    if (screen === null) write()
    else screen.interleave(write)
  }
}

/** `<utc yyyymmddThhmmssZ>-<6 hex>`. */
function newRunId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${randomBytes(3).toString('hex')}`
}
