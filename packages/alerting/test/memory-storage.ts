/** The smallest storage that keeps Storage's contract: arrays in memory, for tests. */
import {
  APPENDED,
  DUPLICATE,
  type AppendResult,
  type Appender,
  type LabelQuery,
  Labels,
  type Matcher,
  OUT_OF_ORDER,
  type SampleColumns,
  type SeriesSet,
  type Storage,
  matchesAll,
} from '@vigie/model'

interface Series {
  labels: Labels
  t: number[]
  v: number[]
}

export class MemoryStorage implements Storage {
  readonly #series: Series[] = []
  readonly #byKey = new Map<string, number>()

  appender(): Appender {
    const batch: { ref: number; t: number; v: number }[] = []
    return {
      series: (labels) => this.#ref(labels),
      append: (ref, t, v): AppendResult => {
        const last = this.#series[ref - 1].t.at(-1) ?? -Infinity
        if (t < last) return OUT_OF_ORDER
        if (t === last) return DUPLICATE
        batch.push({ ref, t, v })
        return APPENDED
      },
      appendHistogram: () => {
        throw new Error('this storage takes floats only')
      },
      commit: () => {
        for (const { ref, t, v } of batch.splice(0)) {
          this.#series[ref - 1].t.push(t)
          this.#series[ref - 1].v.push(v)
        }
      },
      rollback: () => {
        batch.length = 0
      },
    }
  }

  #ref(labels: Labels): number {
    let ref = this.#byKey.get(labels.key)
    if (ref === undefined) {
      ref = this.#series.push({ labels, t: [], v: [] })
      this.#byKey.set(labels.key, ref)
    }
    return ref
  }

  /** One sample, by the metric's notation `name,label=value`. */
  write(name: string, timeMs: number, v: number): void {
    const [metric, ...rest] = name.split(',')
    const labels = Labels.fromPairs(['__name__', metric, ...rest.flatMap((one) => one.split('='))])
    const appender = this.appender()
    appender.append(appender.series(labels), timeMs, v)
    appender.commit()
  }

  /** `name{…} value@seconds …` of every series of a metric, for comparing. */
  dump(metric: string): string[] {
    return this.#series
      .filter((one) => one.labels.metricName === metric)
      .map(
        (one) =>
          `${one.labels.toString()} ${one.v.map((v, i) => `${v}@${one.t[i] / 1000}`).join(' ')}`,
      )
  }

  select(matchers: readonly Matcher[], minT: number, maxT: number): SeriesSet {
    const found = this.#series.filter(
      (one) =>
        one.t.length > 0 &&
        one.t[0] <= maxT &&
        one.t[one.t.length - 1] >= minT &&
        matchesAll(matchers, one.labels),
    )
    return {
      count: found.length,
      labels: (index) => found[index].labels,
      samples: (index, from, to, out: SampleColumns) => {
        out.length = 0
        const { t, v } = found[index]
        let first = t.length
        while (first > 0 && t[first - 1] >= from) first--
        for (let i = first; i < t.length && t[i] <= to; i++) out.push(t[i], v[i])
      },
    }
  }

  labelNames(_query: LabelQuery): string[] {
    return [...new Set(this.#series.flatMap((one) => [...one.labels].map(([name]) => name)))].sort()
  }

  labelValues(name: string, _query: LabelQuery): string[] {
    return [...new Set(this.#series.map((one) => one.labels.get(name)))].filter(Boolean).sort()
  }
}
