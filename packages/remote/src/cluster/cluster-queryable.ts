/** A cluster's samples, read as those of any storage: of few series, as federation and restored alerts want. */
import {
  type Histogram,
  Labels,
  type LabelQuery,
  type Matcher,
  type Queryable,
  type SampleColumns,
  type SeriesSet,
} from '@vigie/model'
import { type Cluster, ClusterError } from './cluster.ts'
import { type JsonHistogram, histogramOf } from './json-histogram.ts'
import { valueOf } from './value-of.ts'

export class ClusterQueryable implements Queryable {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Raw samples by a range selector. Throws ClusterError. */
  async select(matchers: readonly Matcher[], minT: number, maxT: number): Promise<SeriesSet> {
    // A range does not hold its beginning.
    const query = `${selectorOf(matchers)}[${Math.max(1, maxT - minT + 1)}ms]`
    const params = this.#cluster.timed({ query, time: String(maxT / 1000) })
    const data = (await this.#cluster.data('/api/v1/query', params)) as {
      resultType: string
      result: {
        metric: Record<string, string>
        values?: [number, string][]
        histograms?: [number, JsonHistogram][]
      }[]
    }
    if (data.resultType !== 'matrix')
      throw new ClusterError('unavailable', `expected a matrix, got a ${data.resultType}`)
    return new MatrixSet(
      data.result.map(({ metric, values = [], histograms = [] }) => ({
        labels: Labels.fromObject(metric),
        samples: samplesOf(values, histograms),
      })),
    )
  }

  async labelNames(query: LabelQuery): Promise<string[]> {
    const data = await this.#cluster.data('/api/v1/labels', paramsOf(query))
    return data as string[]
  }

  async labelValues(name: string, query: LabelQuery): Promise<string[]> {
    const path = `/api/v1/label/${encodeURIComponent(escapedName(name))}/values`
    return (await this.#cluster.data(path, paramsOf(query), 'GET')) as string[]
  }
}

/** `U__` names are how others than classic ones go into an address. */
function escapedName(name: string): string {
  if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) return name
  const escaped = name.replace(/[^a-zA-Z0-9]/gu, (char) =>
    char === '_' ? '__' : `_${char.codePointAt(0)!.toString(16)}_`,
  )
  return `U__${escaped}`
}

/** ms of the whole time that there is: bounds beyond it are left out. */
const T_MAX = 8_640_000_000_000

function paramsOf({ minT, maxT, matchers }: LabelQuery): URLSearchParams {
  const params = new URLSearchParams()
  for (const one of matchers) params.append('match[]', selectorOf(one))
  if (minT > -T_MAX) params.set('start', String(minT / 1000))
  if (maxT < T_MAX) params.set('end', String(maxT / 1000))
  return params
}

const selectorOf = (matchers: readonly Matcher[]): string => `{${matchers.map(String).join(',')}}`

interface Sample {
  t: number
  v: number
  h?: Histogram
}

/** Floats and histograms of one series, by time. */
function samplesOf(
  values: readonly [number, string][],
  histograms: readonly [number, JsonHistogram][],
): Sample[] {
  const msOf = (seconds: number): number => Math.round(seconds * 1000)
  const floats = values.map(([at, text]): Sample => ({ t: msOf(at), v: valueOf(text) }))
  if (histograms.length === 0) return floats
  const others = histograms.map(([at, json]): Sample => ({
    t: msOf(at),
    v: NaN,
    h: histogramOf(json),
  }))
  return [...floats, ...others].sort((a, b) => a.t - b.t)
}

class MatrixSet implements SeriesSet {
  readonly #series: readonly { labels: Labels; samples: Sample[] }[]

  constructor(series: readonly { labels: Labels; samples: Sample[] }[]) {
    this.#series = series
  }

  get count(): number {
    return this.#series.length
  }

  labels(index: number): Labels {
    return this.#series[index].labels
  }

  samples(index: number, minT: number, maxT: number, out: SampleColumns): void {
    out.clear()
    for (const { t, v, h } of this.#series[index].samples) {
      if (t < minT || t > maxT) continue
      if (h === undefined) out.push(t, v)
      else out.pushHistogram(t, h)
    }
  }
}
