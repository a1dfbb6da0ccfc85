/**
 * When each VU of a scenario runs, known before the start. A scenario's VUs are its handles 0, 1, …;
 * a handle runs in intervals of the scenario's own time (ms from its start).
 */
import type { Scenario, Stage } from './scenario.ts'
import { scaled } from './stripes.ts'

/** From `startMs` no later than `stopMs` new iterations begin; what still runs at `killMs` is interrupted. */
export interface Interval {
  startMs: number
  stopMs: number
  killMs: number
}

/** From `atMs` on, `vus` handles run. */
export interface Step {
  atMs: number
  vus: number
}

/**
 * The steps of ramping-vus. Ramping up from a to b in d until E, the count u is reached at
 * E − d·(b−u)/(b−a); ramping down, u−1 at E − d·(b−u+1)/(b−a). A stage of no duration jumps.
 */
export function rampingSteps(startVUs: number, stages: readonly Stage[]): Step[] {
  const steps: Step[] = [{ atMs: 0, vus: startVUs }]
  let from = startVUs
  let endMs = 0
  for (const { durationMs, target } of stages) {
    endMs += durationMs
    if (target === from) continue
    if (durationMs === 0) {
      steps.push({ atMs: endMs, vus: target })
    } else if (target > from) {
      for (let u = from + 1; u <= target; u++) {
        steps.push({ atMs: endMs - (durationMs * (target - u)) / (target - from), vus: u })
      }
    } else {
      for (let u = from; u > target; u--) {
        steps.push({ atMs: endMs - (durationMs * (target - u + 1)) / (target - from), vus: u - 1 })
      }
    }
    from = target
  }
  return steps
}

/** ms after which a scenario starts nothing new; for iterations: at the latest. */
export function regularDurationMs(scenario: Scenario): number {
  switch (scenario.executor) {
    case 'constant-vus':
    case 'constant-arrival-rate':
    case 'controlled-vus':
    case 'controlled-rate':
      return scenario.durationMs
    case 'ramping-vus':
    case 'ramping-arrival-rate':
      return scenario.stages.reduce((sum, stage) => sum + stage.durationMs, 0)
    case 'per-vu-iterations':
    case 'shared-iterations':
      return scenario.maxDurationMs
  }
}

/** Most VUs that there may be at once, those that are made while it runs included. */
export function maxVusOf(scenario: Scenario): number {
  return 'maxVUs' in scenario ? scenario.maxVUs : plannedVusOf(scenario)
}

/** VUs that are made before the start. */
export function plannedVusOf(scenario: Scenario): number {
  if ('preAllocatedVUs' in scenario) return scenario.preAllocatedVUs
  if (scenario.executor !== 'ramping-vus') return scenario.vus
  const most = Math.max(scenario.startVUs, ...scenario.stages.map((stage) => stage.target))
  return scaled(scenario.vuStripes, most)
}

/** The intervals of every handle. Adjoining ones do not touch: where one is being ramped down and needed again, it goes on. */
export function handleIntervals(scenario: Scenario): Interval[][] {
  const endMs = regularDurationMs(scenario)
  const killMs = endMs + scenario.gracefulStopMs
  const count = plannedVusOf(scenario)
  if (scenario.executor !== 'ramping-vus') {
    return Array.from({ length: count }, () => [{ startMs: 0, stopMs: endMs, killMs }])
  }
  const handles: Interval[][] = Array.from({ length: count }, () => [])
  let running = 0
  for (const step of rampingSteps(scenario.startVUs, scenario.stages)) {
    const { atMs } = step
    const vus = scaled(scenario.vuStripes, step.vus)
    for (let handle = running; handle < vus; handle++) {
      handles[handle]!.push({ startMs: atMs, stopMs: endMs, killMs })
    }
    for (let handle = running - 1; handle >= vus; handle--) {
      const interval = handles[handle]!.at(-1)!
      interval.stopMs = atMs
      interval.killMs = Math.min(killMs, atMs + scenario.gracefulRampDownMs)
    }
    running = vus
  }
  return handles.map((intervals) => intervals.filter((one) => one.stopMs > one.startMs))
}

/** What one worker runs of one scenario: which handles, in the order of their numbers. */
export interface Share {
  scenario: number
  handles: number[]
}

export interface Allocation {
  /** Per worker. */
  shares: Share[][]
  /** Per worker, the ids of its VUs. Ids start at 1 and have no gaps. */
  vuIds: number[][]
  /** VUs that may be made while the run goes on. */
  unplannedVUs: number
}

/** Spreads the handles of all scenarios over workers, and gives each worker as many VUs as it needs at once. */
export function allocate(scenarios: readonly Scenario[], workers: number): Allocation {
  const shares: Share[][] = Array.from({ length: workers }, () => [])
  const spans: { startMs: number; endMs: number }[][] = Array.from({ length: workers }, () => [])
  scenarios.forEach((scenario, index) => {
    const offset = vusOverlapping(scenarios, index)
    const intervals = handleIntervals(scenario)
    for (let worker = 0; worker < workers; worker++) {
      const handles = intervals
        .map((_, handle) => handle)
        .filter((handle) => (handle + offset) % workers === worker)
      shares[worker]!.push({ scenario: index, handles })
      for (const handle of handles) {
        for (const { startMs, killMs } of intervals[handle]!) {
          spans[worker]!.push({
            startMs: scenario.startTimeMs + startMs,
            endMs: scenario.startTimeMs + killMs,
          })
        }
      }
    }
  })
  const unplanned = scenarios.map((one) => ({
    startMs: one.startTimeMs,
    endMs: one.startTimeMs + regularDurationMs(one) + one.gracefulStopMs,
    count: maxVusOf(one) - plannedVusOf(one),
  }))
  return { shares, vuIds: numberVus(spans.map(peak)), unplannedVUs: peak(unplanned) }
}

/** VUs of the scenarios before `index` that run while it runs: rotates the handles so that workers share alike. */
function vusOverlapping(scenarios: readonly Scenario[], index: number): number {
  const span = (one: Scenario): [number, number] => [
    one.startTimeMs,
    one.startTimeMs + regularDurationMs(one) + one.gracefulStopMs,
  ]
  const [start, end] = span(scenarios[index]!)
  return scenarios.slice(0, index).reduce((sum, other) => {
    const [otherStart, otherEnd] = span(other)
    return otherStart < end && start < otherEnd ? sum + plannedVusOf(other) : sum
  }, 0)
}

function peak(spans: readonly { startMs: number; endMs: number; count?: number }[]): number {
  const edges = spans.flatMap(({ startMs, endMs, count = 1 }) => [
    [startMs, count] as const,
    [endMs, -count] as const,
  ])
  edges.sort(([a, x], [b, y]) => a - b || x - y)
  let now = 0
  let most = 0
  for (const [, change] of edges) most = Math.max(most, (now += change))
  return most
}

function numberVus(counts: readonly number[]): number[][] {
  const ids: number[][] = counts.map(() => [])
  let next = 1
  for (let round = 0; round < Math.max(0, ...counts); round++) {
    counts.forEach((count, worker) => {
      if (round < count) ids[worker]!.push(next++)
    })
  }
  return ids
}

/** ms from the start of the run until nothing may run any more. */
export function lastMomentMs(scenarios: readonly Scenario[]): number {
  return Math.max(
    0,
    ...scenarios.map((one) => one.startTimeMs + regularDurationMs(one) + one.gracefulStopMs),
  )
}
