/** Samples that come out of order: taken within their window, and merged into every answer. */
import fc from 'fast-check'
import {
  APPENDED,
  DUPLICATE,
  OUT_OF_BOUNDS,
  OUT_OF_ORDER,
  SampleColumns,
  TOO_OLD,
  makeHistogram,
} from '@vigie/model'
import { expect, test } from 'vitest'
import type { Tsdb } from '../src/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { append, dump, open, parseLabels, parseMatchers, show, write } from './notation.ts'

const HOUR = 3_600_000
const WINDOW_MS = 4 * HOUR

const openWindow = (disk = new MemoryDisk()): Promise<Tsdb> =>
  open({ disk, outOfOrderTimeWindowMs: WINDOW_MS })

test('results', async () => {
  const tsdb = await openWindow()
  write(tsdb, `a ${10 * HOUR}:1`)
  const check = (text: string, want: number[]): void => {
    const appender = tsdb.appender()
    expect(append(appender, text), text).toEqual(want)
    appender.commit()
  }
  check(`a ${10 * HOUR}:1 ${10 * HOUR}:2 ${9 * HOUR}:1`, [APPENDED, DUPLICATE, APPENDED])
  check(`a ${6 * HOUR}:1 ${6 * HOUR - 1}:1`, [APPENDED, TOO_OLD])
  // A new series is no exception.
  check(`b ${6 * HOUR - 1}:1 ${7 * HOUR}:2 ${6.5 * HOUR}:3 ${9.5 * HOUR}:4`, [
    TOO_OLD,
    APPENDED,
    APPENDED,
    APPENDED,
  ])
  // Of two samples at one time the first one stays.
  check(`a ${9 * HOUR}:7`, [APPENDED])
  expect(dump(tsdb)).toEqual([
    `a ${6 * HOUR}:1 ${9 * HOUR}:1 ${10 * HOUR}:1`,
    `b ${6.5 * HOUR}:3 ${7 * HOUR}:2 ${9.5 * HOUR}:4`,
  ])
  const strict = await open()
  write(strict, 'a 2000:1')
  expect(append(strict.appender(), 'a 1000:1')).toEqual([OUT_OF_ORDER])
})

test('what another batch made out of order is taken all the same', async () => {
  const tsdb = await openWindow()
  const [first, second] = [tsdb.appender(), tsdb.appender()]
  append(first, 'a 1000:1 3000:3')
  append(second, 'a 2000:2 4000:4')
  second.commit()
  first.commit()
  expect(dump(tsdb)).toEqual(['a 1000:1 2000:2 3000:3 4000:4'])
})

test('a snapshot has them, unless it skips the head; what comes after it is as before', async () => {
  const disk = new MemoryDisk()
  const tsdb = await openWindow(disk)
  write(tsdb, `a ${10 * HOUR}:1`)
  write(tsdb, `a ${9 * HOUR}:2 ${7 * HOUR}:3`, `b ${8 * HOUR}:4`)
  const of = async (skipHead: boolean): Promise<string[]> => {
    const dir = `data/snapshots/${await tsdb.snapshot({ skipHead })}`
    return dump(await open({ disk, dir }))
  }
  const all = [`a ${7 * HOUR}:3 ${9 * HOUR}:2 ${10 * HOUR}:1`, `b ${8 * HOUR}:4`]
  expect(await of(true)).toEqual([])
  expect(await of(false)).toEqual(all)
  write(tsdb, `b ${7.5 * HOUR}:5`)
  const later = [all[0], `b ${7.5 * HOUR}:5 ${8 * HOUR}:4`]
  expect(await of(false)).toEqual(later)
  expect(dump(tsdb)).toEqual(later)
  expect(dump(await openWindow(disk.afterKill()))).toEqual(later)
  write(tsdb, `a ${13.1 * HOUR}:6`)
  await tsdb.maintain()
  expect(tsdb.stats().blocks).toBeGreaterThan(0)
  expect(dump(tsdb)).toEqual([`${all[0]} ${13.1 * HOUR}:6`, later[1]])
})

test('with too many of them in memory a block is made at once', async () => {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk, outOfOrderTimeWindowMs: WINDOW_MS, lateSamplesMax: 99 })
  write(tsdb, `a ${10 * HOUR}:1`)
  const late = (count: number, from: number): void => {
    for (let i = 0; i < count; i++) write(tsdb, `a ${from + i}:2`)
  }
  late(99, 7 * HOUR)
  await tsdb.maintain()
  expect(tsdb.stats().blocks).toBe(0)
  late(1, 9 * HOUR)
  const all = dump(tsdb)
  await tsdb.maintain()
  expect(tsdb.blocks().map(({ minTime, stats }) => [minTime / HOUR, stats.numSamples])).toEqual([
    [6, 99],
    [8, 1],
  ])
  expect(tsdb.stats().samples).toBe(1)
  expect(dump(tsdb)).toEqual(all)
  late(5, 8 * HOUR)
  const more = dump(tsdb)
  expect(dump(await openWindow(disk.afterKill()))).toEqual(more)
})

