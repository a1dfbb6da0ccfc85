/** A storage that keeps everything in maps, so that tests can look at what was committed. */
import {
  APPENDED,
  DUPLICATE,
  OUT_OF_ORDER,
  StorageLimitError,
  UNKNOWN_SERIES,
  isStale,
  type AppendResult,
  type Appender,
  type Exemplar,
  type Histogram,
  type Labels,
  type SeriesRef,
  type SeriesSet,
  type Storage,
} from '@vigie/model'

interface Series {
  labels: Labels
  samples: Sample[]
  exemplars: Exemplar[]
}

interface Sample {
  t: number
  v: number
  h?: Histogram
}

export class RecordingStorage implements Storage {
  readonly series = new Map<SeriesRef, Series>()
  readonly #refs = new Map<string, SeriesRef>()
  #nextRef = 1
  commits = 0
  /** Called after every commit. */
  onCommit: () => void = () => {}

  readonly seriesMax: number

  constructor(seriesMax = Infinity) {
    this.seriesMax = seriesMax
  }

  appender(): Appender {
    const pending: (Sample & { ref: SeriesRef })[] = []
    const exemplars: [SeriesRef, Exemplar][] = []
    return {
      series: (labels) => this.#seriesRef(labels),
      append: (ref, t, v) => this.#check({ ref, t, v }, pending),
      appendHistogram: (ref, t, h) => this.#check({ ref, t, v: NaN, h }, pending),
      appendExemplar: (ref, exemplar) => void exemplars.push([ref, exemplar]),
      commit: () => {
        for (const { ref, ...sample } of pending) this.series.get(ref)!.samples.push(sample)
        for (const [ref, exemplar] of exemplars) this.series.get(ref)?.exemplars.push(exemplar)
        pending.length = exemplars.length = 0
        this.commits++
        this.onCommit()
      },
      rollback: () => {
        pending.length = exemplars.length = 0
      },
    }
  }

  #seriesRef(labels: Labels): SeriesRef {
    let ref = this.#refs.get(labels.key)
    if (ref === undefined) {
      if (this.series.size >= this.seriesMax)
        throw new StorageLimitError('series', `more than ${this.seriesMax} series`)
      ref = this.#nextRef++
      this.#refs.set(labels.key, ref)
      this.series.set(ref, { labels, samples: [], exemplars: [] })
    }
    return ref
  }

  #check(
    sample: Sample & { ref: SeriesRef },
    pending: (Sample & { ref: SeriesRef })[],
  ): AppendResult {
    const { ref, t, v, h } = sample
    const series = this.series.get(ref)
    if (series === undefined) return UNKNOWN_SERIES
    const last = pending.findLast((one) => one.ref === ref) ?? series.samples.at(-1)
    if (last !== undefined && t < last.t) return OUT_OF_ORDER
    if (last !== undefined && t === last.t)
      return Object.is(last.v, v) && last.h === h ? APPENDED : DUPLICATE
    pending.push(sample)
    return APPENDED
  }

  /** Forgets a series, as a storage does with what has not been written to for long. */
  forget(name: string): void {
    for (const [ref, { labels }] of this.series)
      if (labels.metricName === name) {
        this.series.delete(ref)
        this.#refs.delete(labels.key)
      }
  }

  /** `name{labels} value@t value@t …`, `stale` for markers; sorted, one line per series with samples. */
  dump(matches: (labels: Labels) => boolean = () => true): string[] {
    return [...this.series.values()]
      .filter(({ labels, samples }) => samples.length > 0 && matches(labels))
      .map(({ labels, samples }) => `${labels.toString()} ${samples.map(show).join(' ')}`)
      .sort()
  }

  /** The last value of the one series with this name, undefined when there is none. */
  last(name: string, instance?: string): number | undefined {
    for (const { labels, samples } of this.series.values())
      if (
        labels.metricName === name &&
        (instance === undefined || labels.get('instance') === instance)
      )
        return samples.at(-1)?.v
    return undefined
  }

  select(): SeriesSet {
    throw new Error('not used')
  }
  labelNames(): string[] {
    throw new Error('not used')
  }
  labelValues(): string[] {
    throw new Error('not used')
  }
}

const show = ({ t, v, h }: Sample): string =>
  h === undefined
    ? `${isStale(v) ? 'stale' : v}@${t}`
    : `{${h.schema}: ${h.count} [${h.positiveCounts.join()}]}@${t}`
