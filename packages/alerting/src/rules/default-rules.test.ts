import { STALE_NAN } from '@vigie/model'
import { parseExpr } from '@vigie/promql'
import { describe, expect, test } from 'vitest'
import { MemoryStorage } from '../../test/memory-storage.ts'
import { queryOf } from '../../test/query.ts'
import { quiet } from '../../test/quiet.ts'
import { DEFAULT_RULE_NAMES, defaultRules } from './default-rules.ts'
import { GroupRunner } from './group-runner.ts'
import { parseAlertTemplate } from '../template/rule-template.ts'

/** A service at second `s` of its life: its metrics (`name,label=value`) and their values. */
type Service = (s: number) => Record<string, number>

/**
 * Scrapes every 2 s, evaluates in between (from a second on, to save time), and gives `Alert(labels) from-to` in seconds for every
 * alert that fired; no end: it still fires.
 */
async function watch(service: Service, seconds: number, evaluatedFrom = 0): Promise<string[]> {
  const storage = new MemoryStorage()
  const runners = defaultRules({ scrapeIntervalMs: 2000, evaluationIntervalMs: 2000 }).map(
    (group) =>
      new GroupRunner(group, group.intervalMs!, {
        query: queryOf(storage),
        storage,
        now: () => 0,
        log: quiet,
        onAlerts: () => {},
        externalLabels: new Map(),
        externalUrl: '',
        resendDelayMs: 60_000,
        sampleOf: () => null,
      }),
  )
  const START_MS = 1_000_000_000_000
  const fired = new Map<string, { from: number; to: number | undefined }>()
  let before = new Set<string>()
  for (let s = 0; s <= seconds; s++) {
    const timeMs = START_MS + s * 1000
    if (s % 2 === 0) {
      const samples = Object.entries(service(s))
      for (const [name, v] of samples) storage.write(`${name},job=api,instance=a:1`, timeMs, v)
      const names = new Set(samples.map(([name]) => name))
      for (const name of before)
        if (!names.has(name)) storage.write(`${name},job=api,instance=a:1`, timeMs, STALE_NAN)
      before = names
      continue
    }
    if (s < evaluatedFrom) continue
    for (const runner of runners) {
      if (s % (runner.intervalMs / 1000) === 1) await runner.evaluate(timeMs)
      for (const rule of runner.status().rules) expect(rule.lastError).toBeUndefined()
    }
    const firing = runners.flatMap((runner) =>
      runner
        .alertingRules()
        .flatMap((rule) => rule.alerts().filter((one) => one.state === 'firing')),
    )
    const keys = new Set(
      firing.map(({ labels }) =>
        `${labels.alertname} ${labels.instance} ${labels.metric ?? ''}`.trim(),
      ),
    )
    for (const key of keys) if (!fired.has(key)) fired.set(key, { from: s, to: undefined })
    for (const [key, one] of fired) if (!keys.has(key)) one.to ??= s
  }
  return [...fired].map(([key, { from, to }]) => `${key} ${from}-${to ?? ''}`)
}

/** What a service says that answers 5 requests a second, each within 20 ms, of which none fails. */
function healthy(s: number): Record<string, number> {
  const n = 5 * s
  return {
    up: 1,
    process_start_time_seconds: 1_000_000_000 - 3600,
    'http_requests_total,status=200': n,
    'other_requests_total,status=200': n,
    'http_request_duration_seconds_count,code=200': n,
    'http_request_duration_seconds_bucket,le=0.1': n,
    'http_request_duration_seconds_bucket,le=0.5': n,
    'http_request_duration_seconds_bucket,le=2.5': n,
    'http_request_duration_seconds_bucket,le=+Inf': n,
    queue_depth: 3,
  }
}

