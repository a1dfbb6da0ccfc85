/** The module `k6/execution`: where the VU, its scenario and the run are right now. */
import { OWNER_TAG } from '../metrics/sample-log.ts'
import { plannedVusOf, regularDurationMs } from '../executors/plan.ts'
import { monotonicMs } from '../executors/run-state.ts'
import type { Scenario } from '../executors/scenario.ts'
import { globalOf } from '../executors/stripes.ts'
import { goError } from './go-error.ts'
import { tagPairs } from './http-params.ts'
import type { Vu } from './vu.ts'
import { textOf } from './text.ts'

export function createExecution(vu: Vu): Record<string, unknown> {
  const [instance, scenario, test, own] = [instanceOf(vu), scenarioOf(vu), testOf(vu), vuOf(vu)]
  return {
    get instance() {
      vu.requireRunning('getting instance information')
      return instance
    },
    get scenario() {
      if (vu.stage === 'init') throw goError(NO_SCENARIO)
      return scenario
    },
    test,
    get vu() {
      vu.requireRunning('getting VU information')
      return own
    },
  }
}

function instanceOf(vu: Vu): object {
  const { state } = vu.environment
  return {
    get currentTestRunDuration() {
      return state.startMs === 0 ? 0 : monotonicMs() - state.startMs
    },
    get iterationsCompleted() {
      return state.get('completed')
    },
    get iterationsInterrupted() {
      return state.get('interrupted')
    },
    get vusActive() {
      return state.get('activeVus')
    },
    get vusInitialized() {
      return state.get('initializedVus')
    },
  }
}

const NO_SCENARIO = 'getting scenario information outside of the VU context is not supported'

function current(vu: Vu): { index: number; scenario: Scenario } {
  const { activation, environment } = vu
  if (activation === null) throw goError(NO_SCENARIO)
  return { index: activation.scenario, scenario: environment.state.scenarios[activation.scenario]! }
}

function scenarioOf(vu: Vu): object {
  return {
    get name() {
      return current(vu).scenario.name
    },
    get executor() {
      return current(vu).scenario.executor
    },
    get startTime() {
      return Math.floor(vu.environment.state.startMs + current(vu).scenario.startTimeMs)
    },
    get progress() {
      const { index, scenario } = current(vu)
      return progressOf(vu.environment.state, index, scenario)
    },
    get iterationInInstance() {
      current(vu)
      return vu.activation!.iterationInInstance
    },
    get iterationInTest() {
      current(vu)
      return vu.activation!.iterationInTest
    },
  }
}

/** 0..1: by iterations where their number is known, otherwise by time. */
export function progressOf(
  state: { startMs: number; getOf(scenario: number, counter: 'completed'): number },
  index: number,
  scenario: Scenario,
): number {
  if (scenario.executor === 'shared-iterations' || scenario.executor === 'per-vu-iterations') {
    const total =
      scenario.executor === 'shared-iterations'
        ? scenario.iterations
        : scenario.iterations * plannedVusOf(scenario)
    return Math.min(1, state.getOf(index, 'completed') / total)
  }
  if (state.startMs === 0) return 0
  const elapsed = monotonicMs() - state.startMs - scenario.startTimeMs
  return Math.min(1, Math.max(0, elapsed / Math.max(1, regularDurationMs(scenario))))
}

function testOf(vu: Vu): object {
  return {
    /** Never returns: it is awaited, and the promise never settles. */
    abort: (message?: unknown) => {
      const text =
        message === undefined || message === null
          ? 'test aborted'
          : `test aborted: ${textOf(message)}`
      vu.environment.abort(text)
      return vu.halt()
    },
    fail: (message?: unknown) => {
      if (vu.stage === 'init') throw goError('execution.test.fail() called outside of VU context')
      const isNone = message === undefined || message === null
      vu.environment.markFailed(`test marked as failed${isNone ? '' : `: ${textOf(message)}`}`)
    },
    get options() {
      if (vu.stage === 'init')
        throw goError('getting test options in the init context is not supported')
      return vu.environment.testOptions
    },
  }
}

function vuOf(vu: Vu): object {
  const tags = tagsProxy(vu)
  return {
    idInInstance: vu.id,
    idInTest: globalOf(vu.environment.options.stripes, vu.id - 1) + 1,
    get iterationInInstance() {
      return vu.iteration - 1
    },
    get iterationInScenario() {
      current(vu)
      return vu.activation!.iterationInScenario
    },
    tags,
    metrics: Object.freeze({ tags, metadata: metadataProxy() }),
  }
}

/** Reads and writes the tags that the VU puts on every sample. */
function tagsProxy(vu: Vu): object {
  const read = (): Record<string, string> =>
    Object.fromEntries(vu.tags.pairs.filter(([name]) => name !== OWNER_TAG))
  const write = (pairs: Iterable<readonly [string, string]>): boolean => {
    vu.setBaseTags(vu.environment.samples.tags.of(pairs))
    return true
  }
  return new Proxy(
    {},
    {
      get: (_, key) => (typeof key === 'string' ? read()[key] : undefined),
      has: (_, key) => typeof key === 'string' && key in read(),
      ownKeys: () => Object.keys(read()),
      getOwnPropertyDescriptor: (_, key) =>
        typeof key === 'string' && key in read()
          ? { value: read()[key], enumerable: true, configurable: true, writable: true }
          : undefined,
      set: (_, key, value) => write([...vu.baseTags.pairs, ...typedPairs(String(key), value)]),
      deleteProperty: (_, key) => write(vu.baseTags.pairs.filter(([name]) => name !== key)),
    },
  )
}

/** A tag that the script sets: of text, number or truth value. */
function typedPairs(key: string, value: unknown): (readonly [string, string])[] {
  try {
    return tagPairs({ [key]: value })
  } catch (error) {
    throw new TypeError((error as Error).message)
  }
}

/** What the script notes of itself; texts, as tags are. */
function metadataProxy(): object {
  return new Proxy({} as Record<string, string>, {
    set: (target, key, value: unknown) => {
      if (!['string', 'number', 'boolean'].includes(typeof value)) {
        throw new TypeError(
          `invalid value for metric metadata '${String(key)}': only String, Boolean and Number types are accepted as a metric metadata values`,
        )
      }
      target[String(key)] = String(value)
      return true
    },
  })
}
