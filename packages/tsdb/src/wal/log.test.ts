import { describe, expect, test } from 'vitest'
import { MemoryDisk } from '../../test/memory-disk.ts'
import { recordingLog } from '../../test/notation.ts'
import { crc32c } from './crc32c.ts'
import { PAGE_BYTES } from './format.ts'
import { type LogOptions, WriteAheadLog } from './log.ts'
import { RecordWriter } from './records.ts'
import { loadZstd } from './zstd.ts'

const options = (disk: MemoryDisk, over: Partial<LogOptions> = {}): LogOptions => ({
  dir: 'wal',
  segmentBytes: 1 << 20,
  isCompressed: false,
  isSynced: false,
  disk,
  log: recordingLog(),
  now: () => 1e12,
  ...over,
})

interface Found {
  log: WriteAheadLog
  /** `ref:t` of each sample, `name` of each series. */
  samples: string[]
  series: string[]
}

async function replay(disk: MemoryDisk, over: Partial<LogOptions> = {}): Promise<Found> {
  const samples: string[] = []
  const series: string[] = []
  const log = await WriteAheadLog.open(options(disk, over), {
    series: (ref, pairs) => void series.push(`${ref} ${pairs.join('=')}`),
    samples: ({ refs, t, count }) => {
      for (let i = 0; i < count; i++) samples.push(`${refs[i]}:${t[i]}`)
    },
    histogram: () => {},
    tombstone: () => {},
  })
  return { log, samples, series }
}

const writer = new RecordWriter()

/** Writes one record of `count` samples at time `t`, refs from 1 on. */
function put(log: WriteAheadLog, t: number, count = 1): void {
  log.write(t, t, (add) => {
    writer.startSamples(1, t)
    for (let ref = 1; ref <= count; ref++) writer.sample(ref, t, ref * Math.PI)
    add(writer.record)
  })
}

const times = (found: Found): number[] => [
  ...new Set(found.samples.map((one) => Number(one.split(':')[1]))),
]

test('the checksum is CRC-32C', () => {
  const of = (text: string): string => crc32c(Buffer.from(text), 0, text.length).toString(16)
  // RFC 3720, B.4, and the check value of the Castagnoli polynomial.
  expect(of('123456789')).toBe('e3069283')
  expect(crc32c(new Uint8Array(32), 0, 32).toString(16)).toBe('8a9136aa')
  expect(of('')).toBe('0')
})

test('records of any size come back, across pages and segments, compressed or not', async () => {
  for (const isCompressed of [false, true]) {
    const disk = new MemoryDisk()
    const { log } = await replay(disk, { isCompressed, segmentBytes: 4 * PAGE_BYTES })
    const sizes = [1, 2, 50, 2978, 2979, 2980, 2981, 10_000, 1, 40_000, 3, 2500]
    sizes.forEach((count, t) => put(log, t, count))
    const found = await replay(disk.afterKill())
    const want = sizes.flatMap((count, t) =>
      Array.from({ length: count }, (_, i) => `${i + 1}:${t}`),
    )
    expect(found.samples).toEqual(want)
    expect(log.segments.length).toBe(3)
    for (const { index } of log.segments.slice(0, -1))
      expect(disk.files.get(`wal/0000000${index}`)!.length % PAGE_BYTES).toBe(0)
  }
})

test('a record ends at every possible place before the end of a page', async () => {
  for (let pad = 0; pad < 20; pad++) {
    const disk = new MemoryDisk()
    const { log } = await replay(disk)
    log.write(0, 0, (add) => add(Buffer.alloc(PAGE_BYTES - 7 - pad, 99)))
    put(log, 1, 5)
    put(log, 2)
    const found = await replay(disk.afterKill())
    expect(times(found), `${pad} bytes left`).toEqual([1, 2])
    expect(found.log.skippedRecords.get(99)).toBe(1)
  }
})