describe('rules on by default', () => {
  test('are quiet about a healthy service', async () => {
    expect(await watch(healthy, 200, 100)).toEqual([])
  })

  test('tell a target that does not answer within two rounds, and no single miss', async () => {
    const broken = await watch((s) => (s >= 60 && s < 80 ? { up: 0 } : healthy(s)), 100)
    expect(broken).toEqual(['TargetDown a:1 63-81'])
    expect(await watch((s) => (s === 60 ? { up: 0 } : healthy(s)), 100)).toEqual([])
    expect(await watch((s) => (s < 6 ? { up: 0 } : healthy(s)), 30)).toEqual([])
    expect(await watch(() => ({ up: 0 }), 20)).toEqual(['TargetDown a:1 9-'])
    expect(await watch((s) => ({ probe_success: s < 60 ? 1 : 0 }), 80)).toEqual([
      'TargetDown a:1 63-',
    ])
  })

  test('tell errors, whatever the label is called', async () => {
    const failing =
      (metric: string): Service =>
      (s) => ({ ...healthy(s), [metric]: s < 60 ? 0 : 2 * (s - 60) })
    expect(await watch(failing('http_requests_total,status=500'), 80, 50)).toEqual([
      'ManyErrors a:1 69-',
    ])
    expect(await watch(failing('http_request_duration_seconds_count,code=503'), 80, 50)).toEqual([
      'ManyErrors a:1 69-',
    ])
    // The first error of its life is the first of its series.
    const burst: Service = (s) =>
      s < 60
        ? healthy(s)
        : { ...healthy(s), 'http_requests_total,status=500': 2 * Math.min(s - 59, 20) }
    expect(await watch(burst, 130, 50)).toEqual(['ManyErrors a:1 69-117'])
  })

  test('do not cry about a single error or about hardly any requests', async () => {
    const one: Service = (s) => ({
      ...healthy(s),
      'http_requests_total,status=500': s < 60 ? 0 : 1,
    })
    expect(await watch(one, 90, 50)).toEqual([])
    const few: Service = (s) => ({ up: 1, 'x_requests_total,status=500': Math.floor(s / 10) })
    expect(await watch(few, 100, 50)).toEqual([])
  })

  test('tell slowness against the past, until it is fast again', async () => {
    const slow: Service = (s) => {
      const late = Math.max(0, Math.min(s, 110) - 60) * 5
      return {
        ...healthy(s),
        'http_request_duration_seconds_bucket,le=0.1': 5 * s - late,
        'http_request_duration_seconds_bucket,le=0.5': 5 * s - late,
      }
    }
    expect(await watch(slow, 160, 50)).toEqual([
      'SlowResponses a:1 http_request_duration_seconds 69-149',
    ])
  })

  test('do not cry about what was always slow', async () => {
    const always: Service = (s) => ({
      ...healthy(s),
      'http_request_duration_seconds_bucket,le=0.1': 0,
      'http_request_duration_seconds_bucket,le=0.5': 0,
    })
    expect(await watch(always, 120, 60)).toEqual([])
  })

  test('tell a crash loop, not one restart', async () => {
    const restarting =
      (...at: number[]): Service =>
      (s) => ({
        ...healthy(s),
        process_start_time_seconds: 1_000_000_000 + (at.findLast((one) => one <= s) ?? -3600),
      })
    expect(await watch(restarting(60), 90, 50)).toEqual([])
    expect(await watch(restarting(60, 100), 110, 90)).toEqual(['KeepsRestarting a:1 101-'])
  })

  test('tell a metric that is gone, until it is back', async () => {
    const without =
      (from: number, to: number): Service =>
      (s) => {
        const all = healthy(s)
        if (s >= from && s < to) delete all.queue_depth
        return all
      }
    expect(await watch(without(150, 230), 250, 90)).toEqual([
      'MetricVanished a:1 queue_depth 181-241',
    ])
    // Down is not vanished, and neither is what was there for a moment.
    expect(await watch((s) => (s >= 200 ? { up: 0 } : healthy(s)), 260, 180)).toEqual([
      'TargetDown a:1 203-',
    ])
    expect(await watch(without(20, 400), 260, 100)).toEqual([])
  })
})

test('every rule parses, at every interval, and can be switched off', () => {
  for (const interval of [1000, 2000, 15_000, 60_000, 300_000]) {
    const groups = defaultRules({ scrapeIntervalMs: interval, evaluationIntervalMs: interval })
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.map((rule) => rule.name)).toEqual(DEFAULT_RULE_NAMES)
    for (const rule of rules) {
      parseExpr(rule.expr)
      if (rule.type !== 'alerting') continue
      for (const text of rule.annotations.values()) parseAlertTemplate(rule.name, text)
    }
  }
  const left = defaultRules({
    scrapeIntervalMs: 2000,
    evaluationIntervalMs: 2000,
    disabled: ['MetricVanished', 'ManyErrors'],
  })
  expect(left.flatMap((group) => group.rules.map((rule) => rule.name))).toEqual([
    'TargetDown',
    'KeepsRestarting',
    'SlowResponses',
  ])
})
