/** One check: asks, judges, writes its series. */
import { Labels, STALE_NAN, type Storage } from '@vigie/model'
import type { Logger } from '../logger.ts'
import type { QueryFn } from '../rules/query.ts'
import { type Answer, SourceError } from './answer.ts'
import type { CheckConfig, Datasource } from './check-config.ts'
import type { CheckState } from './check-state.ts'
import { type Verdict, judge, showExpectation } from './expectation.ts'
import { askHttp } from './http-source.ts'
import { askPromql } from './promql-source.ts'
import { askSql } from './sql-source.ts'

export interface CheckRunnerOptions {
  config: CheckConfig
  /** Of SQL checks. */
  datasource: Datasource | undefined
  storage: Storage
  query: QueryFn
  now: () => number
  log: Logger
  /** Runs a job when all before it on the same source are over. */
  enqueue: (source: string, job: () => Promise<void>) => Promise<void>
}

/** However often a check runs, it may take this long. */
const TIMEOUT_MIN_MS = 2000
const TIMEOUT_MAX_MS = 30_000
/** The first runs are spread over this long. */
const SPREAD_MS = 1000
/** Intervals without an answer until a check counts as not checked. */
const MISSED_MAX = 3

export class CheckRunner {
  readonly config: CheckConfig
  readonly #options: CheckRunnerOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isStarted = false
  #isStopped = false
  readonly #abort = new AbortController()
  #verdict: Verdict | undefined
  #failureCount = 0
  #error: SourceError | undefined
  readonly #errorCounts = new Map<string, number>()
  #startedMs = 0
  #lastRunMs: number | null = null
  #lastAnswerMs: number | null = null
  #lastOkMs: number | null = null
  #durationMs: number | null = null
  #written = new Map<string, Labels>()
  #writtenMs = 0

  constructor(options: CheckRunnerOptions) {
    this.#options = options
    this.config = options.config
  }

