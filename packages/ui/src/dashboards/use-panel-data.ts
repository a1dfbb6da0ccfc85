/** A panel's answers: all its queries at once, each failing alone. */
import {
  panelQueries,
  toFrames,
  type Frame,
  type Panel,
  type PanelQuery,
  type QueryData,
} from '@vigie/dashboards'
import { ApiError, type Api } from '../api/client.ts'
import { useApi, useLoaded, type Loaded } from '../api/use-api.ts'
import type { PanelContext } from './panel-context.ts'

export interface PanelData {
  frames: Frame[]
  /** Why queries failed, and which data sources cannot be asked. */
  problems: string[]
}

/** `widthPx` is read when the panel is first seen: it decides how many points are asked for. */
export function usePanelData(
  panel: Panel,
  context: PanelContext,
  isVisible: boolean,
  widthPx: () => number,
): Loaded<PanelData> {
  const api = useApi()
  const queries = isVisible
    ? panelQueries(panel, {
        fromMs: context.fromMs,
        toMs: context.toMs,
        widthPx: widthPx(),
        scrapeIntervalMs: context.scrapeIntervalMs,
        variables: context.variables,
      })
    : []
  const asked = queries.map(({ expr, startMs, endMs, stepMs, isInstant, refId }) => [
    refId,
    expr,
    startMs,
    endMs,
    stepMs,
    isInstant,
  ])
  return useLoaded(
    isVisible ? JSON.stringify(['panel', context.uid, panel.id, asked]) : null,
    async (signal) => {
      const answers = await Promise.all(queries.map((query) => ask(api, query, signal)))
      return {
        frames: answers.flatMap((answer) => answer.frames),
        problems: [...answers.flatMap((answer) => answer.problems), ...foreignSources(panel)],
      }
    },
    0,
    true,
  )
}

async function ask(api: Api, query: PanelQuery, signal: AbortSignal): Promise<PanelData> {
  const { expr, startMs, endMs, stepMs, isInstant } = query
  const seconds = (ms: number): string => String(ms / 1000)
  try {
    const { data } = isInstant
      ? await api.prom<QueryData>('query', { query: expr, time: seconds(endMs) }, signal)
      : await api.prom<QueryData>(
          'query_range',
          { query: expr, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) },
          signal,
        )
    return { frames: toFrames(query, data), problems: [] }
  } catch (error) {
    if (error instanceof ApiError && error.kind !== '') {
      return { frames: [], problems: [error.message] }
    }
    throw error
  }
}

function foreignSources(panel: Panel): string[] {
  const foreign = panel.targets.filter((target) => !target.isPrometheus && !target.isHidden)
  return [...new Set(foreign.map((target) => target.datasource))].map(
    (name) => `needs a data source that is not a Prometheus: ${name}`,
  )
}
