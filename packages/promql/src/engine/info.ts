/**
 * info(): adds to each series the labels of the info series (`target_info`, …) with the same
 * `instance` and `job`. Of several with one name the one with the newest sample counts.
 */
import { type Labels, METRIC_NAME, type Matcher } from '@vigie/model'
import type { Call } from '../syntax/ast.ts'
import { type Evaluation, collect, emitAll } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { dataMatchers, infoNameMatchers } from './info-selector.ts'
import { executionError } from './query-error.ts'
import { Columns, type Sink, dropHistograms, newRow } from './row.ts'
import { selectVector } from './selector.ts'

const IDENTIFYING: ReadonlySet<string> = new Set(['instance', 'job'])

/** No info series at a step. */
const NONE = -1

export async function callInfo(ev: Evaluation, call: Call, grid: Grid, sink: Sink): Promise<void> {
  const { context } = ev
  const before = context.held
  const base = await collect(ev, call.args[0], grid)
  const isInfo = infoTest(infoNameMatchers(call))
  const plain = base.labels.filter((labels) => !isInfo(labels))
  const infos = await collectInfos(ev, call, grid, plain)
  const newest = newestInfos(infos, base, grid)
  const names = [...new Set(infos.labels.map((labels) => labels.metricName))].sort()
  const enrich = enricher(dataMatchers(call))
  const merged = new Columns(grid.count, context.cellsMax)
  const row = newRow(0)
  for (let i = 0; i < base.length; i++) {
    const labels = base.labels[i]
    if (isInfo(labels)) {
      merged.merge(base.read(i, row))
      continue
    }
    const found = names.map((name) => newest.get(signature(name, labels)))
    const at = i * grid.count
    const present = base.has.slice(at, at + grid.count)
    for (const [key, steps] of stepsByInfos(found, present)) {
      const chosen = key === '' ? [] : key.split(',').map((index) => infos.labels[Number(index)])
      const enriched = enrich(labels, chosen)
      if (enriched === undefined) continue
      base.has.fill(0, at, at + grid.count)
      for (const step of steps) base.has[at + step] = 1
      base.read(i, row).labels = enriched
      merged.merge(row)
    }
    const wait = context.tick()
    if (wait !== undefined) await wait
  }
  context.release(before, merged.sampleCount)
  await emitAll(merged, sink, context)
}

/** Series that are info series themselves stay as they are. */
const infoTest =
  (names: readonly Matcher[]): ((labels: Labels) => boolean) =>
  (labels) =>
    names.every((matcher) => matcher.matches(labels.metricName))

/** The info series of `plain`; their values are the times of their samples. */
async function collectInfos(
  ev: Evaluation,
  call: Call,
  grid: Grid,
  plain: readonly Labels[],
): Promise<Columns> {
  const columns = new Columns(grid.count, ev.context.cellsMax)
  const wanted = new Map<string, Set<string>>()
  for (const name of IDENTIFYING) {
    const values = new Set(plain.map((labels) => labels.get(name)).filter((value) => value !== ''))
    if (values.size > 0) wanted.set(name, values)
  }
  if (wanted.size === 0) return columns
  const keep: Sink = (row) => {
    for (const [name, values] of wanted) if (!values.has(row.labels.get(name))) return
    if (row.h !== undefined && dropHistograms(row, grid.count)) {
      const text = row.labels.toString()
      throw executionError(`this should be an info metric, with float samples: ${text}`)
    }
    columns.append(row)
  }
  await selectVector(ev, ev.plan.infos.get(call)!, grid, keep, 'time')
  return columns
}

const signature = (name: string, labels: Labels): string =>
  `${name}\xff${labels.keep(IDENTIFYING).key}`

/** By signature, the index of the info series with the newest sample at each step. */
function newestInfos(infos: Columns, base: Columns, { count }: Grid): Map<string, Int32Array> {
  const newest = new Map<string, Int32Array>()
  const { v, has, labels } = infos
  const isLive = presentSteps(base, count)
  for (const [index, one] of labels.entries()) {
    const key = signature(one.metricName, one)
    let best = newest.get(key)
    if (best === undefined) newest.set(key, (best = new Int32Array(count).fill(NONE)))
    for (let step = 0; step < count; step++) {
      const cell = index * count + step
      if (has[cell] === 0) continue
      const other = best[step]
      const otherTime = other === NONE ? -Infinity : v[other * count + step]
      if (otherTime === v[cell] && isLive[step] === 1) {
        const at = Math.round(otherTime * 1000)
        throw executionError(
          `found duplicate series for info metric: existing ${labels[other].toString()} @ ${at}, new ${one.toString()} @ ${at}`,
        )
      }
      if (v[cell] > otherTime) best[step] = index
    }
  }
  return newest
}

function presentSteps({ has, length }: Columns, count: number): Uint8Array {
  const present = new Uint8Array(count)
  for (let i = 0; i < length * count; i++) present[i % count] |= has[i]
  return present
}

/** Steps with a sample, by the info series found there (their indexes, joined by commas). */
function stepsByInfos(
  found: readonly (Int32Array | undefined)[],
  present: Uint8Array,
): Map<string, number[]> {
  const byKey = new Map<string, number[]>()
  for (let step = 0; step < present.length; step++) {
    if (present[step] === 0) continue
    const indexes: number[] = []
    for (const one of found) if (one !== undefined && one[step] !== NONE) indexes.push(one[step])
    const key = indexes.join(',')
    const steps = byKey.get(key)
    if (steps === undefined) byKey.set(key, [step])
    else steps.push(step)
  }
  return byKey
}

/** The labels of a series with those of its info series; undefined when it is to be left out. */
function enricher(
  matchers: readonly Matcher[],
): (labels: Labels, infos: readonly Labels[]) => Labels | undefined {
  const names = new Set(matchers.map(({ name }) => name))
  const allowsNone = matchers.every((matcher) => matcher.matchesEmpty)
  return (labels, infos) => {
    if (infos.length === 0) return allowsNone ? labels : undefined
    const added = new Map<string, string>()
    for (const info of infos) {
      for (const [name, value] of info) {
        if (name === METRIC_NAME || (names.size > 0 && !names.has(name))) continue
        const known = added.get(name)
        if (known !== undefined && known !== value)
          throw executionError(`conflicting label: ${name}`)
        if (!labels.has(name)) added.set(name, value)
      }
    }
    let enriched = labels
    for (const [name, value] of added) enriched = enriched.with(name, value)
    return enriched
  }
}
