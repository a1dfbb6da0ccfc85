/** Blocks in both directions: Prometheus and promtool read ours, we read theirs, and the samples are the same. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, Matcher, SampleColumns, compareLabels, makeHistogram } from '@vigie/model'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { promtool, startPrometheus } from '../../../interop/peers.ts'
import type { BlockSeries } from '../src/block/block-series.ts'
import { Block } from '../src/block/block.ts'
import { writeBlock } from '../src/block/writer.ts'
import { encodeSamples } from '../src/chunk/encode.ts'
import { nodeDisk } from '../src/index.ts'

const disk = nodeDisk()
const RANGE_MS = 2 * 3_600_000
/** The last two hours that are over. */
const START_MS = (Math.floor(Date.now() / RANGE_MS) - 1) * RANGE_MS
const STEP_MS = 15_000

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-blocks-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function floats(pairs: string[], value: (i: number) => number): BlockSeries {
  const columns = new SampleColumns()
  for (let i = 0; i < 480; i++) columns.push(START_MS + i * STEP_MS, value(i))
  return { labels: Labels.fromPairs(pairs), chunks: encodeSamples(columns) }
}

function histograms(pairs: string[], isInteger: boolean): BlockSeries {
  const columns = new SampleColumns()
  for (let i = 0; i < 480; i++) {
    const counts = Float64Array.of(i, 2 * i, i % 7 === 6 ? 0 : i)
    const zeroCount = i
    columns.pushHistogram(
      START_MS + i * STEP_MS,
      makeHistogram({
        isInteger,
        schema: 2,
        zeroThreshold: 0.001,
        zeroCount,
        count: counts.reduce((a, b) => a + b, zeroCount),
        sum: i / 3,
        positiveSpans: Int32Array.of(-1, 1, 2, 2),
        positiveCounts: counts,
      }),
    )
  }
  return { labels: Labels.fromPairs(pairs), chunks: encodeSamples(columns) }
}

const SERIES: BlockSeries[] = [
  floats(['__name__', 'flat', 'x', '1'], () => 7),
  floats(['__name__', 'counter', 'x', '"é\\\n'], (i) => i * i),
  floats(['__name__', 'noise', 'é.b', 'y'], (i) => Math.sin(i) / 7),
  floats(['__name__', 'odd'], (i) => [NaN, Infinity, -Infinity, -0, 5e-324, 1e300][i % 6]),
  histograms(['__name__', 'integers'], true),
  histograms(['__name__', 'floats'], false),
  ...Array.from({ length: 200 }, (_, i) =>
    floats(['__name__', 'many', 'i', String(i)], (k) => i * k),
  ),
].sort((a, b) => compareLabels(a.labels, b.labels))

function writeOurs(): string {
  const data = join(dir, 'data')
  // promtool wants a log, if only an empty one.
  mkdirSync(join(data, 'wal'), { recursive: true })
  const block = { minT: START_MS, maxT: START_MS + RANGE_MS, level: 1, sources: [], parents: [] }
  writeBlock(disk, data, SERIES, { ...block, now: Date.now() })
  return data
}

test('promtool lists, analyzes and dumps our block', async () => {
  const data = writeOurs()
  const ulid = readdirSync(data).find((name) => name !== 'wal')
  const list = (await promtool('tsdb', 'list', data)).trim().split('\n')
  expect(list.length).toBe(2)
  expect(list[1].split(/\s+/).slice(0, 7)).toEqual([
    ulid,
    String(START_MS),
    String(START_MS + RANGE_MS),
    '2h0m0s',
    String(480 * SERIES.length),
    String(SERIES.reduce((sum, { chunks }) => sum + chunks.length, 0)),
    String(SERIES.length),
  ])
  const analysis = await promtool('tsdb', 'analyze', data)
  expect(analysis).toContain(`Total Series: ${SERIES.length}`)
  expect(analysis).toContain('200 i')
  const dump = (await promtool('tsdb', 'dump', data)).trim().split('\n')
  // Looking for floats, promtool steps over the first float histogram, and over two of integers.
  expect(dump.length).toBe(480 * SERIES.length - 3)
  expect(dump).toContain(`{__name__="many", i="3"} 12 ${START_MS + 4 * STEP_MS}`)
})

/** A query and what is to be found, the same for all who have these series. */
const QUERIES = [
  'count({__name__=~".+"})',
  'count_over_time(integers[2h])',
  'count_over_time(floats[2h])',
  'sum(count_over_time(many[2h]))',
  'sum(rate(many{i=~"1|2|3.*"}[10m]))',
  'histogram_quantile(0.7, rate(integers[30m]))',
  'histogram_quantile(0.7, rate(floats[30m]))',
  'sum_over_time(noise[1h])',
  'odd',
]

