/**
 * k6's end-of-test summary as text, in its compact and full layouts.
 *
 *   █ THRESHOLDS, █ TOTAL RESULTS (checks, then metrics by section), in full also █ GROUP and █ SCENARIO
 */
import type { GeneratorHealth } from '../generator/health.ts'
import type { MetricsView } from '../metrics/engine.ts'
import type { Metric, MetricType } from '../metrics/metric.ts'
import { type Sink, TrendSink } from '../metrics/sink.ts'
import type { Threshold, ThresholdGroup } from '../metrics/threshold.ts'
import { compareText } from './data.ts'
import { arrivalLines, limitLines } from './generator.ts'
import {
  type Paint,
  type TimeUnit,
  humanizeBytes,
  humanizeDuration,
  humanizePerSecond,
  humanizeValue,
  painter,
  widthOf,
} from './format.ts'

export type SummaryMode = 'compact' | 'full' | 'disabled'

export interface TextInput {
  mode: SummaryMode
  /** Of the whole run; in full mode also of each group and scenario. */
  total: MetricsView
  groups: readonly { name: string; view: MetricsView; groups: TextInput['groups'] }[]
  scenarios: readonly { name: string; view: MetricsView; groups: TextInput['groups'] }[]
  thresholds: readonly ThresholdGroup[]
  /** How the generator kept up; null: not measured. */
  generator: GeneratorHealth | null
  durationMs: number
  trendStats: readonly string[]
  timeUnit: TimeUnit
  hasColour: boolean
}

const SECTIONS: readonly [title: string, belongs: (name: string) => boolean][] = [
  ['CUSTOM', () => false],
  [
    'HTTP',
    (name) =>
      /^http_req(s|_(failed|duration|blocked|connecting|tls_handshaking|sending|waiting|receiving))/.test(
        name,
      ),
  ],
  ['EXECUTION', (name) => /^(vus|iterations|iteration_duration|dropped_iterations)/.test(name)],
  ['NETWORK', (name) => name === 'data_received' || name === 'data_sent'],
  ['GRPC', (name) => name.startsWith('grpc_')],
  ['WEBSOCKET', (name) => name.startsWith('ws_')],
]

/** Left out of both layouts, with all names that begin so, as in k6. */
const HIDDEN = ['checks', 'group_duration']
/** Left out of the compact layout besides. */
const DETAILS = [
  'http_req_blocked',
  'http_req_connecting',
  'http_req_receiving',
  'http_req_sending',
  'http_req_tls_handshaking',
  'http_req_waiting',
]

export function summaryText(input: TextInput): string {
  return new SummaryText(input).toString()
}

interface Row {
  name: string
  indent: number
  /** Statistics of a trend, or value and extras of the other types. */
  trend: string[] | null
  value: string
  extras: string[]
}

class SummaryText {
  readonly #input: TextInput
  readonly #paint: Paint
  readonly #lines: string[] = []

  constructor(input: TextInput) {
    this.#input = input
    this.#paint = painter(input.hasColour)
  }

  toString(): string {
    const { total, groups, scenarios, mode, thresholds, generator, timeUnit } = this.#input
    if (generator !== null) this.#lines.push(...limitLines(generator, this.#paint))
    if (thresholds.length > 0) this.#thresholds()
    this.#title('TOTAL RESULTS', 2)
    this.#view(total, 4, '')
    if (generator !== null) this.#lines.push(...arrivalLines(generator, this.#paint, timeUnit))
    if (mode === 'full') {
      for (const group of groups) this.#block(`GROUP: ${group.name}`, group, 2)
      for (const scenario of scenarios) this.#block(`SCENARIO: ${scenario.name}`, scenario, 2)
    }
    return `${this.#lines.join('\n')}\n`
  }

