/**
 * What Prometheus's tests promise of its blocks, and that one which cannot be read does not take the
 * others with it.
 */
import { Matcher, SampleColumns, compareLabels } from '@vigie/model'
import { describe, expect, test } from 'vitest'
import { type BlockMeta, writeMeta } from '../src/block/meta.ts'
import { writeBlock } from '../src/block/writer.ts'
import { BlockSet } from '../src/blocks/block-set.ts'
import { CancelledError, Compactor } from '../src/blocks/compactor.ts'
import { type MergeJob, mergeBlocks } from '../src/blocks/jobs.ts'
import { encodeSamples } from '../src/chunk/encode.ts'
import { FAULTS, type Fault, FaultDisk } from './fault-disk.ts'
import type { MemoryDisk } from './memory-disk.ts'
import { type LogLine, parseLabels, recordingLog } from './notation.ts'

const NOW = 1_700_000_000_000
const RANGE_MS = 1000

/** Writes a block of `lines`, `series t:v t:v`, all of one range. */
function makeBlock(disk: MemoryDisk, ...lines: string[]): BlockMeta {
  const all = lines.map((line) => {
    const [series, ...samples] = line.split(' ')
    const columns = new SampleColumns()
    for (const sample of samples)
      columns.push(...(sample.split(':').map(Number) as [number, number]))
    return { labels: parseLabels(series), chunks: encodeSamples(columns) }
  })
  const minT = Math.floor(all[0].chunks[0].minT / RANGE_MS) * RANGE_MS
  const block = { minT, maxT: minT + RANGE_MS, level: 1, sources: [], parents: [], now: NOW }
  const sorted = all.toSorted((a, b) => compareLabels(a.labels, b.labels))
  return writeBlock(disk, 'data', sorted, block)!
}

interface Opened {
  set: BlockSet
  lines: LogLine[]
}

function open(disk: MemoryDisk): Opened {
  disk.makeDir('data')
  const log = recordingLog()
  return {
    set: BlockSet.open({ dir: 'data', disk, log, now: () => NOW, snapshotMs: 300_000 }),
    lines: log.lines,
  }
}

/** All samples of all blocks, one line each, sorted. Two of one time are two lines. */
function dump({ set }: Opened): string[] {
  const columns = new SampleColumns()
  const out: string[] = []
  for (const { block } of set.loaded) {
    const found = block.select([new Matcher('=~', '__name__', '.+')], -Infinity, Infinity)
    for (let i = 0; i < found.count; i++) {
      columns.clear()
      found.samples(i, -Infinity, Infinity, columns)
      for (let j = 0; j < columns.length; j++)
        out.push(`${found.labels(i).toString()} ${columns.t[j]}:${columns.v[j]}`)
    }
  }
  return out.sort()
}

/** What the merging of two blocks needs. */
const mergeOf = (...metas: BlockMeta[]): MergeJob => ({
  kind: 'merge',
  dir: 'data',
  parents: metas.map(({ ulid }) => ulid),
  isCleaning: false,
  nowMs: NOW + 1,
})

const folders = (disk: MemoryDisk): string[] => disk.list('data').sort()

describe('start-up block states', () => {
  test('a block is loaded', () => {
    const disk = new FaultDisk()
    makeBlock(disk, 'a 1:1 2:2')
    makeBlock(disk, 'a 1001:3')
    const opened = open(disk)
    expect(dump(opened)).toEqual(['a 1001:3', 'a 1:1', 'a 2:2'])
    expect(opened.lines).toEqual([])
  })

  test('one without meta.json is left alone, and named', () => {
    const disk = new FaultDisk()
    const { ulid } = makeBlock(disk, 'a 1:1')
    makeBlock(disk, 'a 1001:3')
    disk.remove(`data/${ulid}/meta.json`)
    const opened = open(disk)
    expect(dump(opened)).toEqual(['a 1001:3'])
    expect(opened.lines.map(({ message }) => message)).toEqual([
      'block ignored: its meta.json cannot be read',
    ])
    expect(folders(disk)).toContain(ulid)
  })

  test.each(['.tmp-for-creation', '.tmp-for-deletion', '.tmp'])('%s is removed', (suffix) => {
    const disk = new FaultDisk()
    const { ulid } = makeBlock(disk, 'a 1:1')
    disk.rename(`data/${ulid}`, `data/${ulid}${suffix}`)
    expect(dump(open(disk))).toEqual([])
    expect(folders(disk)).toEqual([])
  })

  test('the parents of a merged block are deleted', () => {
    const disk = new FaultDisk()
    const parents = [makeBlock(disk, 'a 1:1'), makeBlock(disk, 'a 1001:3', 'b 1001:1')]
    const child = mergeBlocks(disk, mergeOf(...parents))!
    expect(dump(open(disk))).toEqual(['a 1001:3', 'a 1:1', 'b 1001:1'])
    expect(folders(disk)).toEqual([child.ulid])
  })

  test('a block with nothing left in it is deleted', () => {
    const disk = new FaultDisk()
    const meta = makeBlock(disk, 'a 1:1')
    writeMeta(disk, `data/${meta.ulid}`, {
      ...meta,
      compaction: { ...meta.compaction, deletable: true },
    })
    expect(dump(open(disk))).toEqual([])
    expect(folders(disk)).toEqual([])
  })
})

