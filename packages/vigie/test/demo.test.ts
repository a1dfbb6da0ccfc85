/**
 * The whole loop from outside, as a user would: `vigie demo` in an empty folder, a real browser, real
 * faults, a webhook that is notified, and load from the command line.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from './browser.ts'
import { type Started, eventually, getJson, run, start, startWebhook } from './processes.ts'

interface Alert {
  labels: Record<string, string>
  state: string
}
interface DemoState {
  services: { name: string; state: string; url: string; port: number; pid: number | null }[]
  faults: { name: string; active: boolean }[]
}
interface Check {
  name: string
  state: string
  sample: { rows: unknown[][] } | null
}
interface Vector {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] }
}

const cwd = mkdtempSync(join(tmpdir(), 'vigie-demo-'))
let webhook: Awaited<ReturnType<typeof startWebhook>>
let demo: Started
let browser: Browser
let page: Page
let url = ''
const problems: string[] = []

beforeAll(async () => {
  webhook = await startWebhook()
  browser = await launchBrowser()
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text()))
      problems.push(message.text())
  })
  demo = start(cwd, ['demo', '--webhook', webhook.url])
  url = (await demo.until(/Vigie is at (\S+)/, 90_000))[1]
}, 120_000)

afterAll(async () => {
  await demo?.stop()
  await browser?.close()
  await webhook?.close()
  rmSync(cwd, { recursive: true, force: true })
})

const firing = async (isWanted: (alert: Alert) => boolean): Promise<Alert | undefined> => {
  const { data } = await getJson<{ data: { alerts: Alert[] } }>(`${url}/api/v1/alerts`)
  return data.alerts.find((alert) => alert.state === 'firing' && isWanted(alert))
}
const query = async (expr: string): Promise<Vector['data']['result']> =>
  (await getJson<Vector>(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`)).data.result
const demoState = (): Promise<DemoState> => getJson(`${url}/api/vigie/demo`)

async function violated(check: string, timeoutMs: number): Promise<Check> {
  return eventually(`${check} violated`, timeoutMs, async () => {
    const checks = await getJson<Check[]>(`${url}/api/vigie/checks`)
    return checks.find((one) => one.name === check && one.state === 'violated')
  })
}

async function mendAll(): Promise<void> {
  const { code, stderr } = await run(cwd, ['demo', 'mend'])
  expect(stderr).toBe('')
  expect(code).toBe(0)
}

/** A busy machine may be slow, and Vigie may say so; down or wrong nothing is. */
const isUnwell = (alert: Alert): boolean =>
  ['TargetDown', 'InvariantViolated', 'InvariantNotChecked'].includes(alert.labels.alertname)

const untilWell = (timeoutMs: number): Promise<true> =>
  eventually('nothing is down or wrong', timeoutMs, async () =>
    (await firing(isUnwell)) === undefined ? true : undefined,
  )

describe('the demo', () => {
  test('has its first charts in the browser', async () => {
    const dashboards = await getJson<{ uid: string; source: string }[]>(
      `${url}/api/vigie/dashboards`,
    )
    const [first] = dashboards.filter((one) => one.source === 'file')
    await page.goto(`${url}/d/${first.uid}?from=now-5m&to=now`)
    await page.locator('[data-testid="panel"] canvas').first().waitFor({ timeout: 60_000 })
  }, 90_000)

  test('watches every service, and players are on it', async () => {
    const { services } = await demoState()
    await eventually('every target is up', 15_000, async () => {
      const up = await query('up == 1')
      return up.length >= services.length - 1 ? up : undefined
    })
    await eventually('players play', 30_000, async () => {
      const [row] = await query('sum(game_rps_active_connections_total)')
      return row !== undefined && Number(row.value[1]) > 0 ? row : undefined
    })
    expect(await firing(isUnwell)).toBeUndefined()
  })

  test('a killed matchmaker fires within two scrapes and evaluations, is visible, notifies once, and resolves', async () => {
    const matchmaker = (await demoState()).services.find((one) => one.name === 'matchmaker')
    process.kill(matchmaker!.pid!, 'SIGKILL')
    const isMatchmakerDown = (alert: Alert): boolean =>
      alert.labels.alertname === 'TargetDown' && alert.labels.job === 'matchmaker'
    await eventually('TargetDown of the matchmaker', 30_000, () => firing(isMatchmakerDown))
    // By Vigie's own clock: from the first scrape that failed, both intervals are 2 s.
    const first = async (expr: string): Promise<number> => {
      const [row] = await eventually(expr, 10_000, async () => {
        const rows = await query(`min_over_time(timestamp(${expr})[2m:1s])`)
        return rows.length > 0 ? rows : undefined
      })
      return Number(row.value[1])
    }
    const downS = await first('up{job="matchmaker"} == 0')
    const firedS = await first(
      'ALERTS{alertname="TargetDown",job="matchmaker",alertstate="firing"}',
    )
    expect(firedS - downS).toBeLessThanOrEqual(2 * (2 + 2))
    await page.goto(`${url}/alerts`)
    await page
      .locator('[data-testid="alert-row"]', { hasText: 'matchmaker' })
      .first()
      .waitFor({ timeout: 10_000 })
    const told = (status: string): number =>
      webhook.received.filter((body) =>
        body.alerts.some(
          (one) =>
            one.status === status &&
            one.labels.alertname === 'TargetDown' &&
            one.labels.job === 'matchmaker',
        ),
      ).length
    await eventually('the webhook is told', 10_000, async () =>
      told('firing') > 0 ? true : undefined,
    )
    expect(told('firing')).toBe(1)
    await mendAll()
    await eventually('the webhook is told of the end', 30_000, async () =>
      told('resolved') > 0 ? true : undefined,
    )
    expect(told('firing')).toBe(1)
  }, 90_000)

  test.each([
    ['double', 'wins_equal_losses'],
    ['zombie', 'lobby_games_exist'],
    ['drop-events', 'events_produced_equal_consumed'],
  ])(
    '%s is caught by the data check %s, with the rows that are wrong',
    async (fault, check) => {
      await untilWell(40_000)
      const { code } = await run(cwd, ['demo', 'break', fault])
      expect(code).toBe(0)
      await violated(check, 30_000)
      await eventually('the inbox has it', 15_000, async () => {
        const { notifications } = await getJson<{
          notifications: { alerts: { labels: Record<string, string>; sample: unknown }[] }[]
        }>(`${url}/api/vigie/inbox`)
        return notifications.find((one) =>
          one.alerts.some((alert) => alert.labels.name === check && alert.sample !== null),
        )
      })
      await mendAll()
    },
    120_000,
  )

  test('an unknown fault is refused by name', async () => {
    const { code, stderr } = await run(cwd, ['demo', 'break', 'gravity'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/no fault "gravity"; there are crash, hang/)
  })

  test('nothing went wrong in the browser, the content security policy included', () => {
    expect(problems).toEqual([])
  })

  test('Ctrl+C leaves nothing running', async () => {
    const { services } = await demoState()
    await demo.stop('SIGINT')
    for (const { port } of services)
      await expect(fetch(`http://127.0.0.1:${port}/`), `port ${port}`).rejects.toThrow(
        'fetch failed',
      )
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})