  #block(title: string, { view, groups }: TextInput['groups'][number], indent: number): void {
    if (indent === 2) this.#title(title, indent)
    else this.#lines.push(`${' '.repeat(indent)}${this.#paint(`↳ ${title}`, 'bold')}`, '')
    this.#view(view, indent + 2, '')
    for (const group of groups) this.#block(`GROUP: ${group.name}`, group, indent + 2)
  }

  #title(text: string, indent: number): void {
    this.#lines.push(`${' '.repeat(indent)}${this.#paint(`█ ${text}`, 'bold')} `, '')
  }

  #mark(ok: boolean): string {
    return ok ? this.#paint('✓', 'green') : this.#paint('✗', 'red')
  }

  #thresholds(): void {
    this.#title('THRESHOLDS', 2)
    const { thresholds, total } = this.#input
    for (const group of [...thresholds].sort((a, b) => compareText(a.key, b.key))) {
      const parent = group.key.split('{', 1)[0]!
      const isUnder = parent !== group.key && thresholds.some(({ key }) => key === parent)
      const pad = isUnder ? '      ' : '    '
      const title = isUnder ? group.key.slice(parent.length) : group.key
      this.#lines.push(`${pad}${this.#paint(title, 'bold')}`)
      const metric = 'promql' in group.target ? undefined : total.metric(group.target.metric)
      for (const threshold of group.thresholds) {
        const text = this.#thresholdValue(threshold, metric)
        this.#lines.push(`${pad}${this.#mark(threshold.ok === true)} '${threshold.source}' ${text}`)
      }
      this.#lines.push('')
    }
    this.#lines.push('')
  }

  #thresholdValue({ condition, value, problem }: Threshold, metric: Metric | undefined): string {
    if (problem !== null) return problem
    if (value === null) return 'not evaluated'
    const { aggregate } = condition
    if (metric === undefined) return `${aggregate}=${Number(value.toPrecision(6))}`
    if (metric.type === 'counter' && aggregate === 'rate')
      return `${aggregate}=${humanizePerSecond(value, metric)}`
    return `${aggregate}=${humanizeValue(value, metric, this.#input.timeUnit)}`
  }

  #view(view: MetricsView, indent: number, _title: string): void {
    this.#checks(view, indent)
    const sections = this.#sections(view)
    const rows = sections.flatMap(([, list]) => list)
    const nameWidth = Math.max(0, ...rows.map((row) => widthOf(row.name) + row.indent)) + 3
    const columns = columnWidths(rows)
    for (const [title, list] of sections) {
      this.#lines.push(`${' '.repeat(indent)}${this.#paint(title, 'bold')}`)
      for (const row of list)
        this.#lines.push(' '.repeat(indent) + this.#row(row, nameWidth, columns))
      this.#lines.push('')
    }
  }

  #checks(view: MetricsView, indent: number): void {
    const checks = view.checks()
    const total = checks.reduce((sum, { passes, fails }) => sum + passes + fails, 0)
    if (total === 0) return
    const passes = checks.reduce((sum, check) => sum + check.passes, 0)
    const pad = ' '.repeat(indent)
    const rate = this.#input.durationMs > 0 ? (total / this.#input.durationMs) * 1000 : 0
    const counter: Metric = { name: '', type: 'counter', contains: 'default' }
    const rateMetric: Metric = { name: '', type: 'rate', contains: 'default' }
    const rows: Row[] = [
      {
        name: 'checks_total',
        indent: 0,
        trend: null,
        value: String(total),
        extras: [humanizePerSecond(rate, counter)],
      },
      {
        name: 'checks_succeeded',
        indent: 0,
        trend: null,
        value: humanizeValue(passes / total, rateMetric, ''),
        extras: [`${passes} out of ${total}`],
      },
      {
        name: 'checks_failed',
        indent: 0,
        trend: null,
        value: humanizeValue((total - passes) / total, rateMetric, ''),
        extras: [`${total - passes} out of ${total}`],
      },
    ]
    const columns = columnWidths(rows)
    for (const row of rows)
      this.#lines.push(pad + this.#row(row, 'checks_succeeded'.length + 3, columns))
    this.#lines.push('')
    for (const check of checks) {
      const ok = check.fails === 0
      this.#lines.push(`${pad}${this.#mark(ok)} ${check.name}`)
      if (ok) continue
      const percent = Math.floor((100 * check.passes) / (check.passes + check.fails))
      this.#lines.push(
        `${pad}  ${this.#paint(`↳  ${percent}% — ✓ ${check.passes} / ✗ ${check.fails}`, 'red')}`,
      )
    }
    this.#lines.push('')
  }

  /** Rows by section, empty sections left out. */
  #sections(view: MetricsView): [string, Row[]][] {
    const rows = new Map<string, Row[]>(SECTIONS.map(([title]) => [title, []]))
    const thresholdKeys = new Set(this.#input.thresholds.map(({ key }) => key))
    for (const { metric, sink, submetrics } of view.metrics()) {
      const { name } = metric
      const isHidden =
        HIDDEN.some((one) => name.startsWith(one)) ||
        (this.#input.mode === 'compact' && DETAILS.some((one) => name.startsWith(one)))
      const title = SECTIONS.find(([, belongs]) => belongs(name))?.[0] ?? 'CUSTOM'
      const section = rows.get(title)!
      if (!isHidden && (!sink.isEmpty || thresholdKeys.has(name)))
        section.push(this.#metricRow(name, 0, metric, sink))
      for (const submetric of submetrics) {
        if (sink.isEmpty && !thresholdKeys.has(submetric.key)) continue
        if (submetric.sink.isEmpty && !thresholdKeys.has(submetric.key)) continue
        const brace = submetric.key.indexOf('{')
        if (isHidden) continue
        section.push(
          this.#metricRow(`{ ${submetric.key.slice(brace + 1, -1)} }`, 2, metric, submetric.sink),
        )
      }
    }
    return [...rows].filter(([, list]) => list.length > 0)
  }

  #metricRow(name: string, indent: number, metric: Metric, sink: Sink): Row {
    const { durationMs, trendStats, timeUnit } = this.#input
    if (sink instanceof TrendSink) {
      const trend = trendStats.map((stat) => {
        const value = sink.stat(stat)
        return `${stat}=${stat === 'count' ? value : humanizeValue(value, metric, timeUnit)}`
      })
      return { name, indent, trend, value: '', extras: [] }
    }
    const values = sink.values(durationMs, trendStats)
    return { name, indent, trend: null, ...plainValue(metric.type, metric, values, timeUnit) }
  }

  #row(row: Row, nameWidth: number, columns: Columns): string {
    const dots = '.'.repeat(Math.max(0, nameWidth - row.indent - widthOf(row.name)))
    const head = `${' '.repeat(row.indent)}${row.name}${this.#paint(`${dots}:`, 'faint')} `
    if (row.trend !== null) {
      return (
        head +
        row.trend
          .map((text, i) => pad(text, columns.trend[i]!))
          .map((text) => this.#paint(text, 'cyan'))
          .join(' ')
      )
    }
    const value = this.#paint(pad(row.value, columns.value), 'cyan')
    if (row.extras.length === 1)
      return `${head}${value} ${this.#paint(row.extras[0]!, 'cyan', 'faint')}`
    return `${head}${value} ${row.extras.map((text, i) => this.#paint(pad(text, columns.extras[i]!), 'cyan', 'faint')).join(' ')}`
  }
}

