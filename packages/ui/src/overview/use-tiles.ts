/** The sparklines of all services in one range query. */
import { alignMatrix, niceStep } from '../charts/align.ts'
import type { MatrixResult, VectorResult } from '../api/prometheus.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import { CANDIDATES, tileQuery, type TileQuery } from './request-rate.ts'

export interface TileData {
  kind: TileQuery['kind']
  values: (number | null)[]
  last: number | undefined
}

const EVERY_MS = 5000
const POINTS = 60
const LONGEST_SEC = 900
const SHORTEST_SEC = 120
/** Jobs in one query; the rest has tiles without a line. */
const JOBS_MAX = 60

/** `oldestMs`: since when there is data, so that a watch that just began is not mostly empty. */
export function useTiles(
  jobs: string[],
  oldestMs: number | null | undefined,
): Map<string, TileData> | undefined {
  const api = useApi()
  const key =
    jobs.length > 0 ? `tiles:${oldestMs === undefined ? '' : 'known'}:${jobs.join(',')}` : null
  return useLoaded(
    key,
    async (signal) => {
      const names = await namesByJob(signal)
      const wanted = jobs.slice(0, JOBS_MAX)
      const queries = new Map(
        wanted.map((job) => [job, tileQuery(job, names.get(job) ?? [], '1m')]),
      )
      const end = Math.floor(Date.now() / 1000)
      const known = oldestMs ? end - oldestMs / 1000 : LONGEST_SEC
      const length = Math.min(LONGEST_SEC, Math.max(SHORTEST_SEC, known))
      const step = niceStep(length, POINTS)
      const start = Math.ceil((end - length) / step) * step
      const { data } = await api.prom<MatrixResult>(
        'query_range',
        {
          query: [...queries.values()].map((one) => one.expr).join(' or '),
          start: String(start),
          end: String(end),
          step: String(step),
        },
        signal,
      )
      const { values } = alignMatrix(data.result, start, end, step)
      return new Map(
        data.result.map((series, i) => {
          const job = series.metric['job'] ?? ''
          return [job, tile(queries.get(job)?.kind ?? 'up', values[i]!)]
        }),
      )
    },
    EVERY_MS,
    true,
  ).data

  async function namesByJob(signal: AbortSignal): Promise<Map<string, string[]>> {
    const { data } = await api.prom<VectorResult>(
      'query',
      { query: `count by (job, __name__) ({__name__=~"${CANDIDATES}"})` },
      signal,
    )
    const names = new Map<string, string[]>()
    for (const { metric } of data.result) {
      const job = metric['job'] ?? ''
      names.set(job, [...(names.get(job) ?? []), metric['__name__'] ?? ''])
    }
    return names
  }
}

function tile(kind: TileQuery['kind'], values: (number | null)[]): TileData {
  return { kind, values, last: values.findLast((value) => value !== null) ?? undefined }
}
