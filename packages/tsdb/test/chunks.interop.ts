/** Histogram chunks that Prometheus made of samples are, byte for byte, what we make of them. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Histogram, Labels } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Peer, startPrometheus } from '../../../interop/peers.ts'
import { HistogramChunk } from '../src/chunk/histogram-writer.ts'
import { parseHistogram } from './histograms.ts'

const START_MS = Date.now() - 3_600_000
const STEP_MS = 5000

const growing = (i: number): string =>
  `z:${i} sum:${i * 1.5} +[${Array.from({ length: 1 + Math.floor(i / 9) }, (_, n) => i * n + 1).join(' ')}]@${-Math.floor(i / 20)} -[${i + 1} _ ${i}]`

/** By name, the samples of one series. */
const CASES: Record<string, string[]> = {
  'one bucket': ['+[1]', '+[2]', '+[3]', '+[9]'],
  'new buckets': ['+[1 2]', '+[1 3 1]', '+[1 3 1]@0 -[4]', '+[1 1 3 2]@-1 -[4 _ _ 1]'],
  'new and gone at once': ['+[1 0 2]@-1', '+[1 _ 2 5] -[1]', '+[1 _ 3 5] -[1 1]'],
  'gone that was used': ['+[1 2 3]', '+[1 _ 9]', '+[2 _ 9]'],
  'fewer in all': ['+[5]', '+[4]', '+[6]'],
  'schemas and thresholds': [
    'schema:1 +[5]',
    'schema:2 +[6]',
    'schema:2 zt:0 +[7]',
    'schema:2 zt:0.3 z:2 +[7]',
    'schema:8 zt:1024 +[8]',
    'schema:-4 zt:0.25 +[9]',
  ],
  gauge: ['gauge +[5 1]', 'gauge +[1]', 'gauge -[2] +[2 _ 7]@-4', 'gauge +[3]@9'],
  'gauge and counter': ['+[5]', '+[6] gauge', '+[7]', '+[8]', 'gauge +[1]', 'gauge +[2]'],
  hints: ['+[5] reset', '+[6]', '+[7] reset', '+[8] not-reset'],
  stale: ['+[5] sum:1.5', 'stale', 'stale', '+[6]', 'stale', 'gauge +[3]', 'stale', 'gauge +[4]'],
  'stale from the start': ['stale', '+[6]'],
  bounds: [
    'schema:-53 zt:0 bounds:0.005,0.1,1,2.5 +[1 2]',
    'schema:-53 zt:0 bounds:0.005,0.1,1,2.5 +[1 2 5]',
    'schema:-53 zt:0 bounds:-5,0.0001,33554.430,33554.431,1e30 +[1 2 _ _ 6]',
  ],
  'large steps': [
    '+[1]',
    '+[5000 3]',
    '+[9000000 4]',
    '+[9000000000 4]',
    '+[9000000001 400000000]',
  ],
  'sums of all kinds': ['+[1] sum:-1.5', '+[2] sum:NaN', '+[3] sum:Infinity', '+[4] sum:-0'],
  'integers and floats': ['+[5]', 'float +[6]', 'float +[6.5]', '+[7]', 'float +[1]'],
  floats: [
    'float +[1.5 2]',
    'float +[1.5 3 1]',
    'float +[1.5 3 1] -[4]',
    'float +[1]',
    'float +[2]',
  ],
  'float gauge': [
    'float gauge +[5 1]',
    'float gauge +[1]',
    'float +[3]',
    'float gauge +[2 _ 7]@-4',
  ],
  'float stale': ['float +[5]', 'float stale', 'float stale', 'float +[6]'],
  'many, growing': Array.from({ length: 200 }, (_, i) => growing(i)),
  'many floats, growing': Array.from({ length: 200 }, (_, i) => `float ${growing(i)}`),
  'many, alike': Array.from({ length: 300 }, (_, i) => `+[${i} ${3 * i}] sum:${i / 7}`),
}

