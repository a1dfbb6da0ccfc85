import { expect, test } from 'vitest'
import { STALE_NAN } from '@vigie/model'
import { MemoryStorage } from '../../test/memory-storage.ts'
import { queryOf } from '../../test/query.ts'
import { quiet } from '../../test/quiet.ts'
import type { Alert } from '../alert.ts'
import { type GroupContext, GroupRunner, nextTime } from './group-runner.ts'
import { parseRuleFile } from './rule-file.ts'
import type { RuleGroup } from './rule-group.ts'
import { RuleManager } from './rule-manager.ts'

/** A group of one rule, driven by hand: values of `x{a="1"}` every 10 s, `_` for none. */
async function run(
  rule: string,
  values: string,
  options: { storage?: MemoryStorage; startMs?: number; limit?: number } = {},
): Promise<{ states: string[]; sent: string[]; storage: MemoryStorage; errors: string[] }> {
  const storage = options.storage ?? new MemoryStorage()
  const sent: string[] = []
  const startMs = options.startMs ?? 0
  let nowMs = startMs
  const context: GroupContext = {
    query: queryOf(storage),
    storage,
    now: () => nowMs,
    log: quiet,
    onAlerts: (alerts) => sent.push(...alerts.map((alert) => showAlert(alert, nowMs))),
    externalLabels: new Map([['cluster', 'c1']]),
    externalUrl: 'http://v',
    resendDelayMs: 60_000,
    sampleOf: () => null,
  }
  const { groups, errors } = parseRuleFile(
    `groups: [{name: g, limit: ${options.limit ?? 0}, rules: [${rule}]}]`,
    'f',
  )
  expect(errors).toEqual([])
  const runner = new GroupRunner(groups[0], 10_000, context)
  const states: string[] = []
  const failures: string[] = []
  for (const value of values.split(' ')) {
    if (value !== '_') storage.write('x,a=1', nowMs, Number(value))
    else storage.write('x,a=1', nowMs, STALE_NAN)
    await runner.evaluate(nowMs)
    const [status] = runner.status().rules
    states.push(status.type === 'alerting' ? status.state[0] : status.health)
    if (status.lastError !== undefined) failures.push(status.lastError)
    nowMs += 10_000
  }
  return { states, sent, storage, errors: failures }
}

const showAlert = (alert: Alert, nowMs: number): string =>
  `${nowMs / 1000}: ${alert.labels.toString()} ${alert.startsAtMs / 1000}-${alert.endsAtMs / 1000} ${[...alert.annotations].join(' ')}`

test('an alert goes from pending to firing to resolved', async () => {
  const { states, sent, storage } = await run(
    '{alert: A, expr: x > 1, for: 20s, labels: {s: page}, annotations: {v: "{{ $value }}"}}',
    '0 5 6 7 8 9 0 0',
  )
  expect(states.join('')).toBe('ippfffii')
  expect(sent).toEqual([
    '30: {a="1", alertname="A", cluster="c1", s="page"} 30-270 v,7',
    '60: {a="1", alertname="A", cluster="c1", s="page"} 30-60 v,9',
  ])
  // As in Prometheus, nothing is written before the state from before a restart was looked for.
  expect(storage.dump('ALERTS')).toEqual([
    'ALERTS{a="1", alertname="A", alertstate="pending", s="page"} 1@20 NaN@30',
    'ALERTS{a="1", alertname="A", alertstate="firing", s="page"} 1@30 1@40 1@50 NaN@60',
  ])
  expect(storage.dump('ALERTS_FOR_STATE')).toEqual([
    'ALERTS_FOR_STATE{a="1", alertname="A", s="page"} 10@20 10@30 10@40 10@50 NaN@60',
  ])
})

test('keep_firing_for bridges a gap', async () => {
  const { states, sent } = await run(
    '{alert: A, expr: x > 1, keep_firing_for: 20s}',
    '5 5 0 5 0 0 0 0',
  )
  expect(states.join('')).toBe('ffffffii')
  expect(sent.map((one) => one.split(' ').at(-2))).toEqual(['0-240', '0-60'])
})

test('a firing alert is sent again after the delay, a resolved one as well', async () => {
  const { sent } = await run('{alert: A, expr: x > 1}', `${'5 '.repeat(9)}${'0 '.repeat(9)}0`)
  expect(sent.map((one) => one.split(':')[0])).toEqual(['0', '70', '90', '160'])
})

test('recorded series are ended when they are not given any more', async () => {
  const { storage, states } = await run('{record: r, expr: x > 1, labels: {s: y}}', '5 6 _ 7')
  expect(states).toEqual(['ok', 'ok', 'ok', 'ok'])
  expect(storage.dump('r')).toEqual(['r{a="1", s="y"} 5@0 6@10 NaN@20 7@30'])
})

