/**
 * The report of a run as one HTML file that needs no network: the verdict first, then thresholds, what was
 * found, charts over time, requests, checks, and how well the generator kept up.
 */
import type { RunReport } from '../api.ts'
import { formatGoDuration } from '../duration.ts'
import {
  humanizeBytes,
  humanizeDuration,
  humanizePerSecond,
  humanizeValue,
} from '../summary/format.ts'
import { type Chart, chartHtml } from './chart.ts'
import type { ReportCollector, ReportPoint } from './collector.ts'
import { escapeHtml } from './escape.ts'
import { SCRIPT, STYLE } from './page.ts'

const STATES = {
  running: ['Running', 'dim'],
  passed: ['✓ Passed', 'good'],
  failed: ['✗ Failed', 'bad'],
  aborted: ['Aborted', 'warn'],
  error: ['✗ Error', 'bad'],
} as const

const RATE = { name: '', type: 'rate', contains: 'default' } as const
const PLAIN = { name: '', type: 'gauge', contains: 'default' } as const

export function reportHtml(report: RunReport, collected: ReportCollector): string {
  const [verdict, tone] = STATES[report.state]
  const title = `${report.script} – ${verdict}`
  const body = [
    `<header><h1>${escapeHtml(report.script)}</h1><span class="verdict ${tone}">${verdict}</span>`,
    `<span class="dim">${subtitle(report)}</span></header>`,
    report.error === null ? '' : `<p class="${tone}">${escapeHtml(report.error)}</p>`,
    generatorWarning(report),
    cards(report),
    thresholds(report),
    findings(report),
    `<h2>Over time</h2><div class="charts">${charts(report, collected).map(chartHtml).join('')}</div>`,
    requests(collected),
    checks(report),
    generator(report),
    `<h2>Summary</h2><pre>${escapeHtml(report.summaryText.trimEnd())}</pre>`,
    `<details><summary>Options</summary><pre>${escapeHtml(JSON.stringify(report.options, null, 2))}</pre></details>`,
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main>${body.join('\n')}</main><script>${SCRIPT}</script></body></html>
`
}

function subtitle({ startedMs, endedMs, id, exitCode }: RunReport): string {
  const started = new Date(startedMs).toISOString().replace('T', ' ').slice(0, 19)
  const length = endedMs === null ? '' : ` · ${seconds(endedMs - startedMs)}`
  return escapeHtml(
    `${started} UTC${length} · exit code ${exitCode === null ? '–' : exitCode} · ${id}`,
  )
}

function seconds(ms: number): string {
  return formatGoDuration(Math.round(ms / 1000) * 1000)
}

function generatorWarning({ generator: health }: RunReport): string {
  if (health === null || health.limit === null) return ''
  const what =
    health.limit === 'vus'
      ? 'There were too few VUs for the load that was asked for'
      : 'The generator was the limit, not the target'
  return `<p class="bad"><b>${what}.</b> ${escapeHtml(health.reasons.join('; '))}</p>`
}

function cards({ metrics, vusMax, iterations }: RunReport): string {
  const value = (name: string, key: string): number | undefined => metrics[name]?.values[key]
  const duration = value('http_req_duration', 'p(95)')
  const failed = value('http_req_failed', 'rate')
  const list: [label: string, text: string | undefined][] = [
    ['requests', numberText(value('http_reqs', 'count'))],
    ['requests per second', numberText(value('http_reqs', 'rate'))],
    ['p95 of requests', duration === undefined ? undefined : humanizeDuration(duration)],
    ['failed requests', failed === undefined ? undefined : humanizeValue(failed, RATE, '')],
    ['checks that held', rateText(value('checks', 'rate'))],
    ['iterations', numberText(iterations)],
    ['dropped iterations', numberText(value('dropped_iterations', 'count'))],
    ['most VUs', numberText(vusMax)],
    ['received', bytesText(value('data_received', 'count'))],
    ['sent', bytesText(value('data_sent', 'count'))],
  ]
  return `<div class="cards">${list
    .filter(([, text]) => text !== undefined)
    .map(([label, text]) => `<div class="card"><b>${text}</b><span>${label}</span></div>`)
    .join('')}</div>`
}

const numberText = (value: number | undefined): string | undefined =>
  value === undefined
    ? undefined
    : value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 })
const rateText = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : humanizeValue(value, RATE, '')
const bytesText = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : humanizeBytes(value)

function thresholds({ thresholds: list, metrics }: RunReport): string {
  if (list.length === 0) return ''
  const rows = list.map(({ metric, source, ok, value }) => {
    const of = metrics[metric]
    const text =
      value === null
        ? '–'
        : of === undefined || of.type === 'counter'
          ? String(Number(value.toPrecision(6)))
          : humanizeValue(value, { name: metric, ...of } as never, '')
    const mark = ok === null ? ['–', 'dim'] : ok ? ['✓', 'good'] : ['✗', 'bad']
    return [
      `<td class="${mark[1]}">${mark[0]}</td>`,
      `<td class="wide">${escapeHtml(metric)}</td>`,
      `<td>${escapeHtml(source)}</td>`,
      `<td class="n">${escapeHtml(text)}</td>`,
    ]
  })
  return `<h2>Thresholds</h2>${table(['', 'Metric', 'Condition', '#Value'], rows)}`
}

function findings({ limit, suspects, brokenChecks }: RunReport): string {
  const parts: string[] = []
  if (limit !== undefined) {
    const unit = limit.unit === 'vus' ? 'VUs' : 'iterations per second'
    const sustained =
      limit.sustained === null
        ? 'No load was sustained.'
        : `<b>${limit.sustained.toLocaleString('en')} ${unit}</b> were sustained.`
    const failed =
      limit.failed === null ? '' : ` At ${limit.failed.toLocaleString('en')} it did not hold:`
    parts.push(
      `<h2>Limit</h2><div class="box">${sustained}${failed} ${escapeHtml(limit.why ?? '')}</div>`,
    )
  }
  if (suspects !== undefined && suspects.length > 0)
    parts.push(
      `<h2>What gave first</h2><div class="box"><ol>${suspects.map(({ sentence, expr }) => `<li>${escapeHtml(sentence)}<br><code class="dim">${escapeHtml(expr)}</code></li>`).join('')}</ol></div>`,
    )
  if (brokenChecks !== undefined && brokenChecks.length > 0)
    parts.push(
      `<h2>Data that the run broke</h2><div class="box"><ul>${brokenChecks.map(({ name, description, violations }) => `<li class="bad">${escapeHtml(name)}: ${escapeHtml(description)} (${violations ?? '?'} violations)</li>`).join('')}</ul></div>`,
    )
  return parts.join('')
}

function charts({ thresholds: list }: RunReport, { timeline }: ReportCollector): Chart[] {
  const { stepMs, points } = timeline
  const perSecond = (value: number): number => (value * 1000) / stepMs
  const values = (of: (point: ReportPoint) => number | null): (number | null)[] => points.map(of)
  const latency = (p: number): (number | null)[] =>
    values(({ duration }) => (duration.isEmpty ? null : duration.percentile(p)))
  const limit = list
    .filter(({ metric }) => metric === 'http_req_duration')
    .map(
      ({ source }) => /^p\(\d+(?:\.\d+)?\)\s*<=?\s*(\d+(?:\.\d+)?)(?: over |$)/.exec(source)?.[1],
    )
    .find((one) => one !== undefined)
  const all: Chart[] = [
    {
      title: 'Requests per second',
      stepMs,
      format: (value) => humanizePerSecond(Number(value.toPrecision(4)), PLAIN),
      lines: [
        {
          label: 'requests',
          colour: 1,
          isFilled: true,
          values: values(({ requests: of }) => perSecond(of.sum)),
        },
        { label: 'failed', colour: 2, values: values(({ failed }) => perSecond(failed.nonZero)) },
      ],
    },
    {
      title: 'Request duration',
      stepMs,
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      format: (value) => humanizeDuration(value),
      lines: [
        { label: 'p50', colour: 4, values: latency(0.5) },
        { label: 'p95', colour: 1, values: latency(0.95) },
        { label: 'p99', colour: 3, values: latency(0.99) },
      ],
    },
    {
      title: 'VUs',
      stepMs,
      format: (value) => String(Number(value.toPrecision(4))),
      lines: [
        {
          label: 'active',
          colour: 3,
          isFilled: true,
          values: values(({ vus }) => (vus.isEmpty ? null : vus.last)),
        },
      ],
    },
    {
      title: 'Iterations per second',
      stepMs,
      format: (value) => humanizePerSecond(Number(value.toPrecision(4)), PLAIN),
      lines: [
        {
          label: 'completed',
          colour: 4,
          isFilled: true,
          values: values(({ iterations }) => perSecond(iterations.sum)),
        },
      ],
    },
    {
      title: 'Checks per second',
      stepMs,
      format: (value) => humanizePerSecond(Number(value.toPrecision(4)), PLAIN),
      lines: [
        { label: 'held', colour: 4, values: values(({ checks: of }) => perSecond(of.nonZero)) },
        {
          label: 'did not',
          colour: 2,
          values: values(({ checks: of }) => perSecond(of.total - of.nonZero)),
        },
      ],
    },
    {
      title: 'Data per second',
      stepMs,
      format: (value) => `${humanizeBytes(Math.round(value))}/s`,
      lines: [
        { label: 'received', colour: 1, values: values(({ received }) => perSecond(received.sum)) },
        { label: 'sent', colour: 2, values: values(({ sent }) => perSecond(sent.sum)) },
      ],
    },
  ]
  return all.filter(({ lines }) =>
    lines.some((line) => line.values.some((value) => value !== null && value !== 0)),
  )
}

function requests({ rows }: ReportCollector): string {
  if (rows.size === 0) return ''
  const sorted = [...rows.values()].sort((a, b) => b.count.sum - a.count.sum)
  const ms = (value: number): string => `<td class="n">${humanizeDuration(value)}</td>`
  const body = sorted.map(({ method, name, status, count, failed, duration }) => [
    `<td>${escapeHtml(method)}</td>`,
    `<td class="wide">${escapeHtml(name)}</td>`,
    `<td${failed.nonZero > 0 ? ' class="bad"' : ''}>${escapeHtml(status)}</td>`,
    `<td class="n">${count.sum.toLocaleString('en')}</td>`,
    ...[0.5, 0.95, 0.99].map((p) => ms(duration.percentile(p))),
    ms(duration.max),
  ])
  const heads = ['Method', 'Name', 'Status', '#Count', '#p50', '#p95', '#p99', '#Max']
  return `<h2>Requests</h2>${table(heads, body)}`
}

function checks({ checks: list }: RunReport): string {
  if (list.length === 0) return ''
  const body = list.map(({ group, name, passes, fails }) => [
    `<td class="${fails === 0 ? 'good' : 'bad'}">${fails === 0 ? '✓' : '✗'}</td>`,
    `<td class="wide">${escapeHtml([...group.split('::').slice(1), name].join(' › '))}</td>`,
    `<td class="n">${passes.toLocaleString('en')}</td>`,
    `<td class="n">${fails.toLocaleString('en')}</td>`,
    `<td class="n">${passes + fails === 0 ? '–' : humanizeValue(passes / (passes + fails), RATE, '')}</td>`,
  ])
  return `<h2>Checks</h2>${table(['', 'Check', '#Held', '#Did not', '#Share'], body)}`
}

function generator({ generator: health }: RunReport): string {
  if (health === null) return ''
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`
  const rows = health.threads.map(({ name, busy, loopDelayP99Ms }) => [
    `<td>${escapeHtml(name)}</td>`,
    `<td class="n">${percent(busy)}</td>`,
    `<td class="n">${humanizeDuration(loopDelayP99Ms)}</td>`,
  ])
  const arrivals =
    health.achieved === null
      ? ''
      : `<p>${health.started.toLocaleString('en')} of ${health.offered.toLocaleString('en')} iterations that the clock asked for were started (${percent(health.achieved)}), ${health.dropped.toLocaleString('en')} found no free VU.</p>`
  return `<h2>Generator</h2>${arrivals}${table(['Thread', '#Busy', '#Late, p99'], rows)}`
}

/** Heads that begin with # are above numbers. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads
    .map((one) => (one.startsWith('#') ? `<th class="n">${one.slice(1)}</th>` : `<th>${one}</th>`))
    .join('')
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('')}</tbody></table></div>`
}
