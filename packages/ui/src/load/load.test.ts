import { expect, test } from 'vitest'
import type { LimitLevel, LimitReport, Run } from '../api/vigie.ts'
import { markLanes } from '../charts/mark-lanes.ts'
import { changeText, figures, intervalText, ratioText, rowName } from './compare-figures.ts'
import { compareHref, idsOf } from './compare-url.ts'
import { curvePoints, ticks } from './curve-points.ts'
import { limitSentence } from './limit-text.ts'
import { runMarks } from './run-mark.ts'
import { metricText, verdict } from './run-verdict.ts'
import { commandLine, startBody, type StartFields } from './start-fields.ts'
import { suspectChart } from './suspect-chart.ts'

const run = (change: Partial<Run>): Run => ({
  id: 'r',
  script: 'shop.js',
  startedMs: 1000,
  endedMs: 2000,
  state: 'passed',
  vus: 0,
  vusMax: 5,
  iterations: 10,
  exitCode: 0,
  progress: 1,
  thresholds: [],
  error: null,
  p95Ms: 120,
  requestsPerSec: 8,
  failedRatio: 0,
  limit: null,
  ...change,
})
const threshold = (ok: boolean | null): Run['thresholds'][0] => ({
  metric: 'm',
  source: 'rate<1',
  ok,
  value: 1,
})

test.each<[Partial<Run>, string]>([
  [{}, 'It ended as planned. It has no thresholds, so nothing could fail.'],
  [{ thresholds: [threshold(true)] }, 'Its threshold held.'],
  [{ thresholds: [threshold(true), threshold(true)] }, 'All 2 thresholds held.'],
  [
    { state: 'failed', thresholds: [threshold(true), threshold(false)] },
    '1 of 2 thresholds did not hold.',
  ],
  [{ state: 'failed', error: 'test marked as failed' }, 'Test marked as failed.'],
  [{ state: 'aborted', error: 'the run was interrupted' }, 'The run was interrupted.'],
  [{ state: 'error' }, 'The run ended by an error.'],
  [
    { state: 'running', progress: null },
    'Starting: the script is read and the users are made ready.',
  ],
  [{ state: 'running', progress: 0.2 }, 'It goes on.'],
  [
    { state: 'running', progress: 0.2, thresholds: [threshold(null), threshold(true)] },
    'All thresholds hold so far.',
  ],
  [
    { state: 'running', progress: 0.2, thresholds: [threshold(false), threshold(true)] },
    '1 of 2 thresholds does not hold so far.',
  ],
  [
    { state: 'running', limit: { unit: 'vus', phase: 'up', sustained: 20 } },
    'Looking for the limit. Raising the load until something gives. 20 users held so far.',
  ],
  [{ limit: { unit: 'rate', phase: 'done', sustained: 50 } }, 'It sustains 50 iterations/s.'],
  [
    {
      state: 'failed',
      limit: { unit: 'vus', phase: 'done', sustained: null },
      error: 'not even 1',
    },
    'Not even 1.',
  ],
])('the verdict of %o', (change, text) => expect(verdict(run(change))).toBe(text))

test.each<[string, string, number, string]>([
  ['trend', 'time', 812, '812 ms'],
  ['rate', 'default', 0.0123, '1.23 %'],
  ['counter', 'data', 2048, '2 KiB'],
  ['trend', 'default', 7, '7'],
])('%s of %s: %d is %s', (type, contains, value, text) =>
  expect(metricText({ type, contains, values: {} }, value)).toBe(text),
)

test('runs are marked where they begin or end in the range', () => {
  const marks = (change: Partial<Run>): string =>
    runMarks([run(change)], 1000, 5000)
      .map(({ fromMs, toMs, title }) => `${fromMs}-${toMs} ${title}`)
      .join()
  expect(marks({ startedMs: 2000, endedMs: 3000 })).toBe(
    '2000-3000 Load: shop.js, passed, 5 users, p95 120 ms',
  )
  expect(marks({ startedMs: 2000, endedMs: null, state: 'running', vusMax: 1, p95Ms: null })).toBe(
    '2000-5000 Load: shop.js, running, 1 user',
  )
  expect(marks({ startedMs: 0, endedMs: 9000 })).toBe('')
  expect(marks({ startedMs: 0, endedMs: 900 })).toBe('')
  expect(marks({ startedMs: 6000, endedMs: 7000 })).toBe('')
})

test('marks that overlap go below one another', () => {
  const mark = (id: string, fromMs: number, toMs: number): Parameters<typeof markLanes>[0][0] => ({
    id,
    fromMs,
    toMs,
    title: id,
    color: 'red',
    href: '/',
  })
  const marks = [mark('c', 60, 120), mark('a', -10, 50), mark('b', 40, 80), mark('d', 100, 110)]
  expect(
    markLanes(marks, 0, 100).map(({ mark: { id }, lane, left, width }) => [id, lane, left, width]),
  ).toEqual([
    ['a', 0, 0, 0.5],
    ['b', 1, 0.4, 0.4],
    ['c', 0, 0.6, 0.4],
  ])
})

