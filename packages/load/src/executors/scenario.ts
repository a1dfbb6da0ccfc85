/**
 * Scenarios: what k6 scripts ask for, checked, and the shortcuts (`vus`, `duration`, `iterations`,
 * `stages`) turned into one. All problems are reported at once.
 */
import { formatGoDuration, parseDurationMs } from '../duration.ts'
import { EXIT, LoadError } from '../errors.ts'
import type { Stripes } from './stripes.ts'

export interface Stage {
  durationMs: number
  target: number
}

interface ScenarioBase {
  name: string
  exec: string
  env: Record<string, string>
  tags: Record<string, string>
  startTimeMs: number
  gracefulStopMs: number
  /** Which iterations and ticks of the whole test are ours; null: all. */
  stripes: Stripes | null
  /** Which VUs of the whole test are ours; null: all. */
  vuStripes: Stripes | null
}

/** What executors that start iterations by the clock have in common. */
interface ArrivalBase {
  timeUnitMs: number
  preAllocatedVUs: number
  maxVUs: number
}

export type Scenario = ScenarioBase &
  (
    | {
        executor: 'shared-iterations' | 'per-vu-iterations'
        vus: number
        iterations: number
        maxDurationMs: number
      }
    | { executor: 'constant-vus'; vus: number; durationMs: number }
    | { executor: 'ramping-vus'; startVUs: number; stages: Stage[]; gracefulRampDownMs: number }
    | ({ executor: 'constant-arrival-rate'; rate: number; durationMs: number } & ArrivalBase)
    | ({ executor: 'ramping-arrival-rate'; startRate: number; stages: Stage[] } & ArrivalBase)
    | ControlledVus
    | ControlledRate
  )

/** As many looping VUs as the main thread asks for at the moment (`RunState.setTarget`). No script can have it. */
interface ControlledVus {
  executor: 'controlled-vus'
  /** VUs at the start. */
  vus: number
  maxVUs: number
  /** It ends after this at the latest, or when it is told to (`RunState.endControlled`). */
  durationMs: number
  gracefulRampDownMs: number
}

/** As many iterations per second as the main thread asks for at the moment. No script can have it. */
interface ControlledRate {
  executor: 'controlled-rate'
  /** Iterations per second at the start. */
  rate: number
  preAllocatedVUs: number
  maxVUs: number
  durationMs: number
}

/** A scenario that starts iterations by the clock, whatever VUs are doing. */
export type ArrivalScenario = Extract<
  Scenario,
  { executor: 'constant-arrival-rate' | 'ramping-arrival-rate' | 'controlled-rate' }
>

/** A scenario as another has it (function, environment, tags), but with as many looping VUs as `setTarget` says. */
export function controlledVus(
  like: Scenario,
  limits: { vus: number; maxVUs: number; durationMs: number; gracefulRampDownMs: number },
): Scenario {
  return { ...baseOf(like), executor: 'controlled-vus', ...limits }
}

/** The same with as many iterations per second as `setTarget` says. */
export function controlledRate(
  like: Scenario,
  limits: { rate: number; preAllocatedVUs: number; maxVUs: number; durationMs: number },
): Scenario {
  return { ...baseOf(like), executor: 'controlled-rate', ...limits }
}

function baseOf(like: Scenario): ScenarioBase {
  const { name, exec, env, tags, gracefulStopMs } = like
  return { name, exec, env, tags, gracefulStopMs, startTimeMs: 0, stripes: null, vuStripes: null }
}

export function isArrival(scenario: Scenario): scenario is ArrivalScenario {
  return scenario.executor.endsWith('-rate')
}

const COMMON_FIELDS = ['executor', 'exec', 'env', 'tags', 'startTime', 'gracefulStop', 'options']
const FIELDS = new Map([
  ['shared-iterations', ['vus', 'iterations', 'maxDuration']],
  ['per-vu-iterations', ['vus', 'iterations', 'maxDuration']],
  ['constant-vus', ['vus', 'duration']],
  ['ramping-vus', ['startVUs', 'stages', 'gracefulRampDown']],
  ['constant-arrival-rate', ['rate', 'timeUnit', 'duration', 'preAllocatedVUs', 'maxVUs']],
  ['ramping-arrival-rate', ['startRate', 'timeUnit', 'stages', 'preAllocatedVUs', 'maxVUs']],
])

const DEFAULT_GRACE_MS = 30_000
const DEFAULT_MAX_DURATION_MS = 600_000
/** VUs of one run, a guard against typing errors. */
export const MAX_VUS = 100_000

/** Reads one field after the other and collects what is wrong with them. */
class FieldReader {
  readonly problems: string[] = []
  readonly #name: string
  readonly #fields: Record<string, unknown>

