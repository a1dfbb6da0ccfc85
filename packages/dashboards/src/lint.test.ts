import { expect, test } from 'vitest'
import { lintDashboard } from './lint.ts'
import { readDashboard } from './read.ts'

function check(expr: string, want: string, unit = 'short'): void {
  const panel = {
    type: 'timeseries',
    title: 't',
    fieldConfig: { defaults: { unit } },
    targets: [{ expr }],
  }
  const variables = { list: [{ name: 'job', type: 'custom', query: 'a' }] }
  const problems = lintDashboard(readDashboard({ panels: [panel], templating: variables }))
  expect(problems.map((one) => one.rule).join(), expr).toBe(want)
}

test('queries', () => {
  check('rate(http_requests_total{job="$job"}[$__rate_interval])', '')
  check('sum(rate(process_resident_memory_bytes[5m]))', 'rate')
  check('rate(http_sent_bytes_total[5m])', '')
  check('rate(sum(http_requests_total)[5m:])', 'rate')
  check('sum(', 'syntax')
  check('sum($nothing', '')
  check('http_request_duration_seconds * 60', 'unit')
  check('http_request_duration_seconds * 1000', 'unit', 's')
  check('http_request_duration_seconds * 1000', '', 'ms')
  check('rate(process_cpu_seconds_total[5m]) * 60', '')
})

test('titles and sizes', () => {
  const rules = (panels: object[]): string[] =>
    lintDashboard(readDashboard({ panels })).map((one) => one.rule)
  expect(rules([{ type: 'graph', title: 'Panel Title' }])).toEqual(['title'])
  expect(rules([{ type: 'graph' }])).toEqual(['title'])
  expect(rules([{ type: 'text' }])).toEqual([])
  expect(rules(Array.from({ length: 61 }, () => ({ type: 'graph', title: 'x' })))).toEqual([
    'many-panels',
  ])
})
