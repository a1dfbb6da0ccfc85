/** Random histories against the simplest storage that could be right: a Map of Maps. */
import fc from 'fast-check'
import { APPENDED, Labels, OUT_OF_BOUNDS, STALE_NAN, isStale } from '@vigie/model'
import { expect, test } from 'vitest'
import type { Tsdb } from '../src/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { dump, open, show, parseMatchers } from './notation.ts'

const HOUR = 3_600_000
const RANGE = 2 * HOUR

/**
 * Per series, its accepted samples in order. Values are kept as text: V8 makes every NaN the same one
 * when it moves a plain array of numbers, and a stale marker would be gone.
 */
class Oracle {
  readonly #series = new Map<string, [t: number, value: string][]>()
  readonly #last = new Map<string, number>()
  readonly #retentionMs: number
  newest = -Infinity
  /** End of the newest block. */
  newestEnd = -Infinity

  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs
  }

  last(name: string): number {
    return this.#last.get(name) ?? -Infinity
  }

  add(name: string, t: number, value: string): void {
    const samples = this.#series.get(name)
    if (samples === undefined) this.#series.set(name, [[t, value]])
    else samples.push([t, value])
    this.#last.set(name, t)
    this.newest = Math.max(this.newest, t)
  }

  /** `newestEnd` is that of the newest block now: what was in blocks that end too long before it is gone. */
  maintain(newestEnd: number): void {
    this.newestEnd = newestEnd
    if (this.#retentionMs === 0) return
    const firstKept = Math.floor((newestEnd - this.#retentionMs) / RANGE) * RANGE
    if (newestEnd > -Infinity) this.delete(-Infinity, firstKept - 1)
  }

  delete(minT: number, maxT: number, name?: string): void {
    for (const [one, samples] of this.#series)
      if (name === undefined || name === one)
        this.#series.set(
          one,
          samples.filter(([t]) => t < minT || t > maxT),
        )
  }

  /** How long the time is of which no block has the samples. */
  get span(): number {
    const times = [...this.#series.values()].flat().flatMap(([t]) => (t >= this.newestEnd ? t : []))
    return times.length === 0 ? 0 : this.newest - Math.min(...times)
  }

  dump(minT: number, maxT: number): string[] {
    const lines: string[] = []
    for (const name of [...this.#series.keys()].sort()) {
      const samples = this.#series.get(name)!.filter(([t]) => t >= minT && t <= maxT)
      if (samples.length === 0) continue
      const shown = samples.map(([t, value]) => `${t}:${value}`)
      lines.push([name, ...shown].join(' '))
    }
    return lines
  }
}

interface BatchStep {
  kind: 'batch'
  /** Per series: how many samples, how far apart, and a seed of their values. */
  series: { name: string; count: number; stepMs: number; value: number }[]
  fails: boolean
}
type Step =
  | BatchStep
  | { kind: 'maintain' | 'kill' | 'snapshot' | 'clean' }
  | { kind: 'read'; at: number }
  | { kind: 'delete'; at: number; name: string }

const NAME = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const batch: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('batch' as const),
  series: fc.array(
    fc.record({
      name: NAME,
      count: fc.integer({ min: 1, max: 150 }),
      stepMs: fc.constantFrom(-1000, 0, 1, 1000, 15_000, 61_234),
      value: fc.oneof(fc.double(), fc.integer().map(Number), fc.constant(STALE_NAN)),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  fails: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: batch, weight: 6 },
  { arbitrary: fc.constant<Step>({ kind: 'maintain' }), weight: 2 },
  { arbitrary: fc.constant<Step>({ kind: 'kill' }), weight: 1 },
  { arbitrary: fc.constant<Step>({ kind: 'snapshot' }), weight: 1 },
  { arbitrary: fc.constant<Step>({ kind: 'clean' }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      at: fc.integer({ min: 0, max: 4e7 }),
      name: NAME,
    }),
    weight: 1,
  },
  {
    arbitrary: fc.integer({ min: 0, max: 4e7 }).map((at): Step => ({ kind: 'read', at })),
    weight: 2,
  },
)

/** The same batch into both; a disk that fails keeps nothing of it. */
function runBatch(
  tsdb: Tsdb,
  disk: MemoryDisk,
  oracle: Oracle,
  { series, fails }: BatchStep,
): void {
  const appender = tsdb.appender()
  const accepted: [name: string, t: number, value: string][] = []
  const pending = new Map<string, number>()
  let first = -Infinity
  for (const { name, count, stepMs, value } of series) {
    const ref = appender.series(Labels.fromObject({ __name__: name }))
    let t = pending.get(name) ?? Math.max(oracle.last(name), 1e6)
    for (let i = 0; i < count; i++) {
      t += stepMs
      if (first === -Infinity) first = t
      // No sums of a NaN: engines do not agree on what becomes of its bits.
      const v = i % 3 === 0 || value !== value ? value : value + i
      const result = appender.append(ref, t, v)
      if (t <= (pending.get(name) ?? oracle.last(name))) continue
      // What a block may have is refused, what is of the last hour is not.
      // In between either will do: a start knows no newest sample but of the head.
      let wanted: number = result
      if (t < oracle.newestEnd) wanted = OUT_OF_BOUNDS
      else if (t >= (oracle.newest === -Infinity ? first : oracle.newest) - HOUR) wanted = APPENDED
      expect(result).toBe(wanted)
      if (result !== APPENDED) continue
      accepted.push([name, t, isStale(v) ? 'stale' : String(v)])
      pending.set(name, t)
    }
  }
  const isBroken = fails && accepted.length > 0
  if (isBroken) disk.freeBytes = 30
  expect(outcomeOf(() => appender.commit())).toMatch(isBroken ? /ENOSPC/ : /^done$/)
  disk.freeBytes = Infinity
  if (isBroken) return
  for (const [name, t, value] of accepted) oracle.add(name, t, value)
}

function outcomeOf(act: () => void): string {
  try {
    act()
    return 'done'
  } catch (error) {
    return String(error)
  }
}

const DELETED_MS = 1e7

test.each([
  ['what is old is dropped', 5 * HOUR],
  ['everything is kept, in larger and larger blocks', 0],
])('any history: %s', async (_, retentionMs) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      let disk = new MemoryDisk()
      const reopen = (): Promise<Tsdb> => open({ disk, retentionMs, segmentBytes: 32_768 })
      let tsdb = await reopen()
      const oracle = new Oracle(retentionMs)
      let snapshot = { got: (): string[] => [], want: [] as string[] }
      for (const one of steps) {
        let [minT, maxT] = [-Infinity, Infinity]
        let isMaintained = false
        if (one.kind === 'batch') runBatch(tsdb, disk, oracle, one)
        else if (one.kind === 'maintain') {
          await tsdb.maintain()
          oracle.maintain(Math.max(-Infinity, ...tsdb.blocks().map(({ maxTime }) => maxTime)))
          isMaintained = true
        } else if (one.kind === 'clean') await tsdb.cleanTombstones()
        else if (one.kind === 'delete') {
          const matchers = [parseMatchers(`__name__="${one.name}"`)]
          await tsdb.deleteSeries(matchers, one.at, one.at + DELETED_MS)
          oracle.delete(one.at, one.at + DELETED_MS, one.name)
        } else if (one.kind === 'read') [minT, maxT] = [one.at, one.at + 5e6]
        else if (one.kind === 'snapshot') {
          const set = tsdb.select(parseMatchers('__name__=~".+"'), -Infinity, Infinity)
          snapshot = { got: () => filled(show(set)), want: oracle.dump(-Infinity, Infinity) }
        } else {
          disk = disk.afterKill()
          tsdb = await reopen()
        }
        expect(filled(dump(tsdb, minT, maxT))).toEqual(oracle.dump(minT, maxT))
        expect(snapshot.got()).toEqual(snapshot.want)
        expect(isMaintained ? oracle.span : 0).toBeLessThanOrEqual(1.5 * RANGE)
      }
    }),
    { numRuns: 60 },
  )
})

/** Series that may have samples in a range need not have any. */
const filled = (lines: string[]): string[] => lines.filter((line) => line.includes(' '))