describe('quarantine', () => {
  test.each([
    ['index', 'gone'],
    ['index', 'cut off'],
    ['index', 'of another kind'],
    ['index', 'wrong in a symbol'],
    ['index', 'wrong in the table of postings'],
    ['chunks/000001', 'of another kind'],
    ['chunks/000001', 'cut off'],
    ['tombstones', 'of another kind'],
  ])('%s is %s: the block is moved aside and named, the others serve', (file, state) => {
    const disk = new FaultDisk()
    const { ulid } = makeBlock(disk, 'a 1:1')
    makeBlock(disk, 'a 1001:3')
    const path = `data/${ulid}/${file}`
    const bytes = Buffer.from(disk.files.get(path)!)
    if (state === 'gone') disk.remove(path)
    else if (state === 'cut off') disk.write(path, bytes.subarray(0, 5))
    else if (state === 'of another kind')
      disk.write(path, Buffer.concat([Buffer.from('nope'), bytes.subarray(4)]))
    else {
      bytes[state === 'wrong in a symbol' ? 12 : bytes.length - 60] ^= 1
      disk.write(path, bytes)
    }
    const opened = open(disk)
    expect(dump(opened)).toEqual(['a 1001:3'])
    expect(opened.set.counters.quarantined).toBe(1)
    expect(opened.lines).toEqual([
      {
        message: 'corrupted block moved aside: its samples are missing from answers',
        fields: {
          block: ulid,
          movedTo: `data/corrupt/${ulid}`,
          error: expect.stringContaining(file),
        },
      },
    ])
    expect(disk.list('data/corrupt')).toEqual([ulid])
    // It is not looked at again.
    const again = open(disk)
    expect(dump(again)).toEqual(['a 1001:3'])
    expect(again.lines).toEqual([])
  })

  test('a corrupt parent of a block that stands for it is deleted', () => {
    const disk = new FaultDisk()
    const parents = [makeBlock(disk, 'a 1:1'), makeBlock(disk, 'a 1001:3')]
    const child = mergeBlocks(disk, mergeOf(...parents))!
    disk.remove(`data/${parents[0].ulid}/index`)
    expect(dump(open(disk))).toEqual(['a 1001:3', 'a 1:1'])
    expect(folders(disk)).toEqual([child.ulid])
  })
})

describe('a corrupt chunk is an error that names the chunk, not wrong samples', () => {
  const HEADER_BYTES = 8
  test.each([
    ['its bytes', HEADER_BYTES + 6, /chunks\/000001: chunk at 8: checksum mismatch/],
    ['its encoding', HEADER_BYTES + 1, /chunks\/000001: chunk at 8: checksum mismatch/],
    ['its length', HEADER_BYTES, /chunks\/000001: chunk at 8: (the file ends|checksum mismatch)/],
  ])('%s', (_name, at, error) => {
    const disk = new FaultDisk()
    const { ulid } = makeBlock(disk, 'a 1:1 2:2 3:5', 'b 1:1')
    const path = `data/${ulid}/chunks/000001`
    const bytes = Buffer.from(disk.files.get(path)!)
    bytes[at] ^= 0x10
    disk.write(path, bytes)
    const opened = open(disk)
    expect(() => dump(opened)).toThrow(error)
    // What lies in other chunks is served.
    const [{ block }] = opened.set.loaded
    const columns = new SampleColumns()
    block.select([new Matcher('=', '__name__', 'b')], 0, 9).samples(0, 0, 9, columns)
    expect(columns.v[0]).toBe(1)
  })
})