test('the window can be opened and closed on the way', async () => {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk })
  write(tsdb, `a ${10 * HOUR}:1`)
  const check = (text: string, want: number): void => {
    const appender = tsdb.appender()
    expect(append(appender, text), text).toEqual([want])
    appender.commit()
  }
  check(`a ${9.5 * HOUR}:2`, OUT_OF_ORDER)
  await Promise.all([HOUR, WINDOW_MS].map((one) => tsdb.setOutOfOrderTimeWindow(one)))
  check(`a ${6.5 * HOUR}:3`, APPENDED)
  await tsdb.setOutOfOrderTimeWindow(0)
  check(`a ${9.6 * HOUR}:4`, OUT_OF_ORDER)
  check(`a ${7 * HOUR}:4`, OUT_OF_BOUNDS)
  const want = [`a ${6.5 * HOUR}:3 ${10 * HOUR}:1`]
  expect(dump(tsdb)).toEqual(want)
  expect(dump(await open({ disk: disk.afterKill() }))).toEqual(want)
})

test('histograms too', async () => {
  const disk = new MemoryDisk()
  const tsdb = await openWindow(disk)
  const appender = tsdb.appender()
  const ref = appender.series(parseLabels('h'))
  const at = (t: number): number =>
    appender.appendHistogram(
      ref,
      t,
      makeHistogram({ isInteger: true, count: t, sum: t, zeroCount: t }),
    )
  expect([3000, 1000, 2000].map(at)).toEqual([APPENDED, APPENDED, APPENDED])
  append(appender, 'h 1500:7')
  appender.commit()
  for (const one of [tsdb, await openWindow(disk.afterKill())]) {
    const out = new SampleColumns()
    one.select(parseMatchers('__name__="h"'), 0, 9000).samples(0, 0, 9000, out)
    const shown = Array.from({ length: out.length }, (_, i) => out.h?.[i]?.count ?? out.v[i])
    expect(shown).toEqual([1000, 7, 2000, 3000])
  }
})

test('deletion, and a snapshot that is held meanwhile', async () => {
  const disk = new MemoryDisk()
  const tsdb = await openWindow(disk)
  write(tsdb, 'a 5000:5', 'a 1000:1 2000:2 3000:3')
  const set = tsdb.select(parseMatchers('__name__="a"'), 0, 9000)
  write(tsdb, 'a 4000:4')
  await tsdb.deleteSeries([parseMatchers('__name__="a"')], 2000, 4000)
  expect(show(set)).toEqual(['a 1000:1 2000:2 3000:3 5000:5'])
  for (const one of [tsdb, await openWindow(disk.afterKill())])
    expect(dump(one)).toEqual(['a 1000:1 5000:5'])
})

test('blocks are made of them, and the log of them is emptied', async () => {
  const disk = new MemoryDisk()
  const tsdb = await openWindow(disk)
  const want: string[] = []
  for (let t = 0; t < 10 * HOUR; t += HOUR / 60) {
    write(tsdb, `a ${t}:1`)
    want.push(`${t}:1`)
    if (t % HOUR !== 0 || t === 0) continue
    // Half a minute beside the others, up to four hours ago.
    for (let back = 0.5; back < 4 && t > back * HOUR; back++) {
      write(tsdb, `a ${t - back * HOUR + 30_000}:2`)
      want.push(`${t - back * HOUR + 30_000}:2`)
    }
    await tsdb.maintain()
  }
  want.sort((one, other) => parseInt(one) - parseInt(other))
  const line = ['a', ...new Set(want)].join(' ')
  expect(dump(tsdb)).toEqual([line])
  expect(tsdb.blocks().length).toBeGreaterThan(1)
  const late = [...disk.files.keys()].filter((path) => path.startsWith('data/wbl/'))
  expect(late).not.toContain('data/wbl/00000000')
  expect(dump(await openWindow(disk.afterKill()))).toEqual([line])
})

const step = fc.record({
  batch: fc.array(
    fc.record({
      name: fc.constantFrom('a', 'b'),
      backMs: fc.integer({ min: -60_000, max: WINDOW_MS / 2 }),
    }),
    { minLength: 1, maxLength: 60 },
  ),
  next: fc.constantFrom('nothing', 'nothing', 'maintain', 'kill'),
})

test('any history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      let disk = new MemoryDisk()
      let tsdb = await openWindow(disk)
      const want = new Map<string, Map<number, string>>()
      let newest = 20 * HOUR
      write(tsdb, `first ${newest}:0`)
      for (const { batch, next } of steps) {
        newest += HOUR / 4
        const appender = tsdb.appender()
        for (const [i, { name, backMs }] of batch.entries()) {
          const t = newest - backMs
          const samples = want.get(name) ?? new Map<number, string>()
          if (samples.has(t)) continue
          expect(append(appender, `${name} ${t}:${i}`)).toEqual([APPENDED])
          samples.set(t, String(i))
          want.set(name, samples)
        }
        appender.commit()
        if (next === 'maintain') await tsdb.maintain()
        if (next === 'kill') {
          disk = disk.afterKill()
          tsdb = await openWindow(disk)
        }
        const lines = [...want].map(([name, samples]) =>
          [name, ...[...samples].sort(([a], [b]) => a - b).map(([t, v]) => `${t}:${v}`)].join(' '),
        )
        expect(dump(tsdb).filter((one) => !one.startsWith('first'))).toEqual(lines.sort())
      }
    }),
    { numRuns: 40 },
  )
})
