/** `load_with_nhcb`: native histograms with custom buckets, made of classic ones. */
import {
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  type Labels,
  METRIC_NAME,
  makeHistogram,
} from '@vigie/model'
import type { LoadCommand } from './promqltest-script.ts'

/** One classic histogram at one time. */
interface Classic {
  /** Cumulative counts by bound. */
  buckets: Map<number, number>
  count: number | undefined
  sum: number
}

interface Native {
  labels: Labels
  samples: Map<number, Histogram>
}

export function nativeOf(series: LoadCommand['series'], stepMs: number): Native[] {
  const byKey = new Map<string, { labels: Labels; byTime: Map<number, Classic> }>()
  for (const { labels, values } of series) {
    const match = /^(.*)_(bucket|count|sum)$/.exec(labels.metricName)
    if (match === null) continue
    const bound = Number(labels.get('le').replace(/^([+-]?)inf$/i, '$1Infinity'))
    if (match[2] === 'bucket' && (!labels.has('le') || Number.isNaN(bound))) continue
    const base = labels.without('le').with(METRIC_NAME, match[1])
    let found = byKey.get(base.key)
    if (found === undefined) byKey.set(base.key, (found = { labels: base, byTime: new Map() }))
    for (const [i, value] of values.entries()) {
      if (typeof value !== 'number') continue
      let classic = found.byTime.get(i * stepMs)
      if (classic === undefined) {
        classic = { buckets: new Map(), count: undefined, sum: 0 }
        found.byTime.set(i * stepMs, classic)
      }
      if (match[2] === 'bucket') classic.buckets.set(bound, value)
      else if (match[2] === 'count') classic.count = value
      else classic.sum = value
    }
  }
  return Array.from(byKey.values(), ({ labels, byTime }) => ({
    labels,
    samples: new Map(Array.from(byTime, ([t, classic]) => [t, converted(classic)])),
  }))
}

function converted({ buckets, count, sum }: Classic): Histogram {
  const bounds = [...buckets.keys()].sort((a, b) => a - b)
  if (bounds.at(-1) !== Infinity) {
    buckets.set(Infinity, count ?? buckets.get(bounds.at(-1) ?? NaN) ?? 0)
    bounds.push(Infinity)
  }
  let below = 0
  const counts = bounds.map((bound) => {
    const own = buckets.get(bound)! - below
    below += own
    return own
  })
  return makeHistogram({
    schema: CUSTOM_BUCKETS_SCHEMA,
    count: count ?? below,
    sum,
    positiveSpans: Int32Array.of(0, counts.length),
    positiveCounts: Float64Array.from(counts),
    customBounds: Float64Array.from(bounds.slice(0, -1)),
  })
}