  constructor(name: string, fields: Record<string, unknown>) {
    this.#name = name
    this.#fields = fields
  }

  fail(problem: string): void {
    this.problems.push(`scenario ${this.#name}: ${problem}`)
  }

  duration(field: string, otherwise: number | undefined, leastMs = 0): number {
    const value = this.#fields[field]
    if (value === undefined || value === null) {
      if (otherwise === undefined) this.fail(`the ${field} is required`)
      return otherwise ?? 0
    }
    const ms = parseDurationMs(value)
    if (ms === undefined) {
      throw new LoadError(
        EXIT.other,
        `scenario ${this.#name}: invalid duration ${JSON.stringify(value)} for ${field}; want one like "30s"`,
      )
    }
    if (ms < leastMs)
      this.fail(
        `the ${field} must be at least ${formatGoDuration(leastMs)}; got ${formatGoDuration(ms)}`,
      )
    return ms
  }

  /** A whole number; k6 takes one in a text, too. Left out without a default: a problem. */
  count(field: string, otherwise: number | undefined, least: number): number {
    const given = this.#fields[field] ?? otherwise
    if (given === undefined) {
      this.fail(`the number of ${field} is required`)
      return least
    }
    const value = typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : given
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      throw new LoadError(
        EXIT.other,
        `scenario ${this.#name}: ${field} must be a whole number; got ${JSON.stringify(value)}`,
      )
    }
    if (value < least) this.fail(`the number of ${field} must be at least ${least}; got ${value}`)
    return value
  }

  stages(): Stage[] {
    const value = this.#fields['stages']
    if (!Array.isArray(value) || value.length === 0) {
      this.fail('at least one stage has to be specified')
      return []
    }
    return (value as { duration?: unknown; target?: unknown }[]).map((stage, i) => {
      const durationMs = parseDurationMs(stage?.duration)
      const given = stage?.target
      const target = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
      if (durationMs === undefined || durationMs < 0)
        this.fail(`the duration for stage ${i + 1} must be given and not negative`)
      if (typeof target !== 'number' || !Number.isInteger(target) || target < 0)
        this.fail(`the target for stage ${i + 1} must be a whole number, 0 or more`)
      return { durationMs: durationMs ?? 0, target: typeof target === 'number' ? target : 0 }
    })
  }

  texts(field: string): Record<string, string> {
    const value = this.#fields[field]
    if (value === undefined || value === null) return {}
    if (typeof value !== 'object') {
      this.fail(`${field} must be an object`)
      return {}
    }
    return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]))
  }
}

/** The scenarios of `scenarios:`; throws LoadError with every problem. */
export function parseScenarios(value: unknown): Scenario[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LoadError(EXIT.other, 'scenarios must be an object of scenarios by name')
  }
  const problems: string[] = []
  const scenarios = Object.entries(value as Record<string, unknown>).map(([name, config]) => {
    if (!/^[0-9a-zA-Z_-]+$/.test(name))
      problems.push(`the scenario name "${name}" may only hold letters, digits, _ and -`)
    if (typeof config !== 'object' || config === null)
      throw new LoadError(EXIT.other, `scenario ${name} must be an object`)
    const reader = new FieldReader(name, config as Record<string, unknown>)
    const scenario = parseScenario(name, config as Record<string, unknown>, reader)
    problems.push(...reader.problems)
    return scenario
  })
  if (problems.length > 0) {
    throw new LoadError(
      EXIT.invalidConfig,
      `there were problems with the specified script configuration:\n\t- ${problems.join('\n\t- ')}`,
    )
  }
  return scenarios
}

function parseScenario(
  name: string,
  config: Record<string, unknown>,
  reader: FieldReader,
): Scenario {
  const executor = config['executor']
  if (typeof executor !== 'string')
    throw new LoadError(EXIT.other, `scenario ${name} has no executor`)
  const fields = FIELDS.get(executor)
  if (fields === undefined)
    throw new LoadError(EXIT.other, `scenario ${name}: unknown executor type '${executor}'`)
  for (const field of Object.keys(config)) {
    if (!fields.includes(field) && !COMMON_FIELDS.includes(field)) {
      throw new LoadError(
        EXIT.other,
        `scenario ${name}: unknown field "${field}" for the executor ${executor}`,
      )
    }
  }
  const base: ScenarioBase = {
    name,
    exec: typeof config['exec'] === 'string' && config['exec'] !== '' ? config['exec'] : 'default',
    env: reader.texts('env'),
    tags: reader.texts('tags'),
    startTimeMs: reader.duration('startTime', 0),
    gracefulStopMs: reader.duration('gracefulStop', DEFAULT_GRACE_MS),
    stripes: null,
    vuStripes: null,
  }
  return { ...base, ...parseExecutor(executor, reader) } as Scenario
}

