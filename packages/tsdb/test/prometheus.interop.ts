/**
 * A real Prometheus opens what we wrote, we open what it makes of it, and promtool agrees: the same
 * samples each time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels } from '@vigie/model'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Peer, promtool, startPrometheus } from '../../../interop/peers.ts'
import { type Tsdb, nodeDisk } from '../src/index.ts'
import { dump, open, write } from './notation.ts'

const START_MS = Date.now() - 3_600_000

let dir = ''
const running: Peer[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-interop-'))
})
afterEach(async () => {
  await kill()
  rmSync(dir, { recursive: true })
})

/** Starts Prometheus on our directory, with nothing to scrape. */
async function start(flags: readonly string[] = []): Promise<Peer> {
  const server = await startPrometheus({ dataDir: join(dir, 'data'), flags })
  running.push(server)
  return server
}

/** Kills what was started and still runs. */
async function kill(): Promise<void> {
  for (const server of running.splice(0)) await server.kill()
}

interface Matrix {
  data: { result: { metric: Record<string, string>; values: [t: number, v: string][] }[] }
}

/** All that Prometheus has, in the notation of our own dump. */
async function ask(url: string): Promise<string[]> {
  const query = encodeURIComponent('{__name__=~".+"}[6h]')
  const answer = await fetch(`${url}/api/v1/query?query=${query}`)
  const { data }: Matrix = JSON.parse(await answer.text())
  return data.result
    .map(({ metric, values }) => {
      const samples = values.map(([t, v]) => `${Math.round(t * 1000)}:${Number(v)}`)
      return [Labels.fromObject(metric).toString(), ...samples].join(' ')
    })
    .sort()
}

const openData = (over: Parameters<typeof open>[0] = {}): Promise<Tsdb> =>
  open({ dir: join(dir, 'data'), disk: nodeDisk(), now: Date.now, ...over })

const line = (
  series: string,
  count: number,
  stepMs: number,
  value: (i: number) => number,
): string =>
  [series, ...Array.from({ length: count }, (_, i) => `${START_MS + i * stepMs}:${value(i)}`)].join(
    ' ',
  )

const LINES = [
  line('constant{a="1"}', 500, 5000, () => 7),
  line('counter{a="1",b="x-y"}', 500, 5000, (i) => i * i),
  line('gauge{host="é"}', 300, 7001, (i) => Math.sin(i) * 1e6),
  line('tiny', 3, 1, (i) => i * 1e-300),
]

const isTrouble = (text: string): boolean => /level=(WARN|ERROR)/i.test(text)

test.each(['none', 'snappy'] as const)('Prometheus reads our WAL, %s', async (walCompression) => {
  const ours = await openData({ walCompression, segmentBytes: 32_768 })
  for (const one of LINES) write(ours, one)
  const want = dump(ours)
  await ours.close()
  const { url, log } = await start()
  expect(log.filter(isTrouble)).toEqual([])
  expect(await ask(url)).toEqual(want)
})

test('Prometheus reads our checkpoints, and the block before them', async () => {
  const ours = await openData({ segmentBytes: 32_768 })
  const from = Date.now() - 5 * 3_600_000
  for (let i = 0; i < 280; i++) {
    const t = from + i * 60_000
    const batch = Array.from({ length: 50 }, (_, n) => `m{n="${n}"} ${t}:${i * n} ${t + 30_000}:1`)
    write(ours, ...batch)
    if (i % 20 === 0) await ours.maintain()
  }
  expect(
    ours.metrics().find(({ name }) => name.includes('checkpoint'))!.samples[0].value,
  ).toBeGreaterThan(0)
  expect(ours.stats().blocks).toBeGreaterThan(0)
  const want = dump(ours)
  await ours.close()
  const { url, log } = await start()
  expect(log.filter(isTrouble)).toEqual([])
  expect(await ask(url)).toEqual(want.sort())
})

test('we read on where Prometheus was killed, and it where we were', async () => {
  const ours = await openData()
  for (const one of LINES) write(ours, one)
  const want = dump(ours)
  await ours.close()
  await start()
  await kill()
  const again = await openData()
  expect(dump(again)).toEqual(want)
  write(again, `tiny ${START_MS + 100}:9`, `late ${START_MS + 100}:1`)
  const more = dump(again)
  await again.close()
  const { url } = await start()
  expect(await ask(url)).toEqual(more)
})

test.each([
  ['as Debian starts it, without a lock', []],
  ['with its lock', ['--no-storage.tsdb.no-lockfile']],
])('lock file: the directory of a running Prometheus is refused: %s', async (_name, flags) => {
  const server = await start(flags)
  await expect(openData()).rejects.toThrow(
    new RegExp(`is held by process ${server.process.pid} \\(prometheus\\), which has \\S+ open`),
  )
  expect(await ask(server.url)).toEqual([])
  await kill()
  const ours = await openData()
  write(ours, 'a 1:1')
  await ours.close()
})

test('a Prometheus that is started while we have the directory open does no harm', async () => {
  const ours = await openData({ segmentBytes: 32_768 })
  for (const one of LINES) write(ours, one)
  const { url } = await start()
  expect(await ask(url)).toEqual(dump(ours))
  write(ours, `tiny ${START_MS + 100}:9`)
  // The next segment is Prometheus's.
  expect(() => {
    for (let i = 0; i < 100; i++) write(ours, line(`late${i}`, 1000, 1, Math.sin))
  }).toThrow(/cannot begin segment .*another process has the directory open/)
  const want = dump(ours)
  await kill()
  await ours.close()
  const again = await openData()
  expect(dump(again)).toEqual(want)
  await again.close()
})

test('promtool dumps the same samples', async () => {
  const ours = await openData()
  for (const one of LINES) write(ours, one)
  const { samples } = ours.stats()
  await ours.close()
  const out = await promtool('tsdb', 'dump', join(dir, 'data'))
  expect(out.trim().split('\n').length).toBe(samples)
})
