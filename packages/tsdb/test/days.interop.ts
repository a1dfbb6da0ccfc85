/**
 * A directory goes from us to a real Prometheus after days of ingestion and compaction, and back the
 * next day, and the other way round: both answer the same each time.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, Matcher, makeHistogram } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Peer, promtool, startPrometheus } from '../../../interop/peers.ts'
import { type Tsdb, nodeDisk } from '../src/index.ts'
import { dump, open } from './notation.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const BLOCK_WORKER = new URL('../dist/blocks/worker.js', import.meta.url)

let dir = ''
let running: Peer | undefined
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-days-'))
})
afterEach(async () => {
  await running?.kill()
  running = undefined
  rmSync(dir, { recursive: true })
})

async function start(...flags: string[]): Promise<Peer> {
  running = await startPrometheus({ dataDir: dir, flags })
  expect(running.log.filter((line) => /level=(WARN|ERROR)/i.test(line))).toEqual([])
  return running
}

async function stop(): Promise<void> {
  await running?.kill()
  running = undefined
}

const openOurs = (now: number): Promise<Tsdb> =>
  open({ dir, disk: nodeDisk(), now: () => now, blockWorkerUrl: BLOCK_WORKER })
/** In a day of its time it makes dozens of blocks: starting threads for them would take longest. */
const openFast = (now: number): Promise<Tsdb> => open({ dir, disk: nodeDisk(), now: () => now })

const SERIES = Array.from({ length: 20 }, (_, i) =>
  Labels.fromObject({ __name__: 'm', i: `${i}`, 'é.b': '"\n' }),
)
const HISTOGRAM = Labels.fromObject({ __name__: 'h' })
const valueOf = (i: number, t: number): number =>
  i % 2 === 0 ? Math.sin(t / MINUTE + i) * 1e6 : Math.floor(t / MINUTE) * i

/** A sample each minute from `from` to before `to`, blocks made as time goes by. */
async function ingest(tsdb: Tsdb, from: number, to: number): Promise<void> {
  for (let t = from; t < to; t += MINUTE) {
    const appender = tsdb.appender()
    for (const [i, labels] of SERIES.entries())
      appender.append(appender.series(labels), t, valueOf(i, t))
    const count = Math.floor(t / MINUTE)
    const counts = { count, positiveCounts: Float64Array.of(count) }
    const h = makeHistogram({ isInteger: true, positiveSpans: Int32Array.of(3, 1), ...counts })
    appender.appendHistogram(appender.series(HISTOGRAM), t, h)
    appender.commit()
    if (t % (30 * MINUTE) === 0) await tsdb.maintain()
  }
}

interface Matrix {
  data: {
    result: {
      metric: Record<string, string>
      values?: [t: number, v: string][]
      histograms?: [t: number, h: { count: string }][]
    }[]
  }
}

/** All that Prometheus has, in the notation of our own dump; of histograms only how many. */
async function ask({ url }: Peer): Promise<string[]> {
  const query = encodeURIComponent('{__name__=~".+"}[20d]')
  const answer = await fetch(`${url}/api/v1/query?query=${query}`)
  const { data }: Matrix = JSON.parse(await answer.text())
  return data.result
    .map(({ metric, values = [], histograms = [] }) => {
      const samples = values.map(([t, v]) => `${Math.round(t * 1000)}:${Number(v)}`)
      const counts = histograms.map(([t]) => `${Math.round(t * 1000)}:NaN`)
      return [Labels.fromObject(metric).toString(), ...samples, ...counts].join(' ')
    })
    .sort()
}

const blockFolders = (): string[] => readdirSync(dir).filter((name) => name.length === 26)

