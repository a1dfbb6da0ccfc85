import { expect, test } from 'vitest'
import { MemoryDisk } from '../../test/memory-disk.ts'
import { recordingLog } from '../../test/notation.ts'
import { segmentName } from './format.ts'
import { WriteAheadLog } from './log.ts'
import { RecordWriter } from './records.ts'
import { type WalPosition, WalTail } from './wal-tail.ts'

const SEGMENT_BYTES = 64 * 1024

const openLog = (disk: MemoryDisk): Promise<WriteAheadLog> =>
  WriteAheadLog.open(
    {
      dir: 'wal',
      segmentBytes: SEGMENT_BYTES,
      isCompressed: true,
      isSynced: false,
      disk,
      log: recordingLog(),
      now: () => 1e12,
    },
    { series() {}, samples() {}, histogram() {}, tombstone() {} },
  )

const writer = new RecordWriter()

/** One batch: a new series `ref`, and `count` samples of it at time `t`. */
function put(log: WriteAheadLog, ref: number, t: number, count = 1): void {
  log.write(t, t, (add) => {
    writer.startSeries()
    writer.seriesRef(ref, 1)
    for (const text of ['n', String(ref)]) {
      writer.uvarint(text.length)
      writer.size += writer.bytes.write(text, writer.size)
    }
    add(writer.record)
    writer.startSamples(ref, t)
    for (let i = 0; i < count; i++) writer.sample(ref, t, Math.sin(i))
    add(writer.record)
  })
}

interface Tail {
  tail: WalTail
  /** `ref:t` of each sample read since the last call, without repetition. */
  read: () => string[]
  series: string[]
}

async function follow(disk: MemoryDisk, log: WriteAheadLog, from?: WalPosition): Promise<Tail> {
  const samples = new Set<string>()
  const series: string[] = []
  const tail = await WalTail.open({
    disk,
    dir: 'wal',
    log: recordingLog(),
    followed: log,
    from,
    visitor: {
      series: (_ref, pairs) => void series.push(pairs.join('=')),
      sample: (ref, t) => void samples.add(`${ref}:${t}`),
      histogram() {},
      exemplar() {},
    },
  })
  const read = (): string[] => {
    samples.clear()
    while (tail.read());
    return [...samples]
  }
  return { tail, read, series }
}

test('what is committed after its beginning is read, once', async () => {
  const disk = new MemoryDisk()
  const log = await openLog(disk)
  put(log, 1, 10)
  const { read, series } = await follow(disk, log)
  expect(series).toEqual(['n=1'])
  expect(read()).toEqual([])
  put(log, 1, 20)
  put(log, 2, 20)
  expect(read()).toEqual(['1:20', '2:20'])
  expect(read()).toEqual([])
  expect(series).toEqual(['n=1', 'n=1', 'n=2'])
})

test('it goes on from any position, across segments and restarts', async () => {
  const disk = new MemoryDisk()
  let log = await openLog(disk)
  const first = await follow(disk, log)
  const positions: WalPosition[] = []
  const want: string[] = []
  for (let t = 1; t <= 30; t++) {
    put(log, t, t, 1500)
    want.push(`${t}:${t}`)
    first.read()
    positions.push(first.tail.position)
  }
  expect(log.segments.length).toBeGreaterThan(3)
  log.close()
  const after = disk.afterKill()
  log = await openLog(after)
  put(log, 31, 31)
  for (const [i, position] of positions.entries()) {
    const { read, series } = await follow(after, log, position)
    expect(series.length).toBe(i + 1)
    expect(read()).toEqual([...want.slice(i + 1), '31:31'])
  }
})

test('a write that fails half-way is never seen', async () => {
  const disk = new MemoryDisk()
  const log = await openLog(disk)
  const { read } = await follow(disk, log)
  put(log, 1, 10)
  expect(read()).toEqual(['1:10'])
  disk.freeBytes = 50
  expect(() => put(log, 1, 20, 2000)).toThrow('ENOSPC')
  expect(read()).toEqual([])
  disk.freeBytes = Infinity
  put(log, 1, 30)
  expect(read()).toEqual(['1:30'])
})

test('segments are kept for those that follow, and those that were dropped are told', async () => {
  const disk = new MemoryDisk()
  const log = await openLog(disk)
  const { tail, read } = await follow(disk, log)
  for (let t = 1; t <= 40; t++) put(log, 1, t, 1000)
  expect(log.segments.length).toBeGreaterThan(3)
  const hold = (): number => 1
  log.followers.add(hold)
  const none = (): Iterable<Uint8Array> => []
  await log.dropBefore(Infinity, none)
  expect(log.segments[0].index).toBe(1)
  // The first one had not been opened.
  expect(read()[0]).not.toBe('1:1')
  expect(tail.segmentsLost).toBe(1)
  expect(await tail.truncated()).toEqual({ segment: 0, refs: new Set() })
  expect(await tail.truncated()).toBeUndefined()
  log.followers.delete(hold)
  await log.dropBefore(Infinity, none)
  expect(disk.files.has(`wal/${segmentName(1)}`)).toBe(false)
  const late = await follow(disk, log, { segment: 0, offset: 0 })
  expect(late.tail.segmentsLost).toBe(log.segments[0].index)
  put(log, 1, 50)
  expect(late.read().at(-1)).toBe('1:50')
})

test('what is broken ends a segment, not the reading', async () => {
  const disk = new MemoryDisk()
  const log = await openLog(disk)
  const { tail, read } = await follow(disk, log)
  for (let t = 1; t <= 40; t++) put(log, 1, t, 1000)
  const bytes = disk.files.get(`wal/${segmentName(1)}`)!
  bytes[bytes.length - 100] ^= 1
  bytes[40_000] ^= 1
  const times = read()
  expect(times[0]).toBe('1:1')
  expect(times.at(-1)).toBe('1:40')
  expect(times.length).toBeLessThan(40)
  expect(tail.segmentsLost).toBe(1)
})

test('a log that was begun anew is read from its beginning', async () => {
  const disk = new MemoryDisk()
  const log = await openLog(disk)
  put(log, 1, 10)
  const { read } = await follow(disk, log, { segment: 7, offset: 100 })
  expect(read()).toEqual(['1:10'])
})
