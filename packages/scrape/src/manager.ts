/**
 * All that is watched: one pool of loops per job. A reload hands over the new jobs; what it does not
 * change goes on undisturbed.
 */
import type { Storage } from '@vigie/model'
import { IngestScratch } from './ingest/ingester.ts'
import type { Logger } from './logger.ts'
import { BodyScratch } from './loop/body-scratch.ts'
import { ScrapeCounters } from './loop/counters.ts'
import type { LoopContext, ScrapeLoop } from './loop/loop.ts'
import { Pool, type Job } from './loop/pool.ts'
import type { ActiveTarget, OwnMetric, TargetMetadata, TargetsStatus } from './status.ts'
import { globalUrl } from './target/target.ts'

export interface ScrapeManagerOptions {
  storage: Storage
  /** Milliseconds since the epoch. */
  now: () => number
  log: Logger
  /** Sent with every request, such as `Vigie/0.1.0`. */
  userAgent: string
  /** Shifts the phase of all targets; the external labels of a server make a good one. */
  seed?: string | undefined
  /** For `globalUrl`: how others reach this server, and the port it listens on. */
  externalUrl?: string | undefined
  ownPort?: number | undefined
}

export class ScrapeManager {
  readonly #options: ScrapeManagerOptions
  readonly #context: LoopContext
  readonly #pools = new Map<string, Pool>()
  readonly #ending = new Set<Promise<void>>()
  readonly #counters = new ScrapeCounters()

  constructor(options: ScrapeManagerOptions) {
    this.#options = options
    this.#context = {
      storage: options.storage,
      now: options.now,
      log: options.log,
      scratch: new IngestScratch(),
      bodies: new BodyScratch(),
      counters: this.#counters,
      seed: options.seed ?? '',
    }
  }

  /**
   * Watches exactly these jobs from now on. Targets that go get stale markers. Throws RegexError for
   * a relabelling rule that does not compile, before anything has changed for its job.
   */
  apply(jobs: readonly Job[]): void {
    const wanted = new Set(jobs.map(poolKey))
    for (const [key, pool] of this.#pools)
      if (!wanted.has(key)) {
        this.#pools.delete(key)
        const ending = pool.stop(true).finally(() => this.#ending.delete(ending))
        this.#ending.add(ending)
      }
    for (const job of jobs) {
      const pool = this.#pools.get(poolKey(job))
      if (pool === undefined)
        this.#pools.set(poolKey(job), new Pool(job, this.#context, this.#options.userAgent))
      else pool.update(job)
    }
  }

  /** Ends all loops; resolves when nothing is appended any more. Series are not marked as ended. */
  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop(false)))
    this.#pools.clear()
    await Promise.all(this.#ending)
  }

  /** The jobs watched now, by name. */
  jobs(): Job[] {
    const jobs = [...this.#pools.values()].map((pool) => pool.job)
    return jobs.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  targets(): TargetsStatus {
    const status: TargetsStatus = { active: [], dropped: [], droppedCounts: new Map() }
    for (const pool of this.#pools.values()) {
      for (const loop of pool.loops.values()) status.active.push(this.#activeTarget(pool, loop))
      for (const discoveredLabels of pool.dropped)
        status.dropped.push({ discoveredLabels, scrapePool: pool.job.name })
      status.droppedCounts.set(pool.job.name, pool.droppedCount)
    }
    return status
  }

  /** What every target says about its metric families. */
  metadata(): TargetMetadata[] {
    return [...this.#pools.values()].flatMap((pool) =>
      [...pool.loops.values()].flatMap((loop) =>
        loop.ingester.metadata.list().map((one) => ({ ...one, target: loop.target.labels })),
      ),
    )
  }

  metrics(): OwnMetric[] {
    const perPool = (value: (pool: Pool) => number): OwnMetric['samples'] =>
      [...this.#pools.values()].map((pool) => ({
        labels: { scrape_job: pool.job.name },
        value: value(pool),
      }))
    return [
      ...this.#counters.metrics(),
      {
        name: 'prometheus_target_scrape_pool_targets',
        help: 'Current number of targets in this scrape pool.',
        type: 'gauge',
        samples: perPool((pool) => pool.loops.size),
      },
      {
        name: 'prometheus_target_metadata_cache_entries',
        help: 'Total number of metric metadata entries in the cache',
        type: 'gauge',
        samples: perPool((pool) =>
          [...pool.loops.values()].reduce((sum, loop) => sum + loop.ingester.metadata.size, 0),
        ),
      },
    ]
  }

  #activeTarget(pool: Pool, loop: ScrapeLoop): ActiveTarget {
    const { target } = loop
    const isInternal = pool.job.kind === 'scrape' && pool.job.internal !== undefined
    return {
      kind: isInternal ? 'internal' : pool.job.kind,
      discoveredLabels: target.discoveredLabels,
      labels: target.labels,
      scrapePool: pool.job.name,
      scrapeUrl: target.url,
      globalUrl: globalUrl(target.url, this.#options.externalUrl, this.#options.ownPort),
      lastError: loop.lastError,
      lastScrapeMs: loop.lastScrapeMs,
      lastScrapeDurationSeconds: loop.lastDurationSeconds,
      health: loop.health,
      intervalMs: target.intervalMs,
      timeoutMs: target.timeoutMs,
      samplesScraped: loop.samplesScraped,
    }
  }
}

const poolKey = (job: Job): string => `${job.kind} ${job.name}`