interface Columns {
  trend: number[]
  value: number
  extras: number[]
}

function columnWidths(rows: readonly Row[]): Columns {
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(widthOf))
  const trends = rows.flatMap((row) => (row.trend === null ? [] : [row.trend]))
  const others = rows.filter((row) => row.trend === null)
  const column = (list: readonly string[][], i: number): string[] =>
    list.flatMap((row) => row[i] ?? [])
  return {
    trend: (trends[0] ?? []).map((_, i) => widest(column(trends, i))),
    value: widest(others.map((row) => row.value)),
    extras: [0, 1].map((i) =>
      widest(
        column(
          others.map((row) => row.extras),
          i,
        ),
      ),
    ),
  }
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

function plainValue(
  type: MetricType,
  metric: Metric,
  values: Record<string, number>,
  timeUnit: TimeUnit,
): { value: string; extras: string[] } {
  switch (type) {
    case 'counter': {
      const count =
        metric.contains === 'data'
          ? humanizeBytes(values['count']!)
          : humanizeCount(values['count']!, metric, timeUnit)
      return { value: count, extras: [humanizePerSecond(values['rate']!, metric)] }
    }
    case 'gauge': {
      const show = (name: string): string => humanizeValue(values[name]!, metric, timeUnit)
      return { value: show('value'), extras: [`min=${show('min')}`, `max=${show('max')}`] }
    }
    case 'trend':
    case 'rate': {
      const passes = values['passes']!
      return {
        value: humanizeValue(values['rate']!, metric, timeUnit),
        extras: [`${passes} out of ${passes + values['fails']!}`],
      }
    }
  }
}

function humanizeCount(value: number, metric: Metric, timeUnit: TimeUnit): string {
  return metric.contains === 'time'
    ? humanizeDuration(value, timeUnit)
    : humanizeValue(value, metric, timeUnit)
}
