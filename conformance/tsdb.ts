/**
 * A data directory of Prometheus 3.5: a WAL left by `kill -9`, whose every sample (as
 * `promtool tsdb dump` printed them) must be there, and nothing else. The dump leaves out the first two
 * histograms of each series, which the log holds and the server itself answers with: they may be there.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Matcher, SampleColumns } from '@vigie/model'
import { formatShortest, histogramText } from '@vigie/promql'
import { type Tsdb, nodeDisk, openTsdb } from '@vigie/tsdb'
import type { SuiteResult } from './suite.ts'
import { goldenBlock, oldBlocks } from './tsdb-blocks.ts'

const CRASH_DIR = 'tsdb/wal-crash-3.5'

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const results = [
    await crashedLog(vectorsDir),
    await goldenBlock(vectorsDir),
    oldBlocks(vectorsDir),
  ]
  return {
    suite: 'tsdb',
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    total: results.reduce((sum, { total }) => sum + total, 0),
    failures: results.flatMap(({ failures }) => failures),
  }
}

async function crashedLog(vectorsDir: string): Promise<SuiteResult> {
  const want = readDump(join(vectorsDir, CRASH_DIR, 'expected-dump.prom.gz'))
  const dir = mkdtempSync(join(tmpdir(), 'vigie-conformance-'))
  try {
    // Replay writes a new segment, and the vectors are not ours to write to.
    cpSync(join(vectorsDir, CRASH_DIR, 'data'), dir, { recursive: true })
    for (const name of readdirSync(dir)) if (name === 'lock') rmSync(join(dir, name))
    const tsdb = await open(dir)
    const got = dump(tsdb)
    await tsdb.close()
    return compare(got, want)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const open = (dir: string): Promise<Tsdb> =>
  openTsdb({
    dir,
    disk: nodeDisk(),
    now: Date.now,
    log: { debug() {}, info() {}, warn: console.error, error: console.error },
  })

/** `series` → `value timestamp`, in the order of time. */
type Dump = Map<string, string[]>

const LINE = /^(\{.*\}) (\{.*\}|\S+) (-?\d+)$/

function readDump(path: string): Dump {
  const dump: Dump = new Map()
  for (const line of gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n')) {
    const match = LINE.exec(line)
    if (match === null) throw new Error(`cannot read ${path}: line ${JSON.stringify(line)}`)
    const [, series, value, t] = match
    const sample = `${value} ${t}`
    const samples = dump.get(series)
    if (samples === undefined) dump.set(series, [sample])
    else samples.push(sample)
  }
  return dump
}

function dump(tsdb: Tsdb): Dump {
  const out: Dump = new Map()
  const all = tsdb.select([new Matcher('=~', '__name__', '.*')], -Infinity, Infinity)
  const columns = new SampleColumns()
  for (let i = 0; i < all.count; i++) {
    all.samples(i, -Infinity, Infinity, columns)
    const samples: string[] = []
    for (let j = 0; j < columns.length; j++) {
      const h = columns.h?.[j]
      const value = h === undefined ? formatShortest(columns.v[j]) : histogramText(h)
      samples.push(`${value} ${columns.t[j]}`)
    }
    const labels = [...all.labels(i)].map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    out.set(`{${labels.join(', ')}}`, samples)
  }
  return out
}

/** One case a sample of the dump, and one a series that should not be there. */
function compare(got: Dump, want: Dump): SuiteResult {
  const failures: SuiteResult['failures'] = []
  let total = 0
  for (const [series, samples] of want) {
    const ours = new Set(got.get(series))
    total += samples.length
    for (const sample of samples)
      if (!ours.delete(sample)) failures.push({ name: series, reason: `${sample} is missing` })
    const unprinted = [...ours].slice(0, 2).filter((sample) => isUnprinted(sample, samples))
    for (const sample of unprinted) ours.delete(sample)
    for (const sample of ours) {
      total++
      failures.push({ name: series, reason: `${sample} is too much` })
    }
  }
  for (const series of got.keys()) {
    if (want.has(series)) continue
    total++
    failures.push({ name: series, reason: 'is too much' })
  }
  return { suite: 'tsdb', passed: total - failures.length, total, failures }
}

/** Whether the dump leaves a sample out: a histogram before all it printed of the series. */
const isUnprinted = (sample: string, printed: readonly string[]): boolean =>
  sample.startsWith('{') && timeOf(sample) < timeOf(printed[0])

const timeOf = (sample: string): number => Number(sample.slice(sample.lastIndexOf(' ')))
