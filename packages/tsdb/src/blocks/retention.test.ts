import { expect, test } from 'vitest'
import { type SizedBlock, beyondSize, beyondTime } from './retention.ts'

/** `a:0-10/5` is block a from 0 to 10, of 5 bytes. */
const parse = (text: string): SizedBlock[] =>
  text
    .split(' ')
    .filter((one) => one !== '')
    .map((one) => {
      const [, ulid, min, max, size] = /^(\w+):(\d+)-(\d+)\/(\d+)$/.exec(one)!
      const times = { minTime: Number(min), maxTime: Number(max) }
      const meta = { ulid, ...times, stats: {}, compaction: { level: 1 }, version: 1 }
      return { meta, sizeBytes: Number(size) }
    })
const names = (blocks: readonly SizedBlock[]): string =>
  blocks
    .map(({ meta }) => meta.ulid)
    .sort()
    .join('')

const BLOCKS = 'b:10-20/2 a:0-10/1 d:30-40/8 c:20-30/4'
test.each([
  [BLOCKS, 0, ''],
  [BLOCKS, 31, ''],
  [BLOCKS, 30, 'a'],
  [BLOCKS, 20, 'ab'],
  [BLOCKS, 11, 'ab'],
  [BLOCKS, 1, 'abc'],
  ['a:0-10/1 b:5-10/1', 1, ''],
  ['', 1, ''],
])('%s keeping %d ms', (blocks, retentionMs, want) => {
  expect(names(beyondTime(parse(blocks), retentionMs))).toBe(want)
})

test.each([
  [BLOCKS, 0, 0, ''],
  [BLOCKS, 0, 15, ''],
  [BLOCKS, 0, 14, 'a'],
  [BLOCKS, 1, 14, 'ab'],
  [BLOCKS, 3, 14, 'abc'],
  [BLOCKS, 100, 14, 'abcd'],
  ['', 100, 14, ''],
])('%s and %d other bytes in %d bytes', (blocks, other, maxBytes, want) => {
  expect(names(beyondSize(parse(blocks), other, maxBytes))).toBe(want)
})
