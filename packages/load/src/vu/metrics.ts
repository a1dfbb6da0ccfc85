/** The module `k6/metrics`: metrics of the script's own. */
import { BUILTIN_METRICS, METRIC_NAME, type Metric, type MetricType } from '../metrics/metric.ts'
import { goError } from './go-error.ts'
import { tagPairs } from './http-params.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'

/** Letters of a refused value that are shown. */
const MAX_SHOWN = 100

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
    /** Bound to its metric: scripts take it off the object. */
    readonly add: (...args: unknown[]) => boolean

    constructor(name: unknown, isTime: unknown) {
      if (vu.stage !== 'init') throw goError('metrics must be declared in the init context')
      this.name = name === undefined ? '' : textOf(name)
      const contains = isTime === undefined || !isTime ? 'default' : 'time'
      const metric = register(vu, { name: this.name, type, contains })
      this.add = (...args) => add(vu, metric, args)
    }
  }
}

function add(vu: Vu, metric: Metric, args: unknown[]): boolean {
  vu.requireRunning('Adding to metrics')
  const [value, tags] = args
  const number = numberOf(value)
  if (number === undefined) {
    const what =
      args.length === 0
        ? `no value was provided for metric '${metric.name}'`
        : `'${limitText(textOf(value))}' is an invalid value for metric '${metric.name}'`
    const problem = `${what}, a number or a boolean value is expected`
    if (vu.environment.options.throw) throw goError(problem)
    vu.environment.log('warning', problem)
    return false
  }
  const set = tags === undefined || tags === null ? vu.tags : vu.withTags(tagsOf(metric, tags))
  vu.series(metric, set).add(number)
  return true
}

function tagsOf(metric: Metric, tags: unknown): (readonly [string, string])[] {
  try {
    return tagPairs(tags)
  } catch (error) {
    const { message } = error as Error
    throw goError(`cannot add tags for the '${metric.name}' custom metric: ${message}`)
  }
}

/** A long text by its two ends. */
function limitText(text: string): string {
  const letters = Array.from(text)
  if (letters.length < MAX_SHOWN) return text
  const left = letters.slice(0, MAX_SHOWN / 2).join('')
  const right = letters.slice(-MAX_SHOWN / 2).join('')
  return `${left}... omitting ${letters.length - MAX_SHOWN} characters ...${right}`
}

function register(vu: Vu, metric: Metric): Metric {
  if (!METRIC_NAME.test(metric.name)) throw goError(`Invalid metric name: '${metric.name}'`)
  const { customMetrics } = vu.environment
  const known = BUILTIN_METRICS.get(metric.name) ?? customMetrics.get(metric.name)
  if (known === undefined) {
    customMetrics.set(metric.name, metric)
    return metric
  }
  if (known.type !== metric.type) {
    throw goError(
      `metric '${metric.name}' already exists but with type ${known.type}, instead of ${metric.type}`,
    )
  }
  if (known.contains !== metric.contains) {
    throw goError(
      `metric '${metric.name}' already exists but with a value type ${known.contains}, instead of ${metric.contains}`,
    )
  }
  return known
}

/** As the language converts it, but null is none, and what is true counts at least 1, as in k6. */
function numberOf(value: unknown): number | undefined {
  if (value === null || typeof value === 'symbol') return undefined
  const number = Number(value)
  if (number === 0 && Boolean(value)) return 1
  return Number.isNaN(number) ? undefined : number
}
