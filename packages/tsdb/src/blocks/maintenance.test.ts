/** What happens to blocks as time goes by, in a thread of their own. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SampleColumns } from '@vigie/model'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryDisk } from '../../test/memory-disk.ts'
import {
  dump,
  metric,
  open,
  parseLabels,
  parseMatchers,
  recordingLog,
  write,
} from '../../test/notation.ts'
import type { BlockSeries } from '../block/block-series.ts'
import { writeBlock } from '../block/writer.ts'
import { encodeSamples } from '../chunk/encode.ts'
import { nodeDisk } from '../disk.ts'
import type { Tsdb } from '../index.ts'

const HOUR = 3_600_000
const WORKER = new URL('../../dist/blocks/worker.js', import.meta.url)

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-blocks-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function seriesOf(line: string): BlockSeries {
  const [name, ...samples] = line.split(' ')
  const columns = new SampleColumns()
  for (const sample of samples) columns.push(...(sample.split(':').map(Number) as [number, number]))
  return { labels: parseLabels(name), chunks: encodeSamples(columns) }
}

/** A sample of two series each half hour. */
function fill(tsdb: Tsdb, fromHour: number, toHour: number): void {
  for (let t = fromHour * HOUR; t < toHour * HOUR; t += HOUR / 2)
    write(tsdb, `a ${t}:1`, `b ${t}:2`)
}
const hours = (tsdb: Tsdb): string =>
  tsdb
    .blocks()
    .map(({ minTime, maxTime }) => `${minTime / HOUR}-${maxTime / HOUR}`)
    .join(' ')
const real = (options: Parameters<typeof open>[0] = {}): Promise<Tsdb> =>
  open({ dir, disk: nodeDisk(), retentionMs: 0, blockWorkerUrl: WORKER, ...options })

test('blocks are cut and merged in the worker, and answers stay the same', async () => {
  const tsdb = await real()
  fill(tsdb, 0, 15)
  const before = dump(tsdb)
  await tsdb.maintain()
  // The newest is never merged, so 6-12 has to wait for the next one.
  expect(hours(tsdb)).toBe('0-6 6-8 8-10 10-12')
  expect(dump(tsdb)).toEqual(before)
  expect(tsdb.blocks()[0].compaction).toMatchObject({ level: 2 })
  expect(tsdb.blocks()[0].compaction.parents).toHaveLength(3)
  expect(tsdb.blocks()[0].compaction.sources).toHaveLength(3)
  expect(metric(tsdb, 'prometheus_tsdb_compactions_total')).toBe(7)
  await tsdb.close()
  const again = await real()
  expect(dump(again)).toEqual(before)
  expect(readdirSync(dir).filter((name) => name.length === 26)).toHaveLength(4)
  await again.close()
})

test('what goes on meanwhile is kept, and seen', async () => {
  const tsdb = await real()
  fill(tsdb, 0, 9)
  const made = tsdb.maintain()
  for (let k = 0; k < 50; k++) {
    write(tsdb, `a ${9 * HOUR + k}:${k}`)
    expect(dump(tsdb)[0].split(' ')).toHaveLength(1 + 18 + k + 1)
    await new Promise((done) => setImmediate(done))
  }
  await made
  expect(dump(tsdb)[0].split(' ')).toHaveLength(1 + 18 + 50)
  await tsdb.close()
})

test('blocks with a corrupted chunk are not merged, and not tried again', async () => {
  const tsdb = await real()
  fill(tsdb, 0, 6)
  await tsdb.maintain()
  expect(hours(tsdb)).toBe('0-2 2-4')
  const path = join(dir, tsdb.blocks()[0].ulid, 'chunks', '000001')
  const bytes = readFileSync(path)
  bytes[20] ^= 1
  writeFileSync(path, bytes)
  fill(tsdb, 6, 12)
  await tsdb.maintain()
  expect(hours(tsdb)).toBe('0-2 2-4 4-6 6-8 8-10')
  const failed = tsdb.blocks().map(({ compaction }) => compaction.failed === true)
  expect(failed).toEqual([true, true, true, false, false])
  expect(metric(tsdb, 'prometheus_tsdb_compactions_failed_total')).toBe(1)
  await tsdb.maintain()
  expect(metric(tsdb, 'prometheus_tsdb_compactions_failed_total')).toBe(1)
  await tsdb.close()
})

test('closing gives up what is under way, marks nothing and loses nothing', async () => {
  const tsdb = await real()
  fill(tsdb, 0, 15)
  const before = dump(tsdb)
  void tsdb.maintain()
  await tsdb.close()
  const again = await real()
  expect(dump(again)).toEqual(before)
  await again.maintain()
  expect(again.blocks().some(({ compaction }) => compaction.failed === true)).toBe(false)
  expect(dump(again)).toEqual(before)
  await again.close()
})

