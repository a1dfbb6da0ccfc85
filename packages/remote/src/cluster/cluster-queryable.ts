/** A cluster's samples, read as those of any storage: of few series, as federation and restored alerts want. */
import {
  Labels,
  type LabelQuery,
  type Matcher,
  type Queryable,
  type SampleColumns,
  type SeriesSet,
} from '@vigie/model'
import { type Cluster, ClusterError, valueOf } from './cluster.ts'

export class ClusterQueryable implements Queryable {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Raw samples by a range selector; native histograms are left out. Throws ClusterError. */
  async select(matchers: readonly Matcher[], minT: number, maxT: number): Promise<SeriesSet> {
    // A range does not hold its beginning.
    const query = `${selectorOf(matchers)}[${Math.max(1, maxT - minT + 1)}ms]`
    const params = this.#cluster.timed({ query, time: String(maxT / 1000) })
    const data = (await this.#cluster.data('/api/v1/query', params)) as {
      resultType: string
      result: { metric: Record<string, string>; values?: [number, string][] }[]
    }
    if (data.resultType !== 'matrix')
      throw new ClusterError('unavailable', `expected a matrix, got a ${data.resultType}`)
    return new MatrixSet(
      data.result.map(({ metric, values }) => ({
        labels: Labels.fromObject(metric),
        values: values ?? [],
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

class MatrixSet implements SeriesSet {
  readonly #series: readonly { labels: Labels; values: [number, string][] }[]

  constructor(series: readonly { labels: Labels; values: [number, string][] }[]) {
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
    for (const [seconds, value] of this.#series[index].values) {
      const t = Math.round(seconds * 1000)
      if (t >= minT && t <= maxT) out.push(t, valueOf(value))
    }
  }
}
