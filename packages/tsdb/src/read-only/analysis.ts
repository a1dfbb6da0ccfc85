/** Which names, values and metrics make a block large, and which of them come and go. */
import { METRIC_NAME, compareNames } from '@vigie/model'
import type { NamedCount } from '../cardinality.ts'
import type { SeriesSpan } from '../block/block.ts'

/** Each list is the largest first, equal ones by name. Pairs are `name=value`. */
export interface Analysis {
  series: number
  chunks: number
  /** Distinct names, distinct pairs, and labels of all series. */
  names: number
  pairs: number
  entries: number
  /** Series whose time the block does not cover, in whole ones: what begins or ends within it. */
  churnByPair: NamedCount[]
  churnByName: NamedCount[]
  seriesByPair: NamedCount[]
  /** Bytes of the distinct values. */
  valueBytesByName: NamedCount[]
  valuesByName: NamedCount[]
  seriesByMetric: NamedCount[]
}

interface Pair {
  count: number
  /** Milliseconds of the block that its series do not cover. */
  uncoveredMs: number
}

/** `minT` and `maxT` bound the block, ms. */
export function analyze(
  all: Iterable<SeriesSpan>,
  minT: number,
  maxT: number,
  limit: number,
): Analysis {
  const byName = new Map<string, Map<string, Pair>>()
  let series = 0
  let chunks = 0
  let entries = 0
  for (const span of all) {
    const uncovered = Math.max(0, maxT - minT - (span.maxT - span.minT))
    series++
    chunks += span.chunks
    for (const [name, value] of span.labels) {
      entries++
      let values = byName.get(name)
      if (values === undefined) byName.set(name, (values = new Map()))
      const pair = values.get(value)
      if (pair === undefined) values.set(value, { count: 1, uncoveredMs: uncovered })
      else {
        pair.count++
        pair.uncoveredMs += uncovered
      }
    }
  }
  const names = [...byName].map(([name, values]) => ({ name, values, pairs: [...values] }))
  const pairs = names.flatMap((one) =>
    one.pairs.map(([value, pair]) => ({ name: `${one.name}=${value}`, ...pair })),
  )
  const top = (list: NamedCount[]): NamedCount[] => list.sort(byValue).slice(0, limit)
  const churn = (uncoveredMs: number): number => Math.floor(uncoveredMs / Math.max(1, maxT - minT))
  return {
    series,
    chunks,
    names: names.length,
    pairs: pairs.length,
    entries,
    churnByPair: top(pairs.map(({ name, uncoveredMs }) => ({ name, value: churn(uncoveredMs) }))),
    churnByName: top(
      names.map(({ name, pairs: own }) => ({
        name,
        value: churn(own.reduce((sum, [, { uncoveredMs }]) => sum + uncoveredMs, 0)),
      })),
    ),
    seriesByPair: top(pairs.map(({ name, count }) => ({ name, value: count }))),
    valueBytesByName: top(
      names.map(({ name, pairs: own }) => ({
        name,
        value: own.reduce((sum, [value]) => sum + Buffer.byteLength(value), 0),
      })),
    ),
    valuesByName: top(names.map(({ name, values }) => ({ name, value: values.size }))),
    seriesByMetric: top(
      [...(byName.get(METRIC_NAME) ?? [])].map(([name, { count }]) => ({ name, value: count })),
    ),
  }
}

const byValue = (a: NamedCount, b: NamedCount): number =>
  b.value - a.value || compareNames(a.name, b.name)
