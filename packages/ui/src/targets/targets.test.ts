import { expect, test } from 'vitest'
import type { ScrapeTarget } from '../api/prometheus.ts'
import { plainError } from './plain-error.ts'
import { services, targetRows } from './service.ts'

/** `job instance health`, then its last error. */
function target(text: string, lastError = ''): ScrapeTarget {
  const [job = '', instance = '', health] = text.split(' ')
  return {
    discoveredLabels: {},
    labels: { job, instance },
    scrapePool: job,
    scrapeUrl: `http://${instance}/metrics`,
    lastError,
    lastScrape: '2026-11-22T14:05:09Z',
    lastScrapeDuration: 0.0043,
    health: health as ScrapeTarget['health'],
    scrapeInterval: '2s',
    scrapeTimeout: '2s',
  }
}
const probe = (job: string, instance: string, value: string) => ({
  metric: { __name__: 'probe_success', job, instance },
  value: [1_700_000_000, value] as [number, string],
})
const states = (targets: ScrapeTarget[]): string[] =>
  services(targetRows(targets, [])).map((one) => `${one.job} ${one.state} ${one.upCount}`)

test('a job is up, partly up, down or waiting; what is wrong comes first', () => {
  expect(
    states([
      target('b b:1 up'),
      target('a a:1 up'),
      target('a a:2 up'),
      target('half h:1 up'),
      target('half h:2 down', 'x'),
      target('gone g:1 down', 'x'),
      target('new n:1 unknown'),
    ]),
  ).toEqual(['gone down 0', 'half partial 1', 'new unknown 0', 'a up 2', 'b up 1'])
})

test('a probe that says 0 is down although its scrape worked', () => {
  const [row] = targetRows([target('web w:1 up')], [probe('web', 'w:1', '0')])
  expect([row?.state, row?.error, row?.isProbe]).toEqual([
    'down',
    'The probe did not succeed',
    true,
  ])
})

test('a probe without a target is listed', () => {
  const rows = targetRows([target('web w:1 up')], [probe('probe', 'https://example.org', '1')])
  expect(rows.map((row) => `${row.job} ${row.instance} ${row.state} ${row.isProbe}`)).toEqual([
    'web w:1 up false',
    'probe https://example.org up true',
  ])
})

test('a target that was never scraped has no time', () => {
  const fresh = { ...target('a a:1 unknown'), lastScrape: '0001-01-01T00:00:00Z' }
  expect(targetRows([fresh], [])[0]?.lastScrapeMs).toBe(0)
})

test.each([
  [
    'Get "http://x": connect ECONNREFUSED 127.0.0.1:1',
    'Nothing listens there (connection refused)',
  ],
  ['context deadline exceeded', 'No answer in time'],
  ['server returned HTTP status 503 Service Unavailable', 'It answered HTTP 503'],
  ['getaddrinfo ENOTFOUND nowhere', 'The host name is not known'],
  ['expected a number at line 3', 'expected a number at line 3'],
])('%s', (error, words) => expect(plainError(error)).toBe(words))
