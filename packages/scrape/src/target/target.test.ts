import { expect, test } from 'vitest'
import { scrapeJob, type ScrapeJob } from '../config.ts'
import { compileRelabel } from '../relabel.ts'
import { buildTargets, globalUrl } from './target.ts'

/** The one target of a job at `address`: `labels url`, or the problem. */
function build(
  address: string,
  settings: Partial<ScrapeJob>,
  labels: [string, string][] = [],
): string {
  const job = scrapeJob('j', settings)
  const groups = [{ targets: [address], labels: new Map(labels) }]
  const { targets, problems, dropped } = buildTargets(
    job,
    groups,
    compileRelabel(job.relabelConfigs),
  )
  const [target] = targets
  if (target === undefined) return problems[0] ?? `dropped ${dropped.length}`
  return `${target.labels.toString()} ${target.url} ${target.intervalMs}/${target.timeoutMs}`
}

test('labels and URL of a target', () => {
  const check = (
    address: string,
    settings: Partial<ScrapeJob>,
    want: string,
    labels: [string, string][] = [],
  ): void => expect(build(address, settings, labels)).toBe(want)
  check('h:1', {}, '{instance="h:1", job="j"} http://h:1/metrics 60000/10000')
  check(
    'h:1',
    { scheme: 'https', metricsPath: '/m', intervalMs: 5000 },
    '{instance="h:1", job="j"} https://h:1/m 5000/5000',
  )
  check('h', {}, '{instance="h", job="j"} http://h/metrics 60000/10000')
  check('[::1]:1', {}, '{instance="[::1]:1", job="j"} http://[::1]:1/metrics 60000/10000')
  check('h:1', {}, '{instance="i", job="k"} http://h:1/metrics 60000/10000', [
    ['instance', 'i'],
    ['job', 'k'],
  ])
  check('h:1', {}, '{instance="h:1", job="j"} http://h:1/metrics 1000/500', [
    ['__scrape_interval__', '1s'],
    ['__scrape_timeout__', '500ms'],
  ])
  check(
    'h:1',
    { params: new Map([['a', ['1', '2']]]) },
    '{instance="h:1", job="j"} http://h:1/metrics?a=x&a=2 60000/10000',
    [['__param_a', 'x']],
  )
})

test('what cannot be a target', () => {
  const check = (address: string, labels: [string, string][], want: string): void =>
    expect(build(address, {}, labels)).toBe(`target ${JSON.stringify(address)}: ${want}`)
  check('', [], 'no address')
  check('h:1/path', [], '"h:1/path" is not a valid hostname')
  check('h:x', [], '"h:x" does not make a URL')
  check(
    'h:1',
    [['__scrape_interval__', 'x']],
    'error parsing scrape interval: got "x", want a duration above 0',
  )
  check(
    'h:1',
    [['__scrape_timeout__', '2m']],
    'scrape timeout cannot be greater than scrape interval ("2m" > "1m")',
  )
})

test('global URLs lead there from elsewhere', () => {
  const check = (url: string, want: string): void =>
    expect(globalUrl(url, 'https://vigie.test/', 9090)).toBe(want)
  check('http://localhost:9100/metrics', 'http://vigie.test:9100/metrics')
  check('http://127.0.0.1:9090/metrics', 'https://vigie.test/metrics')
  check('http://host:9090/metrics', 'http://host:9090/metrics')
  check('localhost', 'localhost')
})
