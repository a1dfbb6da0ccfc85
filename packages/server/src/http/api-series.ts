/** `/series`, `/labels`, `/label/{name}/values`. */
import { type Labels, type Matcher, compareLabels } from '@vigie/model'
import { seriesOfCluster } from '../remote/cluster-client.ts'
import type { Answer, Call, Outcome } from './answer.ts'
import { cutWarning } from './envelope.ts'
import { ApiError, badData } from './api-error.ts'
import { endParam, labelNameParam, limitParam, matchersParam, named, startParam } from './params.ts'
import { labelsJson } from './prom-json.ts'

export async function series({ params, vigie }: Call): Promise<Outcome> {
  if (!params.has('match[]')) throw badData('no match[] parameter provided')
  if (vigie.cluster !== undefined) return seriesOfCluster(vigie.cluster, params)
  const limit = limitParam(params)
  const [minT, maxT] = [startParam(params), endParam(params)]
  const found = new Map<string, Labels>()
  const selectors = named('match[]', () => matchersParam(params))
  const warnings = new Set<string>()
  for (const matchers of selectors) {
    const set = await vigie.queryable.select(matchers, minT, maxT)
    for (let i = 0; i < set.count; i++) {
      const labels = set.labels(i)
      found.set(labels.key, labels)
    }
    // Prometheus, too, looks for them only where it merges.
    if (selectors.length > 1) for (const warning of set.warnings ?? []) warnings.add(warning)
  }
  const sorted = [...found.values()].sort(compareLabels)
  const kept = limit > 0 ? sorted.slice(0, limit) : sorted
  return {
    data: `[${kept.map(labelsJson).join(',')}]`,
    warnings: [...warnings, ...cutWarning(sorted.length, limit)],
  }
}

/** `DELETE /series`, which Prometheus answers so since its first version 2. */
export function dropSeries(): never {
  throw new ApiError('internal', 'not implemented')
}

export async function labelNames({ params, vigie }: Call): Promise<Answer> {
  const limit = limitParam(params)
  const all = await vigie.queryable.labelNames(labelQuery(params))
  return limited(all, limit, vigie.labelWarnings)
}

export async function labelValues({ params, vigie, path }: Call): Promise<Answer> {
  const name = labelNameParam(path.name)
  const limit = limitParam(params)
  const all = await vigie.queryable.labelValues(name, labelQuery(params))
  return limited(all, limit, vigie.labelWarnings)
}

function labelQuery(params: URLSearchParams): {
  minT: number
  maxT: number
  matchers: Matcher[][]
} {
  return { minT: startParam(params), maxT: endParam(params), matchers: matchersParam(params) }
}

const limited = (all: readonly string[], limit: number, warnings: readonly string[]): Answer => ({
  data: JSON.stringify(limit > 0 ? all.slice(0, limit) : all),
  warnings: [...warnings, ...cutWarning(all.length, limit)],
})
