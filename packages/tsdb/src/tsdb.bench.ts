/**
 * 10,000 series of 5 targets, 240 samples each: what a sample costs on its way in and out. From source,
 * under vitest, which costs three times what the build does: good for ranking, not for figures.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, Matcher, SampleColumns } from '@vigie/model'
import { bench, describe } from 'vitest'
import { type Tsdb, nodeDisk, openTsdb } from './index.ts'

const TARGETS = 5
const SERIES_PER_TARGET = 2000
const STEP_MS = 15_000

interface Store {
  tsdb: Tsdb
  refs: number[][]
  dir: string
}

let now = 1_795_359_544_542
const log = { debug() {}, info() {}, warn() {}, error() {} }

async function openStore(walCompression: 'none' | 'snappy'): Promise<Store> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  const tsdb = await openTsdb({ dir, disk: nodeDisk(), now: () => now, log, walCompression })
  const appender = tsdb.appender()
  const refs = Array.from({ length: TARGETS }, (_, target) =>
    Array.from({ length: SERIES_PER_TARGET }, (_unused, i) =>
      appender.series(
        Labels.fromObject({
          __name__: `metric_${i % 200}_total`,
          instance: `10.0.0.${target}:9100`,
          job: 'node',
          path: `/api/v1/thing/${Math.floor(i / 200)}`,
        }),
      ),
    ),
  )
  return { tsdb, refs, dir }
}

/** One scrape of every target: a third of the series counts, a tenth of another third jumps. */
function scrapeAll({ tsdb, refs }: Store, round: number): void {
  for (const target of refs) {
    const appender = tsdb.appender()
    for (let i = 0; i < target.length; i++) {
      const jumps = (i + round) % 10 === 0 ? round / 7 : 0
      appender.append(target[i], now, i % 3 === 0 ? round * (i % 97) : i % 3 === 1 ? jumps : 1)
    }
    appender.commit()
  }
}

/** After the measured run, not after the warm-up before it. */
const closeAfter = (store: Store) => async (_task: unknown, mode: 'warmup' | 'run') => {
  if (mode === 'warmup') return
  await store.tsdb.close()
  rmSync(store.dir, { recursive: true })
}

// Hooks such as beforeAll do not run for benchmarks: what they need is made as the file is loaded.
const plain = await openStore('none')
const compressed = await openStore('snappy')
const filled = await openStore('none')
for (let round = 0; round < 240; round++) {
  now += STEP_MS
  scrapeAll(filled, round)
}
let round = 240

describe('10,000 samples appended and committed', () => {
  const step = (store: Store) => (): void => {
    now += STEP_MS
    scrapeAll(store, round++)
  }
  bench('WAL plain', step(plain), { time: 1000, teardown: closeAfter(plain) })
  bench('WAL snappy', step(compressed), { time: 1000, teardown: closeAfter(compressed) })
})

describe('reading', () => {
  const columns = new SampleColumns()
  bench('select 50 of 10,000 series and read 12,000 samples', () => {
    const set = filled.tsdb.select([new Matcher('=', '__name__', 'metric_7_total')], 0, Infinity)
    for (let i = 0; i < set.count; i++) set.samples(i, 0, Infinity, columns)
  })
  bench(
    'select 2,000 of 10,000 series by a regular expression',
    () => {
      filled.tsdb.select([new Matcher('=~', 'instance', '10.0.0.[3].*')], 0, Infinity)
    },
    { teardown: closeAfter(filled) },
  )
})
