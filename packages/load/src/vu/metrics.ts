/** The module `k6/metrics`: metrics of the script's own. */
import { BUILTIN_METRICS, METRIC_NAME, type Metric, type MetricType } from '../metrics/metric.ts'
import { tagPairs } from './http-params.ts'
import type { Vu } from './vu.ts'

export function createMetrics(vu: Vu): Record<string, unknown> {
  return {
    Counter: metricClass(vu, 'counter'),
    Gauge: metricClass(vu, 'gauge'),
    Rate: metricClass(vu, 'rate'),
    Trend: metricClass(vu, 'trend'),
  }
}

function metricClass(vu: Vu, type: MetricType): unknown {
  return class {
    readonly name: string
    readonly #metric: Metric

    constructor(name: unknown, isTime: unknown) {
      if (vu.stage !== 'init') throw new Error('metrics must be declared in the init context')
      this.name = String(name)
      this.#metric = register(vu, {
        name: this.name,
        type,
        contains: isTime === true ? 'time' : 'default',
      })
    }

    add(value: unknown, tags?: unknown): boolean {
      vu.requireRunning('adding to metrics')
      const number = numberOf(value)
      if (number === undefined) {
        const problem = `'${String(value)}' is an invalid value for metric '${this.name}', a number or a boolean value is expected`
        if (vu.environment.options.throw) throw new Error(problem)
        vu.environment.log('warning', problem)
        return false
      }
      const set = tags === undefined || tags === null ? vu.tags : vu.withTags(tagPairs(tags))
      vu.series(this.#metric, set).add(type === 'rate' && number !== 0 ? 1 : number)
      return true
    }
  }
}

function register(vu: Vu, metric: Metric): Metric {
  if (!METRIC_NAME.test(metric.name)) throw new Error(`Invalid metric name: '${metric.name}'`)
  const { customMetrics } = vu.environment
  const known = BUILTIN_METRICS.get(metric.name) ?? customMetrics.get(metric.name)
  if (known === undefined) {
    customMetrics.set(metric.name, metric)
    return metric
  }
  if (known.type !== metric.type) {
    throw new Error(
      `metric '${metric.name}' already exists but with type ${known.type}, instead of ${metric.type}`,
    )
  }
  if (known.contains !== metric.contains) {
    throw new Error(
      `metric '${metric.name}' already exists but with a value type ${known.contains}, instead of ${metric.contains}`,
    )
  }
  return known
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === null || value === undefined || (typeof value === 'string' && value.trim() === ''))
    return undefined
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN
  return Number.isNaN(number) ? undefined : number
}
