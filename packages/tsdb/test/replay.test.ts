/** A long log is read by two threads: the same samples, and the same end where it is broken. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeHistogram } from '@vigie/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeDisk } from '../src/disk.ts'
import { HeadStore } from '../src/head-store.ts'
import { parseLabels, recordingLog } from './notation.ts'

const WORKER = new URL('../dist/blocks/worker.js', import.meta.url)
const SERIES = 1000
const SCRAPES = 900

const dir = mkdtempSync(join(tmpdir(), 'vigie-replay-'))
const segment = join(dir, 'wal/00000000')
const log = recordingLog()

const open = (blockWorkerUrl?: URL): Promise<HeadStore> =>
  HeadStore.open({
    dir,
    disk: nodeDisk(),
    now: () => 1e12,
    log,
    walCompression: 'none',
    ...(blockWorkerUrl !== undefined && { blockWorkerUrl }),
  })

/** Every series as a block would have it, in a few bytes. */
function digest(store: HeadStore): string[] {
  return [...store.blockSeries(-Infinity, Infinity)].map(({ labels, chunks }) => {
    const sum = chunks.flatMap(({ data }) => [...data]).reduce((a, b) => (a * 31 + b) | 0, 0)
    return `${labels.toString()} ${chunks.length} ${sum}`
  })
}

beforeAll(async () => {
  const store = await open()
  for (let n = 0; n < SCRAPES; n++) {
    const appender = store.appender()
    for (let i = 0; i < SERIES; i++) {
      // Series that come later, and one of histograms.
      if (i > SERIES / 2 + n) break
      const ref = appender.series(parseLabels(`m{i="${i}"}`))
      if (i === 7)
        appender.appendHistogram(
          ref,
          n * 1000,
          makeHistogram({ isInteger: true, count: n, sum: n, zeroCount: n }),
        )
      else appender.append(ref, n * 1000 + i, Math.sqrt(n * i))
    }
    appender.commit()
  }
  store.close()
})
afterAll(() => rmSync(dir, { recursive: true }))

/** What one thread and two threads make of the same file. */
async function both(): Promise<[string[], string[], number[]]> {
  const bytes = readFileSync(segment)
  expect(bytes.length).toBeGreaterThan(8 << 20)
  const alone = await open()
  const want = digest(alone)
  const corruptions = [alone.wal.corruptions]
  alone.close()
  writeFileSync(segment, bytes)
  const together = await open(WORKER)
  corruptions.push(together.wal.corruptions)
  const got = digest(together)
  together.close()
  return [got, want, corruptions]
}

test('two threads read what one reads', async () => {
  const [got, want, corruptions] = await both()
  expect(got).toEqual(want)
  expect(got.length).toBe(SERIES)
  expect(corruptions).toEqual([0, 0])
})

test('they stop at the same place of a broken log', async () => {
  const bytes = readFileSync(segment)
  bytes[Math.floor(bytes.length * 0.99)] ^= 1
  writeFileSync(segment, bytes)
  const [got, want, corruptions] = await both()
  expect(corruptions).toEqual([1, 1])
  expect(got).toEqual(want)
  // What cannot be read is cut off.
  expect(readFileSync(segment).length).toBeLessThan(bytes.length)
})