test('the start form makes a request and the same command', () => {
  const empty: StartFields = {
    script: 'a.js',
    vus: '',
    duration: '',
    iterations: '',
    env: [],
    findLimit: false,
    hold: '3s',
    checkAfter: false,
  }
  expect(startBody(empty)).toEqual({ script: 'a.js' })
  expect(commandLine(empty)).toBe('vigie load a.js')
  const full: StartFields = {
    script: "it's.js",
    vus: '5',
    duration: ' 30s ',
    iterations: '7',
    env: [
      ['A', 'x y'],
      [' ', 'dropped'],
    ],
    findLimit: true,
    hold: '5s',
    checkAfter: true,
  }
  expect(startBody(full)).toEqual({
    script: "it's.js",
    vus: 5,
    duration: '30s',
    iterations: 7,
    env: { A: 'x y' },
    findLimit: true,
    hold: '5s',
    checkAfter: true,
  })
  expect(commandLine(full)).toBe(
    "vigie load -u 5 -d 30s -i 7 -e 'A=x y' --find-limit --hold 5s --check-after 'it'\\''s.js'",
  )
})

test('a comparison has its runs in its address and its changes in words', () => {
  expect(compareHref(['a', 'b'], ['c'])).toBe('/load/compare?a=a,b&b=c')
  expect(idsOf('a,,b,a')).toEqual(['a', 'b'])
  expect(idsOf(null)).toEqual([])
  const [p95, , failed] = figures([run({ p95Ms: 100 }), run({ p95Ms: 140 })], [run({})], true)
  expect([p95!.a, p95!.b, changeText(p95!.a, p95!.b)]).toEqual([120, 120, 'the same'])
  expect(changeText(failed!.a, 0.5)).toBe('')
  expect(changeText(100, 112.4)).toBe('+12 %')
  expect(changeText(100, 96.6)).toBe('−3.4 %')
  expect(changeText(null, 1)).toBe('')
  expect(figures([run({})], [run({})], false).map((one) => one.name)).toEqual([
    'Most users',
    'Took',
    'Iterations',
  ])
  expect([ratioText(2.34), ratioText(0.9999), intervalText({ low: 0.9, high: 1.1 })]).toEqual([
    '×2.3',
    '+0 %',
    '−10 % to +10 %',
  ])
  expect(intervalText({ low: null, high: 1 })).toBe('')
})

const level = (load: number, held: boolean, p95Ms: number | null): LimitLevel => ({
  load,
  held,
  p95Ms,
  phase: 'up',
  startMs: 0,
  endMs: 1,
  requestsPerSec: load,
  iterationsPerSec: load,
  p50Ms: null,
  errorRate: 0,
  achieved: 1,
  problems: [],
  class: null,
})
const limit = (change: Partial<LimitReport>): LimitReport => ({
  unit: 'vus',
  phase: 'done',
  holdMs: 1,
  precision: 0.1,
  sustained: 40,
  failed: 48,
  class: 'latency',
  why: null,
  isConfirmed: true,
  levels: [],
  headroom: null,
  ...change,
})

test.each<[Partial<LimitReport>, string]>([
  [{ why: 'it sustains 40 VUs; at 48 it fails' }, 'It sustains 40 VUs; at 48 it fails.'],
  [
    { phase: 'bisect', why: 'at 48 it fails', isConfirmed: null },
    'Narrowing down between what held and what did not. At 48 it fails.',
  ],
  [
    { phase: 'up', failed: null, isConfirmed: null, unit: 'rate', why: 'no limit found up to 40' },
    'Raising the load until something gives. 40 iterations/s held so far.',
  ],
  [
    { failed: null, why: 'no limit found', isConfirmed: false },
    'No limit found. A longer hold just below did not confirm it.',
  ],
])('the limit %o in words', (change, text) => expect(limitSentence(limit(change))).toBe(text))

test('a limit’s curve goes through the latest try of each load', () => {
  const levels = [
    level(10, true, 5),
    level(20, false, 50),
    level(10, true, 6),
    level(15, true, null),
  ]
  const { points, maxLoad, maxValue } = curvePoints(levels, (one) => one.p95Ms)
  expect(points.map(({ load, v, isLast }) => [load, v, isLast])).toEqual([
    [10, 5, false],
    [10, 6, true],
    [20, 50, true],
  ])
  expect([maxLoad, maxValue]).toEqual([21.6, 54])
  expect(ticks(54)).toEqual([0, 20, 40])
  expect(ticks(0.9)).toEqual([0, 0.25, 0.5, 0.75])
})

test.each([
  ['process_resident_memory_bytes', 'process_resident_memory_bytes', 'bytes'],
  ['process_cpu_seconds_total', 'rate(process_cpu_seconds_total[10s])', 'ratio'],
  ['nodejs_eventloop_lag_p99_seconds', 'nodejs_eventloop_lag_p99_seconds', 'seconds'],
  ['events_processed_total', 'sum(rate(events_processed_total[10s]))', 'perSec'],
  ['lag_events', 'max(lag_events)', 'count'],
  ['gc_duration_seconds_count', 'rate(gc_duration_seconds_count[8s])', 'perSec'],
  ['received_bytes_total', 'rate(received_bytes_total[8s])', 'bytesPerSec'],
  ['pool_utilisation', 'pool_utilisation', 'ratio'],
])('the suspect %s as %s is drawn in %s', (metric, expr, unit) =>
  expect(
    suspectChart({ rank: 1, metric, expr, labels: {}, score: 1, sentence: '', departedAt: null })
      .unit,
  ).toBe(unit),
)

test.each([
  ['http_req_duration p(95)', 'Response time, p95'],
  ['iteration_duration med', 'Iteration, med'],
  ['http_reqs', 'Requests'],
  ['checks failed', 'Failed checks'],
  ['game_duration p(99)', 'game_duration, p99'],
])('the figure %s is called %s', (name, text) => expect(rowName(name)).toBe(text))
