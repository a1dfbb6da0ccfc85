/**
 * Scenarios: what k6 scripts ask for, checked, and the shortcuts (`vus`, `duration`, `iterations`,
 * `stages`) turned into one. All problems are reported at once.
 */
import { formatGoDuration, parseDurationMs } from '../duration.ts'
import { EXIT, LoadError } from '../errors.ts'

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
  )

/** Executors of k6 that are refused by name until they are served. */
const LATER = new Set(['constant-arrival-rate', 'ramping-arrival-rate'])

const COMMON_FIELDS = ['executor', 'exec', 'env', 'tags', 'startTime', 'gracefulStop', 'options']
const FIELDS = new Map([
  ['shared-iterations', ['vus', 'iterations', 'maxDuration']],
  ['per-vu-iterations', ['vus', 'iterations', 'maxDuration']],
  ['constant-vus', ['vus', 'duration']],
  ['ramping-vus', ['startVUs', 'stages', 'gracefulRampDown']],
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

  count(field: string, otherwise: number, least: number): number {
    const value = this.#fields[field] ?? otherwise
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
      const target = stage?.target
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
  if (LATER.has(executor))
    throw new LoadError(
      EXIT.other,
      `scenario ${name}: the executor ${executor} is not supported yet`,
    )
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
    case 'ramping-vus':
      return {
        executor,
        startVUs: reader.count('startVUs', 1, 0),
        stages: reader.stages(),
        gracefulRampDownMs: reader.duration('gracefulRampDown', DEFAULT_GRACE_MS),
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
