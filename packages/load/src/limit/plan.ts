/**
 * The scenarios of a script as a search for its limit runs them: all at once and for as long as it takes, the
 * load given from outside and split among them in the proportions of the script.
 */
import { EXIT, LoadError } from '../errors.ts'
import { type Scenario, controlledRate, controlledVus } from '../executors/scenario.ts'

/** Longer than any search. */
const DURATION_MS = 24 * 3600_000
const DEFAULT_RAMP_DOWN_MS = 30_000
/** VUs of a search that nobody has limited. */
const MAX_VUS = 10_000
/** VUs that a scenario by rate may have, unless the script gives it more: work that piles up needs them. */
const RATE_MAX_VUS = 1000

export type LoadUnit = 'vus' | 'rate'

export interface SearchPlan {
  unit: LoadUnit
  /** What the script asks for itself, at most: VUs or iterations per second. */
  ownLoad: number
  scenarios: Scenario[]
  /** Targets of the scenarios at a load, in their order. */
  split(load: number): number[]
}

/** `by`: what the load is counted in; null: iterations per second if every scenario says how many, otherwise VUs. */
export function searchPlan(
  scenarios: readonly Scenario[],
  by: LoadUnit | null,
  max: number | null,
): SearchPlan {
  const rates = scenarios.map(ownRate)
  const unit = by ?? (rates.every((rate) => rate !== null) ? 'rate' : 'vus')
  // What says no rate of its own shares in proportion to its VUs, and the other way round.
  const weights = scenarios.map((one, i) =>
    unit === 'rate' ? (rates[i] ?? ownVus(one)) : ownVus(one),
  )
  const total = weights.reduce((sum, one) => sum + one, 0)
  if (total === 0)
    throw new LoadError(EXIT.invalidConfig, '--find-limit: the script asks for no load at all')
  const shares = weights.map((one) => one / total)
  return {
    unit,
    ownLoad: total,
    scenarios: scenarios.map((one, i) =>
      unit === 'rate' ? byRate(one) : byVus(one, Math.ceil((max ?? MAX_VUS) * shares[i]!)),
    ),
    split: (load) =>
      unit === 'rate' ? shares.map((share) => load * share) : wholeParts(load, shares),
  }
}

/** Iterations per second that a scenario asks for at most; null: it does not say. */
function ownRate(scenario: Scenario): number | null {
  if (scenario.executor === 'constant-arrival-rate')
    return (scenario.rate * 1000) / scenario.timeUnitMs
  if (scenario.executor !== 'ramping-arrival-rate') return null
  const most = Math.max(scenario.startRate, ...scenario.stages.map(({ target }) => target))
  return (most * 1000) / scenario.timeUnitMs
}

function ownVus(scenario: Scenario): number {
  if ('preAllocatedVUs' in scenario) return Math.max(1, scenario.preAllocatedVUs)
  if (scenario.executor !== 'ramping-vus') return scenario.vus
  return Math.max(scenario.startVUs, ...scenario.stages.map(({ target }) => target))
}

function byVus(scenario: Scenario, maxVUs: number): Scenario {
  return controlledVus(scenario, {
    vus: 0,
    maxVUs: Math.max(1, maxVUs),
    durationMs: DURATION_MS,
    gracefulRampDownMs:
      'gracefulRampDownMs' in scenario ? scenario.gracefulRampDownMs : DEFAULT_RAMP_DOWN_MS,
  })
}

function byRate(scenario: Scenario): Scenario {
  return controlledRate(scenario, {
    rate: 0,
    preAllocatedVUs: 'preAllocatedVUs' in scenario ? scenario.preAllocatedVUs : ownVus(scenario),
    maxVUs: Math.max(RATE_MAX_VUS, 'maxVUs' in scenario ? scenario.maxVUs : 0),
    durationMs: DURATION_MS,
  })
}

/** `total` VUs in these shares, whole ones: what is left over goes to the largest remainders. */
function wholeParts(total: number, shares: readonly number[]): number[] {
  const parts = shares.map((share) => Math.floor(total * share + 1e-9))
  const missing = Math.round(total) - parts.reduce((sum, one) => sum + one, 0)
  const byRemainder = shares
    .map((share, i) => ({ i, remainder: total * share - parts[i]! }))
    .sort((a, b) => b.remainder - a.remainder)
  for (const { i } of byRemainder.slice(0, missing)) parts[i]!++
  return parts
}
