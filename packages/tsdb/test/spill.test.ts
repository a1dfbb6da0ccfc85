/** Full chunks in files: the same samples as in memory, whatever the disk does. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ChunkSpill } from '../src/head/chunk-spill.ts'
import { HeadStore } from '../src/head-store.ts'
import { MemoryDisk } from './memory-disk.ts'
import { parseLabels, parseMatchers, recordingLog, show } from './notation.ts'

const MIB = 1 << 20
const SERIES = 16

/** Samples that do not compress: about 9 bytes each. */
const value = (n: number, i: number): number => ((i * 7919 + n * 104_729) % 1_000_003) / 7

/** Lines of a megabyte, in what can be shown when they differ. */
const digest = (lines: readonly string[]): string =>
  `${lines.length} lines, ${createHash('sha256').update(lines.join('\n')).digest('hex')}`

class Filling {
  readonly disk = new MemoryDisk()
  readonly store: HeadStore
  #next = 0

  constructor(store: HeadStore, disk: MemoryDisk) {
    this.store = store
    this.disk = disk
  }

  static async open(headChunkBytes: number, disk = new MemoryDisk()): Promise<Filling> {
    const log = recordingLog()
    const options = { dir: 'data', disk, now: () => 1e12, log, headChunkBytes }
    return new Filling(await HeadStore.open(options), disk)
  }

  /** `count` samples more of every series. */
  add(count: number): void {
    const appender = this.store.appender()
    for (let n = 0; n < SERIES; n++) {
      const ref = appender.series(parseLabels(`m{n="${n}"}`))
      for (let i = this.#next; i < this.#next + count; i++)
        appender.append(ref, i * 1000, value(n, i))
    }
    appender.commit()
    this.#next += count
  }

  show(minT = -Infinity, maxT = Infinity): string {
    const set = this.store.select(parseMatchers('__name__="m"'), minT, maxT)
    return digest(show(set, minT, maxT))
  }

  files(): string[] {
    return [...this.disk.files.keys()].filter((path) => path.includes('head_chunks'))
  }
}

let inMemory: Filling
let want: string
beforeAll(async () => {
  inMemory = await Filling.open(Infinity)
  inMemory.add(20_000)
  want = inMemory.show()
})
afterAll(() => inMemory.store.close())

test('what is in files reads like what is in memory', async () => {
  const spilled = await Filling.open(MIB)
  spilled.add(20_000)
  expect(inMemory.store.head.chunks.sizeBytes).toBe(3 * MIB)
  expect(spilled.store.head.chunks.sizeBytes).toBe(2 * MIB)
  expect(spilled.store.head.chunks.spilledBytes).toBeGreaterThan(MIB - 20_000)
  expect(spilled.show()).toEqual(want)
  expect(spilled.show(5_000_000, 5_500_000)).toEqual(inMemory.show(5_000_000, 5_500_000))
  const [ours, others] = [spilled, inMemory].map(({ store }) =>
    [...store.blockSeries(0, 7_199_999)].map((one) =>
      Buffer.from(JSON.stringify(one)).toString('base64'),
    ),
  )
  expect(digest(ours)).toBe(digest(others))
  spilled.store.close()
  expect(spilled.files()).toEqual([])
})

test('a snapshot stays whole while its chunks go to files, and while those are dropped', async () => {
  const filling = await Filling.open(0)
  filling.add(10_000)
  const set = filling.store.select(parseMatchers('__name__="m"'), 0, Infinity)
  const before = digest(show(set))
  filling.add(10_000)
  await filling.store.truncate(15_000_000)
  expect(filling.store.head.chunks.chunks).toBeLessThan(2000)
  expect(digest(show(set))).toBe(before)
  expect(filling.show(15_000_000)).toEqual(inMemory.show(15_000_000))
})

test('files go when all in them is dropped and no query can need it', () => {
  const disk = new MemoryDisk()
  const spill = new ChunkSpill(disk, 'scratch')
  const slabs = Array.from({ length: 66 }, (_, i) => spill.add(Uint8Array.of(i, i)))
  const byte = new Uint8Array(1)
  slabs[65].file.read(byte, slabs[65].position)
  expect(byte[0]).toBe(65)
  expect(spill.sizeBytes).toBe(132)
  for (const slab of slabs) spill.drop(slab, 1000)
  spill.removeDead(1000)
  expect(disk.files.size).toBe(2)
  spill.removeDead(1001)
  // The second one has room left.
  expect([...disk.files.keys()]).toEqual(['scratch/000001'])
  spill.close()
  expect(disk.files.size).toBe(0)
})

test('a disk that takes no chunks: they stay in memory, and go when it does again', async () => {
  const filling = await Filling.open(0)
  filling.add(1)
  const { chunks } = filling.store.head
  filling.disk.refused = /head_chunks/
  filling.add(19_999)
  expect(chunks.spillFailures).toBeGreaterThan(0)
  expect(chunks.sizeBytes).toBe(3 * MIB)
  expect(filling.show()).toEqual(want)
  filling.disk.refused = undefined
  await filling.store.truncate(-Infinity)
  expect(chunks.sizeBytes).toBe(MIB)
  expect(filling.show()).toEqual(want)
})

test.each([
  ['a bit of it flipped', (bytes: Buffer) => void (bytes[40_000] ^= 1), /page at 32776: checksum/],
  ['cut off', (bytes: Buffer) => bytes.subarray(0, 40_000), /page at \d+: \d+ bytes, want 16388/],
])(
  'corrupt spill file, %s: an error names the place, a start has all from the log',
  async (_name, damage, error) => {
    const filling = await Filling.open(0)
    filling.add(20_000)
    const path = 'data/head_chunks/000000'
    const bytes = Buffer.from(filling.disk.files.get(path)!)
    filling.disk.write(path, damage(bytes) ?? bytes)
    expect(() => filling.show()).toThrow(error)
    expect(() => filling.show()).toThrow(/^corrupted chunk: data\/head_chunks\/000000/)
    const again = await Filling.open(Infinity, filling.disk.afterKill())
    expect(again.show()).toEqual(want)
  },
)

test('what a process that was killed left in files is removed, and the log has all of it', async () => {
  const filling = await Filling.open(0)
  filling.add(20_000)
  const again = await Filling.open(Infinity, filling.disk.afterKill())
  expect(again.files()).toEqual([])
  expect(again.show()).toEqual(want)
})
