/**
 * Blocks that others wrote, read in place: one of Prometheus 3.5 with the samples of `promql/compliance`
 * and nothing else, and two of its first days.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Labels, Matcher, SampleColumns, type SeriesSet } from '@vigie/model'
import { Block, CorruptBlockError, ReadOnlyTsdb, nodeDisk } from '@vigie/tsdb'
import { parseLabels } from '@vigie/promql/syntax'
import type { SuiteResult } from './suite.ts'

const log = { debug() {}, info() {}, warn: console.error, error: console.error }

export async function goldenBlock(vectorsDir: string): Promise<SuiteResult> {
  const path = join(vectorsDir, 'promql', 'compliance', 'data.om.gz')
  const want = readText(gunzipSync(readFileSync(path)).toString())
  const dir = join(vectorsDir, 'tsdb', 'golden-block-3.5')
  const tsdb = await ReadOnlyTsdb.open({ dir, disk: nodeDisk(), log, now: Date.now })
  try {
    const all = tsdb.select([new Matcher('=~', '__name__', '.*')], -Infinity, Infinity)
    return compare('golden block', samplesOf(all), want)
  } finally {
    tsdb.close()
  }
}

/** `t v`, by series. */
type Samples = Map<string, string[]>

function readText(text: string): Samples {
  const out: Samples = new Map()
  const keys = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, series, value, seconds] = /^([^#].*) (\S+) (\S+)$/.exec(line) ?? []
    if (series === undefined) continue
    let key = keys.get(series)
    if (key === undefined) keys.set(series, (key = parseLabels(series).key))
    const t = Math.round(Number(seconds) * 1000)
    add(out, key, `${t} ${Number(value.replace('Inf', 'Infinity'))}`)
  }
  return out
}

function samplesOf(set: SeriesSet): Samples {
  const out: Samples = new Map()
  const columns = new SampleColumns()
  for (let i = 0; i < set.count; i++) {
    set.samples(i, -Infinity, Infinity, columns)
    const { key } = set.labels(i)
    for (let k = 0; k < columns.length; k++) add(out, key, `${columns.t[k]} ${columns.v[k]}`)
  }
  return out
}

function add(samples: Samples, key: string, sample: string): void {
  const list = samples.get(key)
  if (list === undefined) samples.set(key, [sample])
  else list.push(sample)
}

/** A case each sample that is wanted, and each that is too much. */
function compare(name: string, got: Samples, want: Samples): SuiteResult {
  const failures: SuiteResult['failures'] = []
  let total = 0
  for (const key of new Set([...want.keys(), ...got.keys()])) {
    const wanted = want.get(key) ?? []
    const ours = new Set(got.get(key))
    total += wanted.length
    for (const sample of wanted)
      if (!ours.delete(sample)) failures.push({ name, reason: `${key}: ${sample} is missing` })
    total += ours.size
    for (const sample of ours) failures.push({ name, reason: `${key}: ${sample} is too much` })
  }
  return { suite: name, passed: total - failures.length, total, failures }
}

/** An index of version 1 is read; a block of the version before it is refused. */
export function oldBlocks(vectorsDir: string): SuiteResult {
  const dir = join(vectorsDir, 'tsdb', 'prom-testdata')
  const block = Block.open(nodeDisk(), join(dir, 'index_format_v1'))
  const all = [new Matcher('=~', '__name__', '.*')]
  const got = samplesOf(block.select(all, -Infinity, Infinity))
  const foo = { minT: 0, maxT: 7_200_000, matchers: [[new Matcher('=', 'foo', 'bar')]] }
  const names = [block.labelNames({ ...foo, matchers: [] }), block.labelNames(foo)]
  block.close()
  const want: Samples = new Map([
    [Labels.fromPairs(['foo', 'bar']).key, ['1 2']],
    [Labels.fromPairs(['foo', 'baz']).key, ['3 4']],
  ])
  for (let i = 0; i < 100; i++) want.set(Labels.fromPairs(['bar', String(i)]).key, ['0 0'])
  const { passed, total, failures } = compare('index_format_v1', got, want)
  const checks: [name: string, isRight: boolean][] = [
    ['label names of index_format_v1', JSON.stringify(names) === '[["bar","foo"],["foo"]]'],
    ['repair_index_version is refused', isRefused(dir)],
  ]
  const wrong = checks.filter(([, isRight]) => !isRight)
  return {
    suite: 'old blocks',
    passed: passed + checks.length - wrong.length,
    total: total + checks.length,
    failures: [...failures, ...wrong.map(([name]) => ({ name, reason: 'differs' }))],
  }
}

function isRefused(dir: string): boolean {
  try {
    Block.open(nodeDisk(), join(dir, 'repair_index_version', '01BZJ9WJQPWHGNC2W4J9TA62KC')).close()
    return false
  } catch (error) {
    return (
      error instanceof CorruptBlockError && error.message.includes('meta file version 2, want 1')
    )
  }
}
