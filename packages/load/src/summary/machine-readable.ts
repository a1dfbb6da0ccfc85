/** The summary for programs, in the shape that `--new-machine-readable-summary` asks for. */
import type { MetricsEngine } from '../metrics/engine.ts'
import type { Metric } from '../metrics/metric.ts'
import { GaugeSink, RateSink, type Sink, TrendSink } from '../metrics/sink.ts'
import { compareText } from './data.ts'

/** Version of the shape, not of the program. */
const SHAPE_VERSION = '1.0.0'
/** The version of k6 whose shapes these are. */
const K6_VERSION = '2.2.0'

export interface MachineSummaryInput {
  engine: MetricsEngine
  script: string
  durationMs: number
  trendStats: readonly string[]
  /** Now, ms since the epoch. */
  nowMs: number
}

interface MachineMetric {
  contains: string
  name: string
  type: string
  values: Record<string, number>
}

export function machineSummary(input: MachineSummaryInput): Record<string, unknown> {
  const { engine, script, durationMs, nowMs } = input
  return {
    config: { duration: durationMs / 1000, execution: 'local', script },
    metadata: { generated_at: new Date(nowMs).toISOString(), k6_version: K6_VERSION },
    results: { checks: checksOf(engine), metrics: metricsOf(input) },
    version: SHAPE_VERSION,
  }
}

function checksOf(engine: MetricsEngine): unknown {
  const checks = engine.view().checks()
  const passes = checks.reduce((sum, one) => sum + one.passes, 0)
  const total = checks.reduce((sum, one) => sum + one.passes + one.fails, 0)
  const share = (matches: number): Record<string, number> => ({
    matches,
    rate: total === 0 ? 0 : matches / total,
    total,
  })
  const metric = (name: string, type: string, values: Record<string, number>): MachineMetric => ({
    contains: 'default',
    name,
    type,
    values,
  })
  return {
    metrics: [
      metric('checks_total', 'counter', { count: total }),
      metric('checks_failed', 'rate', share(total - passes)),
      metric('checks_succeeded', 'rate', share(passes)),
    ],
    results: checks.map(({ fails, name, passes: passed }) => ({ fails, name, passes: passed })),
  }
}

function metricsOf({ engine, trendStats }: MachineSummaryInput): MachineMetric[] {
  return [...engine.totals.values()]
    .sort((a, b) => compareText(a.metric.name, b.metric.name))
    .flatMap(({ metric, sink, submetrics }) => [
      ...toMetric(metric.name, metric, sink, trendStats),
      ...submetrics.flatMap((one) => toMetric(one.key, metric, one.sink, trendStats)),
    ])
}

function toMetric(
  name: string,
  { type, contains }: Metric,
  sink: Sink,
  trendStats: readonly string[],
): MachineMetric[] {
  if (sink.isEmpty || name === 'checks') return []
  return [{ contains, name, type, values: valuesOf(sink, trendStats) }]
}

function valuesOf(sink: Sink, trendStats: readonly string[]): Record<string, number> {
  if (sink instanceof RateSink) return { matches: sink.nonZero, rate: sink.rate, total: sink.total }
  if (sink instanceof GaugeSink) return { max: sink.max, min: sink.min, value: sink.last }
  if (sink instanceof TrendSink)
    return Object.fromEntries(
      trendStats.map((stat) => [stat.replace(/^p\((.*)\)$/, 'p$1'), sink.stat(stat)]),
    )
  return { count: sink.values(0, [])['count']! }
}