describe('WAL repair: what is before the damage survives, appends go on', () => {
  // Ten records of 1500 samples, 16.5 KB each, so that every second one crosses a page.
  const fill = async (): Promise<MemoryDisk> => {
    const disk = new MemoryDisk()
    const { log } = await replay(disk)
    for (let t = 0; t < 10; t++) put(log, t, 1500)
    return disk
  }
  const path = 'wal/00000000'
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

  /** Changes the log, whose second record begins at `second`, or gives another one. */
  type Damage = (bytes: Buffer, second: number) => unknown

  test.each<[string, Damage, number, RegExp]>([
    ['torn last record', (b) => b.subarray(0, -1), 9, /cut off/],
    ['torn header', (b, second) => b.subarray(0, second + 3), 1, /cut off/],
    ['torn behind a header', (b, second) => b.subarray(0, second + 7), 1, /cut off/],
    ['torn at a page', (b) => b.subarray(0, PAGE_BYTES), 1, /cut off/],
    ['bad CRC: data of the first', (b) => (b[100] ^= 1), 0, /checksum/],
    ['bad CRC: data of the second', (b, second) => (b[second + 100] ^= 1), 1, /checksum/],
    ['bad CRC: itself', (b, second) => (b[second + 4] ^= 1), 1, /checksum/],
    ['bad page header: type unknown', (b, second) => (b[second] = 6), 1, /unknown type 6/],
    ['bad page header: type none', (b, second) => (b[second] = 0), 1, /empty rest/],
    ['bad fragment order: middle', (b, second) => (b[second] = 3), 1, /no beginning/],
    ['bad fragment order: last', (b) => (b[0] = 4), 0, /no beginning/],
    ['bad fragment order: whole', (b) => (b[PAGE_BYTES] = 1), 1, /inside another/],
    ['bad length: large', (b, second) => b.writeUInt16BE(65_535, second + 1), 1, /crosses/],
    ['bad length: small', (b, second) => b.writeUInt16BE(10, second + 1), 1, /checksum/],
    ['bad content: not compressed', (b) => (b[0] |= 8), 0, /snappy/],
    ['bad content: not compressed with zstd', (b) => (b[0] |= 16), 0, /cannot be decompressed/],
    ['garbage behind', (b) => Buffer.concat([b, Buffer.alloc(50, 0xaa)]), 10, /crosses/],
  ])('%s', async (_name, damage, survivors, reason) => {
    const disk = (await fill()).afterKill()
    const bytes = Buffer.from(disk.files.get(path)!)
    const damaged = damage(bytes, 7 + bytes.readUInt16BE(1))
    disk.files.set(path, Buffer.isBuffer(damaged) ? damaged : bytes)
    const log = recordingLog()
    const found = await replay(disk, { log })
    expect(times(found)).toEqual(upTo(survivors))
    expect(String(log.lines[0]?.fields.reason)).toMatch(reason)
    // Appends go on behind what survived, and from then on the log is sound.
    put(found.log, 100)
    const again = recordingLog()
    expect(times(await replay(disk.afterKill(), { log: again }))).toEqual([...upTo(survivors), 100])
    expect(again.lines).toEqual([])
  })

  test('decode error: a record that makes no sense is one like any other', async () => {
    const disk = await fill()
    const { log } = await replay(disk)
    log.write(0, 0, (add) => add(Buffer.from([2, 1, 2, 3])))
    put(log, 50)
    const lines = recordingLog()
    expect(times(await replay(disk.afterKill(), { log: lines }))).toEqual(upTo(10))
    expect(String(lines.lines[0].fields.reason)).toMatch(/record of 4 bytes/)
  })

  test('damage in the middle costs its segment, not those behind', async () => {
    const disk = new MemoryDisk()
    const { log } = await replay(disk)
    for (let t = 0; t < 6; t++) {
      put(log, t)
      if (t % 2 === 1) log.roll()
    }
    const bytes = disk.files.get('wal/00000001')!
    bytes[7 + 5] ^= 1
    expect(times(await replay(disk.afterKill()))).toEqual([0, 1, 4, 5])
  })
})

test('records that Prometheus compressed with zstd', async () => {
  const disk = new MemoryDisk()
  await loadZstd()
  const { compress } = await import('@bokuweb/zstd-wasm')
  writer.startSamples(1, 5)
  for (let ref = 1; ref <= 100; ref++) writer.sample(ref, 5, ref)
  const frame = Buffer.from(compress(writer.record))
  const fragment = Buffer.alloc(7)
  fragment[0] = 1 | 16
  fragment.writeUInt16BE(frame.length, 1)
  fragment.writeUInt32BE(crc32c(frame, 0, frame.length), 3)
  disk.files.set('wal/00000000', Buffer.concat([fragment, frame]))
  const found = await replay(disk)
  expect(found.samples.length).toBe(100)
  expect(found.samples[99]).toBe('100:5')
  // Bytes that are no such frame are a corruption like any other.
  frame.fill(0)
  fragment.writeUInt32BE(crc32c(frame, 0, frame.length), 3)
  disk.files.set('wal/00000000', Buffer.concat([fragment, frame]))
  expect((await replay(disk)).log.corruptions).toBe(1)
})

describe('checkpoints', () => {
  const records = (): Uint8Array[] => {
    writer.startSeries()
    writer.seriesRef(7, 1)
    for (const text of ['a', 'b']) {
      writer.uvarint(1)
      writer.bytes[writer.size++] = text.charCodeAt(0)
    }
    return [writer.record]
  }

  const fill = async (disk: MemoryDisk): Promise<WriteAheadLog> => {
    const { log } = await replay(disk)
    for (let t = 0; t < 5; t++) {
      put(log, t)
      log.roll()
    }
    return log
  }

  test('stand for the segments that they replace', async () => {
    const disk = new MemoryDisk()
    const log = await fill(disk)
    await log.dropBefore(3, records)
    expect(log.segments.map(({ index }) => index)).toEqual([3, 4, 5])
    const found = await replay(disk.afterKill())
    expect(found.series).toEqual(['7 a=b'])
    expect(times(found)).toEqual([3, 4])
  })

  test('half a checkpoint is removed at the start, an old one is not read', async () => {
    const disk = new MemoryDisk()
    const log = await fill(disk)
    await log.dropBefore(3, records)
    disk.write('wal/checkpoint.00000001/00000000', Buffer.alloc(0))
    disk.write('wal/checkpoint.00000004.tmp/00000000', Buffer.alloc(9))
    const found = await replay(disk.afterKill())
    expect(found.series).toEqual(['7 a=b'])
    await replay(disk)
    expect(disk.list('wal').filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('whenever the disk breaks on the way, nothing is lost', async () => {
    for (let operations = 0; ; operations++) {
      const disk = new MemoryDisk()
      const log = await fill(disk)
      disk.operationsLeft = operations
      const outcome = await log.dropBefore(3, records).then(
        () => 'done',
        () => 'failed',
      )
      const found = await replay(disk.afterKill())
      expect(times(found).slice(-2), `after ${operations}`).toEqual([3, 4])
      // Either the old segments are all still there, or the checkpoint is.
      const isComplete = times(found).length === 5
      expect(found.series).toEqual(isComplete ? [] : ['7 a=b'])
      if (outcome === 'done') break
      disk.operationsLeft = Infinity
      await log.dropBefore(3, records)
      expect(times(await replay(disk.afterKill()))).toEqual([3, 4])
    }
  })
})
