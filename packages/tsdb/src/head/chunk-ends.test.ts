/** Where chunks end, and that a start makes the same of the log; held to Prometheus in chunk-ends.interop.ts. */
import { SampleColumns } from '@vigie/model'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../../test/memory-disk.ts'
import { open, parseLabels } from '../../test/notation.ts'
import { Block, type Tsdb } from '../index.ts'
import { decodeWhole } from '../chunk/decode.ts'
import { reckonEnd } from './chunk-ends.ts'

const HOUR = 3_600_000

test.each([
  ['15 s from the start of a range: four of 120', 0, 29 * 15_000, 2 * HOUR, 4, 1_800_000],
  ['a minute: one for all', 0, 29 * 60_000, 2 * HOUR, 4, 2 * HOUR],
  ['7 s: eight of 129', 0, 29 * 7000, 2 * HOUR, 4, 900_000],
  ['from the middle', HOUR, HOUR + 29 * 15_000, 2 * HOUR, 4, HOUR + 1_800_000],
  ['no whole number', 1, 29 * 10_000, 2 * HOUR, 4, 1 + Math.trunc((2 * HOUR - 1) / 6)],
])('%s', (_, minT, lastT, end, ratio, want) => {
  expect(reckonEnd(minT, lastT, end, ratio)).toBe(want)
})

// Interval in ms, what grows, samples of each chunk in two hours.
test.each([
  [15_000, (i: number) => i, [120, 120, 120, 120]],
  [60_000, (i: number) => i, [120]],
  [7000, (i: number) => i, [129, 129, 129, 129, 129, 128, 128, 128]],
  // 1024 bytes are full before.
  [30_000, (i: number) => Math.sin(i * i), [119, 119, 2]],
] as const)('every %i ms', async (step, value, want) => {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk })
  const counts = async (one: Tsdb, on: MemoryDisk): Promise<number[]> => {
    const name = await one.snapshot({ skipHead: false })
    const dir = `data/snapshots/${name}`
    const block = Block.open(on, `${dir}/${on.list(dir)[0]}`)
    const columns = new SampleColumns()
    const found = [...block.allSeries()].flatMap(({ chunks }) =>
      chunks.map((chunk) => {
        columns.clear()
        decodeWhole(chunk, columns)
        return columns.length
      }),
    )
    block.close()
    return found
  }
  for (let i = 0; i * step < 2 * HOUR; i++) {
    const appender = tsdb.appender()
    appender.append(appender.series(parseLabels('a')), i * step, value(i))
    appender.commit()
  }
  expect(await counts(tsdb, disk)).toEqual(want)
  const again = disk.afterKill()
  again.remove('data/snapshots')
  expect(await counts(await open({ disk: again }), again)).toEqual(want)
})