interface Vector {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] }
}

test('Prometheus answers from our block', async () => {
  const server = await startPrometheus({ dataDir: writeOurs() })
  try {
    const ask = async (query: string): Promise<string[]> => {
      const time = (START_MS + RANGE_MS - STEP_MS) / 1000
      const url = `${server.url}/api/v1/query?time=${time}&query=${encodeURIComponent(query)}`
      const text = await (await fetch(url)).text()
      expect(text).toContain('success')
      const { data }: Vector = JSON.parse(text)
      return data.result.map(({ metric, value }) => `${JSON.stringify(metric)} ${value[1]}`).sort()
    }
    const answers = []
    for (const query of QUERIES) answers.push((await ask(query)).slice(0, 8))
    expect(answers).toEqual([
      [`{} ${SERIES.length}`],
      ['{} 480'],
      ['{} 480'],
      ['{} 96000'],
      // 1 + 2 + 3 + 30 + … + 39 per 15 s.
      ['{} 23.4'],
      [expect.stringMatching(/^{} 1\.\d+$/)],
      [expect.stringMatching(/^{} 1\.\d+$/)],
      [expect.stringMatching(/^{"é\.b":"y"} -?\d/)],
      ['{"__name__":"odd"} 1e+300'],
    ])
  } finally {
    await server.kill()
  }
})

test('we read what Prometheus makes of text', async () => {
  const text = SERIES.filter(({ labels }) => labels.metricName === 'many')
    .slice(0, 50)
    .flatMap(({ labels }, i) =>
      Array.from(
        { length: 300 },
        (_, k) => `${labels.toString()} ${i * k} ${(START_MS + k * STEP_MS) / 1000}`,
      ),
    )
  writeFileSync(join(dir, 'in.txt'), `# TYPE many gauge\n${text.join('\n')}\n# EOF\n`)
  await promtool('tsdb', 'create-blocks-from', 'openmetrics', join(dir, 'in.txt'), join(dir, 'out'))
  mkdirSync(join(dir, 'out', 'wal'))
  const theirs = (await promtool('tsdb', 'dump', join(dir, 'out'))).trim().split('\n')
  const ours: string[] = []
  for (const name of readdirSync(join(dir, 'out')).filter((one) => one !== 'wal')) {
    const block = Block.open(disk, join(dir, 'out', name))
    const columns = new SampleColumns()
    const set = block.select([], -Infinity, Infinity)
    for (let i = 0; i < set.count; i++) {
      set.samples(i, -Infinity, Infinity, columns)
      for (let k = 0; k < columns.length; k++)
        ours.push(
          `{__name__="many", i="${set.labels(i).get('i')}"} ${columns.v[k]} ${columns.t[k]}`,
        )
    }
    block.close()
  }
  expect(ours.length).toBe(15_000)
  expect(ours.sort()).toEqual(theirs.sort())
})

test('what Prometheus deletes from our block is deleted for us, and what we delete for it', async () => {
  const data = writeOurs()
  const path = join(
    data,
    readdirSync(data).find((name) => name !== 'wal')!,
  )
  const time = (i: number): number => (START_MS + i * STEP_MS) / 1000
  const ask = async (server: { url: string }): Promise<number> => {
    const query = 'count_over_time(many{i="7"}[2h])'
    const url = `${server.url}/api/v1/query?time=${time(479)}&query=${encodeURIComponent(query)}`
    const { data: answer } = (await (await fetch(url)).json()) as Vector
    return Number(answer.result[0].value[1])
  }
  const flags = ['--web.enable-admin-api']
  const first = await startPrometheus({ dataDir: data, flags })
  try {
    const url = `${first.url}/api/v1/admin/tsdb/delete_series?match[]=many&start=${time(10)}&end=${time(19)}`
    expect((await fetch(url, { method: 'POST' })).status).toBe(204)
    expect(await ask(first)).toBe(470)
  } finally {
    await first.kill('SIGTERM')
  }
  const block = Block.open(disk, path)
  const matchers = [new Matcher('=', 'i', '7')]
  const columns = new SampleColumns()
  block.select(matchers, -Infinity, Infinity).samples(0, -Infinity, Infinity, columns)
  expect(columns.length).toBe(470)
  expect(columns.t[10]).toBe(START_MS + 20 * STEP_MS)
  expect(block.delete(matchers, START_MS + 100 * STEP_MS, START_MS + 199 * STEP_MS)).toBe(1)
  block.close()
  const second = await startPrometheus({ dataDir: data, flags })
  try {
    expect(await ask(second)).toBe(370)
  } finally {
    await second.kill()
  }
})
