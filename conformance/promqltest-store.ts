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
  hasHistograms: boolean
  hasStartTimes: boolean
}

export class TestStore implements Queryable {
  #series = new Map<string, Stored>()

  clear(): void {
    this.#series = new Map()
  }

  load({ series, stepMs, withNhcb }: LoadCommand): void {
    for (const { labels, values, hasHistograms, hasStartTimes } of series) {
      const stored = this.#stored(labels)
      stored.hasHistograms ||= hasHistograms
      stored.hasStartTimes ||= hasStartTimes
      if (withNhcb && labels.has('le')) this.#nhcb(labels)
      for (const [i, v] of values.entries()) if (v !== undefined) stored.samples.set(i * stepMs, v)
      stored.t = Float64Array.from(stored.samples.keys()).sort()
      stored.v = new Float64Array(stored.t.length)
      for (const [i, t] of stored.t.entries()) {
        const value = stored.samples.get(t)!
        stored.v[i] = value === 'stale' ? STALE_NAN : value
      }
    }
  }

  #stored(labels: Labels): Stored {
    let stored = this.#series.get(labels.key)
    if (stored === undefined) {
      stored = {
        labels,
        samples: new Map(),
        t: new Float64Array(0),
        v: new Float64Array(0),
        hasHistograms: false,
        hasStartTimes: false,
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

  /** What makes a query over these matchers depend on more than floats. */
  traits(matchers: readonly Matcher[]): { hasHistograms: boolean; hasStartTimes: boolean } {
    const matching = this.#matching(matchers)
    return {
      hasHistograms: matching.some((one) => one.hasHistograms),
      hasStartTimes: matching.some((one) => one.hasStartTimes),
    }
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
        const { t, v } = found[index]
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
