/** A dashboard's variables with their options, asked again when the range or a choice changes. */
import {
  builtinVariables,
  resolveVariables,
  type Dashboard,
  type ResolvedVariable,
  type VariableSource,
} from '@vigie/dashboards'
import type { Api } from '../api/client.ts'
import type { VectorResult } from '../api/prometheus.ts'
import { useApi, useLoaded, type Loaded } from '../api/use-api.ts'
import { seriesName } from '../explore/series-name.ts'
import type { ResolvedRange, TimeRange } from '../time/range.ts'

/** Of variables only `$__range` and its kin matter; a step is not known yet. */
const STEP_MS = 15_000

export function useVariables(
  dashboard: Dashboard,
  params: URLSearchParams,
  range: TimeRange,
  resolved: ResolvedRange,
): Loaded<ResolvedVariable[]> {
  const api = useApi()
  const chosen = new Map(
    dashboard.variables.flatMap(({ name }): [string, string[]][] => {
      const values = params.getAll(`var-${name}`)
      return values.length > 0 ? [[name, values]] : []
    }),
  )
  const isByTime = dashboard.variables.some((one) => one.isRefreshedByTime)
  const key = JSON.stringify([
    'variables',
    dashboard.uid || dashboard.title,
    [...chosen],
    isByTime ? range : null,
  ])
  return useLoaded(
    key,
    (signal) =>
      resolveVariables(
        dashboard.variables,
        chosen,
        variableSource(api, resolved, signal),
        builtinVariables({ ...resolved, stepMs: STEP_MS, scrapeMs: STEP_MS }),
      ),
    0,
    true,
  )
}

function variableSource(api: Api, range: ResolvedRange, signal: AbortSignal): VariableSource {
  const times = { start: String(range.fromMs / 1000), end: String(range.toMs / 1000) }
  const match = (selector: string): Record<string, string> =>
    selector === '' ? times : { ...times, 'match[]': selector }
  return {
    labelNames: async () => (await api.prom<string[]>('labels', times, signal)).data,
    labelValues: async (label, selector) =>
      (await api.prom<string[]>(`label/${label}/values`, match(selector), signal)).data,
    series: async (selector) =>
      (await api.prom<Record<string, string>[]>('series', match(selector), signal)).data.map(
        seriesName,
      ),
    queryResult: async (query) => {
      const { data } = await api.prom<VectorResult>('query', { query, time: times.end }, signal)
      return data.result.map(
        ({ metric, value }) =>
          `${seriesName(metric)} ${value?.[1] ?? ''} ${Math.round((value?.[0] ?? 0) * 1000)}`,
      )
    },
  }
}
