import fc from 'fast-check'
import { Labels, SampleColumns } from '@vigie/model'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../../test/memory-disk.ts'
import type { BlockSeries, ChunkData } from '../block/block-series.ts'
import { writeBlock } from '../block/writer.ts'
import { mergeBlocks } from './jobs.ts'
import { mergeSeries } from './merge.ts'
import { decodeWhole } from '../chunk/decode.ts'
import { encodeSamples } from '../chunk/encode.ts'

/** `a 1-3 5-9` is series a with chunks of a sample every ms, from 1 to 3 and from 5 to 9; values are `v`. */
function parse(text: string, v: number): BlockSeries[] {
  return text.split(' | ').map((line) => {
    const [name, ...chunks] = line.split(' ')
    return {
      labels: Labels.fromObject({ __name__: name }),
      chunks: chunks.flatMap((one) => {
        const [from, to] = one.split('-').map(Number)
        const columns = new SampleColumns()
        for (let t = from; t <= to; t++) columns.push(t, v)
        return encodeSamples(columns)
      }),
    }
  })
}

const values = (chunk: ChunkData): string => {
  const out = new SampleColumns()
  decodeWhole(chunk, out)
  return Array.from({ length: out.length }, (_, i) => `${out.t[i]}:${out.v[i]}`).join(',')
}
const show = (series: Iterable<BlockSeries>): string[] =>
  [...series].map(({ labels, chunks }) => [labels.metricName, ...chunks.map(values)].join(' '))

test.each([
  [
    ['a 1-2', 'b 1-2'],
    ['a 1:0,2:0', 'b 1:1,2:1'],
  ],
  [
    ['a 1-2 | c 1-1', 'a 3-4 | b 1-1'],
    ['a 1:0,2:0 3:1,4:1', 'b 1:1', 'c 1:0'],
  ],
  [['a 3-4', 'a 1-2'], ['a 1:1,2:1 3:0,4:0']],
  [['a 1-3', 'a 2-4'], ['a 1:0,2:0,3:0,4:1']],
  [['a 1-2 5-6', 'a 3-4'], ['a 1:0,2:0 3:1,4:1 5:0,6:0']],
  [['a 1-2 5-6 9-9', 'a 2-5'], ['a 1:0,2:0,3:1,4:1,5:1,6:0 9:0']],
  [['a 1-1', 'a 2-2', 'a 3-3'], ['a 1:0 2:1 3:2']],
])('%j', (sources, want) => {
  expect(show(mergeSeries(sources.map((one, i) => parse(one, i))))).toEqual(want)
})

test('chunks that do not overlap, and copies, are taken over as they are', () => {
  const [one, copy, later] = ['a 1-100', 'a 1-100', 'a 101-200'].map((text) => parse(text, 1))
  const [merged] = mergeSeries([one, copy, later])
  expect(merged.chunks.map(({ data }) => data)).toEqual([
    one[0].chunks[0].data,
    later[0].chunks[0].data,
  ])
  expect(merged.chunks[1].data).toBe(later[0].chunks[0].data)
})

const sample = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.double())
test('any samples in any chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(sample, { minLength: 1 }))),
      (sources) => {
        const want = new Map<string, Map<number, number>>()
        const streams = sources.map(([name, samples]) => {
          const columns = new SampleColumns()
          const own = new Map(samples)
          for (const [t, v] of [...own].sort(([x], [y]) => x - y)) {
            columns.push(t * 1e6, v)
            const series = want.get(name) ?? new Map<number, number>()
            if (!series.has(t)) want.set(name, series.set(t, v))
          }
          return [{ labels: Labels.fromObject({ __name__: name }), chunks: encodeSamples(columns) }]
        })
        const merged = [...mergeSeries(streams)]
        expect(merged.map(({ labels }) => labels.metricName)).toEqual([...want.keys()].sort())
        for (const { labels, chunks } of merged) {
          const times = chunks.flatMap(({ minT, maxT }) => [minT, maxT])
          expect(times).toEqual([...times].sort((x, y) => x - y))
          const got = chunks.map(values).join(',').split(',')
          const series = want.get(labels.metricName)!
          const sorted = [...series].sort(([x], [y]) => x - y)
          expect(got.map((one) => Number(one.split(':')[0]))).toEqual(sorted.map(([t]) => t * 1e6))
        }
      },
    ),
  )
})

test.each([
  ['0-2 2-4', ''],
  ['0-2late 0-2late', 'from-out-of-order'],
  ['0-2 0-2late', ''],
  ['0-2 2-4late', 'from-out-of-order'],
  ['0-2late 2-4', ''],
])('%s: what a merged block says of the head', (blocks, want) => {
  const disk = new MemoryDisk()
  const parents = blocks.split(' ').map((one) => {
    const [minT, maxT] = one.replace('late', '').split('-').map(Number)
    const hints = one.endsWith('late') ? ['from-out-of-order'] : []
    const about = { minT, maxT, level: 1, sources: [], parents: [], hints, now: 0 }
    return writeBlock(disk, 'data', parse(`a ${minT}-${maxT - 1}`, 1), about)!.ulid
  })
  const merged = mergeBlocks(disk, {
    kind: 'merge',
    dir: 'data',
    parents,
    isCleaning: false,
    nowMs: 0,
  })
  expect(merged!.compaction.hints?.join() ?? '').toBe(want)
})
