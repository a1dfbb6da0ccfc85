/**
 * A data directory of Prometheus 3.5: a WAL left by `kill -9`, whose every sample (as
 * `promtool tsdb dump` printed them) must be there, and nothing else. Native histograms are not stored;
 * they are counted beside.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Matcher, SampleColumns } from '@vigie/model'
import { type Tsdb, nodeDisk, openTsdb } from '@vigie/tsdb'
import type { SuiteResult } from './suite.ts'

const CRASH_DIR = 'tsdb/wal-crash-3.5'

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const want = readDump(join(vectorsDir, CRASH_DIR, 'expected-dump.prom.gz'))
  const dir = mkdtempSync(join(tmpdir(), 'vigie-conformance-'))
  try {
    // Replay writes a new segment, and the vectors are not ours to write to.
    cpSync(join(vectorsDir, CRASH_DIR, 'data'), dir, { recursive: true })
    for (const name of readdirSync(dir)) if (name === 'lock') rmSync(join(dir, name))
    const tsdb = await open(dir)
    const got = dump(tsdb)
    await tsdb.close()
    return {
      ...compare(got, want.floats),
      beside: [{ suite: 'native histograms', passed: 0, total: want.histograms }],
    }
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

interface Dump {
  /** `series` → `value timestamp`, in the order of time. */
  floats: Map<string, string[]>
  histograms: number
}

const LINE = /^(\{.*\}) (\{.*\}|\S+) (-?\d+)$/

function readDump(path: string): Dump {
  const floats = new Map<string, string[]>()
  let histograms = 0
  for (const line of gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n')) {
    const match = LINE.exec(line)
    if (match === null) throw new Error(`cannot read ${path}: line ${JSON.stringify(line)}`)
    const [, series, value, t] = match
    if (value.startsWith('{')) {
      histograms++
      continue
    }
    const sample = `${Number(value.replace('Inf', 'Infinity'))} ${t}`
    const samples = floats.get(series)
    if (samples === undefined) floats.set(series, [sample])
    else samples.push(sample)
  }
  return { floats, histograms }
}

function dump(tsdb: Tsdb): Map<string, string[]> {
  const out = new Map<string, string[]>()
  const all = tsdb.select([new Matcher('=~', '__name__', '.*')], -Infinity, Infinity)
  const columns = new SampleColumns()
  for (let i = 0; i < all.count; i++) {
    all.samples(i, -Infinity, Infinity, columns)
    const samples: string[] = []
    for (let j = 0; j < columns.length; j++) samples.push(`${columns.v[j]} ${columns.t[j]}`)
    const labels = [...all.labels(i)].map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    out.set(`{${labels.join(', ')}}`, samples)
  }
  return out
}

/** One case a sample of the dump, and one a series that should not be there. */
function compare(got: Map<string, string[]>, want: Map<string, string[]>): SuiteResult {
  const failures: SuiteResult['failures'] = []
  let total = 0
  for (const [series, samples] of want) {
    const ours = new Set(got.get(series))
    total += samples.length
    for (const sample of samples)
      if (!ours.delete(sample)) failures.push({ name: series, reason: `${sample} is missing` })
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