function parseExecutor(executor: string, reader: FieldReader): Record<string, unknown> {
  switch (executor) {
    case 'constant-vus':
      return {
        executor,
        vus: reader.count('vus', 1, 1),
        durationMs: reader.duration('duration', undefined, 1000),
      }
    case 'ramping-vus': {
      const startVUs = reader.count('startVUs', 1, 0)
      const stages = reader.stages()
      if (startVUs === 0 && stages.length > 0 && stages.every(({ target }) => target === 0))
        reader.fail('startVUs or the target of one of the stages must be more than 0')
      return {
        executor,
        startVUs,
        stages,
        gracefulRampDownMs: reader.duration('gracefulRampDown', DEFAULT_GRACE_MS),
      }
    }
    case 'constant-arrival-rate':
      return {
        executor,
        rate: reader.count('rate', undefined, 1),
        durationMs: reader.duration('duration', undefined, 1000),
        ...parseArrival(reader),
      }
    case 'ramping-arrival-rate':
      return {
        executor,
        startRate: reader.count('startRate', 0, 0),
        stages: reader.stages(),
        ...parseArrival(reader),
      }
    default: {
      const vus = reader.count('vus', 1, 1)
      const iterations = reader.count('iterations', 1, 1)
      if (executor === 'shared-iterations' && iterations < vus) {
        reader.fail(
          `the number of iterations (${iterations}) should not be less than the number of VUs (${vus})`,
        )
      }
      return {
        executor,
        vus,
        iterations,
        maxDurationMs: reader.duration('maxDuration', DEFAULT_MAX_DURATION_MS, 1000),
      }
    }
  }
}

function parseArrival(reader: FieldReader): ArrivalBase {
  const timeUnitMs = reader.duration('timeUnit', 1000)
  if (timeUnitMs <= 0) reader.fail('the timeUnit must be more than 0')
  const preAllocatedVUs = reader.count('preAllocatedVUs', undefined, 0)
  const maxVUs = reader.count('maxVUs', preAllocatedVUs, 0)
  if (maxVUs < preAllocatedVUs)
    reader.fail(`maxVUs (${maxVUs}) must not be less than preAllocatedVUs (${preAllocatedVUs})`)
  return { timeUnitMs, preAllocatedVUs, maxVUs }
}

/** Options that say what to run; a higher layer that has one of these wipes them all in the layers below. */
export const EXECUTION_OPTIONS: readonly string[] = [
  'iterations',
  'duration',
  'stages',
  'scenarios',
]

/**
 * The scenarios of consolidated options. `conflict` names the shortcuts given together with what they
 * cannot be given with, and is an error (104).
 */
export function deriveScenarios(options: Record<string, unknown>): Scenario[] {
  const given = EXECUTION_OPTIONS.filter((name) => hasValue(options[name]))
  const isPair = given.length === 2 && given.includes('iterations') && given.includes('duration')
  if (given.length > 1 && !isPair) {
    throw new LoadError(
      EXIT.invalidConfig,
      `using multiple execution config shortcuts (\`${given[0]}\` and \`${given[1]}\`) simultaneously is not allowed`,
    )
  }
  if (given.includes('scenarios')) return parseScenarios(options['scenarios'])
  const vus = hasValue(options['vus']) ? { vus: options['vus'] } : {}
  const shortcut = (executor: string, fields: Record<string, unknown>): Scenario[] =>
    parseScenarios({ default: { executor, ...fields } })
  if (given.includes('iterations')) {
    const limit = hasValue(options['duration']) ? { maxDuration: options['duration'] } : {}
    return shortcut('shared-iterations', { ...vus, iterations: options['iterations'], ...limit })
  }
  if (given.includes('duration'))
    return shortcut('constant-vus', { ...vus, duration: options['duration'] })
  if (given.includes('stages')) {
    return shortcut('ramping-vus', {
      stages: options['stages'],
      ...(hasValue(options['vus']) ? { startVUs: options['vus'] } : {}),
    })
  }
  if (hasValue(options['vus']))
    return shortcut('shared-iterations', { ...vus, iterations: options['vus'] })
  return shortcut('per-vu-iterations', { vus: 1, iterations: 1 })
}

function hasValue(value: unknown): boolean {
  if (value === undefined || value === null) return false
  return (
    !(Array.isArray(value) && value.length === 0) &&
    !(typeof value === 'object' && Object.keys(value).length === 0)
  )
}
