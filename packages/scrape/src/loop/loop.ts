/**
 * The life of one target: wait, collect a body, ingest it, report, again. Whatever happens to a body,
 * the loop goes on, and each scrape leaves its report (`up` and `scrape_*`) in the storage.
 */
import {
  METRIC_NAME,
  STALE_NAN,
  StorageLimitError,
  UNKNOWN_SERIES,
  type Appender,
  type Labels,
  type SeriesRef,
  type Storage,
} from '@vigie/model'
import { ExpositionError } from '../exposition/text-parser.ts'
import type { IngestCounts, IngestRules, IngestScratch } from '../ingest/ingester.ts'
import { ScrapeError } from '../ingest/limits.ts'
import { REPORT_NAMES } from '../ingest/sample-labels.ts'
import { TargetIngester } from '../ingest/target-ingester.ts'
import type { Logger } from '../logger.ts'
import type { TargetHealth } from '../status.ts'
import type { Target } from '../target/target.ts'
import type { BodyScratch } from './body-scratch.ts'
import type { ScrapeCounters } from './counters.ts'
import { alignedTime, hashText, nextTick } from './schedule.ts'
import type { BodySource, CollectedBody } from './source.ts'

/** The first scrape comes this soon, whatever the interval: somebody may be looking. */
const FIRST_SCRAPE_WITHIN_MS = 200

/** What all loops of a manager share. */
export interface LoopContext {
  storage: Storage
  now: () => number
  log: Logger
  scratch: IngestScratch
  bodies: BodyScratch
  counters: ScrapeCounters
  /** Differs between servers, so that they do not ask the same target at the same moment. */
  seed: string
}

const NO_COUNTS: Readonly<IngestCounts> = {
  scraped: 0,
  kept: 0,
  added: 0,
  outOfOrder: 0,
  duplicate: 0,
  tooOld: 0,
  refused: 0,
}

export class ScrapeLoop {
  readonly ingester: TargetIngester
  target: Target
  health: TargetHealth = 'unknown'
  lastError = ''
  lastScrapeMs = 0
  lastDurationSeconds = 0
  samplesScraped = 0

  readonly #context: LoopContext
  #source: BodySource
  /** Set: every scrape fails with this. */
  #forcedError: string | undefined
  #reportRefs: SeriesRef[] = REPORT_NAMES.map(() => 0)
  #timer: NodeJS.Timeout | undefined
  readonly #stopping = new AbortController()

  constructor(target: Target, source: BodySource, rules: IngestRules, context: LoopContext) {
    this.target = target
    this.#source = source
    this.#context = context
    this.ingester = new TargetIngester(rules, context.scratch)
  }

  start(): void {
    const within = Math.min(FIRST_SCRAPE_WITHIN_MS, this.target.intervalMs)
    this.#schedule(this.#context.now() + (this.#phaseMs % within))
  }

  /** A reload changed how the target is scraped, but not the target: series and cache are kept. */
  update(target: Target, source: BodySource, rules: IngestRules | undefined): void {
    const isRescheduled = target.intervalMs !== this.target.intervalMs
    this.target = target
    this.#source = source
    if (rules !== undefined) this.ingester.changeRules(rules)
    if (isRescheduled && this.#timer !== undefined) this.#scheduleNext()
  }

  forceError(message: string | undefined): void {
    this.#forcedError = message
  }

  /** Nothing is appended from now on; `isGone` marks all series of the target as ended. */
  stop(isGone: boolean): void {
    clearTimeout(this.#timer)
    this.#stopping.abort()
    if (isGone) this.#markGone()
  }

  get #phaseMs(): number {
    return hashText(`${this.target.key}\n${this.#context.seed}`) % this.target.intervalMs
  }

  #schedule(tickMs: number): void {
    if (this.#stopping.signal.aborted) return
    clearTimeout(this.#timer)
    const delay = Math.max(0, tickMs - this.#context.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#scrape(tickMs).then(() => this.#scheduleNext())
    }, delay)
  }

  #scheduleNext(): void {
    const { intervalMs } = this.target
    this.#schedule(nextTick(this.#context.now(), intervalMs, this.#phaseMs))
  }

