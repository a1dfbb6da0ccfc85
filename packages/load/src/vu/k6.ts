/** The module `k6`: check, fail, group, randomSeed, sleep. */
import type { Series } from '../metrics/buffer.ts'
import { BUILTIN_METRICS } from '../metrics/metric.ts'
import type { TagSet } from '../metrics/tags.ts'
import { isColoured, isUserAsync } from '../script/isolate.ts'
import { goError } from './go-error.ts'
import { tagPairs } from './http-params.ts'
import type { Vu } from './vu.ts'
import { textOf } from './text.ts'

type Callable = (...args: unknown[]) => unknown

const CHECKS = BUILTIN_METRICS.get('checks')!

export function createK6(vu: Vu): Record<string, unknown> {
  return {
    sleep: (seconds: unknown) => sleep(vu, seconds),
    group: (name: unknown, fn: unknown) => group(vu, String(name), fn),
    check: (value: unknown, sets: unknown, tags: unknown) => check(vu, value, sets, tags),
    fail: (message: unknown) => {
      throw goError(message === undefined ? '' : textOf(message))
    },
    randomSeed: (seed: unknown) => {
      vu.global['Math'] = seededMath(Number(seed))
    },
  }
}

function sleep(vu: Vu, seconds: unknown): Promise<void> | void {
  const ms = Number(seconds) * 1000
  return vu.block<void>((done) => vu.later(done, Number.isFinite(ms) ? Math.max(0, ms) : 0))
}

const NO_ASYNC = {
  group:
    'group() does not support async functions as arguments, please see https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info',
  check:
    'the built-in check() does not support async functions as arguments. Use the JavaScript utils library as a replacement. Refer to https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/check/ for more info',
}

function refuseAsync(what: keyof typeof NO_ASYNC, fn: unknown): void {
  if (isUserAsync(fn)) throw goError(NO_ASYNC[what])
}

function group(vu: Vu, name: string, fn: unknown): unknown {
  vu.requireRunning('Using group()')
  if (name.includes('::')) throw goError("group and check names may not contain '::'")
  if (typeof fn !== 'function') throw goError('group() requires a callback as a second argument')
  refuseAsync('group', fn)
  const outer = vu.groupPath
  const start = performance.now()
  vu.enterGroup(`${outer}::${name}`)
  const leave = (): void => {
    vu.sample('group_duration', performance.now() - start)
    vu.enterGroup(outer)
  }
  let result: unknown
  try {
    result = (fn as Callable)()
  } catch (error) {
    leave()
    throw error
  }
  if (!isColoured(fn)) {
    leave()
    return result
  }
  return (result as Promise<unknown>).finally(leave)
}

function check(vu: Vu, value: unknown, sets: unknown, tags: unknown): unknown {
  vu.requireRunning('Using check()')
  if (sets === undefined) throw goError('no checks provided to `check`')
  if (sets === null) throw new TypeError('Cannot convert undefined or null to object')
  const base = tags === undefined || tags === null ? vu.tags : vu.withTags(tagPairs(tags))
  const tests = Object(sets) as Record<string, unknown>
  let passed = true
  const names = Object.keys(tests)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const test = tests[name]
    if (name.includes('::')) throw goError("group and check names may not contain '::'")
    refuseAsync('check', test)
    if (isColoured(test)) return checkWaiting(vu, value, tests, names.slice(i), base, passed)
    passed = record(vu, base, name, evaluate(vu, base, name, test, value)) && passed
  }
  return passed
}

/** From the first check that waits on. */
async function checkWaiting(
  vu: Vu,
  value: unknown,
  tests: Record<string, unknown>,
  names: readonly string[],
  base: TagSet,
  passedBefore: boolean,
): Promise<boolean> {
  let passed = passedBefore
  for (const name of names) {
    refuseAsync('check', tests[name])
    let result = evaluate(vu, base, name, tests[name], value)
    if (result instanceof Promise) {
      result = await result.catch((error: unknown) => {
        record(vu, base, name, false)
        throw error
      })
    }
    passed = record(vu, base, name, result) && passed
  }
  return passed
}

/** The result of one check; a check that throws counts as failed and throws on. */
function evaluate(vu: Vu, base: TagSet, name: string, test: unknown, value: unknown): unknown {
  if (typeof test !== 'function') return test
  try {
    return (test as Callable)(value)
  } catch (error) {
    record(vu, base, name, false)
    throw error
  }
}

function record(vu: Vu, base: TagSet, name: string, result: unknown): boolean {
  const passed = Boolean(result)
  // Fast path: the series of a check hangs on the tag set that it was made from.
  let known = base.slots.get('check') as Map<string, Series> | undefined
  if (known === undefined) base.slots.set('check', (known = new Map()))
  let series = known.get(name)
  if (series === undefined) {
    series = vu.series(CHECKS, vu.environment.samples.tags.with(base, [['check', name]]))
    known.set(name, series)
  }
  series.add(passed ? 1 : 0)
  return passed
}

/** Math with a random() of its own (mulberry32): the same seed, the same numbers. */
function seededMath(seed: number): object {
  let state = seed >>> 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return Object.assign(Object.create(Math) as object, { random })
}