  isSame(config: CheckConfig, datasource: Datasource | undefined): boolean {
    return show([config, datasource]) === show([this.config, this.#options.datasource])
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#startedMs = this.#options.now()
    this.#schedule(Math.random() * Math.min(SPREAD_MS, this.config.everyMs))
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      const startMs = this.#options.now()
      this.#running = this.#turn().finally(() => {
        this.#schedule(Math.max(0, startMs + this.config.everyMs - this.#options.now()))
      })
    }, delayMs)
  }

  #turn(): Promise<void> {
    const { source } = this.config
    return source.kind === 'sql'
      ? this.#options.enqueue(source.datasource, () => this.run())
      : this.run()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#abort.abort()
    await this.#running
  }

  /**
   * Asks now, and again until a failure counts or there is none: what `state` says afterwards is true
   * of this moment.
   */
  async runNow(): Promise<void> {
    await this.#running
    for (let i = 0; i < this.config.failuresMin && !this.#isStopped; i++) {
      await this.#turn()
      if (this.#error !== undefined || this.#failureCount === 0 || this.#isViolated) return
    }
  }

  /** Asks once. Never rejects: what goes wrong is the check's state. */
  async run(): Promise<void> {
    if (this.#isStopped) return
    const startMs = this.#options.now()
    const start = performance.now()
    try {
      const answer = await this.#ask(startMs)
      this.#settle(judge(this.config.expectation, answer, this.config.sampleCount), startMs)
    } catch (error) {
      this.#fail(error)
    }
    this.#lastRunMs = startMs
    this.#durationMs = performance.now() - start
    this.write()
  }

  #ask(timeMs: number): Promise<Answer> {
    const { config, datasource, query } = this.#options
    const { source } = config
    const timeoutMs = Math.min(TIMEOUT_MAX_MS, Math.max(TIMEOUT_MIN_MS, config.everyMs))
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)])
    if (source.kind === 'promql') return askPromql(source, query, timeMs)
    if (source.kind === 'http') return askHttp(source, config.expectation, signal)
    return askSql(datasource!, source.query, timeoutMs, signal)
  }

  #settle(verdict: Verdict, timeMs: number): void {
    this.#verdict = verdict
    this.#error = undefined
    this.#lastAnswerMs = timeMs
    this.#failureCount = verdict.isOk ? 0 : this.#failureCount + 1
    if (verdict.isOk) this.#lastOkMs = timeMs
    if (this.#failureCount === this.config.failuresMin)
      this.#options.log.warn('data check violated', {
        check: this.config.name,
        violations: verdict.violations,
      })
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return
    const failure =
      error instanceof SourceError ? error : new SourceError('query', (error as Error).message)
    this.#error = failure
    this.#errorCounts.set(failure.reason, (this.#errorCounts.get(failure.reason) ?? 0) + 1)
    this.#options.log.warn('data check failed to run', {
      check: this.config.name,
      error: failure.message,
    })
  }

  get #isViolated(): boolean {
    return this.#failureCount >= this.config.failuresMin
  }

  #isChecked(nowMs: number): boolean {
    return nowMs - (this.#lastAnswerMs ?? this.#startedMs) <= MISSED_MAX * this.config.everyMs
  }

  /** Appends what is known to the series. */
  write(): void {
    const nowMs = this.#options.now()
    if (nowMs <= this.#writtenMs || this.#lastRunMs === null) return
    const samples = this.#samples(nowMs)
    const appender = this.#options.storage.appender()
    try {
      for (const [labels, v] of samples) appender.append(appender.series(labels), nowMs, v)
      appender.commit()
      this.#writtenMs = nowMs
      this.#written = new Map(samples.map(([labels]) => [labels.key, labels]))
    } catch (error) {
      appender.rollback()
      this.#options.log.error('writing series of a data check failed', {
        check: this.config.name,
        error: (error as Error).message,
      })
    }
  }

  #samples(nowMs: number): [Labels, number][] {
    const { name, severity } = this.config
    const series = (metric: string, labels: Record<string, string> = {}): Labels =>
      Labels.fromObject({ __name__: metric, name, ...labels })
    const samples: [Labels, number][] = [
      [series('invariant_checked'), this.#isChecked(nowMs) ? 1 : 0],
      [series('invariant_duration_seconds'), (this.#durationMs ?? 0) / 1000],
    ]
    for (const [reason, count] of this.#errorCounts)
      samples.push([series('invariant_errors_total', { reason }), count])
    if (this.#verdict === undefined) return samples
    samples.push(
      [series('invariant_ok', { severity }), this.#isViolated ? 0 : 1],
      [series('invariant_violations'), this.#verdict.violations],
      [series('invariant_last_success_timestamp_seconds'), this.#lastAnswerMs! / 1000],
    )
    if (this.#verdict.value !== null) samples.push([series('invariant_value'), this.#verdict.value])
    return samples
  }

  /** Ends the series of a check that is gone; one of the same name goes on with its own. */
  endSeries(others: ReadonlyMap<string, CheckRunner>): void {
    if (others.get(this.config.name)?.config.severity === this.config.severity) return
    const appender = this.#options.storage.appender()
    const nowMs = Math.max(this.#options.now(), this.#writtenMs + 1)
    for (const labels of this.#written.values())
      appender.append(appender.series(labels), nowMs, STALE_NAN)
    appender.commit()
  }

  state(): CheckState {
    const { config } = this
    const verdict = this.#verdict
    return {
      name: config.name,
      kind: config.source.kind,
      severity: config.severity,
      state: this.#stateName(),
      value: verdict?.value ?? null,
      violations: verdict?.violations ?? null,
      expectation: showExpectation(config.expectation),
      description: config.description,
      lastRunMs: this.#lastRunMs,
      lastOkMs: this.#lastOkMs,
      durationMs: this.#durationMs,
      error: this.#error?.message ?? null,
      sample: verdict?.sample ?? null,
    }
  }

  #stateName(): CheckState['state'] {
    if (this.#error !== undefined) return 'error'
    if (this.#verdict === undefined) return 'pending'
    return this.#isViolated ? 'violated' : 'ok'
  }
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) =>
    one instanceof Map ? [...(one as Map<string, string>)] : one,
  )
