/** Native histograms through the head, its log and blocks: floats and both kinds mixed in one series. */
import fc from 'fast-check'
import {
  APPENDED,
  DUPLICATE,
  type Histogram,
  OUT_OF_ORDER,
  STALE_NAN,
  SampleColumns,
  StorageLimitError,
  isStale,
  makeHistogram,
} from '@vigie/model'
import { expect, test } from 'vitest'
import { decodeChunk } from '../src/head/selection.ts'
import { HeadStore } from '../src/head-store.ts'
import { MemoryDisk } from './memory-disk.ts'
import { parseLabels, parseMatchers, recordingLog } from './notation.ts'

const open = (disk = new MemoryDisk()): Promise<HeadStore> =>
  HeadStore.open({ dir: 'data', disk, now: () => 1e12, log: recordingLog() })

/** `i[1 2]` a histogram of integers with buckets 1, 2, …; `f[…]` one of floats; `c[…]` custom buckets. */
function parse(text: string): Histogram | number {
  const match = /^([ifcg])\[(.*)\]$/.exec(text)
  if (match === null) return text === 'stale' ? STALE_NAN : Number(text)
  const [, kind, inner] = match
  const counts = Float64Array.from(inner === '' ? [] : inner.split(' ').map(Number))
  const count = counts.reduce((sum, one) => sum + one, 0)
  return makeHistogram({
    isInteger: kind !== 'f',
    schema: kind === 'c' ? -53 : 1,
    counterResetHint: kind === 'g' ? 3 : 0,
    count,
    sum: count * 1.5,
    positiveSpans: counts.length === 0 ? new Int32Array(0) : Int32Array.of(0, counts.length),
    positiveCounts: counts,
    customBounds: kind === 'c' ? Float64Array.from(counts, (_, i) => i) : new Float64Array(0),
  })
}

function showOne(v: number, h: Histogram | undefined): string {
  if (isStale(h?.sum ?? v)) return 'stale'
  if (h === undefined) return String(v)
  const kind = h.schema === -53 ? 'c' : h.counterResetHint === 3 ? 'g' : h.isInteger ? 'i' : 'f'
  // Buckets that the chunk has for its other samples.
  const counts = [...h.positiveCounts]
  while (counts.at(-1) === 0) counts.pop()
  return `${kind}[${counts.join(' ')}]`
}

const showAll = ({ t, v, h, length }: SampleColumns): string[] =>
  Array.from({ length }, (_, i) => `${t[i]}:${showOne(v[i], h?.[i])}`)

/** Appends `t:value` to the series; the results. */
function append(store: HeadStore, samples: readonly string[], series = 'm'): number[] {
  const appender = store.appender()
  const ref = appender.series(parseLabels(series))
  const results = samples.map((sample) => {
    const [t, text] = sample.split(':')
    const value = parse(text)
    return typeof value === 'number'
      ? appender.append(ref, Number(t), value)
      : appender.appendHistogram(ref, Number(t), value)
  })
  appender.commit()
  return results
}

function read(store: HeadStore, series = 'm'): string[] {
  const set = store.select(parseMatchers(`__name__="${series}"`), -Infinity, Infinity)
  const out = new SampleColumns()
  if (set.count > 0) set.samples(0, -Infinity, Infinity, out)
  return showAll(out)
}

test('results', async () => {
  const store = await open()
  append(store, ['1000:i[1 2]'])
  expect(append(store, ['1000:i[1 2]', '1000:i[1 3]', '1000:f[1 2]', '1000:7'])).toEqual([
    APPENDED,
    DUPLICATE,
    DUPLICATE,
    DUPLICATE,
  ])
  expect(append(store, ['999:i[1 2]', '2000:i[1 2]', '2000:i[1 2]', '2000:i[2 2]'])).toEqual([
    OUT_OF_ORDER,
    APPENDED,
    APPENDED,
    DUPLICATE,
  ])
  expect(append(store, ['3000:5', '3000:i[1]', '3000:5'])).toEqual([APPENDED, DUPLICATE, APPENDED])
  const big = makeHistogram({ positiveCounts: new Float64Array(10_000) })
  const ref = store.appender().series(parseLabels('m'))
  expect(() => store.appender().appendHistogram(ref, 9000, big)).toThrow(StorageLimitError)
  expect(read(store)).toEqual(['1000:i[1 2]', '2000:i[1 2]', '3000:5'])
})

