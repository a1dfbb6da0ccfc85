/** What a start finds in a data directory, and what becomes of it. */
import { SampleColumns } from '@vigie/model'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../../test/memory-disk.ts'
import { parseLabels, parseMatchers, recordingLog, show } from '../../test/notation.ts'
import type { BlockMeta } from '../block/meta.ts'
import { writeBlock } from '../block/writer.ts'
import { encodeSamples } from '../chunk/encode.ts'
import { BlockSet } from './block-set.ts'

const DIR = 'data'

/** A block with one series `name` of one sample, in the middle. */
function addBlock(
  disk: MemoryDisk,
  name: string,
  minT: number,
  maxT: number,
  parents: readonly BlockMeta[] = [],
): BlockMeta {
  const columns = new SampleColumns()
  columns.push((minT + maxT) / 2, 1)
  const series = [{ labels: parseLabels(name), chunks: encodeSamples(columns) }]
  const described = parents.map(({ ulid, minTime, maxTime }) => ({ ulid, minTime, maxTime }))
  const options = { minT, maxT, level: 1, sources: [], parents: described, now: 1e12 }
  return writeBlock(disk, DIR, series, options)!
}

function open(disk: MemoryDisk, now: () => number = () => 0) {
  const log = recordingLog()
  return { set: BlockSet.open({ dir: DIR, disk, log, now, snapshotMs: 300_000 }), log }
}
const ulids = (set: BlockSet): string[] => set.metas.map(({ ulid }) => ulid)
const folders = (disk: MemoryDisk): string[] => disk.list(DIR).sort()
const remove = (disk: MemoryDisk, path: string): void => disk.remove(`${DIR}/${path}`)

test('blocks come by time, and know where the head begins', () => {
  const disk = new MemoryDisk()
  const [late, early] = [addBlock(disk, 'a', 20, 30), addBlock(disk, 'a', 0, 10)]
  const { set, log } = open(disk)
  expect(ulids(set)).toEqual([early.ulid, late.ulid])
  expect(set.headMinT).toBe(30)
  expect(
    [set.overlapping(0, 9), set.overlapping(10, 19), set.overlapping(9, 20)].map(
      (all) => all.length,
    ),
  ).toEqual([1, 0, 2])
  expect(log.lines).toEqual([])
})

test('no blocks', () => {
  const { set } = open(new MemoryDisk())
  expect([set.metas, set.headMinT, set.sizeBytes]).toEqual([[], -Infinity, 0])
})

test('a block of samples out of order says nothing of the head', () => {
  const disk = new MemoryDisk()
  const meta = addBlock(disk, 'a', 0, 10)
  const path = `${DIR}/${meta.ulid}/meta.json`
  const hinted = { ...meta, compaction: { ...meta.compaction, hints: ['from-out-of-order'] } }
  disk.files.set(path, Buffer.from(JSON.stringify(hinted)))
  expect(open(disk).set.headMinT).toBe(-Infinity)
})

test.each([
  ['meta.json missing', (disk: MemoryDisk, ulid: string) => remove(disk, `${ulid}/meta.json`)],
  [
    'meta.json is no JSON',
    (disk: MemoryDisk, ulid: string) =>
      void disk.files.set(`${DIR}/${ulid}/meta.json`, Buffer.from('{')),
  ],
  ...['sources":5', 'parents":[null]', 'parents":"x"', 'hints":7', 'level":"1"'].map(
    (what): [string, (disk: MemoryDisk, ulid: string) => void] => [
      `meta.json with "${what}`,
      (disk, ulid) => {
        const path = `${DIR}/${ulid}/meta.json`
        const meta = JSON.parse(disk.files.get(path)!.toString()) as Record<string, object>
        Object.assign(meta.compaction, JSON.parse(`{"${what}}`))
        disk.files.set(path, Buffer.from(JSON.stringify(meta)))
      },
    ],
  ),
])('%s: the block is left alone, and named once', (_, spoil) => {
  const disk = new MemoryDisk()
  const [good, bad] = [addBlock(disk, 'a', 0, 10), addBlock(disk, 'a', 10, 20)]
  spoil(disk, bad.ulid)
  const { set, log } = open(disk)
  set.reload()
  expect(ulids(set)).toEqual([good.ulid])
  expect(folders(disk)).toEqual([good.ulid, bad.ulid].sort())
  expect(log.lines.map(({ message }) => message)).toEqual([
    'block ignored: its meta.json cannot be read',
  ])
})

