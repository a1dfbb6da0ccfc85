/** Any byte of any file may be another: what is read is right, or it is an error that says where. */
import fc from 'fast-check'
import { Matcher, SampleColumns, compareLabels } from '@vigie/model'
import { expect, test } from 'vitest'
import { Block } from '../src/block/block.ts'
import { CorruptBlockError } from '../src/block/meta.ts'
import { writeBlock } from '../src/block/writer.ts'
import { encodeSamples } from '../src/chunk/encode.ts'
import { crc32c } from '../src/wal/crc32c.ts'
import { parseHistogram } from './histograms.ts'
import { MemoryDisk } from './memory-disk.ts'
import { dump, open, parseLabels, recordingLog, write } from './notation.ts'

/** Bits of bytes to turn, places as parts of the file; or where to cut it off. */
const damage = fc.oneof(
  fc.record({
    flips: fc.array(
      fc.tuple(fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.integer({ min: 1, max: 255 })),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    keep: fc.constant(1),
  }),
  fc.record({
    flips: fc.constant([] as [number, number][]),
    keep: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
)

interface Damage {
  flips: readonly [place: number, bits: number][]
  keep: number
}

function damaged(bytes: Buffer, { flips, keep }: Damage): Buffer {
  const out = Buffer.from(bytes.subarray(0, Math.ceil(bytes.length * keep)))
  for (const [place, bits] of flips) if (out.length > 0) out[Math.floor(place * out.length)] ^= bits
  return out
}

async function filledLog(
  walCompression: 'none' | 'snappy',
): Promise<{ disk: MemoryDisk; lines: string[] }> {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk, walCompression })
  for (let t = 1; t <= 40; t++)
    write(tsdb, ...Array.from({ length: 30 }, (_, i) => `m{i="${i}"} ${t}:${i * t}`))
  return { disk, lines: dump(tsdb) }
}

const logs = [await filledLog('none'), await filledLog('snappy')]

test('WAL repair: whatever bytes are others, what is left was written, and appends go on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...logs), damage, async ({ disk: before, lines }, one) => {
      const disk = before.afterKill()
      const path = 'data/wal/00000000'
      disk.write(path, damaged(disk.files.get(path)!, one))
      const log = recordingLog()
      const tsdb = await open({ disk, log })
      const written = new Map(lines.map((line) => [line.split(' ')[0], line]))
      for (const line of dump(tsdb)) {
        const whole = `${written.get(line.split(' ')[0])} `
        expect(whole.startsWith(`${line} `), line).toBe(true)
      }
      write(tsdb, 'later 50:1')
      const all = dump(tsdb)
      await tsdb.close()
      const again = recordingLog()
      expect(dump(await open({ disk, log: again }))).toEqual(all)
      // The format has no checksum of flags: what they make of a record may be one of an unknown kind.
      expect(again.lines.filter(({ message }) => message.includes('repaired'))).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('of a record that makes no sense nothing is taken over, under a right checksum either', async () => {
  const disk = new MemoryDisk()
  let tsdb = await open({ disk, walCompression: 'none' })
  write(tsdb, 'a{x="1"} 1:1', 'b{x="1"} 1:1')
  await tsdb.close()
  const path = 'data/wal/00000000'
  const bytes = Buffer.from(disk.files.get(path)!)
  const end = 7 + bytes.readUInt16BE(1)
  // The length of the last text of b.
  bytes[end - 2] = 0x7f
  bytes.writeUInt32BE(crc32c(bytes, 7, end), 3)
  disk.write(path, bytes)
  tsdb = await open({ disk })
  expect(dump(tsdb)).toEqual([])
  write(tsdb, 'a{x="1"} 2:2')
  await tsdb.close()
  expect(dump(await open({ disk }))).toEqual(['a{x="1"} 2:2'])
})

test('samples whose series were lost stay lost: no later series gets them', async () => {
  const disk = new MemoryDisk()
  let tsdb = await open({ disk })
  write(tsdb, 'kept 1:1')
  await tsdb.close()
  tsdb = await open({ disk })
  write(tsdb, 'lost 2:2')
  await tsdb.close()
  tsdb = await open({ disk })
  write(tsdb, 'lost 30:3')
  await tsdb.close()
  // The series went with this one, samples of it are in the next.
  disk.write('data/wal/00000001', Buffer.alloc(0))
  tsdb = await open({ disk })
  write(tsdb, 'new 4:4')
  await tsdb.close()
  // As a checkpoint does: what series there are comes before what samples there are.
  disk.write('data/wal/00000001', disk.files.get('data/wal/00000003')!)
  expect(dump(await open({ disk }))).toEqual(['kept 1:1', 'new 4:4'])
})

test('WBL repair: late samples before the damage survive, all others do, and appends go on', async () => {
  const before = new MemoryDisk()
  const options = { outOfOrderTimeWindowMs: 1000 }
  const filled = await open({ disk: before, ...options })
  write(filled, 'a 500:1', 'b 500:1')
  for (let i = 0; i < 40; i++)
    write(filled, `a ${499 - i}:${i}`, `b ${400 - i}:${i} ${501 + i}:${i}`)
  const lines = dump(filled)
  const written = new Set(lines.flatMap(samplesOf))
  const inOrder = [...written].filter((sample) => Number(/ (\d+):/.exec(sample)![1]) >= 500)
  const path = 'data/wbl/00000000'
  await fc.assert(
    fc.asyncProperty(damage, async (one) => {
      const disk = before.afterKill()
      disk.write(path, damaged(disk.files.get(path)!, one))
      const tsdb = await open({ disk, ...options })
      const got = dump(tsdb).flatMap(samplesOf)
      expect(got.filter((sample) => !written.has(sample))).toEqual([])
      expect(inOrder.filter((sample) => !got.includes(sample))).toEqual([])
      write(tsdb, 'a 300:9 600:9')
      const all = dump(tsdb)
      await tsdb.close()
      expect(dump(await open({ disk, ...options }))).toEqual(all)
    }),
    { numRuns: 60 },
  )
})

const samplesOf = (line: string): string[] => {
  const [series, ...samples] = line.split(' ')
  return samples.map((sample) => `${series} ${sample}`)
}

/** All that a block has; floats and histograms as text. */
function read(disk: MemoryDisk, dir: string): string[] {
  const block = Block.open(disk, dir)
  try {
    const out: string[] = []
    const columns = new SampleColumns()
    const set = block.select([new Matcher('=~', 'i', '.+')], -Infinity, Infinity)
    for (let i = 0; i < set.count; i++) {
      set.samples(i, -Infinity, Infinity, columns)
      for (let j = 0; j < columns.length; j++) {
        const h = columns.h?.[j]
        const value = h === undefined ? columns.v[j] : `${h.count} ${h.positiveCounts.join(',')}`
        out.push(`${set.labels(i).toString()} ${columns.t[j]} ${value}`)
      }
    }
    const query = { minT: -Infinity, maxT: Infinity, matchers: [] }
    return [...out.sort(), ...block.labelNames(query), ...block.labelValues('i', query)]
  } finally {
    block.close()
  }
}

function filledBlock(): { disk: MemoryDisk; dir: string } {
  const disk = new MemoryDisk()
  const series = Array.from({ length: 40 }, (_, i) => {
    const columns = new SampleColumns()
    for (let t = 0; t < 20; t++)
      if (i % 4 === 0) columns.pushHistogram(t * 10, parseHistogram(`+[${t + 1} ${i * t}]`))
      else columns.push(t * 10, i * t)
    return { labels: parseLabels(`m{i="${i}"}`), chunks: encodeSamples(columns) }
  })
  const block = { minT: 0, maxT: 1000, level: 1, sources: [], parents: [], now: 1e12 }
  const sorted = series.toSorted((a, b) => compareLabels(a.labels, b.labels))
  return { disk, dir: `data/${writeBlock(disk, 'data', sorted, block)!.ulid}` }
}

test('a corrupt block: whatever bytes are others, what is read is right or an error that says where', () => {
  const { disk, dir } = filledBlock()
  const want = read(disk, dir)
  const file = fc.constantFrom('index', 'index', 'chunks/000001', 'tombstones')
  fc.assert(
    fc.property(file, damage, (name, one) => {
      const copy = disk.afterKill()
      const path = `${dir}/${name}`
      copy.write(path, damaged(copy.files.get(path)!, one))
      const prefix = `corrupted block: ${dir}/`
      let got = want
      let message = prefix
      try {
        got = read(copy, dir)
      } catch (error) {
        if (!(error instanceof CorruptBlockError)) throw error
        ;({ message } = error)
      }
      expect(message.startsWith(prefix), message).toBe(true)
      expect(got).toEqual(want)
    }),
    { numRuns: 1500 },
  )
})
