/**
 * How far the run is, on the terminal: redrawn in place on a TTY, otherwise as new lines.
 *
 *   running (0m05.0s), 10/10 VUs, 48 complete and 0 interrupted iterations
 *   default   [====>---------] 10 VUs  05.0s/30s  153 req/s  p95=57.6ms  failed=0.00%
 */
import { maxVusOf, regularDurationMs } from './executors/plan.ts'
import { type RunState, monotonicMs } from './executors/run-state.ts'
import { type Scenario, isArrival } from './executors/scenario.ts'
import { formatGoDuration } from './duration.ts'
import { progressOf } from './vu/execution.ts'

const REDRAW_MS = 200
/** Lines of their own come every second at first, as in k6, and more and more rarely later. */
const LINE_MS = 1000
/** Of the time that has passed, so much goes by between two lines. */
const LINE_SHARE = 0.05
const BAR_WIDTH = 38

export interface ProgressTarget {
  write: (text: string) => void
  isTTY: boolean
  /** Longer lines are cut on a terminal, so that each is one line of the screen. */
  columns: number
  /** What a scenario does right now; '' for nothing to say. */
  live: (scenario: string) => string
}

export class Progress {
  readonly #state: RunState
  readonly #target: ProgressTarget
  #lastLineMs = 0
  #timer: NodeJS.Timeout | null = null
  /** Lines on the screen that the next drawing replaces. */
  #drawn = 0

  constructor(state: RunState, target: ProgressTarget) {
    this.#state = state
    this.#target = target
  }

  start(): void {
    this.#timer = setInterval(() => this.#draw(), this.#target.isTTY ? REDRAW_MS : LINE_MS)
  }

  /** Draws the last state for good. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#clear()
    this.#target.write(`\n${this.#fitted().join('\n')}\n`)
    this.#drawn = 0
  }

  /** Writes something else above the bars. */
  interleave(write: () => void): void {
    this.#clear()
    write()
  }

  #draw(): void {
    const { isTTY, write } = this.#target
    if (!isTTY) {
      const nowMs = monotonicMs()
      if (nowMs - this.#lastLineMs < (nowMs - this.#state.startMs) * LINE_SHARE) return
      this.#lastLineMs = nowMs
      return write(`${this.lines().join('\n')}\n`)
    }
    const lines = this.#fitted()
    // One write, and each line over its old self: nothing is blank in between.
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    write(`${up}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[0J`)
    this.#drawn = lines.length
  }

  /** Lines that do not wrap. */
  #fitted(): string[] {
    const { isTTY, columns } = this.#target
    const lines = this.lines()
    return isTTY ? lines.map((line) => line.slice(0, Math.max(20, columns - 1))) : lines
  }

  #clear(): void {
    if (this.#drawn > 0) this.#target.write(`\u001b[${this.#drawn}A\u001b[0J`)
    this.#drawn = 0
  }

  lines(): string[] {
    const { scenarios } = this.#state
    const width = Math.max(...scenarios.map((one) => one.name.length))
    return [this.#headline(), ...scenarios.map((one, i) => this.#scenarioLine(one, i, width))]
  }

  #headline(): string {
    const state = this.#state
    const elapsed = state.startMs === 0 ? 0 : monotonicMs() - state.startMs
    const most = state.get('initializedVus')
    const active = String(state.get('activeVus')).padStart(String(most).length, '0')
    return `running (${clock(elapsed)}), ${active}/${most} VUs, ${state.get('completed')} complete and ${state.get('interrupted')} interrupted iterations`
  }

  #scenarioLine(scenario: Scenario, index: number, width: number): string {
    const progress = progressOf(this.#state, index, scenario)
    const filled = Math.round(progress * BAR_WIDTH)
    const isDone = filled === BAR_WIDTH
    const bar = isDone
      ? '='.repeat(BAR_WIDTH)
      : `${'='.repeat(filled)}>${'-'.repeat(BAR_WIDTH - filled - 1)}`
    const most = isArrival(scenario) ? this.#state.getOf(index, 'joinedVus') : maxVusOf(scenario)
    const vus = `${String(this.#state.getOf(index, 'activeVus')).padStart(String(most).length, '0')}/${most} VUs`
    const live = this.#target.live(scenario.name)
    return `${scenario.name.padEnd(width)} ${isDone ? '✓' : ' '} [${bar}] ${vus}  ${this.#measure(scenario, index)}${live === '' ? '' : `  ${live}`}`
  }

  #measure(scenario: Scenario, index: number): string {
    if (scenario.executor === 'shared-iterations' || scenario.executor === 'per-vu-iterations') {
      const total =
        scenario.executor === 'shared-iterations'
          ? scenario.iterations
          : scenario.iterations * scenario.vus
      return `${this.#state.getOf(index, 'completed')}/${total} iters`
    }
    const elapsed =
      this.#state.startMs === 0 ? 0 : monotonicMs() - this.#state.startMs - scenario.startTimeMs
    const total = regularDurationMs(scenario)
    const time = `${clock(Math.min(Math.max(0, elapsed), total))}/${formatGoDuration(total)}`
    return scenario.executor === 'constant-arrival-rate'
      ? `${time}  ${perSecond(scenario.rate, scenario)} iters/s`
      : time
  }
}

