/** The store of the query tests: the series of the last `load` commands, all in memory. */
import {
  COUNTER_RESET,
  GAUGE,
  type Histogram,
  type Labels,
  type Matcher,
  NOT_COUNTER_RESET,
  type Queryable,
  STALE_NAN,
  type SampleColumns,
  type SeriesSet,
  UNKNOWN_RESET,
  matchesAll,
} from '@vigie/model'
import { isReset } from '../packages/promql/src/histogram/compare.ts'
import { nativeOf } from './promqltest-nhcb.ts'
import type { LoadCommand } from './promqltest-script.ts'

interface Stored {
  labels: Labels
  samples: Map<number, Value>
  t: Float64Array
  v: Float64Array
  /** Start timestamps of the samples, 0 for none; undefined when no sample has one. */
  st: Float64Array | undefined
  starts: Map<number, number>
  h: (Histogram | undefined)[] | undefined
}

type Value = number | Histogram | 'stale'

export class TestStore implements Queryable {
  #series = new Map<string, Stored>()

  clear(): void {
    this.#series = new Map()
  }

  load({ series, stepMs, withNhcb }: LoadCommand): void {
    for (const { labels, values, starts } of series) {
      const stored = this.#stored(labels)
      for (const [i, start] of starts.entries())
        if (start !== undefined) stored.starts.set(i * stepMs, i * stepMs + start)
      for (const [i, v] of values.entries()) if (v !== undefined) stored.samples.set(i * stepMs, v)
      settle(stored)
    }
    if (!withNhcb) return
    for (const { labels, samples } of nativeOf(series, stepMs)) {
      const stored = this.#stored(labels)
      for (const [t, h] of samples) stored.samples.set(t, h)
      settle(stored)
    }
  }

  /** One series, its samples in order of time. */
  add(labels: Labels, samples: readonly (readonly [t: number, v: number])[]): void {
    const stored = this.#stored(labels)
    stored.t = Float64Array.from(samples, ([t]) => t)
    stored.v = Float64Array.from(samples, ([, v]) => v)
  }

  #stored(labels: Labels): Stored {
    let stored = this.#series.get(labels.key)
    if (stored === undefined) {
      stored = {
        labels,
        samples: new Map(),
        t: new Float64Array(0),
        v: new Float64Array(0),
        st: undefined,
        starts: new Map(),
        h: undefined,
      }
      this.#series.set(labels.key, stored)
    }
    return stored
  }

  #matching(matchers: readonly Matcher[]): Stored[] {
    return [...this.#series.values()].filter(({ labels }) => matchesAll(matchers, labels))
  }

  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet {
    const found = this.#matching(matchers).filter(
      ({ t }) => t.length > 0 && t[0] <= maxT && t[t.length - 1] >= minT,
    )
    return {
      count: found.length,
      labels: (index) => found[index].labels,
      samples: (index, from, to, out: SampleColumns) => {
        out.clear()
        const { t, v, h, st } = found[index]
        if (st !== undefined) out.st = st.filter((_start, i) => t[i] >= from && t[i] <= to)
        for (let i = 0; i < t.length; i++) {
          if (t[i] < from || t[i] > to) continue
          const one = h?.[i]
          if (one === undefined) out.push(t[i], v[i])
          else out.pushHistogram(t[i], one)
        }
      },
    }
  }

  labelNames(): string[] {
    throw new Error('not needed by queries')
  }

  labelValues(): string[] {
    throw new Error('not needed by queries')
  }
}

/** Makes columns of what was loaded. */
function settle(stored: Stored): void {
  stored.t = Float64Array.from(stored.samples.keys()).sort()
  stored.v = new Float64Array(stored.t.length)
  const h: (Histogram | undefined)[] = []
  let before: Value = NaN
  for (const [i, t] of stored.t.entries()) {
    const value = stored.samples.get(t)!
    if (typeof value === 'object') {
      stored.v[i] = NaN
      h[i] = { ...value, counterResetHint: storedHint(value, before) }
      before = h[i]!
    } else {
      stored.v[i] = value === 'stale' ? STALE_NAN : value
      before = value
    }
  }
  stored.h = h.length > 0 ? h : undefined
  if (stored.starts.size > 0) stored.st = stored.t.map((t) => stored.starts.get(t) ?? 0)
}

/** The hint as it comes out of a storage: within a chunk of a counter there are no resets. */
function storedHint(h: Histogram, before: Value): Histogram['counterResetHint'] {
  if (h.counterResetHint === GAUGE) return GAUGE
  const isNewChunk =
    typeof before !== 'object' ||
    before.counterResetHint === GAUGE ||
    h.counterResetHint === COUNTER_RESET ||
    h.schema !== before.schema ||
    h.zeroThreshold !== before.zeroThreshold ||
    h.customBounds.join() !== before.customBounds.join() ||
    isReset({ ...h, counterResetHint: UNKNOWN_RESET }, before)
  return isNewChunk ? UNKNOWN_RESET : NOT_COUNTER_RESET
}
