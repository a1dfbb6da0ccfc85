/**
 * A dashboard for a job that has none, made from what its metrics say of themselves: counters as rates,
 * histograms as percentiles and rates, gauges as they are, by the first word of their names; the
 * runtime's own metrics last.
 */

export interface MetricInfo {
  /** Of the family: without `_bucket`, `_sum`, `_count`. */
  name: string
  type: string
  help: string
  unit: string
}

type JsonObject = Record<string, unknown>

/** More panels than this no one reads. */
const PANELS_MAX = 40
const RUNTIME = /^(process|nodejs|go|python|jvm|promhttp|scrape|net_conntrack)_/
/** Without a type: names that count. */
const COUNTER_NAME = /_(total|count|sum)$/

export function generateDashboard(job: string, metrics: readonly MetricInfo[]): JsonObject {
  const layout = new Layout()
  const selector = `job=${JSON.stringify(job)},instance=~"$instance"`
  const drawn = metrics.filter(
    (one) =>
      one.type !== 'info' &&
      one.type !== 'stateset' &&
      !/_(created|info|(boot_|start_)?time_seconds|timestamp_seconds)$/.test(one.name),
  )
  addHeadline(layout, job, selector, drawn)
  const own = drawn.filter((one) => !RUNTIME.test(one.name)).sort(byName)
  const runtime = drawn.filter((one) => RUNTIME.test(one.name)).sort(byName)
  for (const [title, group] of [...groupByPrefix(own), ['Runtime', runtime] as const]) {
    const panels = group.flatMap((metric) => metricPanels(metric, selector))
    if (panels.length > 0 && layout.count < PANELS_MAX) layout.row(title)
    for (const panel of panels) if (layout.count < PANELS_MAX) layout.add(12, 8, panel)
  }
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

const byName = (a: MetricInfo, b: MetricInfo): number => (a.name < b.name ? -1 : 1)

class Layout {
  readonly panels: JsonObject[] = []
  count = 0
  #x = 0
  #y = 0
  #height = 0

  row(title: string): void {
    this.#newLine()
    this.panels.push({
      id: this.panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: this.#y++, w: 24, h: 1 },
      panels: [],
    })
  }

  add(w: number, h: number, panel: JsonObject): void {
    if (this.#x + w > 24) this.#newLine()
    this.panels.push({
      id: this.panels.length + 1,
      gridPos: { x: this.#x, y: this.#y, w, h },
      ...panel,
    })
    this.#x += w
    this.#height = Math.max(this.#height, h)
    this.count++
  }

  #newLine(): void {
    this.#y += this.#height
    this.#x = 0
    this.#height = 0
  }
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

/** Up, and where the metrics have them: requests, their errors, their latency. */
function addHeadline(
  layout: Layout,
  job: string,
  selector: string,
  metrics: readonly MetricInfo[],
): void {
  layout.add(6, 4, stat('Up', `sum(up{job=${JSON.stringify(job)}})`, 'none', 0))
  const requests =
    metrics.find((one) => isCounter(one) && /request.*_total$/.test(one.name)) ??
    metrics.find((one) => isCounter(one) && /request/.test(one.name))
  const latency = metrics.find(
    (one) => one.type === 'histogram' && /duration|latency|seconds/.test(one.name),
  )
  const counted = requests?.name ?? (latency === undefined ? undefined : `${latency.name}_count`)
  if (counted !== undefined) {
    const rate = (extra: string): string =>
      `sum(rate(${counted}{${selector}${extra}}[$__rate_interval]))`
    layout.add(6, 4, stat('Requests', rate(''), 'reqps'))
    const errors = `(${rate(',status=~"5.."')} or ${rate(',code=~"5.."')} or ${rate(',status_code=~"5.."')} or vector(0)) / ${rate('')}`
    layout.add(6, 4, {
      ...stat('Error ratio', errors, 'percentunit', 2),
      fieldConfig: {
        defaults: {
          unit: 'percentunit',
          decimals: 2,
          thresholds: steps(['green', null], ['orange', 0.01], ['red', 0.05]),
        },
        overrides: [],
      },
    })
  }
  if (latency !== undefined)
    layout.add(
      6,
      4,
      stat(
        'p95 latency',
        `histogram_quantile(0.95, sum by (le) (rate(${latency.name}_bucket{${selector}}[$__rate_interval])))`,
        unitOf(latency),
      ),
    )
}

const steps = (...list: [string, number | null][]): JsonObject => ({
  mode: 'absolute',
  steps: list.map(([color, value]) => ({ color, value })),
})

function stat(title: string, expr: string, unit: string, decimals?: number): JsonObject {
  return {
    type: 'stat',
    title,
    targets: [{ refId: 'A', expr, legendFormat: title }],
    fieldConfig: {
      defaults: {
        unit,
        ...(decimals === undefined ? {} : { decimals }),
        color: { mode: 'fixed', fixedColor: 'text' },
      },
      overrides: [],
    },
    options: {
      reduceOptions: { calcs: ['lastNotNull'] },
      graphMode: 'area',
      colorMode: 'value',
      textMode: 'value',
    },
  }
}

const isCounter = (metric: MetricInfo): boolean =>
  metric.type === 'counter' || (metric.type === 'unknown' && COUNTER_NAME.test(metric.name))

function groupByPrefix(metrics: readonly MetricInfo[]): [title: string, metrics: MetricInfo[]][] {
  const groups = new Map<string, MetricInfo[]>()
  for (const metric of metrics) {
    const prefix = metric.name.split('_')[0]
    groups.set(prefix, [...(groups.get(prefix) ?? []), metric])
  }
  return [...groups].map(([prefix, group]) => [
    prefix.charAt(0).toUpperCase() + prefix.slice(1),
    group,
  ])
}

function metricPanels(metric: MetricInfo, selector: string): JsonObject[] {
  const { name } = metric
  if (metric.type === 'histogram') {
    const quantile = (q: number): string =>
      `histogram_quantile(${q}, sum by (le) (rate(${name}_bucket{${selector}}[$__rate_interval])))`
    return [
      chart(metric, titleOf(name), unitOf(metric), [
        [quantile(0.5), 'p50'],
        [quantile(0.95), 'p95'],
        [quantile(0.99), 'p99'],
      ]),
      chart(metric, `${titleOf(name)}: rate`, 'ops', [
        [`sum by (instance) (rate(${name}_count{${selector}}[$__rate_interval]))`, '{{instance}}'],
      ]),
    ]
  }
  if (metric.type === 'summary')
    return [
      chart(metric, `${titleOf(name)}: mean`, unitOf(metric), [
        [
          `rate(${name}_sum{${selector}}[$__rate_interval]) / rate(${name}_count{${selector}}[$__rate_interval])`,
          '__auto',
        ],
      ]),
    ]
  if (isCounter(metric))
    return [
      chart(metric, `${titleOf(name)} per second`, rateUnit(name), [
        [`rate(${name}{${selector}}[$__rate_interval])`, '__auto'],
      ]),
    ]
  return [chart(metric, titleOf(name), unitOf(metric), [[`${name}{${selector}}`, '__auto']])]
}

function chart(
  metric: MetricInfo,
  title: string,
  unit: string,
  queries: readonly (readonly [expr: string, legend: string])[],
): JsonObject {
  return {
    type: 'timeseries',
    title,
    description: metric.help,
    targets: queries.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode(65 + i),
      expr,
      legendFormat,
    })),
    fieldConfig: {
      defaults: {
        unit,
        color: { mode: 'palette-classic' },
        custom: { lineWidth: 1.5, fillOpacity: queries.length === 1 ? 10 : 0 },
      },
      overrides: [],
    },
    options: {
      legend: {
        displayMode: 'list',
        placement: 'bottom',
        showLegend: true,
        calcs: ['lastNotNull'],
      },
      tooltip: { mode: 'multi' },
    },
  }
}

/** Words without the unit and the suffix that the panel says otherwise. */
function titleOf(name: string): string {
  const words = name
    .replace(/_(total|seconds|bytes|ratio)(?=_|$)/g, '')
    .split('_')
    .slice(0)
    .join(' ')
    .trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function unitOf(metric: MetricInfo): string {
  const name = `${metric.name}_${metric.unit}`
  if (/_start_time_seconds|_timestamp_seconds/.test(name)) return 'none'
  if (/_(seconds|duration)(_|$)/.test(name)) return 's'
  if (/_(milliseconds|ms)(_|$)/.test(name)) return 'ms'
  if (/_bytes(_|$)/.test(name)) return 'bytes'
  if (/_ratio(_|$)/.test(name)) return 'percentunit'
  if (/_percent(_|$)/.test(name)) return 'percent'
  if (/_celsius(_|$)/.test(name)) return 'celsius'
  return 'short'
}

function rateUnit(name: string): string {
  if (/_bytes(_|$)/.test(name)) return 'Bps'
  if (/_seconds(_|$)/.test(name)) return 'percentunit'
  return /request/.test(name) ? 'reqps' : 'ops'
}
