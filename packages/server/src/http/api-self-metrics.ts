/** `/status/self_metrics`: what `/metrics` says, as the JSON of Prometheus's protobuf message. */
import { RegexError, compileAnchored, formatValue } from '@vigie/model'
import type { Metric } from '../self-metrics.ts'
import { type Answer, type Call, json } from './answer.ts'
import { badParameter } from './api-error.ts'

const PATTERN = 'metric_name_pattern'

export function selfMetrics({ params, vigie }: Call): Answer {
  const isWanted = patternOf(params.get(PATTERN) ?? '')
  const families = new Map<string, { help: string; metric: object[]; name: string; type: string }>()
  for (const metric of vigie.metrics()) {
    const { name, help, type } = metric
    if (!isWanted(name)) continue
    let family = families.get(name)
    if (family === undefined)
      families.set(name, (family = { help, metric: [], name, type: type.toUpperCase() }))
    family.metric.push(...samplesOf(metric))
  }
  return json([...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1)))
}

const samplesOf = ({ samples, type }: Metric): object[] =>
  samples.map(({ labels, value }) => {
    const label = Object.entries(labels).map(([name, text]) => ({ name, value: text }))
    const number = Number.isFinite(value) ? value : formatValue(value).replace('+Inf', 'Infinity')
    return { [type]: { value: number }, ...(label.length === 0 ? {} : { label }) }
  })

function patternOf(text: string): (name: string) => boolean {
  if (text === '') return () => true
  try {
    return compileAnchored(text)
  } catch (error) {
    if (error instanceof RegexError) throw badParameter(PATTERN, error.message)
    throw error
  }
}
