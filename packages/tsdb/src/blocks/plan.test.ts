import { expect, test } from 'vitest'
import type { BlockMeta } from '../block/meta.ts'
import { blockRanges, overlaps, planCompaction, splitByRange } from './plan.ts'

/** `1:0-20` is block 1 from 0 to 20; `F` its compaction failed; `T3/10` 3 tombstones on 10 series. */
function parse(text: string): BlockMeta[] {
  return text.split(' ').map((one) => {
    const [, ulid, min, max, failed, numTombstones = 0, numSeries = 0] =
      /^(\w+):(-?\d+)-(-?\d+)(F?)(?:T(\d+)\/(\d+))?$/.exec(one)!
    return {
      ulid,
      minTime: Number(min),
      maxTime: Number(max),
      stats: { numTombstones: Number(numTombstones), numSeries: Number(numSeries) },
      compaction: { level: 1, ...(failed === 'F' && { failed: true }) },
      version: 1,
    }
  })
}
const names = (metas: readonly BlockMeta[]): string => metas.map(({ ulid }) => ulid).join(' ')

test.each([
  ['one block', '1:0-20', ''],
  ['two of three', '1:0-20 2:20-40', ''],
  ['the newest is left alone', '1:0-20 2:20-40 3:40-60', ''],
  ['a full range', '1:0-20 2:20-40 3:40-60 4:60-80', '1 2 3'],
  ['a gap, and the block after it is the newest', '1:0-20 2:20-40 3:60-80', ''],
  ['a gap that will not be filled', '1:0-20 2:20-40 3:60-80 4:80-100', '1 2'],
  ['small ranges first', '1:0-20 2:20-40 3:40-60 4:60-120 5:120-180', '1 2 3'],
  ['by time, not by name', '2:20-40 4:60-120 5:960-980 6:120-180 7:720-960', '2 4 6'],
  ['newest by time, not by name', '5:0-360 6:540-560 7:360-420 8:420-540', '7 8'],
  ['before 1970', '1:-60--40 2:-40--20 3:-20-0 4:0-20', '1 2 3'],
  ['tombstones in the newest', '1:0-540T3/10', ''],
  ['tombstones in a large block', '1:0-540T3/10 2:540-560', '1'],
  ['few tombstones', '1:0-540T3/100 2:540-560', ''],
  ['tombstones in a small block', '1:0-60T3/10 2:60-80', ''],
  ['as many tombstones as series', '1:0-60T10/10 2:60-80', '1'],
  ['no series, no tombstones', '1:0-540T0/0 2:540-560', ''],
  ['overlap', '1:0-20 2:19-40 3:40-60', '1 2'],
  ['overlap of the newest', '1:0-20 2:20-40 3:30-50', '2 3'],
  ['overlap of three', '1:0-20 2:10-40 3:30-50', '1 2 3'],
  ['overlap of one with all', '5:0-360 6:340-560 7:360-420 8:420-540', '5 6 7 8'],
  ['the first of two overlaps', '1:0-10 2:9-20 3:30-40 4:39-50', '1 2'],
  ['an overlap that failed', '1:0-10F 2:9-20 3:30-40 4:39-50', '3 4'],
  ['failed', '1:0-20 2:20-40F 3:40-60 4:60-80', ''],
  ['failed, with gaps', '1:0-20 2:20-40F 3:60-80 4:80-100', ''],
  ['failed, other sizes', '1:0-20 2:20-40F 3:40-60 4:60-120 5:120-180 6:180-200', ''],
])('%s', (_, blocks, want) => {
  expect(names(planCompaction(parse(blocks), [20, 60, 180, 540, 1620]))).toBe(want)
})

test('no blocks', () => expect(planCompaction([], [20, 60])).toEqual([]))

test.each([
  ['a:0-10', 60, 'a'],
  ['a:0-60', 60, 'a'],
  ['a:0-10 b:9-15 c:30-60', 60, 'a b c'],
  ['a:70-90 b:125-130 c:130-180 d:1000-1001', 60, 'a|b c|d'],
  ['a:50-70 b:70-80', 60, 'b'],
  ['a:0-144 b:144-216 c:216-288', 72, 'b|c'],
  ['a:-10--5', 60, 'a'],
  ['a:-60--50 b:-10--5 c:0-15', 60, 'a b|c'],
])('%s in ranges of %d', (blocks, range, want) => {
  expect(splitByRange(parse(blocks), range).map(names).join('|')).toBe(want)
})

test('overlaps', () => {
  expect(overlaps(parse('a:0-10 b:5-7 c:9-20 d:20-30 e:30-40 f:39-50')).map(names)).toEqual([
    'a b c',
    'e f',
  ])
})

const HOUR = 3_600_000
const DAY = 24 * HOUR
test.each([
  [15 * DAY, undefined, [2, 6, 18]],
  [DAY, undefined, [2]],
  [400 * DAY, undefined, [2, 6, 18, 54, 162, 486]],
  [0, undefined, [2, 6, 18, 54, 162, 486]],
  [15 * DAY, 2 * HOUR, [2]],
  [15 * DAY, 4 * DAY, [2, 6, 18, 54]],
])('ranges of blocks when %d ms are kept, none longer than %s', (retentionMs, maxMs, hours) => {
  expect(blockRanges(retentionMs, maxMs)).toEqual(hours.map((one) => one * HOUR))
})
