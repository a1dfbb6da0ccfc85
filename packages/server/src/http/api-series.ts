/** `/series`, `/labels`, `/label/{name}/values`. */
import { type Labels, type Matcher, compareLabels } from '@vigie/model'
import { seriesOfCluster } from '../remote/cluster-client.ts'
import type { Answer, Call, Outcome } from './answer.ts'
import { cutWarning } from './envelope.ts'
import { badData } from './api-error.ts'
import { endParam, labelNameParam, limitParam, matchersParam, named, startParam } from './params.ts'
import { labelsJson } from './prom-json.ts'

export async function series({ params, vigie }: Call): Promise<Outcome> {
  if (!params.has('match[]')) throw badData('no match[] parameter provided')
  if (vigie.cluster !== undefined) return seriesOfCluster(vigie.cluster, params)
  const limit = limitParam(params)
  const [minT, maxT] = [startParam(params), endParam(params)]
  const found = new Map<string, Labels>()
  for (const matchers of named('match[]', () => matchersParam(params))) {
    const set = await vigie.queryable.select(matchers, minT, maxT)
    for (let i = 0; i < set.count; i++) {
      const labels = set.labels(i)
      found.set(labels.key, labels)
    }
  }
  const sorted = [...found.values()].sort(compareLabels)
  const kept = limit > 0 ? sorted.slice(0, limit) : sorted
  return {
    data: `[${kept.map(labelsJson).join(',')}]`,
    warnings: cutWarning(sorted.length, limit),
  }
}

export async function labelNames({ params, vigie }: Call): Promise<Answer> {
  const limit = limitParam(params)
  return limited(await vigie.queryable.labelNames(labelQuery(params)), limit)
}

export async function labelValues({ params, vigie, path }: Call): Promise<Answer> {
  const name = labelNameParam(path.name)
  const limit = limitParam(params)
  return limited(await vigie.queryable.labelValues(name, labelQuery(params)), limit)
}

function labelQuery(params: URLSearchParams): {
  minT: number
  maxT: number
  matchers: Matcher[][]
} {
  return { minT: startParam(params), maxT: endParam(params), matchers: matchersParam(params) }
}

const limited = (all: readonly string[], limit: number): Answer => ({
  data: JSON.stringify(limit > 0 ? all.slice(0, limit) : all),
  warnings: cutWarning(all.length, limit),
})