test('a stale marker on a series of histograms is one of its kind, and ends it when read', async () => {
  const disk = new MemoryDisk()
  const store = await open(disk)
  append(store, ['1000:i[1 2]', '2000:stale'])
  append(store, ['3000:f[1 2]'], 'f')
  append(store, ['4000:stale'], 'f')
  for (const one of [store, await open(disk.afterKill())]) {
    expect(read(one)).toEqual(['1000:i[1 2]', '2000:stale'])
    expect(read(one, 'f')).toEqual(['3000:f[1 2]', '4000:stale'])
    const blocks = [...one.blockSeries(-Infinity, Infinity)]
    expect(
      blocks.map(({ chunks }) => chunks.map(({ encoding, maxT }) => [encoding, maxT])),
    ).toEqual([[[3, 4000]], [[2, 2000]]])
  }
})

test('a snapshot keeps its samples when the chunk gets more buckets, or ends', async () => {
  const store = await open()
  append(store, ['1000:i[1]', '2000:i[2]'])
  const set = store.select(parseMatchers('__name__="m"'), 0, Infinity)
  const out = new SampleColumns()
  for (const more of ['3000:i[2 1]', '4000:i[1]', '5000:7', '6000:f[1]']) {
    append(store, [more])
    set.samples(0, 0, Infinity, out)
    expect(showAll(out)).toEqual(['1000:i[1]', '2000:i[2]'])
  }
})

const counts = fc
  .array(fc.integer({ min: 1, max: 1000 }), { maxLength: 12 })
  .map((list) => list.join(' '))
const value: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(fc.constantFrom('i', 'f', 'g'), counts).map(([kind, list]) => `${kind}[${list}]`),
  counts.filter((list) => list !== '').map((list) => `c[${list}]`),
  fc.integer({ min: -5, max: 5 }).map(String),
  fc.constant('stale'),
)
const run = fc.record({
  values: fc.array(value, { minLength: 1, maxLength: 4 }),
  times: fc.integer({ min: 1, max: 60 }),
  stepMs: fc.constantFrom(1, 15_000, 400_000),
  isBatch: fc.boolean(),
})

test('any mix of floats and histograms, appended, replayed, and cut out as a block', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 8 }), async (runs) => {
      const disk = new MemoryDisk()
      const store = await open(disk)
      const want: string[] = []
      let t = 1e9
      for (const { values, times, stepMs, isBatch } of runs) {
        const samples: string[] = []
        for (let i = 0; i < times; i++)
          samples.push(`${(t += stepMs)}:${values[i % values.length]}`)
        for (const batch of isBatch ? [samples] : samples.map((one) => [one])) append(store, batch)
        want.push(...samples)
      }
      const replayed = await open(disk.afterKill())
      for (const one of [store, replayed]) {
        expect(read(one)).toEqual(want)
        const out = new SampleColumns()
        const bounds: number[] = []
        for (const { chunks } of one.blockSeries(-Infinity, Infinity))
          for (const { encoding, data, minT, maxT } of chunks) {
            const bytes = new Uint8Array(data.length + 8)
            bytes.set(data)
            const view = new DataView(bytes.buffer)
            const chunk = { encoding, bytes, view, start: 0, end: data.length }
            decodeChunk(chunk, view.getUint16(0), -Infinity, Infinity, out)
            bounds.push(minT, maxT)
          }
        expect(showAll(out)).toEqual(want)
        expect(bounds).toEqual([...bounds].sort((a, b) => a - b))
      }
    }),
    { numRuns: 60 },
  )
})
