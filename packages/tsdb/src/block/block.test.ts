import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Labels,
  Matcher,
  SampleColumns,
  type SeriesSet,
  compareLabels,
  makeHistogram,
  matchesAll,
} from '@vigie/model'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { encodeSamples } from '../chunk/encode.ts'
import { nodeDisk } from '../disk.ts'
import { Block } from './block.ts'
import type { BlockSeries } from './block-series.ts'
import { writeBlock } from './writer.ts'

const disk = nodeDisk()
const HOUR_MS = 3_600_000
let dir = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-block-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** `a{x="1"}` has 500 samples, one each 10 s, `value(i)`. */
function series(name: string, pairs: string[], value: (i: number) => number): BlockSeries {
  const columns = new SampleColumns()
  for (let i = 0; i < 500; i++) columns.push(i * 10_000, value(i))
  const labels = Labels.fromPairs(['__name__', name, ...pairs])
  return { labels, chunks: encodeSamples(columns) }
}

const SERIES = [
  series('a', ['x', '1'], (i) => i),
  series('a', ['x', '2', 'é', '"\n'], (i) => i / 7),
  series('a', [], () => NaN),
  ...Array.from({ length: 100 }, (_, i) => series('many', ['i', String(i)], (k) => i * k)),
]

function write(all: readonly BlockSeries[], minT = 0, maxT = 2 * HOUR_MS): string {
  const sorted = all.toSorted((a, b) => compareLabels(a.labels, b.labels))
  const block = { minT, maxT, level: 1, sources: [], parents: [], now: 1_700_000_000_000 }
  return join(dir, writeBlock(disk, dir, sorted, block)!.ulid)
}

/** `labels count first…last`, by labels. */
function shown(set: SeriesSet, minT = -Infinity, maxT = Infinity): string[] {
  const columns = new SampleColumns()
  return Array.from({ length: set.count }, (_, i) => {
    set.samples(i, minT, maxT, columns)
    const { t, v, length } = columns
    const ends = length === 0 ? '' : ` ${t[0]}:${v[0]}…${t[length - 1]}:${v[length - 1]}`
    return `${set.labels(i).toString()} ${length}${ends}`
  })
}

const eq = (name: string, value: string): Matcher => new Matcher('=', name, value)

test('what was written is read', () => {
  const block = Block.open(disk, write(SERIES))
  expect(block.meta.stats).toEqual({
    numSamples: 51_500,
    numFloatSamples: 51_500,
    numSeries: 103,
    numChunks: 515,
  })
  expect([...block.allSeries()]).toEqual(
    SERIES.toSorted((a, b) => compareLabels(a.labels, b.labels)),
  )
  expect(shown(block.select([eq('__name__', 'a')], 0, 2 * HOUR_MS))).toEqual([
    'a 500 0:NaN…4990000:NaN',
    'a{x="1"} 500 0:0…4990000:499',
    `a{x="2", "é"="\\"\\n"} 500 0:0…4990000:${499 / 7}`,
  ])
  block.close()
})

test('selectors', () => {
  const block = Block.open(disk, write(SERIES))
  const check = (matchers: Matcher[], want: string[]): void => {
    const set = block.select(matchers, 0, 2 * HOUR_MS)
    expect(Array.from({ length: set.count }, (_, i) => set.labels(i).toString())).toEqual(want)
  }
  check([eq('x', '1')], ['a{x="1"}'])
  check([eq('x', '9')], [])
  check([eq('nope', '1')], [])
  check([eq('__name__', 'a'), eq('x', '')], ['a'])
  check([eq('__name__', 'a'), new Matcher('!=', 'x', '1')], ['a', 'a{x="2", "é"="\\"\\n"}'])
  check([eq('__name__', 'a'), new Matcher('!=', 'x', '')], ['a{x="1"}', 'a{x="2", "é"="\\"\\n"}'])
  check([new Matcher('=~', 'i', '1|22'), eq('__name__', 'many')], ['many{i="1"}', 'many{i="22"}'])
  check(
    [new Matcher('=~', 'i', '9.')],
    Array.from({ length: 10 }, (_, i) => `many{i="9${i}"}`),
  )
  check([new Matcher('!~', 'i', '.+'), new Matcher('!~', 'x', '2')], ['a', 'a{x="1"}'])
  check([new Matcher('=~', 'x', '1|'), new Matcher('!=', '__name__', 'many')], ['a', 'a{x="1"}'])
  block.close()
})

