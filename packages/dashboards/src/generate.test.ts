/** Metrics are written `name:type`, c counter, g gauge, h histogram, s summary; rows of the answer `# title`. */
import { expect, test } from 'vitest'
import { parseExpr } from '@vigie/promql/syntax'
import {
  type Panel,
  type MetricInfo,
  generateDashboard,
  panelQueries,
  readDashboard,
} from './index.ts'

const TYPES = new Map([
  ['c', 'counter'],
  ['g', 'gauge'],
  ['h', 'histogram'],
  ['s', 'summary'],
  ['u', 'unknown'],
  ['i', 'info'],
])
const metrics = (text: string): MetricInfo[] =>
  text.split(/\s+/).map((one) => {
    const [name, type] = one.split(':')
    return { name, type: TYPES.get(type)!, help: '', unit: '' }
  })
const panelsOf = (text: string): Panel[] =>
  readDashboard(generateDashboard('app', metrics(text))).panels
const titles = (text: string): string[] =>
  panelsOf(text).map((one) => (one.kind === 'row' ? `# ${one.title}` : one.title))

const SERVICE =
  'http_requests_total:c http_request_duration_seconds:h queue_depth:g process_cpu_seconds_total:c process_resident_memory_bytes:g nodejs_version_info:g'

test('a headline, the traffic, its own metrics, the runtime', () => {
  expect(titles(SERVICE)).toEqual(
    [
      'Up, Requests, Error ratio, p95 latency, Memory',
      'Requests by status, Latency',
      '# Queue, Depth',
      '# Runtime, CPU, Memory',
    ]
      .join(', ')
      .split(', '),
  )
})

test('the counter that knows how requests ended says so', () => {
  const panels = panelsOf('d_requests_by_method_total:c d_responses_by_status_total:c d_x:g up:g')
  const chart = panels.find((one) => one.title === 'Requests by status')!
  expect(chart.targets[0].expr).toContain('rate(d_responses_by_status_total{')
  expect(panels.map((one) => one.title).slice(-2)).toEqual(['D', 'X'])
})

test('a host has what one looks at first', () => {
  expect(
    titles(
      'node_cpu_seconds_total:c node_load1:g node_memory_MemAvailable_bytes:g node_memory_MemTotal_bytes:g node_arp_entries:g',
    ),
  ).toEqual(['Up', 'CPU used', 'Memory used', 'Load', '# Host', 'CPU by mode', 'Memory'])
})

test('each type as it is best seen', () => {
  const check = (metric: string, title: string, unit: string, ...exprs: string[]): void => {
    const panel = panelsOf(metric).at(-1)!
    const found = panel.targets.map((one) =>
      one.expr
        .replaceAll('{job="app",instance=~"$instance"}', '')
        .replaceAll('[$__rate_interval]', '[R]'),
    )
    expect([panel.title, panel.fieldConfig.defaults.unit, ...found]).toEqual([
      title,
      unit,
      ...exprs,
    ])
  }
  check('a_games_total:c', 'Games per second', 'ops', 'rate(a_games_total[R])')
  check('a_sent_bytes_total:c', 'Sent per second', 'binBps', 'rate(a_sent_bytes_total[R])')
  check('a_busy_seconds_total:u', 'Busy per second', 'percentunit', 'rate(a_busy_seconds_total[R])')
  check('a_db_pool_ratio:g', 'Pool', 'percentunit', 'a_db_pool_ratio')
  check(
    'a_tick_size_bytes:h',
    'Size',
    'bytes',
    ...[0.5, 0.95, 0.99].map(
      (q) => `histogram_quantile(${q}, sum by (le) (rate(a_tick_size_bytes_bucket[R])))`,
    ),
  )
  check(
    'a_wait_seconds:s',
    'Wait',
    's',
    'sum(rate(a_wait_seconds_sum[R])) / sum(rate(a_wait_seconds_count[R]))',
    'avg by (quantile) (a_wait_seconds)',
  )
})

test('groups by the words names begin with; large ones are split, lone ones come together', () => {
  const many = Array.from({ length: 6 }, (_, i) => `app_db_x${i}:g app_web_y${i}:g`).join(' ')
  expect(titles(`${many} b_one:g c_two:g`).filter((title) => title.startsWith('#'))).toEqual([
    '# App DB',
    '# App web',
    '# More',
  ])
})

test('few enough to read, in full lines, and every query parses', () => {
  const many = Array.from({ length: 200 }, (_, i) => `many_things_${i}:g`).join(' ')
  const panels = panelsOf(`${SERVICE} ${many}`).filter((one) => one.kind !== 'row')
  expect(panels.length).toBe(40)
  expect(panels.at(-1)!.title).toBe('Memory')
  const widths = new Map<number, number>()
  for (const { grid } of panels) widths.set(grid.y, (widths.get(grid.y) ?? 0) + grid.w)
  expect(new Set(widths.values())).toEqual(new Set([24]))
  const variables = new Map([['instance', { values: [], raw: '.*', isMulti: true }]])
  const context = { fromMs: 0, toMs: 60_000, widthPx: 100, scrapeIntervalMs: 1000, variables }
  for (const { expr } of panels.flatMap((one) => panelQueries(one, context))) parseExpr(expr)
})