test('what was left half done is removed, and nothing else', () => {
  const disk = new MemoryDisk()
  const { ulid } = addBlock(disk, 'a', 0, 10)
  const other = ulid.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  const kept = ['chunks_head/000001', 'mine.tmp/file', 'snapshots/x/file']
  for (const name of [
    `${other}.tmp-for-creation/index`,
    `${other}.tmp-for-deletion/index`,
    `${other}.tmp/index`,
    ...kept,
  ])
    disk.files.set(`${DIR}/${name}`, Buffer.from('x'))
  const { set } = open(disk)
  expect(ulids(set)).toEqual([ulid])
  expect(folders(disk)).toEqual([ulid, ...kept.map((path) => path.split('/')[0])].sort())
})

test('parents of a merged block go', () => {
  const disk = new MemoryDisk()
  const parents = [addBlock(disk, 'a', 0, 10), addBlock(disk, 'a', 10, 20)]
  const child = addBlock(disk, 'a', 0, 20, parents)
  const { set } = open(disk)
  expect(ulids(set)).toEqual([child.ulid])
  expect(folders(disk)).toEqual([child.ulid])
})

test('a block that says it can be deleted is', () => {
  const disk = new MemoryDisk()
  const meta = addBlock(disk, 'a', 0, 10)
  const deletable = { ...meta, compaction: { ...meta.compaction, deletable: true } }
  disk.files.set(`${DIR}/${meta.ulid}/meta.json`, Buffer.from(JSON.stringify(deletable)))
  expect(ulids(open(disk).set)).toEqual([])
  expect(folders(disk)).toEqual([])
})

test.each(['index', 'chunks/000001', 'tombstones'])(
  'a corrupted %s: the block is moved aside and reported, the rest serves',
  (file) => {
    const disk = new MemoryDisk()
    const [bad, good] = [addBlock(disk, 'a', 0, 10), addBlock(disk, 'a', 10, 20)]
    disk.files.set(`${DIR}/${bad.ulid}/${file}`, Buffer.from('not what it should be'))
    const { set, log } = open(disk)
    expect(ulids(set)).toEqual([good.ulid])
    expect(folders(disk)).toEqual([good.ulid, 'corrupt'].sort())
    expect(disk.list(`${DIR}/corrupt`)).toEqual([bad.ulid])
    expect(log.lines).toMatchObject([
      {
        message: 'corrupted block moved aside: its samples are missing from answers',
        fields: { block: bad.ulid, movedTo: `data/corrupt/${bad.ulid}` },
      },
    ])
    expect(log.lines[0].fields.error).toContain(`${bad.ulid}/${file}`)
    expect(set.counters.quarantined).toBe(1)
  },
)

test('a corrupted parent is replaced by its child, a corrupted child by its parents', () => {
  const disk = new MemoryDisk()
  const parents = [addBlock(disk, 'a', 0, 10), addBlock(disk, 'a', 10, 20)]
  const child = addBlock(disk, 'a', 0, 20, parents)
  const broken = disk.afterKill()
  disk.files.set(`${DIR}/${parents[0].ulid}/index`, Buffer.from('x'))
  expect(ulids(open(disk).set)).toEqual([child.ulid])
  expect(folders(disk)).toEqual([child.ulid])
  broken.files.set(`${DIR}/${child.ulid}/index`, Buffer.from('x'))
  expect(ulids(open(broken).set)).toEqual(parents.map(({ ulid }) => ulid))
  expect(broken.list(`${DIR}/corrupt`)).toEqual([child.ulid])
})

test('a query ends as it began when its block goes; the block is closed later', () => {
  const disk = new MemoryDisk()
  const meta = addBlock(disk, 'a', 0, 10)
  let now = 0
  const { set } = open(disk, () => now)
  const [block] = set.overlapping(0, 10)
  const found = block.select(parseMatchers('__name__="a"'), 0, 10)
  set.remove([meta])
  expect([set.metas, folders(disk)]).toEqual([[], []])
  set.closeRetired()
  expect(show(found)).toEqual(['a 5:1'])
  now = 6 * 60_000
  set.closeRetired()
})

test('a reload that fails leaves what was loaded', () => {
  const disk = new MemoryDisk()
  const meta = addBlock(disk, 'a', 0, 10)
  const { set } = open(disk)
  disk.operationsLeft = 0
  expect(() => set.reload()).toThrow(/EIO/)
  expect(ulids(set)).toEqual([meta.ulid])
  expect(set.counters).toMatchObject({ reloads: 2, reloadsFailed: 1 })
})

test('a disk that fails for a moment is no corrupted block', () => {
  for (let operations = 3; operations < 15; operations++) {
    const disk = new MemoryDisk()
    const meta = addBlock(disk, 'a', 0, 10)
    disk.operationsLeft = operations
    const { set } = open(disk)
    disk.operationsLeft = Infinity
    set.reload()
    expect([ulids(set), folders(disk)]).toEqual([[meta.ulid], [meta.ulid]])
  }
})
