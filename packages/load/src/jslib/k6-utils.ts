/**
 * k6-utils of k6's library site, without the network: https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/
 * One module for all its versions: each has a part of these names.
 */
import { randomUUID } from 'node:crypto'
import { parseDurationMs } from '../duration.ts'
import { createExecution } from '../vu/execution.ts'
import { createK6 } from '../vu/k6.ts'
import type { Vu } from '../vu/vu.ts'

type Callable = (...args: unknown[]) => unknown
interface Stage {
  duration: string | number
  target: number
}
interface Execution {
  scenario: { name: string; startTime: number }
  test: { options: { scenarios: Record<string, { stages?: Stage[] }> } }
  vu: { metrics: { tags: Record<string, unknown> } }
}

/** Stages of `normalDistributionStages` when nothing is said. */
const NORMAL_STAGES = 10
/** Longest text of `randomString`. */
const MAX_RANDOM_STRING = 1 << 24

export function createK6Utils(vu: Vu): Record<string, unknown> {
  const execution = createExecution(vu) as unknown as Execution
  // The VU's own, so that randomSeed counts.
  const random = (): number => (vu.global['Math'] as typeof Math).random()
  const intBetween = (min: unknown, max: unknown): number =>
    Math.floor(random() * (Number(max) - Number(min) + 1) + Number(min))
  return {
    check: asyncCheck(createK6(vu)['check'] as Callable),
    findBetween,
    getCurrentStageIndex: () => currentStage(execution).index,
    normalDistributionStages,
    randomIntBetween: intBetween,
    randomItem: (items: ArrayLike<unknown>) => items[Math.floor(random() * items.length)],
    randomString: (length: unknown, charset = 'abcdefghijklmnopqrstuvwxyz') => {
      const count = Number(length)
      if (!(count <= MAX_RANDOM_STRING))
        throw new RangeError(`randomString: want a length up to ${MAX_RANDOM_STRING}, got ${count}`)
      let text = ''
      for (let i = 0; i < count; i++) text += charset[Math.floor(random() * charset.length)]
      return text
    },
    tagWithCurrentStageIndex: () => {
      execution.vu.metrics.tags['stage'] = currentStage(execution).index
    },
    tagWithCurrentStageProfile: () => {
      execution.vu.metrics.tags['stage_profile'] = profileOf(currentStage(execution))
    },
    uuidv4: (isSecure: unknown = false) => (isSecure === true ? randomUUID() : uuid(random)),
  }
}

/** `check` that also waits for promises: gives a promise when any check does. */
function asyncCheck(check: Callable): Callable {
  return (value, sets, tags) => {
    let passed = true
    const waiting: Promise<boolean>[] = []
    for (const [name, test] of Object.entries(sets as Record<string, unknown>)) {
      let result: unknown
      try {
        result = typeof test === 'function' ? (test as Callable)(value) : test
      } catch (error) {
        check(value, { [name]: false }, tags)
        throw error
      }
      if (result instanceof Promise) {
        waiting.push(
          result.then(
            (it: unknown) => check(value, { [name]: Boolean(it) }, tags) as boolean,
            (error: unknown) => {
              check(value, { [name]: false }, tags)
              throw error
            },
          ),
        )
      } else passed = (check(value, { [name]: Boolean(result) }, tags) as boolean) && passed
    }
    if (waiting.length === 0) return passed
    return Promise.all(waiting).then((results) => passed && results.every(Boolean))
  }
}

/** The text between `left` and `right`; with `repeat` all such texts; null: none. */
function findBetween(
  content: string,
  left: string,
  right: string,
  repeat = false,
): string | string[] | null {
  const found: string[] = []
  for (let at = 0; ;) {
    const start = content.indexOf(left, at)
    const end = start < 0 ? -1 : content.indexOf(right, start + left.length)
    if (end < 0) return repeat && found.length > 0 ? found : null
    const text = content.slice(start + left.length, end)
    if (!repeat) return text
    found.push(text)
    at = Math.max(end + right.length, start + 1)
  }
}

/** Stages along a bell curve from -2 to 2 standard deviations, between two short ones from and to nothing. */
function normalDistributionStages(
  maxVus: number,
  durationSeconds: number,
  count: number = NORMAL_STAGES,
): Stage[] {
  const density = (x: number): number => Math.exp(-(x ** 2) / 2)
  const edge = `${Math.ceil(durationSeconds / 6)}s`
  const inner = `${Math.ceil((4 * durationSeconds) / (6 * count))}s`
  const heights = Array.from({ length: count + 1 }, (_, i) => density(-2 + (4 * i) / count))
  const peak = Math.max(...heights)
  return [
    ...heights.map((height, i) => ({
      duration: i === 0 ? edge : inner,
      target: Math.round((height * maxVus) / peak),
    })),
    { duration: edge, target: 0 },
  ]
}

interface CurrentStage {
  stages: readonly Stage[]
  index: number
}

function currentStage({ scenario, test }: Execution): CurrentStage {
  const { stages } = test.options.scenarios[scenario.name] ?? {}
  if (stages === undefined || stages.length === 0) {
    throw new Error(
      'only ramping-vus or ramping-arrival-rate supports stages, it is not possible to get a stage index on other executors.',
    )
  }
  let leftMs = Date.now() - scenario.startTime
  const index = stages.findIndex((stage) => {
    leftMs -= parseDurationMs(stage.duration) ?? 0
    return leftMs < 0
  })
  return { stages, index: index < 0 ? stages.length - 1 : index }
}

function profileOf({ stages, index }: CurrentStage): string {
  const before = index === 0 ? 0 : stages[index - 1]!.target
  const { target } = stages[index]!
  return target > before ? 'ramp-up' : target < before ? 'ramp-down' : 'steady'
}

/** RFC 4122 version 4 from the VU's own random numbers. */
function uuid(random: () => number): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (letter) => {
    const digit = Math.floor(random() * 16)
    return (letter === 'x' ? digit : (digit & 3) | 8).toString(16)
  })
}