test('a full disk: the head keeps what cannot become a block, until it can', async () => {
  const disk = new MemoryDisk()
  let now = 100 * HOUR
  const tsdb = await open({ disk, now: () => now })
  fill(tsdb, 0, 6)
  const before = dump(tsdb)
  disk.freeBytes = 500
  await expect(tsdb.maintain()).rejects.toThrow(/ENOSPC/)
  expect([hours(tsdb), dump(tsdb)]).toEqual(['', before])
  disk.freeBytes = Infinity
  // Not at once again.
  await tsdb.maintain()
  expect(hours(tsdb)).toBe('')
  now += 61_000
  await tsdb.maintain()
  expect([hours(tsdb), dump(tsdb)]).toEqual(['0-2 2-4', before])
  expect(tsdb.blocks().some(({ compaction }) => compaction.failed === true)).toBe(false)
})

test('blocks that others put there are found within a minute, overlapping ones become one', async () => {
  const disk = new MemoryDisk()
  let now = 100 * HOUR
  const tsdb = await open({ disk, now: () => now, retentionMs: 0 })
  fill(tsdb, 0, 6)
  await tsdb.maintain()
  const options = { minT: 0, maxT: 2 * HOUR, level: 1, sources: [], parents: [], now: 1e12 }
  const series = [seriesOf(`a ${HOUR / 4}:7 ${HOUR / 2}:7`), seriesOf(`c ${HOUR}:3`)]
  const imported = writeBlock(disk, 'data', series, options)!
  await tsdb.maintain()
  expect(hours(tsdb)).toBe('0-2 2-4')
  now += 61_000
  await tsdb.maintain()
  expect(hours(tsdb)).toBe('0-2 2-4')
  expect(tsdb.blocks()[0].compaction.parents?.map(({ ulid }) => ulid)).toContain(imported.ulid)
  expect(dump(tsdb, 0, HOUR)).toEqual([
    `a 0:1 ${HOUR / 4}:7 ${HOUR / 2}:1 ${HOUR}:1`,
    `b 0:2 ${HOUR / 2}:2 ${HOUR}:2`,
    `c ${HOUR}:3`,
  ])
  expect(metric(tsdb, 'prometheus_tsdb_vertical_compactions_total')).toBe(1)
})

test('deleted series are gone from blocks and head at once, and from the disk when cleaned', async () => {
  const tsdb = await real()
  fill(tsdb, 0, 6)
  await tsdb.maintain()
  await tsdb.deleteSeries([parseMatchers('__name__="a"')], HOUR, 5 * HOUR)
  const want = [`a 0:1 ${HOUR / 2}:1 ${5.5 * HOUR}:1`, dump(tsdb)[1]]
  expect(dump(tsdb)).toEqual(want)
  expect(tsdb.blocks().map(({ stats }) => stats.numTombstones)).toEqual([1, 1])
  const listed = (minT: number, maxT: number): number =>
    tsdb.select(parseMatchers('__name__="a"'), minT, maxT).count
  expect([listed(2 * HOUR, 4 * HOUR - 1), listed(0, 4 * HOUR - 1)]).toEqual([0, 1])
  await tsdb.cleanTombstones()
  expect(tsdb.blocks().map(({ stats }) => stats.numTombstones ?? 0)).toEqual([0, 0])
  expect(tsdb.blocks().map(({ stats }) => stats.numSamples)).toEqual([6, 4])
  expect(tsdb.blocks().map(({ compaction }) => compaction.level)).toEqual([1, 1])
  expect(dump(tsdb)).toEqual(want)
  await tsdb.deleteSeries([parseMatchers('__name__=~".+"')], 0, 2 * HOUR - 1)
  await tsdb.cleanTombstones()
  expect(hours(tsdb)).toBe('2-4')
  await tsdb.close()
  const again = await real()
  expect(dump(again)[0]).toBe(`a ${5.5 * HOUR}:1`)
  await again.close()
})

test('a snapshot is a storage of its own, with or without the head', async () => {
  const tsdb = await real()
  fill(tsdb, 0, 6)
  await tsdb.maintain()
  const names = [await tsdb.snapshot({ skipHead: false }), await tsdb.snapshot({ skipHead: true })]
  for (const name of names) expect(name).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{16}$/)
  const all = dump(tsdb)
  const inBlocks = dump(tsdb, 0, 4 * HOUR - 1)
  await tsdb.close()
  for (const [i, want] of [all, inBlocks].entries()) {
    const log = recordingLog()
    const copy = await real({ dir: join(dir, 'snapshots', names[i]), log })
    expect(dump(copy)).toEqual(want)
    expect(log.lines).toEqual([])
    await copy.close()
  }
})

test('without its worker no block is made, and nothing is lost', async () => {
  const tsdb = await real({ blockWorkerUrl: new URL('missing.js', WORKER) })
  fill(tsdb, 0, 6)
  const before = dump(tsdb)
  await expect(tsdb.maintain()).rejects.toThrow(/missing\.js/)
  expect([hours(tsdb), dump(tsdb)]).toEqual(['', before])
  await tsdb.close()
})
