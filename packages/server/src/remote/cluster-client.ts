/** The cluster that the configuration names, over HTTP, and what stands between it and the API. */
import type { Labels, Matcher, Queryable, SampleColumns, SeriesSet } from '@vigie/model'
import { type AskCluster, Cluster, ClusterError } from '@vigie/remote'
import { HttpClient } from '@vigie/scrape'
import type { ClusterSettings } from '../config/remote.ts'
import { ApiError, type ApiErrorType } from '../http/api-error.ts'
import type { QueryRequest } from '../query/run-query.ts'

export function connectCluster(settings: ClusterSettings): Cluster {
  const { url, timeoutMs, answerBytesMax, requestsMax } = settings
  const client = new HttpClient(settings.http, timeoutMs)
  const ask: AskCluster = async (method, path, params) => {
    const query = params.toString()
    const isPost = method === 'POST'
    const answer = await client.fetch({
      url: url + path + (isPost || query === '' ? '' : `?${query}`),
      method,
      isRepeatable: true,
      headers: {
        ...Object.fromEntries(settings.headers),
        ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      body: isPost ? query : undefined,
      timeoutMs,
      bodySizeMax: answerBytesMax,
      isCompressed: true,
    })
    return { status: answer.status, body: answer.body }
  }
  const { origin, pathname } = new URL(url)
  const shown = origin + (pathname === '/' ? '' : pathname)
  return new Cluster({ url: shown, timeoutMs, requestsMax, ask, close: () => client.close() })
}

/** The answer of the cluster to a query, as it came. Throws ApiError. */
export async function queryCluster(cluster: Cluster, request: QueryRequest): Promise<Buffer> {
  const { text, startMs, endMs, stepMs, lookbackMs, timeoutMs, limit, stats } = request
  const params: Record<string, string> = { query: text }
  if (stepMs === 0) params.time = String(startMs / 1000)
  else {
    params.start = String(startMs / 1000)
    params.end = String(endMs / 1000)
    params.step = String(stepMs / 1000)
  }
  if (lookbackMs !== undefined) params.lookback_delta = `${lookbackMs}ms`
  if (timeoutMs !== undefined) params.timeout = `${timeoutMs}ms`
  if (limit > 0) params.limit = String(limit)
  if (stats !== '') params.stats = stats
  return forward(cluster, stepMs === 0 ? '/api/v1/query' : '/api/v1/query_range', params)
}

async function forward(
  cluster: Cluster,
  path: string,
  params: Record<string, string>,
): Promise<Buffer> {
  return asApiErrors(() => cluster.forward(path, cluster.timed(params)))
}

/** `/series` as the cluster answers it. Throws ApiError. */
export const seriesOfCluster = (cluster: Cluster, params: URLSearchParams): Promise<Buffer> =>
  asApiErrors(() => cluster.forward('/api/v1/series', params))

async function asApiErrors<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error
    throw new ApiError(error.type as ApiErrorType, error.message, { cause: error })
  }
}

/** The same errors for what reads a cluster as a storage. */
export function withApiErrors(queryable: Queryable): Queryable {
  return {
    select: (...args) => asApiErrors(async () => queryable.select(...args)),
    labelNames: (query) => asApiErrors(async () => queryable.labelNames(query)),
    labelValues: (...args) => asApiErrors(async () => queryable.labelValues(...args)),
  }
}

/**
 * What alerts are restored from: this process's own storage, which has what was last written even when
 * the cluster cannot be reached; where it has nothing (a new disk), the cluster, whose series have the
 * external labels as well.
 */
export async function selectEither(
  local: Queryable,
  cluster: Queryable,
  externalLabels: ReadonlySet<string>,
  [matchers, minT, maxT]: [matchers: readonly Matcher[], minT: number, maxT: number],
): Promise<SeriesSet> {
  const own = await local.select(matchers, minT, maxT)
  if (own.count > 0) return own
  const remote = await cluster.select(matchers, minT, maxT)
  const without = (index: number): Labels => remote.labels(index).drop(externalLabels)
  // An alert's own labels may come from the cluster, external ones among them, or from no series at all.
  return {
    count: remote.count * 2,
    labels: (index) =>
      index < remote.count ? remote.labels(index) : without(index - remote.count),
    samples: (index, from, to, out: SampleColumns) =>
      remote.samples(index % remote.count, from, to, out),
  }
}
