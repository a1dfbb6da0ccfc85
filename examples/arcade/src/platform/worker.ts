// A worker's process: take a batch of events, handle it, sleep, again. With WORKER_BATCH 10 and
// WORKER_SLEEP_MS 100 a worker handles fewer than a hundred events a second, however fast it is.
import { Counter, Gauge, Summary } from 'prom-client'
import { setTimeout as sleep } from 'node:timers/promises'
import { Faults } from './faults.ts'
import { readEvents, streamLag } from './game-events.ts'
import type { Consumer, StoredEvent } from './game-events.ts'
import { createHttpService } from './http-service.ts'
import { connectDatabase } from './postgres.ts'
import type { Database } from './postgres.ts'
import { createRegistry, listen, say, startFaults } from './process.ts'
import { integerSetting, textSetting } from './settings.ts'
import type { Environment } from './settings.ts'

export interface WorkerJob {
  consumer: Consumer
  /** First part of its metric names. */
  prefix: string
  defaultPort: number
  faults?: Faults
  /** Handles a batch that is not empty and saves the index; returns how many events to count. */
  handle(database: Database, events: readonly StoredEvent[]): Promise<number>
  /** Done now and then besides; `everyMs` apart. */
  chore?: { everyMs: number; run(database: Database): Promise<void> }
}

/** After the database could not be reached. */
const retryMs = 500

/** Starts the worker and its metrics port; the result ends it. */
export async function startWorker(env: Environment, job: WorkerJob): Promise<() => Promise<void>> {
  const registry = createRegistry()
  const faults = job.faults ?? new Faults()
  const metrics = workerMetrics(job.prefix, job.consumer, registry)
  const database = connectDatabase(env, registry)
  const batch = integerSetting(env, 'WORKER_BATCH', 10, [1, 10_000])
  const sleepMs = integerSetting(env, 'WORKER_SLEEP_MS', 100, [1, 60_000])
  const lagEveryMs = integerSetting(env, 'WORKER_LAG_MS', 1000, [10, 60_000])
  const server = createHttpService({ routes: [], registry, faults, log: say })
  const ending = new AbortController()

  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        const startMs = performance.now()
        const events = await readEvents(database, job.consumer, batch)
        if (events.length > 0) {
          metrics.processed.inc(await job.handle(database, events))
          metrics.duration.observe((performance.now() - startMs) / 1000)
        }
        await pause(sleepMs + faults.delayMs(), ending.signal)
      } catch (error) {
        if (!ending.signal.aborted) say(`cannot handle events: ${String(error)}`)
        await pause(retryMs, ending.signal)
      }
    }
  }
  const repeat = async (everyMs: number, run: () => Promise<void>): Promise<void> => {
    while (!ending.signal.aborted) {
      await run().catch((error: unknown) => say(String(error)))
      await pause(everyMs, ending.signal)
    }
  }

  await listen(server, integerSetting(env, 'PORT', job.defaultPort, [0, 65535]))
  await startFaults(faults, textSetting(env, 'FAULTS', ''))
  const loops = [
    loop(),
    repeat(lagEveryMs, async () => metrics.lag.set(await streamLag(database, job.consumer))),
  ]
  if (job.chore) loops.push(repeat(job.chore.everyMs, () => job.chore!.run(database)))
  return async () => {
    ending.abort()
    server.closeAllConnections()
    server.close()
    await Promise.all(loops)
    await database.close()
  }
}

function workerMetrics(
  prefix: string,
  consumer: Consumer,
  registry: ReturnType<typeof createRegistry>,
): { processed: Counter; duration: Summary; lag: { set(value: number): void } } {
  const registers = [registry]
  const lag = new Gauge({
    name: 'vcg_stream_lag_events',
    help: 'Events in the stream that this consumer has not handled yet.',
    labelNames: ['consumer'],
    registers,
  })
  return {
    processed: new Counter({
      name: `${prefix}_events_processed_total`,
      help: 'Events handled.',
      registers,
    }),
    duration: new Summary({
      name: `${prefix}_execution_time`,
      help: 'Seconds spent on a batch of events.',
      percentiles: [],
      registers,
    }),
    lag: { set: (value) => lag.set({ consumer }, value) },
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {}) // ends early when the worker does
}
