/** Random histories against the simplest storage that could be right: a Map of Maps. */
import fc from 'fast-check'
import { APPENDED, Labels, STALE_NAN, isStale } from '@vigie/model'
import { expect, test } from 'vitest'
import type { Tsdb } from '../src/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { dump, open, show, parseMatchers } from './notation.ts'

const RETENTION_MS = 5 * 3_600_000

/**
 * Per series, its accepted samples in order. Values are kept as text: V8 makes every NaN the same one
 * when it moves a plain array of numbers, and a stale marker would be gone.
 */
class Oracle {
  readonly series: Map<string, [t: number, value: string][]> = new Map()
  newest = -Infinity

  accepts(name: string, t: number): boolean {
    const last = this.series.get(name)?.at(-1)
    return t >= this.newest - RETENTION_MS && (last === undefined || t > last[0])
  }

  add(name: string, t: number, value: string): void {
    const samples = this.series.get(name)
    if (samples === undefined) this.series.set(name, [[t, value]])
    else samples.push([t, value])
  }

  commit(): void {
    for (const samples of this.series.values())
      this.newest = Math.max(this.newest, samples.at(-1)![0])
  }

  dump(minT: number, maxT: number): string[] {
    const from = Math.max(minT, this.newest - RETENTION_MS)
    const lines: string[] = []
    for (const name of [...this.series.keys()].sort()) {
      const samples = this.series.get(name)!.filter(([t]) => t >= from && t <= maxT)
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
type Step = BatchStep | { kind: 'maintain' | 'kill' | 'snapshot' } | { kind: 'read'; at: number }

const batch: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('batch' as const),
  series: fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
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
  for (const { name, count, stepMs, value } of series) {
    const ref = appender.series(Labels.fromObject({ __name__: name }))
    let t = pending.get(name) ?? oracle.series.get(name)?.at(-1)?.[0] ?? 1e6
    for (let i = 0; i < count; i++) {
      t += stepMs
      // No sums of a NaN: engines do not agree on what becomes of its bits.
      const v = i % 3 === 0 || value !== value ? value : value + i
      const isNew = oracle.accepts(name, t) && t > (pending.get(name) ?? -Infinity)
      const result = appender.append(ref, t, v)
      expect(isNew ? result : APPENDED).toBe(APPENDED)
      if (isNew) {
        accepted.push([name, t, isStale(v) ? 'stale' : String(v)])
        pending.set(name, t)
      }
    }
  }
  const isBroken = fails && accepted.length > 0
  if (isBroken) disk.freeBytes = 30
  expect(outcomeOf(() => appender.commit())).toMatch(isBroken ? /ENOSPC/ : /^done$/)
  disk.freeBytes = Infinity
  if (isBroken) return
  for (const [name, t, value] of accepted) oracle.add(name, t, value)
  oracle.commit()
}

function outcomeOf(act: () => void): string {
  try {
    act()
    return 'done'
  } catch (error) {
    return String(error)
  }
}

test('any history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      let disk = new MemoryDisk()
      const reopen = (): Promise<Tsdb> =>
        open({ disk, retentionMs: RETENTION_MS, segmentBytes: 32_768 })
      let tsdb = await reopen()
      const oracle = new Oracle()
      let snapshot = { got: (): string[] => [], want: [] as string[] }
      for (const one of steps) {
        let [minT, maxT] = [-Infinity, Infinity]
        if (one.kind === 'batch') runBatch(tsdb, disk, oracle, one)
        else if (one.kind === 'maintain') await tsdb.maintain()
        else if (one.kind === 'read') [minT, maxT] = [one.at, one.at + 5e6]
        else if (one.kind === 'snapshot') {
          const set = tsdb.select(parseMatchers('__name__=~".+"'), -Infinity, Infinity)
          snapshot = { got: () => show(set), want: oracle.dump(-Infinity, Infinity) }
        } else {
          disk = disk.afterKill()
          tsdb = await reopen()
        }
        expect(dump(tsdb, minT, maxT)).toEqual(oracle.dump(minT, maxT))
        expect(snapshot.got()).toEqual(snapshot.want)
      }
    }),
    { numRuns: 60 },
  )
})
