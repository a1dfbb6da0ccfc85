/** The store of the query tests: the series of the last `load` commands, all in memory. */
import {
  type Labels,
  type Matcher,
  type Queryable,
  STALE_NAN,
  type SampleColumns,
  type SeriesSet,
  matchesAll,
} from '@vigie/model'
import type { LoadCommand } from './promqltest-script.ts'

interface Stored {
  labels: Labels
  samples: Map<number, number | 'stale'>
  t: Float64Array
  v: Float64Array
  /** Start timestamps of the samples, 0 for none; undefined when no sample has one. */
  st: Float64Array | undefined
  starts: Map<number, number>
  hasHistograms: boolean
}

export class TestStore implements Queryable {
  #series = new Map<string, Stored>()

  clear(): void {
    this.#series = new Map()
  }

  load({ series, stepMs, withNhcb }: LoadCommand): void {
    for (const { labels, values, hasHistograms, starts } of series) {
      const stored = this.#stored(labels)
      stored.hasHistograms ||= hasHistograms
      for (const [i, start] of starts.entries())
        if (start !== undefined) stored.starts.set(i * stepMs, i * stepMs + start)
      if (withNhcb && labels.has('le')) this.#nhcb(labels)
      for (const [i, v] of values.entries()) if (v !== undefined) stored.samples.set(i * stepMs, v)
      stored.t = Float64Array.from(stored.samples.keys()).sort()
      stored.v = new Float64Array(stored.t.length)
      for (const [i, t] of stored.t.entries()) {
        const value = stored.samples.get(t)!
        stored.v[i] = value === 'stale' ? STALE_NAN : value
      }
      if (stored.starts.size > 0) stored.st = stored.t.map((t) => stored.starts.get(t) ?? 0)
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
        hasHistograms: false,
      }
      this.#series.set(labels.key, stored)
    }
    return stored
  }

  /** The native histogram that would be made of a classic one: only that it is there. */
  #nhcb(labels: Labels): void {
    const name = labels.metricName.replace(/_bucket$/, '')
    this.#stored(labels.without('le').with('__name__', name)).hasHistograms = true
  }

  /** Whether a query over these matchers meets more than floats. */
  hasHistograms(matchers: readonly Matcher[]): boolean {
    return this.#matching(matchers).some((one) => one.hasHistograms)
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
        const { t, v, st } = found[index]
        if (st !== undefined) out.st = st.filter((_start, i) => t[i] >= from && t[i] <= to)
        for (let i = 0; i < t.length; i++) if (t[i] >= from && t[i] <= to) out.push(t[i], v[i])
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
