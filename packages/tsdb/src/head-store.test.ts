import { APPENDED, OUT_OF_BOUNDS, SampleColumns } from '@vigie/model'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../test/memory-disk.ts'
import { append, parseLabels, parseMatchers, recordingLog, show } from '../test/notation.ts'
import type { BlockSeries } from './block/block-series.ts'
import { decodeXor } from './chunk/xor.ts'
import { HeadStore } from './head-store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const openHead = (disk = new MemoryDisk(), minT?: number): Promise<HeadStore> =>
  HeadStore.open({ dir: 'data', disk, now: () => 1e12, log: recordingLog() }, minT)

function write(store: HeadStore, ...lines: string[]): void {
  const appender = store.appender()
  for (const line of lines) append(appender, line)
  appender.commit()
}

/** `count` samples from `start` on, `step` apart: `t:i`. */
const line = (series: string, start: number, step: number, count: number): string =>
  [series, ...Array.from({ length: count }, (_, i) => `${start + i * step}:${i}`)].join(' ')

/** The samples of each chunk in brackets, as `first t:v`, `last t:v`, count. */
function showChunks({ labels, chunks }: BlockSeries): string {
  const shown = chunks.map(({ minT, maxT, encoding, data }) => {
    const padded = new Uint8Array(data.length + 4)
    padded.set(data)
    const view = new DataView(padded.buffer)
    const out = new SampleColumns()
    decodeXor(view, 2, view.getUint16(0), -Infinity, Infinity, out)
    expect([encoding, out.t[0], out.t[out.length - 1]]).toEqual([1, minT, maxT])
    return `[${minT}:${out.v[0]} ${maxT}:${out.v[out.length - 1]} ${out.length}]`
  })
  return [labels.toString(), ...shown].join(' ')
}

const cut = (store: HeadStore, minT: number, maxT: number): string[] =>
  [...store.blockSeries(minT, maxT)].map(showChunks)

test('a block is cut out of the head: sorted series, chunks within the borders', async () => {
  const store = await openHead()
  write(
    store,
    line('b', 0, MINUTE, 150),
    line('a{x="2"}', 0, MINUTE, 3),
    line('a{x="1"}', HOUR, 1, 2),
    `Z{a="x"} ${HOUR}:7`,
  )
  write(store, line('A', 5 * HOUR, 1, 1))
  expect(cut(store, 0, 2 * HOUR - 1)).toEqual([
    `Z{a="x"} [${HOUR}:7 ${HOUR}:7 1]`,
    `a{x="1"} [${HOUR}:0 ${HOUR + 1}:1 2]`,
    `a{x="2"} [0:0 ${2 * MINUTE}:2 3]`,
    `b [0:0 ${119 * MINUTE}:119 120]`,
  ])
  expect(cut(store, 30 * MINUTE, 130 * MINUTE)).toEqual([
    `Z{a="x"} [${HOUR}:7 ${HOUR}:7 1]`,
    `a{x="1"} [${HOUR}:0 ${HOUR + 1}:1 2]`,
    `b [${30 * MINUTE}:30 ${119 * MINUTE}:119 90] [${120 * MINUTE}:120 ${130 * MINUTE}:130 11]`,
  ])
  expect(cut(store, 5 * HOUR + 1, 6 * HOUR)).toEqual([])
})

test('what is appended while a block is read is not in it', async () => {
  const store = await openHead()
  write(store, line('a', 0, 1000, 10), line('b', 0, 1000, 10))
  const series = store.blockSeries(0, HOUR)
  write(store, line('a', 10_000, 1000, 200), line('b', 10_000, 1000, 20), 'c 5000:1')
  expect([...series].map(showChunks)).toEqual(['a [0:0 9000:9 10]', 'b [0:0 9000:9 10]'])
})

test('truncation forgets samples in memory and in the log, and the series without any', async () => {
  const disk = new MemoryDisk()
  const store = await openHead(disk)
  for (let t = 0; t < 5 * HOUR; t += 10 * MINUTE) {
    write(store, line('a', t, MINUTE, 10))
    if (t < HOUR) write(store, line('old', t, MINUTE, 10))
    if (t % HOUR === 0) await store.truncate(-Infinity)
  }
  await store.truncate(2 * HOUR)
  expect(store.counters.truncations).toBe(1)
  expect(store.head.seriesCount).toBe(1)
  expect(store.appender().series(parseLabels('a'))).toBeGreaterThan(0)
  const want = cut(store, -Infinity, Infinity)
  expect(want[0]).toMatch(new RegExp(`^a \\[${2 * HOUR}:0 `))
  // A start is told what blocks have; without, it finds what shared a segment with kept samples.
  const again = await openHead(disk.afterKill(), 2 * HOUR)
  expect(cut(again, -Infinity, Infinity)).toEqual(want)
  expect([...disk.files.keys()].some((path) => path.includes('checkpoint'))).toBe(true)
})

