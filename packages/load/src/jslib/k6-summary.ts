/**
 * k6-summary of k6's library site, without the network: the summary as text in k6's older layout, and as
 * JUnit XML, from the data that handleSummary is given.
 */
import type { Metric } from '../metrics/metric.ts'
import {
  type Paint,
  type TimeUnit,
  humanizePerSecond,
  humanizeValue,
  painter,
  widthOf,
} from '../summary/format.ts'

interface Check {
  name: string
  passes: number
  fails: number
}
interface Group {
  name: string
  groups: Group[]
  checks: Check[]
}
interface MetricData extends Pick<Metric, 'type' | 'contains'> {
  values: Record<string, number>
  thresholds?: Record<string, { ok: boolean }>
}
interface Data {
  root_group: Group
  options: { summaryTrendStats?: string[]; summaryTimeUnit?: TimeUnit; noColor?: boolean }
  metrics: Record<string, MetricData>
}
interface TextOptions {
  indent?: string
  enableColors?: boolean
  summaryTimeUnit?: TimeUnit
  summaryTrendStats?: string[]
}

const DEFAULT_STATS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']

export function createK6Summary(): Record<string, unknown> {
  return {
    humanizeValue: (value: number, metric: Metric, unit: TimeUnit = '') =>
      humanizeValue(value, metric, unit),
    jUnit,
    textSummary,
  }
}

function textSummary(data: Data, given: TextOptions = {}): string {
  const indent = given.indent ?? ''
  const paint = painter(given.enableColors ?? data.options.noColor === false)
  const stats = given.summaryTrendStats ?? data.options.summaryTrendStats ?? DEFAULT_STATS
  const unit = given.summaryTimeUnit ?? data.options.summaryTimeUnit ?? ''
  return [
    ...groupLines(`${indent}    `, data.root_group, paint),
    ...metricLines(`${indent}  `, data.metrics, stats, unit, paint),
  ].join('\n')
}

function groupLines(outer: string, group: Group, paint: Paint): string[] {
  const lines: string[] = []
  let indent = outer
  if (group.name !== '') {
    lines.push(`${outer}█ ${group.name}\n`)
    indent += '  '
  }
  for (const check of group.checks) lines.push(checkLine(indent, check, paint))
  if (group.checks.length > 0) lines.push('')
  for (const inner of group.groups) lines.push(...groupLines(indent, inner, paint))
  return lines
}

function checkLine(indent: string, { name, passes, fails }: Check, paint: Paint): string {
  if (fails === 0) return paint(`${indent}✓ ${name}`, 'green')
  const percent = Math.floor((100 * passes) / (passes + fails))
  return paint(`${indent}✗ ${name}\n${indent} ↳  ${percent}% — ✓ ${passes} / ✗ ${fails}`, 'red')
}

function metricLines(
  indent: string,
  metrics: Record<string, MetricData>,
  stats: readonly string[],
  unit: TimeUnit,
  paint: Paint,
): string[] {
  const names = Object.keys(metrics).sort(byParent)
  const shown = names.map((name) => displayName(name))
  const nameWidth = Math.max(0, ...shown.map(widthOf))
  const rows = names.map((name) => cellsOf(metrics[name]!, stats, unit))
  const isTrend = names.map((name) => metrics[name]!.type === 'trend')
  const trendWidths = widths(rows.filter((_, i) => isTrend[i]))
  const otherWidths = widths(rows.filter((_, i) => !isTrend[i]))
  return names.map((name, i) => {
    const { thresholds } = metrics[name]!
    const dots = paint(`${'.'.repeat(nameWidth - widthOf(shown[i]!) + 3)}:`, 'faint')
    const columns = isTrend[i] ? trendWidths : otherWidths
    const cells = rows[i]!
    const values = cells.map((cell, k) =>
      // A single extra value is not padded; of two or more, each is.
      !isTrend[i] && cells.length === 2 && k === 1 ? cell : pad(cell, columns[k]!),
    )
    const text = values.map((value) => paint(value, 'cyan')).join(' ')
    return `${indent}${mark(thresholds, paint)} ${shown[i]}${dots} ${text}`
  })
}

function mark(thresholds: MetricData['thresholds'], paint: Paint): string {
  if (thresholds === undefined) return ' '
  return Object.values(thresholds).every(({ ok }) => ok) ? paint('✓', 'green') : paint('✗', 'red')
}

/** A metric stands before its submetrics. */
function byParent(a: string, b: string): number {
  const parent = (name: string): string => name.split('{', 1)[0]!
  if (parent(a) !== parent(b)) return parent(a) < parent(b) ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

function displayName(name: string): string {
  const at = name.indexOf('{')
  return at < 0 ? name : `  { ${name.slice(at + 1, -1)} }`
}

function cellsOf(metric: MetricData, stats: readonly string[], unit: TimeUnit): string[] {
  const { values, type } = metric
  const show = (value: number | undefined): string =>
    humanizeValue(value ?? 0, metric as unknown as Metric, unit)
  switch (type) {
    case 'trend':
      return stats.map((stat) =>
        stat === 'count' ? `count=${values['count'] ?? 0}` : `${stat}=${show(values[stat])}`,
      )
    case 'counter':
      return [
        show(values['count']),
        humanizePerSecond(values['rate'] ?? 0, metric as unknown as Metric),
      ]
    case 'gauge':
      return [show(values['value']), `min=${show(values['min'])}`, `max=${show(values['max'])}`]
    case 'rate':
      return [show(values['rate']), `✓ ${values['passes'] ?? 0}`, `✗ ${values['fails'] ?? 0}`]
  }
}

function widths(rows: readonly string[][]): number[] {
  const found: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => (found[i] = Math.max(found[i] ?? 0, widthOf(cell))))
  return found
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - widthOf(text))
}

/** Every threshold as a test case; those that failed carry a failure. */
function jUnit(data: Data, { name = 'k6 thresholds' }: { name?: string } = {}): string {
  const cases: string[] = []
  let failures = 0
  for (const [metric, { thresholds = {} }] of Object.entries(data.metrics)) {
    for (const [source, { ok }] of Object.entries(thresholds)) {
      const title = escapeXml(`${metric} - ${source}`)
      if (ok) cases.push(`<testcase name="${title}" />`)
      else {
        failures++
        cases.push(`<testcase name="${title}"><failure message="failed" /></testcase>`)
      }
    }
  }
  return [
    '<?xml version="1.0"?>',
    `<testsuites tests="${cases.length}" failures="${failures}">`,
    `<testsuite name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}">`,
    ...cases,
    '</testsuite>',
    '</testsuites>',
  ].join('\n')
}

function escapeXml(text: string): string {
  return text.replace(
    /[<>&'"]/g,
    (letter) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', "'": '&apos;', '"': '&quot;' })[letter]!,
  )
}
