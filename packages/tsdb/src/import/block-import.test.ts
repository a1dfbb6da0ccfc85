import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, Matcher, STALE_NAN, SampleColumns, isStale } from '@vigie/model'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Block } from '../block/block.ts'
import { nodeDisk } from '../disk.ts'
import { BLOCK_MS_MIN, BlockImport, type ImportedBlock, blockRange } from './block-import.ts'

const disk = nodeDisk()
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-import-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const begin = (blockMs = BLOCK_MS_MIN, samplesPerPass = 1 << 20): BlockImport =>
  new BlockImport({ dir, disk, blockMs, now: () => 1_700_000_000_000, samplesPerPass })

function read({ meta }: ImportedBlock): string[] {
  const block = Block.open(disk, join(dir, meta.ulid))
  const set = block.select([new Matcher('=~', '__name__', '.*')], -Infinity, Infinity)
  const out = new SampleColumns()
  const lines = Array.from({ length: set.count }, (_, i) => {
    set.samples(i, -Infinity, Infinity, out)
    const samples = Array.from({ length: out.length }, (_one, k) => `${out.t[k]}:${out.v[k]}`)
    return `${set.labels(i).toString()} ${samples.join(' ')}`
  })
  block.close()
  return lines
}

test('samples in any order become blocks', () => {
  const blocks = begin()
  const b = blocks.series(Labels.fromPairs(['__name__', 'b']))
  const a = blocks.series(Labels.fromPairs(['__name__', 'a']))
  const samples: [number, number, number][] = [
    [b, 7_200_000, 5],
    [a, -1, 1],
    [b, 3000, 3],
    [b, 1000, 1],
    [a, 7_199_999, 9],
    [b, 2000, 2],
    [b, 1000, 1],
  ]
  for (const [i, [series, t, v]] of samples.entries()) blocks.add(series, t, v, i + 1)
  const made = blocks.finish()
  expect(made.map(({ meta }) => [meta.minTime, meta.maxTime])).toEqual([
    [-1, 0],
    [1000, 7_200_000],
    [7_200_000, 7_200_001],
  ])
  expect(made.map(read)).toEqual([
    ['a -1:1'],
    ['a 7199999:9', 'b 1000:1 2000:2 3000:3'],
    ['b 7200000:5'],
  ])
  expect(readdirSync(dir).length).toBe(3)
  expect(made[1].meta).toMatchObject({
    stats: { numSamples: 4, numSeries: 2, numChunks: 2 },
    compaction: { level: 1, sources: [made[1].meta.ulid] },
  })
})

test('two values at one time are refused, and nothing is left', () => {
  const blocks = begin()
  const a = blocks.series(Labels.fromPairs(['__name__', 'a']))
  blocks.add(a, -5000, 1, 3)
  blocks.add(a, 5000, 1, 4)
  blocks.add(a, 5000, 2, 9)
  expect(() => blocks.finish()).toThrow(
    expect.objectContaining({
      message: 'duplicate sample: a has 2 at 5, and 1 in line 4',
      line: 9,
    }),
  )
  blocks.abandon()
  expect(readdirSync(dir)).toEqual([])
})

test('stale markers and other NaNs are kept apart', () => {
  const blocks = begin()
  const a = blocks.series(Labels.fromPairs(['__name__', 'a']))
  for (const [i, v] of [1, STALE_NAN, NaN].entries()) blocks.add(a, i, v, i)
  const block = Block.open(disk, join(dir, blocks.finish()[0].meta.ulid))
  const out = new SampleColumns()
  block.select([], 0, 10).samples(0, 0, 10, out)
  expect([...out.v.subarray(0, 3)].map(isStale)).toEqual([false, true, false])
  block.close()
})

test('times that cannot be are refused', () => {
  const blocks = begin()
  const a = blocks.series(Labels.fromPairs(['__name__', 'a']))
  expect(() => blocks.add(a, 1e17, 1, 7)).toThrow('timestamp 100000000000000 is out of range')
  expect(() => {
    for (let i = 0; i <= 20_000; i++) blocks.add(a, i * BLOCK_MS_MIN, 1, i + 1)
  }).toThrow('the samples up to here would make more than 20000 blocks')
  blocks.abandon()
  expect(readdirSync(dir)).toEqual([])
})

test('more samples than fit in memory at once', () => {
  const blocks = begin(blockRange(1e12), 7000)
  const numbers = Array.from({ length: 50 }, (_, i) =>
    blocks.series(Labels.fromPairs(['__name__', 'a', 'i', String(i)])),
  )
  const count = 2000
  for (let k = 0; k < count; k++)
    for (const series of numbers) blocks.add(series, k * 1000, k + series, 1)
  const [{ meta }] = blocks.finish()
  expect(meta.stats).toMatchObject({ numSamples: 50 * count, numSeries: 50 })
  const block = Block.open(disk, join(dir, meta.ulid))
  const set = block.select([], -Infinity, Infinity)
  const out = new SampleColumns()
  for (let i = 0; i < set.count; i++) {
    set.samples(i, -Infinity, Infinity, out)
    expect(out.length).toBe(count)
    expect(out.v[1000]).toBe(1000 + numbers[Number(set.labels(i).get('i'))])
  }
  block.close()
})

test.each([
  [2, 2],
  [5.9, 2],
  [6, 6],
  [24, 18],
  [1000, 486],
])('a range of %d hours is one of %d', (hours, want) =>
  expect(blockRange(hours * 3_600_000)).toBe(want * 3_600_000),
)