test('names and values', () => {
  const block = Block.open(disk, write(SERIES))
  const all = { minT: 0, maxT: HOUR_MS, matchers: [] }
  expect(block.labelNames(all)).toEqual(['__name__', 'i', 'x', 'é'])
  expect(block.labelValues('x', all)).toEqual(['1', '2'])
  expect(block.labelValues('i', all).length).toBe(100)
  expect(block.labelValues('nope', all)).toEqual([])
  const some = { ...all, matchers: [[eq('x', '1')], [eq('x', '2')]] }
  expect(block.labelNames(some)).toEqual(['__name__', 'x', 'é'])
  expect(block.labelValues('x', some)).toEqual(['1', '2'])
  expect(block.labelValues('i', some)).toEqual([])
  block.close()
})

test('a block of many series is read in parts', () => {
  const columns = new SampleColumns()
  columns.push(0, 1)
  const chunks = encodeSamples(columns)
  const all: BlockSeries[] = Array.from({ length: 6000 }, (_, i) => ({
    labels: Labels.fromPairs([
      '__name__',
      `m${i % 7}`,
      'a',
      String(i % 100),
      'i',
      `${i} ${'x'.repeat(i % 1000)}`,
    ]),
    chunks,
  }))
  const block = Block.open(disk, write(all))
  const check = (...matchers: Matcher[]): void => {
    const set = block.select(matchers, 0, 1)
    const want = all.filter(({ labels }) => matchesAll(matchers, labels))
    expect(Array.from({ length: set.count }, (_, i) => set.labels(i).key).sort()).toEqual(
      want.map(({ labels }) => labels.key).sort(),
    )
  }
  check(eq('a', '5'))
  check(eq('a', '5'), eq('__name__', 'm3'))
  check(new Matcher('=~', 'i', '1.*'), new Matcher('!=', 'a', '7'))
  check(new Matcher('=~', 'i', '59[0-9]{2} .*'), new Matcher('=~', 'a', '5|7|77|nope|'))
  check(new Matcher('=~', 'a', '(12|13)'), new Matcher('=~', 'i', '9+9* x*'))
  check(new Matcher('!~', 'a', '1.*|2'), new Matcher('=~', 'i', '12?3? .*'))
  check(new Matcher('=~', 'i', '5999 .*'), new Matcher('=~', 'i', 'nope.*'))
  check(new Matcher('=~', 'i', '.*9 x+'), new Matcher('!~', '__name__', 'm[1-6]'))
  check()
  expect([...block.allSeries()].length).toBe(all.length)
  expect([...block.spans([eq('a', '99')])].length).toBe(60)
  block.close()
})

test('times cut what is read', () => {
  const block = Block.open(disk, write(SERIES))
  const check = (minT: number, maxT: number, want: string[]): void =>
    expect(shown(block.select([eq('x', '1')], minT, maxT), minT, maxT)).toEqual(want)
  check(15_000, 40_000, ['a{x="1"} 3 20000:2…40000:4'])
  check(4_990_000, 9_000_000, ['a{x="1"} 1 4990000:499…4990000:499'])
  check(4_990_001, 9_000_000, [])
  check(-10, -1, [])
  block.close()
})