  async #scrape(tickMs: number): Promise<void> {
    const { signal } = this.#stopping
    const startMs = this.#context.now()
    const timeMs = alignedTime(startMs, tickMs, this.target.intervalMs)
    const start = performance.now()
    const collected = await this.#collect(signal)
    if (signal.aborted) return
    const counts = this.#ingest(collected, timeMs, start)
    if (typeof collected !== 'string') collected.release?.()
    this.lastScrapeMs = startMs
    this.#note(this.lastError, counts)
  }

  /** The body, or why there is none. */
  async #collect(signal: AbortSignal): Promise<CollectedBody | string> {
    if (this.#forcedError !== undefined) return this.#forcedError
    try {
      return await this.#source.collect(signal)
    } catch (error) {
      return explain(error)
    }
  }

  /** Stores a body with its report, or the report alone. Sets `lastError`. */
  #ingest(
    collected: CollectedBody | string,
    timeMs: number,
    start: number,
  ): Readonly<IngestCounts> {
    const measure = (): void => {
      this.lastDurationSeconds = (performance.now() - start) / 1000
    }
    const appender = this.#context.storage.appender()
    try {
      if (typeof collected === 'string') throw new ScrapeError(collected)
      const { body, format, failure } = collected
      this.#claimReports(appender)
      const bytes = this.#context.bodies.hold(body)
      const counts = this.ingester.ingest(bytes, body.length, format, timeMs, appender)
      measure()
      this.#report(appender, timeMs, failure === '' ? 1 : 0, counts)
      appender.commit()
      this.ingester.accept()
      this.lastError = failure
      return counts
    } catch (error) {
      appender.rollback()
      this.lastError = explain(error)
      measure()
      // As in Prometheus, samples before what was wrong are counted.
      const counts = typeof collected === 'string' ? NO_COUNTS : this.ingester.counts
      this.#reportFailure(timeMs, counts)
      return counts
    }
  }

  /** The series of the last body have ended; `up` is 0. */
  #reportFailure(timeMs: number, counts: Readonly<IngestCounts>): void {
    const appender = this.#context.storage.appender()
    try {
      this.ingester.markAllStale(timeMs, appender)
      this.#report(appender, timeMs, 0, counts)
      appender.commit()
    } catch (error) {
      appender.rollback()
      this.#context.log.error('cannot report a failed scrape', {
        target: this.target.url,
        error: explain(error),
      })
    }
  }

  #report(appender: Appender, timeMs: number, up: number, counts: Readonly<IngestCounts>): void {
    const values = [up, this.lastDurationSeconds, counts.scraped, counts.kept, counts.added]
    this.#claimReports(appender)
    values.forEach((value, i) => {
      const ref = this.#reportRefs[i]
      if (ref === 0 || appender.append(ref, timeMs, value) !== UNKNOWN_SERIES) return
      this.#reportRefs[i] = 0
      this.#claimReports(appender)
      if (this.#reportRefs[i] !== 0) appender.append(this.#reportRefs[i], timeMs, value)
    })
  }

  /** Asks for the report's series ahead of the target's own: a storage that fills up keeps room for `up`. */
  #claimReports(appender: Appender): void {
    const refs = this.#reportRefs
    try {
      for (let i = 0; i < refs.length; i++)
        if (refs[i] === 0) refs[i] = appender.series(this.#reportLabels(REPORT_NAMES[i]))
    } catch (error) {
      if (!(error instanceof StorageLimitError)) throw error
      this.#context.log.warn('storage is full: no report of the scrape', {
        target: this.target.url,
        limit: error.limit,
      })
    }
  }

  #reportLabels(name: string): Labels {
    return this.target.labels.with(METRIC_NAME, name)
  }

  #note(failure: string, counts: Readonly<IngestCounts>): void {
    const { counters, log } = this.#context
    const wasDown = this.health === 'down'
    this.health = failure === '' ? 'up' : 'down'
    this.samplesScraped = counts.scraped
    counters.samples += counts.scraped
    counters.outOfOrder += counts.outOfOrder
    counters.duplicate += counts.duplicate
    counters.tooOld += counts.tooOld
    counters.refused += counts.refused
    const isLeftOut = counts.outOfOrder + counts.duplicate + counts.tooOld > 0
    if (counts.refused > 0 || isLeftOut) {
      const fields = { target: this.target.url, ...namedCounts(counts) }
      if (counts.refused > 0) log.warn('storage is full: new series are left out', fields)
      else log.debug('samples left out', fields)
    }
    if (failure === '') return
    counters.failures++
    if (failure.startsWith('sample limit exceeded')) counters.sampleLimit++
    if (failure.startsWith('body size limit exceeded')) counters.bodySizeLimit++
    if (!wasDown) log.warn('target is down', { target: this.target.url, error: failure })
  }

  #markGone(): void {
    const appender = this.#context.storage.appender()
    const timeMs = this.#context.now()
    try {
      this.ingester.markAllStale(timeMs, appender)
      for (const ref of this.#reportRefs) if (ref !== 0) appender.append(ref, timeMs, STALE_NAN)
      appender.commit()
    } catch (error) {
      appender.rollback()
      this.#context.log.error('cannot mark the end of a target', {
        target: this.target.url,
        error: explain(error),
      })
    }
  }
}

const namedCounts = (counts: Readonly<IngestCounts>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0))

function explain(error: unknown): string {
  if (error instanceof ExpositionError && error.line > 0)
    return `line ${error.line}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