test('from us to Prometheus after four days, and back the next day', async () => {
  const to = Math.floor(Date.now() / MINUTE) * MINUTE
  const ours = await openFast(to)
  await ingest(ours, to - 4 * DAY, to - DAY)
  await ours.close()
  const again = await openOurs(to)
  await ingest(again, to - DAY, to)
  const want = dump(again).sort()
  const levels = again.blocks().map(({ compaction }) => compaction.level)
  expect(Math.max(...levels)).toBe(3)
  expect(again.stats().blocks).toBeLessThan(15)
  await again.close()
  expect(await ask(await start())).toEqual(want)
  await stop()
  const back = await openOurs(to)
  expect(dump(back).sort()).toEqual(want)
  const delta = 5 * MINUTE
  await ingest(back, to, to + delta)
  const more = dump(back).sort()
  await back.close()
  const listed = await promtool('tsdb', 'list', dir)
  expect(listed.trim().split('\n').length - 1).toBe(blockFolders().length)
  const dumped = await promtool('tsdb', 'dump', dir)
  const counts = (lines: readonly string[], one: RegExp): number =>
    lines.filter((line) => one.test(line)).length
  for (const i of [0, 7, 19]) {
    const line = more.find((each) => each.includes(`i="${i}"`))!
    const count = line.slice(line.indexOf('}') + 2).split(' ').length
    expect(counts(dumped.split('\n'), new RegExp(`i="${i}"`))).toBe(count)
  }
})

test('deleted and cleaned by us, read by Prometheus', async () => {
  const to = Math.floor(Date.now() / MINUTE) * MINUTE
  const ours = await openOurs(to)
  await ingest(ours, to - 12 * HOUR, to)
  const some = [[new Matcher('=~', 'i', '1.')]]
  await ours.deleteSeries(some, to - 9 * HOUR, to - HOUR)
  const want = dump(ours).sort()
  await ours.close()
  const read = async (): Promise<void> => {
    expect(await ask(await start())).toEqual(want)
    await stop()
  }
  await read()
  const again = await openOurs(to)
  expect(dump(again).sort()).toEqual(want)
  await again.cleanTombstones()
  expect(again.blocks().every(({ stats }) => (stats.numTombstones ?? 0) === 0)).toBe(true)
  expect(dump(again).sort()).toEqual(want)
  const name = await again.snapshot({ skipHead: false })
  await again.close()
  await read()
  dir = join(dir, 'snapshots', name)
  await read()
  dir = join(dir, '..', '..')
})

test('what Prometheus cut and merged is opened by us, also after kill -9', async () => {
  const { url } = await start('--web.enable-remote-write-receiver')
  const to = Math.floor(Date.now() / MINUTE) * MINUTE
  for (let t = to - 30 * HOUR; t < to; t += 30 * MINUTE) {
    const times = Array.from({ length: 30 }, (_, k) => t + k * MINUTE)
    const series = SERIES.map((labels, i) => ({
      labels,
      t: times,
      v: times.map((one) => valueOf(i, one)),
    }))
    const body = encodeWriteRequest({ series })
    const headers = { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' }
    const answer = await fetch(`${url}/api/v1/write`, { method: 'POST', headers, body })
    expect(answer.status, await answer.text()).toBe(204)
  }
  // It makes blocks in the background: until there is one that was merged.
  const isMerged = (): boolean =>
    blockFolders().some((name) =>
      /"level": 2/.test(readFileSync(join(dir, name, 'meta.json'), 'utf8')),
    )
  while (!isMerged()) await new Promise((done) => setTimeout(done, 100))
  const want = await ask(running!)
  await stop()
  const ours = await openOurs(to)
  expect(dump(ours).sort()).toEqual(want)
  await ours.maintain()
  expect(dump(ours).sort()).toEqual(want)
  const more = to + 10 * MINUTE
  await ours.close()
  const later = await openOurs(more)
  await ingest(later, to, more)
  const all = dump(later).sort()
  await later.close()
  const there = await start()
  const query = encodeURIComponent(`count_over_time(m{i="1"}[20d])`)
  const answer = await fetch(`${there.url}/api/v1/query?query=${query}&time=${more / 1000}`)
  const { data }: { data: { result: { value: [number, string] }[] } } = JSON.parse(
    await answer.text(),
  )
  const line = all.find((one) => one.includes('i="1"'))!
  expect(Number(data.result[0].value[1])).toBe(line.slice(line.indexOf('}') + 2).split(' ').length)
})
