/** Prometheus and we make the same chunks of the same samples: as many, and each with the same. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Histogram, Labels, makeHistogram } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { expect, test } from 'vitest'
import { startPrometheus } from '../../../interop/peers.ts'
import { Block, nodeDisk } from '../src/index.ts'
import { open } from './notation.ts'

const SPAN_MS = 3 * 3_600_000
const SLICE_MS = 600_000

interface Sample {
  v?: number
  h?: Histogram
}

/** A histogram with counts as wide apart as `counts` says. */
const histogram = (isInteger: boolean, sum: number, counts: readonly number[]): Histogram =>
  makeHistogram({
    isInteger,
    sum,
    count: counts.reduce((all, one) => all + one, 0),
    positiveSpans: Int32Array.of(0, counts.length),
    positiveCounts: Float64Array.from(counts),
  })

const KINDS: Record<string, (i: number) => Sample> = {
  constant: () => ({ v: 7 }),
  counter: (i) => ({ v: 3 * i }),
  noise: (i) => ({ v: Math.sin(i * i) * 1e9 }),
  'noise at times': (i) => ({ v: Math.floor(i / 100) % 2 === 0 ? 1 : Math.sin(i * i) }),
  'constant histogram': () => ({ h: histogram(true, 4, [1, 1]) }),
  histogram: (i) => ({ h: histogram(true, Math.sin(i), [i, i * i]) }),
  'histogram that is reset': (i) => ({ h: histogram(true, Math.sin(i), [(i % 57) + 1]) }),
  'large histogram': (i) => ({
    h: histogram(
      false,
      Math.sin(i),
      Array.from({ length: 40 }, (_, k) => i * (k + 1.5)),
    ),
  }),
}
// Some change their pace on the way.
const STEPS: Record<string, (i: number) => number> = {
  '5 s': () => 5000,
  '7 s': () => 7001,
  '15 s': () => 15_000,
  '15 s and a bit': (i) => 15_000 + ((i * 7919) % 100),
  'ever faster': (i) => Math.max(1000, 30_000 - i * 40),
  'ever slower': (i) => 1000 + i * 50,
  '1 min': () => 60_000,
}

test('the chunks of each series', { timeout: 60_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-interop-'))
  const flags = [
    '--web.enable-remote-write-receiver',
    '--web.enable-admin-api',
    '--enable-feature=native-histograms',
  ]
  const prometheus = await startPrometheus({ dataDir: join(dir, 'theirs'), flags })
  const ours = await open({ dir: join(dir, 'ours'), disk: nodeDisk(), now: Date.now })
  try {
    const start = Date.now() - SPAN_MS - 60_000
    const series = Object.entries(KINDS).flatMap(([kind, sample]) =>
      Object.entries(STEPS).map(([step, next]) => ({
        labels: Labels.fromObject({ __name__: 'm', kind, step }),
        sample,
        next,
        t: start,
        i: 0,
      })),
    )
    for (let end = start + SLICE_MS; end <= start + SPAN_MS; end += SLICE_MS) {
      const batch = series.map((one) => {
        const [t, v, h]: [number[], number[], (Histogram | undefined)[]] = [[], [], []]
        for (; one.t < end; one.t += one.next(one.i)) {
          const sample = one.sample(one.i++)
          t.push(one.t)
          v.push(sample.v ?? NaN)
          h.push(sample.h)
        }
        return { labels: one.labels, t, v, h }
      })
      const { status } = await fetch(`${prometheus.url}/api/v1/write`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
        body: Buffer.from(encodeWriteRequest({ series: batch })),
      })
      expect(status).toBe(204)
      const appender = ours.appender()
      for (const { labels, t, v, h } of batch) {
        const ref = appender.series(labels)
        for (let i = 0; i < t.length; i++) {
          const one = h[i]
          if (one === undefined) appender.append(ref, t[i], v[i])
          else appender.appendHistogram(ref, t[i], one)
        }
      }
      appender.commit()
    }
    const answer = await fetch(`${prometheus.url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' })
    const { data } = JSON.parse(await answer.text()) as { data: { name: string } }
    const theirs = chunksIn(join(dir, 'theirs/snapshots', data.name))
    const name = await ours.snapshot({ skipHead: false })
    expect(chunksIn(join(dir, 'ours/snapshots', name))).toEqual(theirs)
    expect(theirs.length).toBe(series.length)
  } finally {
    await prometheus.kill()
    await ours.close()
    rmSync(dir, { recursive: true })
  }
})

/** By series, the chunks in the blocks of a folder: bounds and how many samples and bytes. */
function chunksIn(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const block = Block.open(nodeDisk(), join(dir, name))
    const lines = [...block.allSeries()].map(({ labels, chunks }) =>
      [
        labels.toString(),
        ...chunks.map(
          ({ minT, maxT, data }) => `${minT}-${maxT}:${data[0] * 256 + data[1]}:${data.length}`,
        ),
      ].join(' '),
    )
    block.close()
    return lines
  })
}