test('what is deleted is hidden, also after the block is opened again', () => {
  const path = write(SERIES)
  const block = Block.open(disk, path)
  const before = block.select([eq('x', '1')], 0, 2 * HOUR_MS)
  expect(block.delete([eq('__name__', 'a')], 100_000, 4_000_000)).toBe(3)
  expect(block.delete([eq('x', '1')], 4_000_001, 4_100_000)).toBe(1)
  expect(shown(before)).toEqual(['a{x="1"} 500 0:0…4990000:499'])
  block.close()
  const again = Block.open(disk, path)
  expect(again.meta.stats.numTombstones).toBe(3)
  const set = again.select([eq('__name__', 'a')], 0, 2 * HOUR_MS)
  expect(shown(set).map((line) => line.split(' 0:')[0])).toEqual([
    'a 109',
    'a{x="1"} 99',
    'a{x="2", "é"="\\"\\n"} 109',
  ])
  const [first] = again.allSeries()
  const samples = first.chunks.reduce((sum, { data }) => sum + ((data[0] << 8) | data[1]), 0)
  expect(samples).toBe(109)
  again.close()
})

test('histograms', () => {
  const columns = new SampleColumns()
  for (let i = 1; i <= 200; i++)
    columns.pushHistogram(
      i * 1000,
      makeHistogram({
        isInteger: true,
        schema: 3,
        count: 3 * i,
        sum: i / 2,
        positiveSpans: Int32Array.of(-2, 2),
        positiveCounts: Float64Array.of(i, 2 * i),
      }),
    )
  const labels = Labels.fromPairs(['__name__', 'h'])
  const block = Block.open(disk, write([{ labels, chunks: encodeSamples(columns) }]))
  expect(block.meta.stats).toMatchObject({ numSamples: 200, numHistogramSamples: 200 })
  const out = new SampleColumns()
  block.select([eq('__name__', 'h')], 0, 2 * HOUR_MS).samples(0, 50_000, 60_000, out)
  expect(out.length).toBe(11)
  expect(out.h![10]).toMatchObject({
    count: 180,
    sum: 30,
    positiveCounts: Float64Array.of(60, 120),
  })
  block.close()
})

test('no series make no block', () => {
  const block = { minT: 0, maxT: 1, level: 1, sources: [], parents: [], now: 0 }
  expect(writeBlock(disk, dir, [], block)).toBe(undefined)
  expect(readdirSync(dir)).toEqual([])
})

/** Changes one byte of a file. */
function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at < 0 ? bytes.length + at : at] ^= 0x10
  writeFileSync(path, bytes)
}

const read = (path: string): string[] => {
  const block = Block.open(disk, path)
  try {
    return shown(block.select([eq('__name__', 'many')], 0, 2 * HOUR_MS))
  } finally {
    block.close()
  }
}

test.each([
  ['chunks/000001', 0, /000001: invalid magic number 95bd40dd, want 85bd40dd/],
  ['chunks/000001', 4, /000001: invalid chunk format version 17, want 1/],
  ['chunks/000001', -20, /000001: chunk at \d+: checksum mismatch expected:\w+, actual:\w+/],
  ['index', 2, /index: invalid magic number/],
  ['index', 4, /index: unknown index file version 18, want 1 or 2/],
  ['index', -30, /index: table of contents: checksum mismatch/],
  ['index', 12, /index: symbols at 5: checksum mismatch/],
  ['index', -60, /index: postings table at \d+: checksum mismatch/],
  ['tombstones', 0, /tombstones: invalid magic number/],
  ['meta.json', 0, /meta.json: not JSON/],
])('a wrong byte in %s at %i is found', (file, at, error) => {
  const path = write(SERIES)
  expect(read(path).length).toBe(100)
  flip(join(path, file), at)
  expect(() => read(path)).toThrow(error)
})

test('a file that ends too early is found', () => {
  for (const file of ['index', 'chunks/000001', 'tombstones', 'meta.json']) {
    const path = write(SERIES)
    const bytes = readFileSync(join(path, file))
    for (const part of [0, 0.3, 0.9])
      expect(() => {
        writeFileSync(join(path, file), bytes.subarray(0, Math.floor(bytes.length * part)))
        read(path)
      }, `${file} ${part}`).toThrow(/^corrupted block: .*(index|000001|tombstones|meta.json)/)
  }
})