test("what goes wrong is the rule's health", async () => {
  const check = async (rule: string, want: string): Promise<void> =>
    expect((await run(rule, '5')).errors).toEqual([want])
  await check(
    "{record: r, expr: \"label_replace(x, 'a', '2', '', '') or x\", labels: {a: same}}",
    'vector contains metrics with the same labelset after applying rule labels',
  )
  await check(
    "{alert: r, expr: \"label_replace(x, 'a', '2', '', '') or x\", labels: {a: same}}",
    'vector contains metrics with the same labelset after applying alert labels',
  )
})

test('what a group counts goes on when its file changes', async () => {
  const storage = new MemoryStorage()
  let nowMs = 0
  const context: GroupContext = {
    query: queryOf(storage),
    storage,
    now: () => nowMs,
    log: quiet,
    onAlerts: () => {},
    externalLabels: new Map(),
    externalUrl: 'http://v',
    resendDelayMs: 60_000,
    sampleOf: () => null,
  }
  const group = (rules: string): RuleGroup =>
    parseRuleFile(`groups: [{name: g, rules: [${rules}]}]`, 'f').groups[0]
  const same = { missed: 0, intervalMs: 10_000, durationMs: expect.any(Number) as number }
  const first = new GroupRunner(
    group('{record: r, expr: x}, {record: s, expr: x + on () x}'),
    10_000,
    context,
  )
  expect(first.counts()).toEqual({
    ...same,
    evaluations: 0,
    failures: 0,
    iterations: 0,
    lastEvaluationMs: 0,
    samples: 0,
    rules: 2,
  })
  for (nowMs = 10_000; nowMs <= 20_000; nowMs += 10_000) {
    storage.write('x,a=1', nowMs, 1)
    storage.write('x,a=2', nowMs, 1)
    await first.evaluate(nowMs)
  }
  const counts = { evaluations: 4, failures: 2, iterations: 2, lastEvaluationMs: 20_000 }
  expect(first.counts()).toEqual({ ...same, ...counts, samples: 2, rules: 2 })
  const second = new GroupRunner(group('{record: r, expr: sum(x)}'), 10_000, context, first)
  expect(second.counts()).toEqual({ ...same, ...counts, samples: 2, rules: 1 })
  await second.evaluate(nowMs)
  expect(second.counts()).toEqual({
    ...same,
    evaluations: 5,
    failures: 2,
    iterations: 3,
    lastEvaluationMs: 30_000,
    samples: 1,
    rules: 1,
  })
})

test('a limit discards everything', async () => {
  const storage = new MemoryStorage()
  storage.write('x,a=2', 0, 5)
  const { states, sent, errors } = await run('{alert: A, expr: x > 1}', '5', { storage, limit: 1 })
  expect(states).toEqual(['i'])
  expect(sent).toEqual([])
  expect(errors).toEqual(['exceeded limit of 1 with 2 alerts'])
})

test('a long `for` survives a restart', async () => {
  const rule = '{alert: A, expr: x > 1, for: 20m}'
  const before = await run(rule, '5 '.repeat(60).trim())
  const after = await run(rule, '5 5 5', { storage: before.storage, startMs: 700_000 })
  // Active since 0, last seen at 590, so the 110 s it was away are added: 710 - 590 = 120.
  expect(after.storage.dump('ALERTS_FOR_STATE')[0].split(' ').at(-1)).toBe('120@720')
})

test('times are multiples of the interval, shifted by the phase', () => {
  const check = (after: number, phase: number, want: number): void =>
    expect(nextTime(after, 1000, phase)).toBe(want)
  check(0, 0, 1000)
  check(999, 0, 1000)
  check(1000, 0, 2000)
  check(1000, 300, 1300)
  check(1300, 300, 2300)
})

test('groups run by the clock and keep their state over a reload', async () => {
  const storage = new MemoryStorage()
  let resolveAlert: (alert: Alert) => void = () => {}
  const arrived = new Promise<Alert>((resolve) => (resolveAlert = resolve))
  const manager = new RuleManager({
    query: queryOf(storage),
    storage,
    now: () => Date.now(),
    log: quiet,
    onAlerts: ([alert]) => resolveAlert(alert),
    externalLabels: new Map(),
    externalUrl: 'http://v:9090',
    evaluationIntervalMs: 20,
  })
  const group = (extra: string): string =>
    `groups: [{name: g, rules: [{alert: A, expr: vector(3) > 2}${extra}]}]`
  manager.apply(parseRuleFile(group(''), 'f').groups)
  const alert = await arrived
  expect(alert.generatorUrl).toBe('http://v:9090/graph?g0.expr=vector%283%29+%3E+2&g0.tab=1')
  expect(manager.alerts()).toMatchObject([
    { labels: { alertname: 'A' }, state: 'firing', value: '3e+00' },
  ])
  manager.apply(parseRuleFile(group(', {record: r, expr: vector(1)}'), 'f').groups)
  expect(manager.alerts()).toHaveLength(1)
  expect(manager.groups()[0].rules.map((rule) => rule.name)).toEqual(['A', 'r'])
  await manager.stop()
})