test('what comes too late for a block that is being cut is refused, what is there stays', async () => {
  const store = await openHead()
  write(store, 'a 1000:1')
  const appender = store.appender()
  expect(append(appender, 'a 2000:2 7000:7')).toEqual([APPENDED, APPENDED])
  store.refuseBefore(5000)
  expect(append(store.appender(), 'a 4999:1 5000:1')).toEqual([OUT_OF_BOUNDS, APPENDED])
  appender.commit()
  expect(cut(store, 0, 4999)).toEqual(['a [1000:1 1000:1 1]'])
  expect(cut(store, 5000, 9999)).toEqual(['a [7000:7 7000:7 1]'])
})

test('what is deleted is gone from answers and blocks, after a start and a checkpoint too', async () => {
  const disk = new MemoryDisk()
  const store = await openHead(disk)
  write(store, line('a', 0, MINUTE, 200), line('b', 0, MINUTE, 200), line('c', 0, MINUTE, 10))
  const before = store.select(parseMatchers('__name__="a"'), 0, HOUR)
  const remove = (matchers: string, minT: number, maxT: number): number =>
    store.deleteSeries([parseMatchers(matchers)], minT, maxT)
  expect(remove('__name__=~"a|c"', 30 * MINUTE, 150 * MINUTE - 1)).toBe(1)
  expect(remove('__name__="a"', 150 * MINUTE, 150 * MINUTE)).toBe(1)
  expect(remove('__name__="c"', -Infinity, Infinity)).toBe(1)
  expect(remove('__name__="nothing"', -Infinity, Infinity)).toBe(0)
  // What comes later is not meant, even where the interval was open.
  write(store, line('c', 150 * MINUTE, MINUTE, 1), line('a', 200 * MINUTE, MINUTE, 1))
  const want = [
    `a [0:0 ${29 * MINUTE}:29 30] [${151 * MINUTE}:151 ${200 * MINUTE}:0 50]`,
    `b [0:0 ${119 * MINUTE}:119 120] [${120 * MINUTE}:120 ${199 * MINUTE}:199 80]`,
    `c [${150 * MINUTE}:0 ${150 * MINUTE}:0 1]`,
  ]
  const everything = { minT: 0, maxT: Infinity, matchers: [] }
  const check = (one: HeadStore, lines: string[]): void => {
    expect(cut(one, -Infinity, Infinity)).toEqual(lines)
    const all = show(one.select(parseMatchers('__name__=~".+"'), 0, Infinity))
    expect(all.map((text) => text.split(' ').length - 1)).toEqual(
      lines.map((text) =>
        [...text.matchAll(/ (\d+)\]/g)].reduce((sum, [, count]) => sum + Number(count), 0),
      ),
    )
  }
  check(store, want)
  expect(show(before)[0].split(' ').length).toBe(1 + 200)
  expect(store.labelValues('__name__', { ...everything, maxT: 9 * MINUTE })).toEqual(['a', 'b'])
  expect(store.select(parseMatchers('__name__="a"'), 40 * MINUTE, 100 * MINUTE).count).toBe(0)
  check(await openHead(disk.afterKill()), want)
  // The first segment goes, and with it the record; the checkpoint has it.
  store.wal.roll()
  write(store, `a ${10 * HOUR}:1`)
  await store.truncate(160 * MINUTE)
  store.wal.roll()
  write(store, `a ${11 * HOUR}:1`)
  expect(store.deleteSeries([parseMatchers('__name__="a"')], 10 * HOUR, 10 * HOUR)).toBe(1)
  await store.truncate(200 * MINUTE + 1)
  expect(store.wal.segments[0].index).toBe(1)
  const rest = [`a [${11 * HOUR}:1 ${11 * HOUR}:1 1]`]
  check(store, rest)
  check(await openHead(disk.afterKill(), 200 * MINUTE + 1), rest)
})