/** `05.0s`, `1m05.0s`, `1h02m05.0s`. */
function clock(ms: number): string {
  const tenths = Math.floor(ms / 100)
  const seconds = `${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}s`
  const minutes = Math.floor(tenths / 600)
  if (minutes === 0) return `0m${seconds}`
  return minutes < 60
    ? `${minutes}m${seconds}`
    : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m${seconds}`
}

/** One line that says what a scenario will do, as k6 announces it. */
export function describeScenario(scenario: Scenario): string {
  const grace =
    scenario.gracefulStopMs > 0 ? `gracefulStop: ${formatGoDuration(scenario.gracefulStopMs)}` : ''
  const extras = [
    ...(isArrival(scenario) ? [`maxVUs: ${rangeOf(scenario)}`] : []),
    ...(scenario.executor === 'shared-iterations' || scenario.executor === 'per-vu-iterations'
      ? [`maxDuration: ${formatGoDuration(scenario.maxDurationMs)}`]
      : []),
    ...(scenario.executor === 'ramping-vus'
      ? [`gracefulRampDown: ${formatGoDuration(scenario.gracefulRampDownMs)}`]
      : []),
    ...(scenario.exec === 'default' ? [] : [`exec: ${scenario.exec}`]),
    ...(scenario.startTimeMs > 0 ? [`startTime: ${formatGoDuration(scenario.startTimeMs)}`] : []),
    ...(grace === '' ? [] : [grace]),
  ]
  return `${workOf(scenario)}${extras.length > 0 ? ` (${extras.join(', ')})` : ''}`
}

function rangeOf({ preAllocatedVUs, maxVUs }: { preAllocatedVUs: number; maxVUs: number }): string {
  return maxVUs > preAllocatedVUs ? `${preAllocatedVUs}-${maxVUs}` : String(maxVUs)
}

function workOf(scenario: Scenario): string {
  const duration = formatGoDuration(regularDurationMs(scenario))
  switch (scenario.executor) {
    case 'constant-vus':
      return `${scenario.vus} looping VUs for ${duration}`
    case 'ramping-vus':
      return `Up to ${maxVusOf(scenario)} looping VUs for ${duration} over ${scenario.stages.length} stages`
    case 'shared-iterations':
      return `${scenario.iterations} iterations shared among ${scenario.vus} VUs`
    case 'per-vu-iterations':
      return `${scenario.iterations} iterations for each of ${scenario.vus} VUs`
    case 'constant-arrival-rate':
      return `${perSecond(scenario.rate, scenario)} iterations/s for ${duration}`
    case 'ramping-arrival-rate': {
      const most = Math.max(scenario.startRate, ...scenario.stages.map((stage) => stage.target))
      return `Up to ${perSecond(most, scenario)} iterations/s for ${duration} over ${scenario.stages.length} stages`
    }
    case 'controlled-vus':
      return `Up to ${scenario.maxVUs} looping VUs, as many as are asked for`
    case 'controlled-rate':
      return 'As many iterations/s as are asked for'
  }
}

/** A rate per time unit as k6 writes it, iterations per second with two digits; only our part of it. */
function perSecond(rate: number, { timeUnitMs, stripes }: PerSecondOf): string {
  const share = stripes === null ? 1 : stripes.own.length / stripes.period
  return ((rate * 1000 * share) / timeUnitMs).toFixed(2)
}

type PerSecondOf = Extract<Scenario, { executor: 'constant-arrival-rate' | 'ramping-arrival-rate' }>
