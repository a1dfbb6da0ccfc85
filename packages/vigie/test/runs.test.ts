/**
 * Load runs from the browser: a script of the configured folder is started, seen live, stopped, listed,
 * compared and marked on charts; one that cannot start says why.
 */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from './browser.ts'
import { type Started, eventually, getJson, start } from './processes.ts'

const SCRIPT = `// Asks for a page.
import http from 'k6/http'
import { check, sleep } from 'k6'
import { pause } from './lib/pause.js'
export const options = { thresholds: { checks: ['rate>0.5'] } }
export default function () {
  check(http.get(__ENV.URL, { tags: { name: 'the page' } }), { 'is there': (r) => r.status === 200 })
  sleep(pause)
}`

interface Run {
  id: string
  state: string
  error: string | null
  iterations: number
}

const cwd = mkdtempSync(join(tmpdir(), 'vigie-runs-'))
const problems: string[] = []
let app: Server
let vigie: Started
let browser: Browser
let page: Page
let url = ''
let appUrl = ''

beforeAll(async () => {
  app = createServer((_request, response) => response.end('{"ok":true}'))
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  appUrl = `http://127.0.0.1:${(app.address() as AddressInfo).port}/`
  mkdirSync(join(cwd, 'load/lib'), { recursive: true })
  writeFileSync(join(cwd, 'load/page.js'), SCRIPT)
  writeFileSync(join(cwd, 'load/lib/pause.js'), 'export const pause = 0.05')
  writeFileSync(join(cwd, 'load/wrong.js'), "import 'k6/nothing'\nexport default () => {}")
  writeFileSync(
    join(cwd, 'vigie.yml'),
    'global: { scrape_interval: 1s }\nself: true\nload: { scripts: ./load }\n',
  )
  vigie = start(cwd, ['--web.listen-address=127.0.0.1:0'])
  url = (await vigie.until(/Vigie is at (\S+)/))[1]
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text()))
      problems.push(message.text())
  })
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await vigie?.stop()
  app?.closeAllConnections()
  app?.close()
  rmSync(cwd, { recursive: true, force: true })
})

const runs = (): Promise<Run[]> => getJson(`${url}/api/vigie/runs`)

/** Starts a script with the form; the page is the run's afterwards. Returns its id. */
async function startRun(script: string, duration: string): Promise<string> {
  await page.goto(`${url}/load?start=${script}`)
  await page.getByTestId('start-vus').fill('2')
  await page.getByTestId('start-duration').fill(duration)
  await page.getByRole('button', { name: 'Variable for __ENV' }).click()
  await page.getByLabel('Name of variable 1').fill('URL')
  await page.getByLabel('Value of variable 1').fill(appUrl)
  await page.getByTestId('start-run').click()
  await page.waitForURL(/\/load\/\d{8}T/)
  return page.url().split('/').at(-1)!
}

const untilState = (state: string): Promise<void> =>
  page.locator(`[data-testid="run"][data-state="${state}"]`).waitFor()

test('a run is started, seen live, and stopped', async () => {
  const id = await startRun('page.js', '10m')
  await untilState('running')
  await page.locator('[data-testid="panel"][data-title="Load"] canvas').waitFor()
  await page.locator('[data-testid="threshold"][data-ok="true"]').waitFor()
  await page.getByTestId('tab-script').click()
  await page.getByText('// Asks for a page.').waitFor()
  await page.getByRole('button', { name: 'lib/pause.js' }).click()
  await page.getByText('export const pause = 0.05').waitFor()
  await page.goto(`${url}/load`)
  const card = page.locator(`[data-testid="running-run"][data-run="${id}"]`)
  await card.getByTestId('stop-run').click()
  await page
    .locator(`[data-testid="run-list-row"][data-run="${id}"][data-state="aborted"]`)
    .waitFor()
  const [run] = await runs()
  expect(run).toMatchObject({ id, state: 'aborted' })
  expect(run.iterations).toBeGreaterThan(0)
}, 90_000)

test('a second run passes, and is compared with one more', async () => {
  const first = await startRun('page.js', '3s')
  await untilState('passed')
  await page.getByTestId('tab-requests').click()
  await page.getByTestId('request-row').getByText('the page').waitFor()
  await page.getByTestId('tab-checks').click()
  await page.getByTestId('script-check').getByText('is there').waitFor()
  const second = await startRun('page.js', '3s')
  await untilState('passed')
  await page.goto(`${url}/load`)
  for (const id of [first, second])
    await page.locator(`[data-run="${id}"] input[type="checkbox"]`).check()
  await page.getByTestId('compare').click()
  await page.waitForURL(`${url}/load/compare?a=${first}&b=${second}`)
  await page
    .locator('[data-testid="compare-verdict"]')
    .getByText('Indicative', { exact: true })
    .waitFor()
  await page.getByTestId('compare-row').getByText('Response time, p95').waitFor()
  await page.locator('[data-testid="panel"][data-title="Requests per second"] canvas').waitFor()
}, 90_000)

test('runs are marked on charts, and the marks can be hidden', async () => {
  await page.goto(`${url}/explore?g0.expr=up&g0.range_input=5m`)
  const marks = page.locator('a.chart-mark')
  await marks.first().waitFor()
  const [newest] = await runs()
  expect(await marks.last().getAttribute('href')).toBe(`/load/${newest.id}`)
  expect(await marks.last().getAttribute('title')).toMatch(/^Load: page\.js, passed, 2 users, p95 /)
  await page.getByTestId('run-marks').click()
  await marks.first().waitFor({ state: 'detached' })
  await page.getByTestId('run-marks').click()
  await marks.last().click()
  await untilState('passed')
}, 60_000)

test('a script that cannot run says why', async () => {
  const id = await startRun('wrong.js', '3s')
  await untilState('error')
  await page.getByTestId('run-output').getByText('k6/nothing').waitFor()
  await page.getByTestId('delete-run').click()
  await page.getByTestId('confirm-delete').click()
  await page.waitForURL(`${url}/load`)
  await page.locator(`[data-run="${id}"]`).waitFor({ state: 'detached' })
  expect((await runs()).map((run) => run.id)).not.toContain(id)
}, 60_000)

test('a run ends with Vigie, and is known to the next one', async () => {
  const id = await startRun('page.js', '10m')
  await page.locator('[data-testid="threshold"][data-ok="true"]').waitFor()
  await vigie.stop('SIGINT')
  vigie = start(cwd, ['--web.listen-address=127.0.0.1:0'])
  url = (await vigie.until(/Vigie is at (\S+)/))[1]
  const run = await eventually('the run is listed', 10_000, async () =>
    (await runs()).find((one) => one.id === id),
  )
  expect(run.state).toBe('aborted')
}, 90_000)

test('nothing went wrong in the browser, the content security policy included', () => {
  expect(problems).toEqual([])
})
