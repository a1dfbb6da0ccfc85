/** Series in memory, for tests: given in the notation of Prometheus's unit tests. */
import {
  type Histogram,
  type Labels,
  type Matcher,
  type Queryable,
  STALE_NAN,
  SampleColumns,
  type SeriesSet,
  matchesAll,
} from '@vigie/model'
import { type SeriesValue, parseSeries } from '../src/syntax/series.ts'

export interface MemorySeries {
  labels: Labels
  t: Float64Array
  v: Float64Array
  h?: (Histogram | undefined)[] | undefined
}

/** One line per series; sample i is at i x `stepMs`. */
export function memory(lines: string, stepMs: number): Memory {
  const series = lines.split('\n').flatMap((line) => {
    if (line.trim() === '') return []
    const { labels, values } = parseSeries(line.trim())
    return [
      seriesOf(
        labels,
        values.map((value, i) => [i * stepMs, value] as const),
      ),
    ]
  })
  return new Memory(series)
}

/** Typed arrays: they keep the bits of stale markers. */
export function seriesOf(
  labels: Labels,
  samples: readonly (readonly [t: number, value: SeriesValue])[],
): MemorySeries {
  const columns = new SampleColumns()
  for (const [t, value] of samples) {
    if (value === undefined) continue
    if (typeof value === 'object') {
      columns.pushHistogram(t, value)
      continue
    }
    columns.push(t, 0)
    columns.v[columns.length - 1] = value === 'stale' ? STALE_NAN : value
  }
  const { t, v, h, length } = columns
  return { labels, t: t.slice(0, length), v: v.slice(0, length), h }
}

export class Memory implements Queryable {
  readonly series: readonly MemorySeries[]
  /** How often it was asked for series. */
  selectCount = 0

  constructor(series: readonly MemorySeries[]) {
    this.series = series
  }

  select(matchers: readonly Matcher[]): SeriesSet {
    this.selectCount++
    const found = this.series.filter(({ labels }) => matchesAll(matchers, labels))
    return {
      count: found.length,
      labels: (index) => found[index].labels,
      samples: (index, minT, maxT, out) => {
        const { t, v, h } = found[index]
        const from = firstAfter(t, minT - 1)
        const to = firstAfter(t, maxT)
        out.length = 0
        out.reserve(to - from)
        out.t.set(t.subarray(from, to))
        out.v.set(v.subarray(from, to))
        out.length = to - from
        out.h = h?.slice(from, to)
      },
    }
  }

  labelNames(): string[] {
    throw new Error('queries do not ask for names')
  }

  labelValues(): string[] {
    throw new Error('queries do not ask for values')
  }
}

/** Index of the first of the rising times that is greater than `limit`. */
function firstAfter(t: Float64Array, limit: number): number {
  let low = 0
  let high = t.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (t[middle] <= limit) low = middle + 1
    else high = middle
  }
  return low
}