let dir = ''
let prometheus: Peer

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-interop-'))
  prometheus = await startPrometheus({
    dataDir: join(dir, 'data'),
    flags: [
      '--web.enable-remote-write-receiver',
      '--web.enable-admin-api',
      '--enable-feature=native-histograms',
    ],
  })
})
afterAll(async () => {
  await prometheus.kill()
  rmSync(dir, { recursive: true })
})

/** Sends every series' samples, each with the samples of the others at the same time. */
async function send(series: readonly Histogram[][]): Promise<void> {
  const steps = Math.max(...series.map((samples) => samples.length))
  for (let i = 0; i < steps; i++) {
    const body = encodeWriteRequest({
      series: series.flatMap((samples, at) =>
        i < samples.length
          ? {
              labels: Labels.fromObject({ __name__: 'm', at: String(at).padStart(3, '0') }),
              t: [START_MS + i * STEP_MS],
              v: [NaN],
              h: [samples[i]],
            }
          : [],
      ),
    })
    const answer = await fetch(`${prometheus.url}/api/v1/write`, { method: 'POST', body })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  }
}

interface Chunk {
  encoding: number
  bytes: Buffer
}

/** The chunks of the only block of a snapshot, in the order of their series. */
async function snapshotChunks(): Promise<Chunk[]> {
  const url = `${prometheus.url}/api/v1/admin/tsdb/snapshot`
  const answer = await fetch(url, { method: 'POST' })
  const { data } = JSON.parse(await answer.text()) as { data: { name: string } }
  const snapshot = join(dir, 'data/snapshots', data.name)
  const [block] = readdirSync(snapshot)
  const file = readFileSync(join(snapshot, block, 'chunks/000001'))
  const chunks: Chunk[] = []
  for (let at = 8; at < file.length;) {
    let size = 0
    for (let factor = 1, byte = 128; byte >= 128; factor *= 128) {
      byte = file[at++]
      size += (byte & 0x7f) * factor
    }
    chunks.push({ encoding: file[at], bytes: file.subarray(at + 1, at + 1 + size) })
    at += 1 + size + 4
  }
  return chunks
}

/** Our chunks of `samples`, ended where Prometheus ended its own for size or time, by its sample counts. */
function encode(samples: readonly Histogram[], counts: readonly number[]): HistogramChunk[] {
  const chunks: HistogramChunk[] = []
  let chunk: HistogramChunk | undefined
  samples.forEach((h, i) => {
    const t = START_MS + i * STEP_MS
    const isFull = chunk !== undefined && chunk.count === counts[chunks.length - 1]
    const before = chunk
    if (chunk !== undefined && isFull && !startsAnew(chunk, h))
      chunk = HistogramChunk.begin(t, h, chunk)
    else chunk = chunk?.append(t, h) ?? HistogramChunk.begin(t, h)
    if (chunk !== before) chunks.push(chunk)
  })
  return chunks
}

/** Whether `h` begins another chunk for what it is. */
function startsAnew(chunk: HistogramChunk, h: Histogram): boolean {
  const alike = HistogramChunk.begin(0, chunk.last)
  return alike.append(1, h) !== alike
}

/** Ends the chunk before it: the newest one of a series is written anew for a snapshot, without its flags. */
const LAST = 'schema:7 +[1000000]'

test('chunk by chunk', async () => {
  const series = Object.values(CASES).map((texts) => [...texts, LAST].map(parseHistogram))
  await send(series)
  const chunks = await snapshotChunks()
  let at = 0
  Object.keys(CASES).forEach((name, i) => {
    const theirs: Chunk[] = []
    let count = 0
    while (count < series[i].length) {
      count += chunks[at].bytes.readUInt16BE(0)
      theirs.push(chunks[at++])
    }
    const ours = encode(
      series[i],
      theirs.map(({ bytes }) => bytes.readUInt16BE(0)),
    )
    const text = (one: Chunk | HistogramChunk): string =>
      `${one.encoding} ${Buffer.from(one.bytes).toString('hex')}`
    expect(ours.map(text).slice(0, -1), name).toEqual(theirs.map(text).slice(0, -1))
  })
  expect(at).toBe(chunks.length)
})
