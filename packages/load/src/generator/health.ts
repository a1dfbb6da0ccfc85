/**
 * Whether the generator itself was the limit. Its own figures say so: a thread that is always busy, an
 * event loop that is late, iterations that did not start when the clock asked for them.
 */

export interface GeneratorThread {
  /** `main`, or `worker 0`, `worker 1`, … */
  name: string
  /** Share of the time that its event loop did not wait, 0..1. */
  busy: number
  /** How late its timers were, 99th percentile, ms. */
  loopDelayP99Ms: number
}

/** The generator over the whole run, or over its last seconds. */
export interface GeneratorHealth {
  /** How long was measured. */
  durationMs: number
  threads: GeneratorThread[]
  /** Iterations that the clock asked for, those that began, and those that found no free VU. */
  offered: number
  started: number
  dropped: number
  /** started ÷ offered; null: no iteration is started by the clock. */
  achieved: number | null
  /** How late iterations began, 99th percentile; null: none was started by the clock. */
  startLagP99Ms: number | null
  /** Durations of iterations from when they should have begun, ms; null as above. */
  intended: { avg: number; med: number; p90: number; p95: number; p99: number; max: number } | null
  /** Share of their time that looping VUs spent between iterations (Little's law: N = X·R); null: none loops. */
  idleShare: number | null
  /** What was the limit, when it was not the target: the generator's own speed, or its number of VUs. */
  limit: 'generator' | 'vus' | null
  /** What of the gates was passed, as short phrases. */
  reasons: string[]
}

/** Beyond these the generator's figures are its own, not the target's. */
export const GATES = {
  busy: 0.8,
  loopDelayP99Ms: 20,
  achieved: 0.99,
  idleShare: 0.1,
} as const

/** Shorter than this nothing is said: starting up keeps every thread busy. */
const LEAST_MS = 2000

export function judge(
  health: Omit<GeneratorHealth, 'limit' | 'reasons'>,
): Pick<GeneratorHealth, 'limit' | 'reasons'> {
  if (health.durationMs < LEAST_MS) return { limit: null, reasons: [] }
  const reasons: string[] = []
  const busiest = maxBy(health.threads, ({ busy }) => busy)
  if (busiest !== undefined && busiest.busy > GATES.busy)
    reasons.push(`${busiest.name} ${percent(busiest.busy)} busy (want < ${percent(GATES.busy)})`)
  // The main thread only adds up: what it does late makes no figure wrong.
  const measuring = health.threads.filter(({ name }) => name !== 'main')
  const slowest = maxBy(measuring, ({ loopDelayP99Ms }) => loopDelayP99Ms)
  if (slowest !== undefined && slowest.loopDelayP99Ms > GATES.loopDelayP99Ms)
    reasons.push(
      `event loop of ${slowest.name} ${Math.round(slowest.loopDelayP99Ms)} ms late at p99 (want < ${GATES.loopDelayP99Ms} ms)`,
    )
  if (health.idleShare !== null && health.idleShare > GATES.idleShare)
    reasons.push(`VUs spent ${percent(health.idleShare)} of their time between iterations`)
  if (reasons.length > 0) return { limit: 'generator', reasons }
  if (health.achieved !== null && health.achieved < GATES.achieved) {
    return {
      limit: health.dropped > 0 ? 'vus' : 'generator',
      reasons: [`${health.started} of ${health.offered} iterations started`],
    }
  }
  return { limit: null, reasons: [] }
}

/** The one sentence that comes before every figure; null: the generator kept up. */
export function limitSentence(health: GeneratorHealth): string | null {
  switch (health.limit) {
    case 'generator':
      return `The generator was the limit, not the target (${health.reasons.join('; ')}): take the figures below as too low and too slow, and run it on more cores or split it with --execution-segment.`
    case 'vus':
      return `There were too few VUs for the rate (${health.reasons.join('; ')}, ${health.dropped} dropped): raise maxVUs, or take it that the target was too slow for this rate.`
    case null:
      return null
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function maxBy<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  let best: T | undefined
  for (const item of items) if (best === undefined || value(item) > value(best)) best = item
  return best
}