describe('crash mid-compaction: nothing is lost, nothing is there twice', () => {
  const WANT = ['a 1001:3', 'a 1:1', 'a 2:2', 'b 1:7', 'c 1001:1']

  /** Merges two blocks and takes the result over; what is wrong after fault `at`, undefined when there is none. */
  function tryFault(fault: Fault, at: number): string[] | undefined {
    const disk = new FaultDisk(fault, Infinity)
    const metas = [makeBlock(disk, 'a 1:1 2:2', 'b 1:7'), makeBlock(disk, 'a 1001:3', 'c 1001:1')]
    const opened = open(disk)
    disk.failAt(at)
    const compact = (): void => {
      if (opened.set.metas.length > 1) mergeBlocks(disk, mergeOf(...metas))
      opened.set.reload()
    }
    attempt(compact)
    if (disk.failed === '') return undefined
    const wrong: string[] = []
    const check = (when: string, one: Opened): void => {
      if (dump(one).join('; ') !== WANT.join('; '))
        wrong.push(`${disk.failed}: ${when}: ${dump(one).join('; ')}`)
    }
    if (fault !== 'kill' && fault !== 'power') {
      check('before a second try', opened)
      disk.heal()
      compact()
      check('after it', opened)
    }
    const left = disk.left()
    check('started again', open(left))
    if (folders(left).length !== open(left).set.metas.length)
      wrong.push(`${disk.failed}: ${folders(left).join(', ')} are left`)
    return wrong
  }

  test.each(FAULTS)('%s, at each change', (fault) => {
    const wrong: string[] = []
    let at = 1
    for (; ; at++) {
      const found = tryFault(fault, at)
      if (found === undefined) break
      wrong.push(...found.map((one) => `change ${at}: ${one}`))
    }
    expect(wrong).toEqual([])
    expect(at).toBeGreaterThan(20)
  })
})

test('cancelled compaction leaves nothing, and its blocks are not marked', async () => {
  const disk = new FaultDisk()
  const metas = [makeBlock(disk, 'a 1:1'), makeBlock(disk, 'a 1001:3')]
  const compactor = new Compactor(disk, undefined)
  await compactor.cancel()
  await expect(compactor.merge(mergeOf(...metas))).rejects.toThrow(CancelledError)
  expect(folders(disk)).toEqual(metas.map(({ ulid }) => ulid).sort())
  expect(open(disk).set.metas.map(({ compaction }) => compaction.failed)).toEqual([
    undefined,
    undefined,
  ])
})

describe('tombstones survive', () => {
  const BEFORE = ['a 1001:3', 'a 1:1', 'a 2:2', 'a 3:3', 'b 1:1']
  const AFTER = ['a 1001:3', 'a 1:1', 'b 1:1']
  const remove = ({ set }: Opened): void =>
    void set.loaded[0].block.delete([new Matcher('=', '__name__', 'a')], 2, 3)
  const fill = (disk: MemoryDisk): BlockMeta[] => [
    makeBlock(disk, 'a 1:1 2:2 3:3', 'b 1:1'),
    makeBlock(disk, 'a 1001:3'),
  ]

  test('a start, and a merge', () => {
    const disk = new FaultDisk()
    const metas = fill(disk)
    const first = open(disk)
    remove(first)
    expect(dump(first)).toEqual(AFTER)
    expect(dump(open(disk))).toEqual(AFTER)
    mergeBlocks(disk, mergeOf(...metas))
    expect(dump(open(disk))).toEqual(AFTER)
  })

  test.each(FAULTS)('%s at each change of a deletion: it is done or it is not', (fault) => {
    for (let at = 1; ; at++) {
      const disk = new FaultDisk(fault)
      fill(disk)
      const opened = open(disk)
      disk.failAt(at)
      attempt(() => remove(opened))
      if (disk.failed === '') break
      expect([BEFORE, AFTER], disk.failed).toContainEqual(dump(open(disk.left())))
      if (disk.isDead) continue
      disk.heal()
      remove(opened)
      expect(dump(opened), disk.failed).toEqual(AFTER)
      expect(dump(open(disk.afterKill())), disk.failed).toEqual(AFTER)
    }
  })
})

/** What fails is what the test looks at. */
function attempt(act: () => void): void {
  try {
    act()
  } catch {
    // The disk says what it was: `failed`.
  }
}
