/**
 * Several generators of one run (segments with the same run id) that report to one Vigie. They know of
 * each other only by a series that each writes: when it is ready, and when its results are in. They begin
 * together, and PromQL thresholds are evaluated by all of them at one moment, when everything is in, so
 * that every generator comes to the same verdict.
 */
import type { PromqlQuery } from '../api.ts'

/** ms that the others may take to be ready: images are pulled meanwhile. */
const READY_TIMEOUT_MS = 300_000
/** ms that the others may take to end after this one. */
const DONE_TIMEOUT_MS = 60_000
const POLL_MS = 200

export type Phase = 'ready' | 'done'

export interface GroupOptions {
  runId: string
  /** Which of how many, from 0. */
  index: number
  count: number
  query: PromqlQuery
  /** Writes one sample, a stale marker for NaN; its time, ms since the epoch. */
  write(name: string, labels: Record<string, string>, value: number): Promise<number>
  warn(message: string): void
  /** Aborted when the run is told to end. */
  signal: AbortSignal
}

export class GeneratorGroup {
  readonly #options: GroupOptions

  /** When the last generator was ready, ms; what is older is of another run with the same id. */
  #readyMs = 0

  constructor(options: GroupOptions) {
    this.#options = options
  }

  /** Tells the others, and waits for all of them: when the last one said it (ms since the epoch), or null when they did not. */
  async meet(phase: Phase): Promise<number | null> {
    const { count, runId, signal, query } = this.#options
    await this.#mark(phase, 1)
    const timeoutMs = phase === 'ready' ? READY_TIMEOUT_MS : DONE_TIMEOUT_MS
    const deadline = performance.now() + timeoutMs
    let seen = 0
    while (!signal.aborted) {
      const times = await lastTimes(query, `timestamp(${seriesOf(phase)}{testid="${runId}"})`)
      seen = times.filter((timeMs) => timeMs >= this.#readyMs).length
      if (seen >= count) {
        const lastMs = Math.max(...times)
        if (phase === 'ready') this.#readyMs = lastMs
        return lastMs
      }
      if (performance.now() > deadline) break
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    if (!signal.aborted)
      this.#options.warn(
        `${seen} of ${count} generators of the run ${runId} are ${phase} after ${timeoutMs / 1000}s; going on without the others`,
      )
    return null
  }

  /** This generator is gone: a later run with the same id must not take it for ready. */
  async leave(): Promise<void> {
    await this.#mark('ready', NaN)
  }

  #mark(phase: Phase, value: number): Promise<number> {
    const { runId, index, count } = this.#options
    const labels = { testid: runId, instance: instanceName(index, count) }
    return this.#options.write(seriesOf(phase), labels, value)
  }
}

function seriesOf(phase: Phase): string {
  return `vigie_load_generator_${phase}`
}

/** `2/4` for the second of four. */
export function instanceName(index: number, count: number): string {
  return `${index + 1}/${count}`
}

async function lastTimes(query: PromqlQuery, expr: string): Promise<number[]> {
  try {
    return (await query(expr)).map(({ value }) => Math.round(value * 1000))
  } catch {
    // Whoever is asked may be busy; the next look tells.
    return []
  }
}
