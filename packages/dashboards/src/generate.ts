/**
 * A dashboard for a job that has none, made from what its metrics say of themselves: a headline of a few
 * numbers, its traffic, then its own metrics by the words their names begin with (counters as rates,
 * histograms as percentiles, gauges as they are), the runtime last.
 */
import { isKnownFamily, knownPanels } from './generate-known.ts'
import { type Draft, Layout } from './generate-layout.ts'
import {
  type MetricInfo,
  rateUnitOf,
  sharedPrefix,
  titleOf,
  unitOf,
  wordsOf,
} from './generate-names.ts'

type JsonObject = Record<string, unknown>

/** More panels than this no one reads. */
const PANELS_MAX = 40
/** A group with more is split by the next word of its names. */
const GROUP_MAX = 9
/** Without a type: names that count. */
const COUNTER_NAME = /_(total|count|sum)$/
/** Moments of time, constants and texts draw no line worth seeing. */
const NOT_DRAWN =
  /^up$|_(created|info|(min|max|boot|start|last)_time(_seconds)?|time_seconds|timestamp(_seconds|_ms)?)$/
const RATE = '[$__rate_interval]'

export function generateDashboard(job: string, metrics: readonly MetricInfo[]): JsonObject {
  const selector = `job=${JSON.stringify(job)},instance=~"$instance"`
  const drawn = metrics
    .filter(({ name, type }) => type !== 'info' && type !== 'stateset' && !NOT_DRAWN.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const own = drawn.filter(({ name }) => !isKnownFamily(name))
  const known = knownPanels(new Set(drawn.map(({ name }) => name)), selector)
  const traffic = findTraffic(own)
  const layout = new Layout()
  layout.stats([
    upStat(job),
    ...trafficStats(traffic, selector),
    ...known.stats,
    ...(known.stats.length > 0 || known.runtime.length === 0 ? [] : memoryStat(drawn, selector)),
  ])
  layout.charts(trafficCharts(traffic, selector))
  for (const { title, charts } of known.rows) addRow(layout, title, charts, 0)
  const isRest = (metric: MetricInfo): boolean =>
    metric !== traffic.requests && metric !== traffic.latency && metric.name !== traffic.ended
  for (const group of groupsOf(own.filter(isRest))) {
    const charts = group.metrics.map((metric) => metricChart(metric, group.prefix, selector))
    addRow(layout, group.title, charts, known.runtime.length)
  }
  addRow(layout, 'Runtime', known.runtime, 0)
  return {
    uid: `job-${job}`,
    title: job,
    description: `Made from the metrics of job ${job}.`,
    schemaVersion: 39,
    tags: [],
    time: { from: 'now-30m', to: 'now' },
    refresh: '10s',
    graphTooltip: 1,
    templating: { list: [instanceVariable(job)] },
    panels: layout.panels,
  }
}

/** What does not fit is left out, so that `reserved` panels still have room. */
function addRow(layout: Layout, title: string, charts: readonly Draft[], reserved: number): void {
  const fitting = charts.slice(0, Math.max(0, PANELS_MAX - reserved - layout.count))
  if (fitting.length === 0) return
  layout.row(title)
  layout.charts(fitting)
}

function instanceVariable(job: string): JsonObject {
  return {
    name: 'instance',
    label: 'instance',
    type: 'query',
    query: `label_values(up{job=${JSON.stringify(job)}}, instance)`,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  }
}

const isCounter = (metric: MetricInfo): boolean =>
  metric.type === 'counter' || (metric.type === 'unknown' && COUNTER_NAME.test(metric.name))

interface Traffic {
  requests: MetricInfo | undefined
  latency: MetricInfo | undefined
  /** The series that counts requests, with the histogram's own count as the second choice. */
  counted: string | undefined
  /** The one of them that says how requests ended. */
  ended: string | undefined
}

/** What counts requests, and how long they take; the shortest name is the most general one. */
function findTraffic(metrics: readonly MetricInfo[]): Traffic {
  const shortest = (list: MetricInfo[]): MetricInfo | undefined =>
    list.sort((a, b) => a.name.length - b.name.length)[0]
  const requests =
    shortest(metrics.filter((one) => isCounter(one) && /requests?(_total)?$/.test(one.name))) ??
    shortest(
      metrics.filter(
        (one) =>
          isCounter(one) && /request/.test(one.name) && !/exception|error|bytes/.test(one.name),
      ),
    )
  const timed = metrics.filter((one) => one.type === 'histogram' && unitOf(one) === 's')
  const latency =
    shortest(timed.filter((one) => /request|http|rpc/.test(one.name))) ?? shortest(timed)
  const isOfRequests = latency !== undefined && /request|http|rpc/.test(latency.name)
  const counted = isOfRequests ? `${latency.name}_count` : undefined
  const byStatus = shortest(
    metrics.filter((one) => isCounter(one) && /(request|response).*_(status|code)/.test(one.name)),
  )
  const all = requests?.name ?? counted
  return { requests, latency, counted: all, ended: byStatus?.name ?? all }
}

const upStat = (job: string): Draft => ({
  kind: 'stat',
  title: 'Up',
  description: 'Share of the instances that answer.',
  unit: 'percentunit',
  decimals: 0,
  thresholds: [
    ['red', null],
    ['green', 1],
  ],
  queries: [[`avg(up{job=${JSON.stringify(job)}})`, 'up']],
})

/** Which label says how a request ended is not known: the first that finds something counts. */
function errorRatio(counted: string, selector: string): string {
  const rate = (extra: string): string => `sum(rate(${counted}{${selector}${extra}}${RATE}))`
  const failed = ['status', 'code', 'status_code'].map((label) => rate(`,${label}=~"5.."`))
  return `(${failed.join(' or ')} or vector(0)) / ${rate('')}`
}

function trafficStats({ counted, ended, latency }: Traffic, selector: string): Draft[] {
  const stats: Draft[] = []
  if (counted !== undefined)
    stats.push(
      {
        kind: 'stat',
        title: 'Requests',
        unit: 'reqps',
        queries: [[`sum(rate(${counted}{${selector}}${RATE}))`, 'requests']],
      },
      {
        kind: 'stat',
        title: 'Error ratio',
        unit: 'percentunit',
        decimals: 2,
        thresholds: [
          ['green', null],
          ['orange', 0.01],
          ['red', 0.05],
        ],
        queries: [[errorRatio(ended ?? counted, selector), 'errors']],
      },
    )
  if (latency !== undefined)
    stats.push({
      kind: 'stat',
      title: 'p95 latency',
      unit: unitOf(latency),
      queries: [[quantile(latency.name, 0.95, selector), 'p95']],
    })
  return stats
}

function memoryStat(metrics: readonly MetricInfo[], selector: string): Draft[] {
  const name = 'process_resident_memory_bytes'
  if (!metrics.some((one) => one.name === name)) return []
  return [
    {
      kind: 'stat',
      title: 'Memory',
      unit: 'bytes',
      queries: [[`sum(${name}{${selector}})`, 'memory']],
    },
  ]
}

function trafficCharts({ ended, latency }: Traffic, selector: string): Draft[] {
  const charts: Draft[] = []
  if (ended !== undefined)
    charts.push({
      kind: 'chart',
      title: 'Requests by status',
      unit: 'reqps',
      isStacked: true,
      isFromZero: true,
      queries: [
        [`sum by (status, code, status_code) (rate(${ended}{${selector}}${RATE}))`, '__auto'],
      ],
    })
  if (latency !== undefined) charts.push(percentiles(latency, 'Latency', selector))
  return charts
}

const quantile = (name: string, q: number, selector: string): string =>
  `histogram_quantile(${q}, sum by (le) (rate(${name}_bucket{${selector}}${RATE})))`

const percentiles = (metric: MetricInfo, title: string, selector: string): Draft => ({
  kind: 'chart',
  title,
  description: metric.help,
  unit: unitOf(metric),
  isFromZero: true,
  queries: [0.5, 0.95, 0.99].map(
    (q) => [quantile(metric.name, q, selector), `p${Math.round(q * 100)}`] as const,
  ),
})

interface Group {
  prefix: string
  title: string
  metrics: MetricInfo[]
}

/** By first word; a large group by the next one; what stands alone comes together at the end. */
function groupsOf(metrics: readonly MetricInfo[]): Group[] {
  const groups = splitBy(metrics, 0).flatMap((group) =>
    group.length > GROUP_MAX ? splitBy(group, sharedWords(group)) : [group],
  )
  const alone = groups.length > 2 ? groups.filter((group) => group.length === 1).flat() : []
  const together = groups.filter((group) => alone.length < 2 || group.length > 1)
  return [
    ...together.map((group) => {
      const prefix = sharedPrefix(group.map(({ name }) => name))
      return {
        prefix,
        title: wordsOf(prefix === '' ? group[0].name.split('_')[0] : prefix),
        metrics: group,
      }
    }),
    ...(alone.length < 2 ? [] : [{ prefix: '', title: 'More', metrics: alone }]),
  ]
}

const sharedWords = (group: readonly MetricInfo[]): number => {
  const prefix = sharedPrefix(group.map(({ name }) => name))
  return prefix === '' ? 0 : prefix.split('_').length
}

function splitBy(metrics: readonly MetricInfo[], word: number): MetricInfo[][] {
  const groups = new Map<string, MetricInfo[]>()
  for (const metric of metrics) {
    const key = metric.name.split('_')[word] ?? ''
    groups.set(key, [...(groups.get(key) ?? []), metric])
  }
  return [...groups.values()]
}

function metricChart(metric: MetricInfo, prefix: string, selector: string): Draft {
  const { name, help: description } = metric
  const title = titleOf(name, prefix)
  if (metric.type === 'histogram') return percentiles(metric, title, selector)
  if (metric.type === 'summary') {
    const [sum, count] = ['sum', 'count'].map(
      (part) => `sum(rate(${name}_${part}{${selector}}${RATE}))`,
    )
    return {
      kind: 'chart',
      title,
      description,
      unit: unitOf(metric),
      queries: [
        [`${sum} / ${count}`, 'mean'],
        [`avg by (quantile) (${name}{${selector}})`, 'quantile {{quantile}}'],
      ],
    }
  }
  if (isCounter(metric))
    return {
      kind: 'chart',
      title: `${title} per second`,
      description,
      unit: rateUnitOf(metric),
      isFromZero: true,
      queries: [[`rate(${name}{${selector}}${RATE})`, '__auto']],
    }
  return {
    kind: 'chart',
    title,
    description,
    unit: unitOf(metric),
    queries: [[`${name}{${selector}}`, '__auto']],
  }
}
