/** Every byte of a block is wrong once: the answer is the same, or an error that names block and file. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, Matcher, SampleColumns, compareLabels, makeHistogram } from '@vigie/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ChunkError } from '../chunk/bits.ts'
import { encodeSamples } from '../chunk/encode.ts'
import { nodeDisk } from '../disk.ts'
import { Block } from './block.ts'
import { CorruptBlockError } from './meta.ts'
import { writeBlock } from './writer.ts'
import { crc32c } from '../wal/crc32c.ts'
import { ByteReader } from './byte-buffer.ts'

const disk = nodeDisk()
let dir = ''
let block = ''

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-corrupt-'))
  const floats = new SampleColumns()
  for (let i = 0; i < 30; i++) floats.push(i * 15_000, i / 7)
  const histograms = new SampleColumns()
  for (let i = 0; i < 5; i++)
    histograms.pushHistogram(
      i * 15_000,
      makeHistogram({
        isInteger: true,
        count: 3 * i,
        sum: i,
        positiveSpans: Int32Array.of(0, 2),
        positiveCounts: Float64Array.of(i, 2 * i),
      }),
    )
  const series = [
    { labels: Labels.fromPairs(['__name__', 'a', 'x', '1']), chunks: encodeSamples(floats) },
    { labels: Labels.fromPairs(['__name__', 'a', 'x', 'é']), chunks: encodeSamples(floats) },
    { labels: Labels.fromPairs(['__name__', 'h', 'y', '2']), chunks: encodeSamples(histograms) },
  ].sort((a, b) => compareLabels(a.labels, b.labels))
  const about = { minT: 0, maxT: 7_200_000, level: 1, sources: [], parents: [], now: 0 }
  const opened = Block.open(disk, join(dir, writeBlock(disk, dir, series, about)!.ulid))
  block = opened.dir
  opened.delete([new Matcher('=', 'x', '1')], 30_000, 60_000)
  opened.delete([new Matcher('=', '__name__', 'h')], 30_000, 30_000)
  opened.close()
})
afterAll(() => rmSync(dir, { recursive: true }))

/** All that a block has to say, in every way that it can be asked. */
function readAll(path: string): string {
  const opened = Block.open(disk, path)
  try {
    const lines: unknown[] = []
    const columns = new SampleColumns()
    const wanted = [
      [new Matcher('=', 'x', 'é')],
      [new Matcher('=~', '__name__', '.+')],
      [new Matcher('!=', 'y', '2')],
    ]
    for (const matchers of wanted) {
      const set = opened.select(matchers, 0, 7_200_000)
      for (let i = 0; i < set.count; i++) {
        set.samples(i, 0, 7_200_000, columns)
        const { t, v, h, length } = columns
        lines.push(set.labels(i).toString(), [...t.subarray(0, length)], [...v.subarray(0, length)])
        lines.push(h?.map((one) => [one?.count, one?.sum, ...(one?.positiveCounts ?? [])]))
      }
    }
    const query = { minT: 0, maxT: 7_200_000, matchers: [wanted[1]] }
    lines.push(opened.labelNames(query), opened.labelValues('x', query))
    lines.push(opened.labelNames({ ...query, matchers: [] }))
    for (const { labels, chunks } of opened.allSeries()) lines.push(labels.key, chunks.length)
    for (const { labels, chunks } of opened.spans([])) lines.push(labels.key, chunks)
    return JSON.stringify(lines)
  } finally {
    opened.close()
  }
}

/** What each change of a file does. */
function outcomes(file: string, change: (bytes: Buffer, at: number) => Buffer): Set<string> {
  const want = readAll(block)
  const copy = join(dir, 'copy')
  cpSync(block, copy, { recursive: true })
  const good = readFileSync(join(block, file))
  const seen = new Set<string>()
  for (let at = 0; at < good.length; at++) {
    writeFileSync(join(copy, file), change(Buffer.from(good), at))
    try {
      seen.add(readAll(copy) === want ? 'same' : `another answer at ${at}`)
    } catch (error) {
      const isClear = error instanceof CorruptBlockError && error.message.includes(join(copy, file))
      seen.add(isClear ? 'clear error' : `at ${at}: ${String(error)}`)
    }
  }
  rmSync(copy, { recursive: true })
  return seen
}

test.each([
  ['index', ['clear error', 'same']],
  ['chunks/000001', ['clear error', 'same']],
  ['tombstones', ['clear error']],
])('%s: a wrong bit', (file, want) => {
  const seen = outcomes(file, (bytes, at) => {
    bytes[at] ^= 1 << (at % 8)
    return bytes
  })
  expect([...seen].sort()).toEqual(want)
})

test.each(['index', 'chunks/000001', 'tombstones', 'meta.json'])('%s: cut off', (file) => {
  const seen = outcomes(file, (bytes, at) => bytes.subarray(0, at))
  expect([...seen]).toEqual(['clear error'])
})

/** The parts of a file that have a checksum behind them, as [from, to]: found by that. */
function checkedParts(bytes: Buffer): [number, number][] {
  const parts: [number, number][] = [[5, bytes.length - 4]]
  for (let at = 0; at + 8 < bytes.length; at++) {
    const reader = new ByteReader(bytes, at)
    const size = reader.uvarint()
    // A series; a chunk, with the byte of its encoding; a part of the index.
    parts.push([reader.at, reader.at + size], [reader.at, reader.at + size + 1])
    parts.push([at + 4, at + 4 + bytes.readUInt32BE(at)])
  }
  return parts.filter(
    ([from, to]) =>
      to > from && to + 4 <= bytes.length && crc32c(bytes, from, to) === bytes.readUInt32BE(to),
  )
}

test.each([
  ['index', 300],
  ['chunks/000001', 600],
  ['tombstones', 10],
])('%s: large numbers under right checksums', (file, atLeast) => {
  const parts = checkedParts(readFileSync(join(block, file)))
  const copy = join(dir, 'copy')
  cpSync(block, copy, { recursive: true })
  let changes = 0
  for (const [from, to] of parts)
    for (let at = from; at < to; at++)
      for (const [byte, count] of [
        [0x7f, 1],
        [0xff, 4],
        [0xff, 12],
      ]) {
        const bytes = readFileSync(join(block, file))
        bytes.fill(byte, at, Math.min(to, at + count))
        bytes.writeUInt32BE(crc32c(bytes, from, to), to)
        writeFileSync(join(copy, file), bytes)
        changes++
        try {
          readAll(copy)
        } catch (error) {
          if (error instanceof CorruptBlockError || error instanceof ChunkError) continue
          throw new Error(`${file} at ${at}, ${count} times ${byte}`, { cause: error })
        }
      }
  rmSync(copy, { recursive: true })
  expect(changes).toBeGreaterThan(atLeast)
})
