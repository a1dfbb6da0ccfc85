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
  type Labels,
  type SeriesRef,
  type SeriesSet,
  type Storage,
} from '@vigie/model'

interface Series {
  labels: Labels
  samples: { t: number; v: number }[]
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
    const pending: { ref: SeriesRef; t: number; v: number }[] = []
    return {
      series: (labels) => this.#seriesRef(labels),
      append: (ref, t, v) => this.#check(ref, t, v, pending),
      appendHistogram: () => {
        throw new Error('this storage takes floats only')
      },
      commit: () => {
        for (const { ref, t, v } of pending) this.series.get(ref)!.samples.push({ t, v })
        pending.length = 0
        this.commits++
        this.onCommit()
      },
      rollback: () => {
        pending.length = 0
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
      this.series.set(ref, { labels, samples: [] })
    }
    return ref
  }

  #check(
    ref: SeriesRef,
    t: number,
    v: number,
    pending: { ref: SeriesRef; t: number; v: number }[],
  ): AppendResult {
    const series = this.series.get(ref)
    if (series === undefined) return UNKNOWN_SERIES
    const last = pending.findLast((one) => one.ref === ref) ?? series.samples.at(-1)
    if (last !== undefined && t < last.t) return OUT_OF_ORDER
    if (last !== undefined && t === last.t) return Object.is(last.v, v) ? APPENDED : DUPLICATE
    pending.push({ ref, t, v })
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

const show = ({ t, v }: { t: number; v: number }): string => `${isStale(v) ? 'stale' : v}@${t}`
