/** What handleSummary gets, what `--summary-export` writes, and what the text is made from. */
import { createHash } from 'node:crypto'
import type { ScriptCheckReport } from '../api.ts'
import type { Group, MetricsEngine } from '../metrics/engine.ts'
import type { Contains, Metric, MetricType } from '../metrics/metric.ts'
import type { Sink } from '../metrics/sink.ts'
import type { ThresholdGroup } from '../metrics/threshold.ts'

export interface SummaryMetric {
  type: MetricType
  contains: Contains
  values: Record<string, number>
  thresholds?: Record<string, { ok: boolean }>
}

export interface SummaryGroup {
  name: string
  path: string
  id: string
  groups: SummaryGroup[]
  checks: { name: string; path: string; id: string; passes: number; fails: number }[]
}

/** The argument of handleSummary. */
export interface SummaryData {
  root_group: SummaryGroup
  options: { summaryTrendStats: string[]; summaryTimeUnit: string; noColor: boolean }
  state: { isStdOutTTY: boolean; isStdErrTTY: boolean; testRunDurationMs: number }
  metrics: Record<string, SummaryMetric>
  setup_data?: unknown
}

export interface SummaryInput {
  engine: MetricsEngine
  thresholds: readonly ThresholdGroup[]
  durationMs: number
  trendStats: string[]
  timeUnit: string
  noColor: boolean
  isTTY: boolean
  setupData: string | undefined
}

export function summaryData(input: SummaryInput): SummaryData {
  const { engine, trendStats, timeUnit, noColor, isTTY, durationMs, setupData } = input
  return {
    root_group: groupData(engine.root),
    options: { summaryTrendStats: trendStats, summaryTimeUnit: timeUnit, noColor },
    state: { isStdOutTTY: isTTY, isStdErrTTY: isTTY, testRunDurationMs: durationMs },
    metrics: metricsData(input),
    ...(setupData === undefined ? {} : { setup_data: JSON.parse(setupData) as unknown }),
  }
}

/** Metrics that have samples or thresholds, submetrics after the metric they are part of. */
export function metricsData({
  engine,
  thresholds,
  durationMs,
  trendStats,
}: SummaryInput): Record<string, SummaryMetric> {
  const byKey = new Map(thresholds.map((group) => [group.key, group]))
  const out: [string, SummaryMetric][] = []
  const add = (key: string, metric: Metric, sink: Sink): void => {
    const group = byKey.get(key)
    if (sink.isEmpty && group === undefined) return
    out.push([
      key,
      {
        type: metric.type,
        contains: metric.contains,
        values: sink.values(durationMs, trendStats),
        ...(group === undefined ? {} : { thresholds: verdicts(group) }),
      },
    ])
  }
  for (const { metric, sink, submetrics } of [...engine.totals.values()].sort((a, b) =>
    compareText(a.metric.name, b.metric.name),
  )) {
    add(metric.name, metric, sink)
    for (const submetric of [...submetrics].sort((a, b) => compareText(a.key, b.key)))
      add(submetric.key, metric, submetric.sink)
  }
  return Object.fromEntries(out)
}

function verdicts(group: ThresholdGroup): Record<string, { ok: boolean }> {
  return Object.fromEntries(group.thresholds.map(({ source, ok }) => [source, { ok: ok === true }]))
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function idOf(path: string): string {
  return createHash('md5').update(path).digest('hex')
}

function groupData(group: Group): SummaryGroup {
  return {
    name: group.name,
    path: group.path,
    id: idOf(group.path),
    groups: [...group.groups.values()].map(groupData),
    checks: [...group.checks.values()].map(({ name, passes, fails }) => {
      const path = `${group.path}::${name}`
      return { name, path, id: idOf(path), passes, fails }
    }),
  }
}

/** Checks in a report; a script that names them by data could have any number. */
const CHECKS_MAX = 1000

export function checkReports(root: Group): ScriptCheckReport[] {
  const reports: ScriptCheckReport[] = []
  const walk = ({ path, checks, groups }: Group): void => {
    for (const { name, passes, fails } of checks.values())
      if (reports.length < CHECKS_MAX) reports.push({ group: path, name, passes, fails })
    for (const group of groups.values()) walk(group)
  }
  walk(root)
  return reports
}

/** The JSON of `--summary-export`: k6's old shape, where a threshold is true when it failed. */
export function summaryExport(data: SummaryData): string {
  const metrics = Object.entries(data.metrics).map(([name, { type, values, thresholds }]) => {
    const flat =
      type === 'rate'
        ? { value: values['rate'], passes: values['passes'], fails: values['fails'] }
        : values
    const failed =
      thresholds &&
      Object.fromEntries(Object.entries(thresholds).map(([source, { ok }]) => [source, !ok]))
    return [name, { ...flat, ...(failed === undefined ? {} : { thresholds: failed }) }]
  })
  return JSON.stringify(
    {
      root_group: exportGroup(data.root_group),
      metrics: Object.fromEntries(metrics) as unknown,
      ...('setup_data' in data ? { setup_data: data.setup_data } : {}),
    },
    null,
    4,
  )
}

function exportGroup(group: SummaryGroup): unknown {
  return {
    name: group.name,
    path: group.path,
    id: group.id,
    groups: Object.fromEntries(group.groups.map((one) => [one.name, exportGroup(one)])),
    checks: Object.fromEntries(group.checks.map((one) => [one.name, one])),
  }
}
