/**
 * k6's thresholds: `p(95)<300` on `http_req_duration{status:200}`, evaluated every two seconds and at
 * the end. A key `promql(expr)` is evaluated by whoever answers PromQL: every series that comes back
 * must satisfy `value<op><number>`.
 *
 * What k6 lacks: `window: '1m'` judges every full window of the run instead of the run as a whole, and
 * fails when one of them does; `requireSamples: true` fails when there is nothing to judge.
 */
import { formatGoDuration, parseDurationMs } from '../duration.ts'
import { EXIT, LoadError } from '../errors.ts'
import { type Metric } from './metric.ts'
import type { SlidingSink } from './sliding.ts'
import { type CounterSink, GaugeSink, RateSink, type Sink, TrendSink } from './sink.ts'

type Operator = '<' | '<=' | '>' | '>=' | '==' | '!='

export interface Condition {
  /** `value`, `count`, `rate`, `avg`, … or `p(95)`. */
  aggregate: string
  operator: Operator
  right: number
}

export interface Threshold {
  source: string
  condition: Condition
  abortOnFail: boolean
  /** ms of the run during which a failure does not abort. */
  delayAbortMs: number
  /** Length of the windows that are judged; null: the run as a whole. */
  windowMs: number | null
  /** Whether no samples at all are a failure. */
  requireSamples: boolean
  /** What was found at the last look, which is what aborts: a window may hold again. Null: nothing to judge. */
  holds: boolean | null
  /** Null until it was evaluated. */
  ok: boolean | null
  value: number | null
  /** Why it could not be evaluated. */
  problem: string | null
}

/** Thresholds of one key of `thresholds`. */
export interface ThresholdGroup {
  key: string
  /** Of a metric, or a PromQL expression. */
  target: { metric: string; tags: [name: string, value: string][] } | { promql: string }
  thresholds: Threshold[]
}

const AGGREGATES = new Map([
  ['counter', ['count', 'rate']],
  ['gauge', ['value']],
  ['rate', ['rate']],
  ['trend', ['avg', 'min', 'max', 'med']],
])

/** Windows are kept second by second. */
const MAX_WINDOW_MS = 3_600_000

const CONDITION = /^\s*([a-z]+|p\(\s*[0-9.]+\s*\))\s*(<=|>=|<|>|===|==|!=)\s*(\S+)\s*$/
const NUMBER = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)$/i

/** Throws LoadError (104) for what is no threshold expression. */
export function parseCondition(source: string): Condition {
  const match = CONDITION.exec(source)
  if (match === null || !NUMBER.test(match[3]!)) {
    throw new LoadError(
      EXIT.invalidConfig,
      `malformed threshold expression "${source}": want an aggregation, an operator and a number, as in p(95)<300`,
    )
  }
  const aggregate = match[1]!.replace(/\s/g, '')
  const isKnown = aggregate === 'value' || [...AGGREGATES.values()].flat().includes(aggregate)
  const percentile = /^p\(([\d.]+)\)$/.exec(aggregate)
  if (
    !isKnown &&
    (percentile === null || !(Number(percentile[1]) >= 0 && Number(percentile[1]) <= 100))
  ) {
    throw new LoadError(
      EXIT.invalidConfig,
      `malformed threshold expression "${source}": there is no aggregation "${aggregate}"`,
    )
  }
  const operator = match[2] === '===' ? '==' : (match[2] as Operator)
  return { aggregate, operator, right: goNumber(match[3]!) }
}

function goNumber(text: string): number {
  if (!/inf/i.test(text)) return Number(text)
  return text.startsWith('-') ? -Infinity : Infinity
}

/** Reads the option `thresholds`. Throws LoadError (104). */
export function parseThresholds(
  entries: readonly (readonly [string, unknown])[],
): ThresholdGroup[] {
  return entries.map(([key, value]) => {
    const target = parseTarget(key)
    const list = Array.isArray(value) ? (value as unknown[]) : [value]
    const thresholds = list.map(parseThreshold)
    if ('promql' in target) {
      for (const { condition, source, windowMs } of thresholds) {
        if (windowMs !== null)
          throw new LoadError(
            EXIT.invalidConfig,
            `threshold "${source}" on "${key}" has a window: let the expression have it, as in rate(…[1m])`,
          )
        if (condition.aggregate === 'value') continue
        throw new LoadError(
          EXIT.invalidConfig,
          `malformed threshold expression "${source}" for "${key}": want value<number> (or another comparison)`,
        )
      }
    }
    return { key, target, thresholds }
  })
}

function parseThreshold(value: unknown): Threshold {
  const given = typeof value === 'string' ? { threshold: value } : value
  const { threshold, abortOnFail, delayAbortEval, window, requireSamples } = (given ??
    {}) as Record<string, unknown>
  if (typeof threshold !== 'string')
    throw new LoadError(
      EXIT.invalidConfig,
      `malformed threshold ${JSON.stringify(value)}: want a text or an object with one in "threshold"`,
    )
  const delayAbortMs =
    delayAbortEval === undefined || delayAbortEval === null ? 0 : parseDurationMs(delayAbortEval)
  if (delayAbortMs === undefined)
    throw new LoadError(
      EXIT.other,
      `invalid delayAbortEval ${JSON.stringify(delayAbortEval)} of threshold "${threshold}": want a duration like "10s"`,
    )
  const windowMs = window === undefined || window === null ? null : parseDurationMs(window)
  if (
    windowMs !== null &&
    !(windowMs !== undefined && windowMs >= 1000 && windowMs <= MAX_WINDOW_MS)
  )
    throw new LoadError(
      EXIT.invalidConfig,
      `invalid window ${JSON.stringify(window)} of threshold "${threshold}": want a duration from 1s to 1h`,
    )
  return {
    source: windowMs === null ? threshold : `${threshold} over ${formatGoDuration(windowMs)}`,
    condition: parseCondition(threshold),
    windowMs,
    requireSamples: requireSamples === true,
    holds: null,
    abortOnFail: abortOnFail === true,
    delayAbortMs,
    ok: null,
    value: null,
    problem: null,
  }
}

function parseTarget(key: string): ThresholdGroup['target'] {
  if (/^promql\(.*\)$/s.test(key)) return { promql: key.slice('promql('.length, -1) }
  const brace = key.indexOf('{')
  if (brace < 0) return { metric: key, tags: [] }
  if (!key.endsWith('}'))
    throw new LoadError(
      EXIT.invalidConfig,
      `malformed metric "${key}" in thresholds: want name{tag:value}`,
    )
  return { metric: key.slice(0, brace), tags: parseSubmetricTags(key.slice(brace + 1, -1), key) }
}

/** `a:b, c:d`: parted at commas and first colons; spaces and quotes around a value go. */
function parseSubmetricTags(text: string, key: string): [string, string][] {
  const trim = (one: string): string => one.trim().replace(/^['"]+|['"]+$/g, '')
  return text.split(',').map((part): [string, string] => {
    const colon = part.indexOf(':')
    if (colon < 0)
      throw new LoadError(
        EXIT.invalidConfig,
        `malformed metric "${key}" in thresholds: want tag:value; got "${part}"`,
      )
    return [trim(part.slice(0, colon)), trim(part.slice(colon + 1))]
  })
}

/** Throws LoadError (104) when the metric cannot be aggregated as the thresholds ask. */
export function checkAggregates(group: ThresholdGroup, metric: Metric): void {
  for (const { source, condition } of group.thresholds) {
    const fits = AGGREGATES.get(metric.type)!.includes(condition.aggregate)
    if (fits || (metric.type === 'trend' && condition.aggregate.startsWith('p('))) continue
    throw new LoadError(
      EXIT.invalidConfig,
      `invalid threshold defined on ${group.key}; reason: the aggregation "${condition.aggregate}" of "${source}" does not fit a ${metric.type}; supported are ${AGGREGATES.get(metric.type)!.join(', ')}${metric.type === 'trend' ? ' and p(N)' : ''}`,
    )
  }
}

/** What a sink says for an aggregation. */
export function aggregateOf(sink: Sink, aggregate: string, durationMs: number): number {
  if (sink instanceof TrendSink) return sink.stat(aggregate)
  if (sink instanceof RateSink) return sink.rate
  if (sink instanceof GaugeSink) return sink.last
  return (sink as CounterSink).values(durationMs)[aggregate]!
}

export function compare(left: number, { operator, right }: Condition): boolean {
  switch (operator) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
    case '==':
      return left === right
    case '!=':
      return left !== right
  }
}

/** What thresholds of one key look at. */
export interface Judged {
  /** Of the whole run. */
  sink: Sink
  /** Null unless a threshold has a window. */
  sliding: SlidingSink | null
}

/**
 * Evaluates the thresholds of one metric in place, `durationMs` after the start, which is `nowMs` by the
 * clock of the sliding sink. During the run an empty sink is left alone; at the end an empty rate passes
 * and everything else counts as zero.
 */
export function evaluateGroup(
  group: ThresholdGroup,
  { sink, sliding }: Judged,
  durationMs: number,
  isEnd: boolean,
  nowMs = 0,
): void {
  for (const threshold of group.thresholds) {
    const { windowMs } = threshold
    if (sink.isEmpty && (isEnd || windowMs !== null)) judgeNothing(threshold, sink, isEnd)
    else if (sink.isEmpty) continue
    else if (windowMs === null) judge(threshold, sink, durationMs)
    else judgeWindow(threshold, sliding!, { windowMs, durationMs, isEnd, nowMs })
  }
}

function judge(threshold: Threshold, sink: Sink, durationMs: number): void {
  threshold.value = aggregateOf(sink, threshold.condition.aggregate, durationMs)
  threshold.ok = threshold.holds = compare(threshold.value, threshold.condition)
}

function judgeNothing(threshold: Threshold, sink: Sink, isEnd: boolean): void {
  if (!isEnd) return
  if (threshold.requireSamples) {
    threshold.ok = false
    threshold.problem = 'there are no samples'
    return
  }
  threshold.value = aggregateOf(sink, threshold.condition.aggregate, 0)
  threshold.ok = sink instanceof RateSink || compare(threshold.value, threshold.condition)
}

/** A run shorter than the window is one window. A window that failed stays failed, with its value. */
function judgeWindow(
  threshold: Threshold,
  sliding: SlidingSink,
  at: { windowMs: number; durationMs: number; isEnd: boolean; nowMs: number },
): void {
  const isShort = at.durationMs < at.windowMs
  if (isShort && !at.isEnd) return
  const lengthMs = Math.min(at.windowMs, at.durationMs)
  const window = sliding.since(isShort ? -Infinity : at.nowMs - at.windowMs)
  const { condition, requireSamples } = threshold
  if (window.isEmpty && !requireSamples) {
    threshold.holds = null
    return
  }
  const value = window.isEmpty ? null : aggregateOf(window, condition.aggregate, lengthMs)
  threshold.holds = value !== null && compare(value, condition)
  if (threshold.ok === false) return
  threshold.ok = threshold.holds
  threshold.value = value
  threshold.problem = value === null ? 'a window has no samples' : null
}

/** Whether a failed threshold asks for the end of the run. */
export function wantsAbort(groups: readonly ThresholdGroup[], elapsedMs: number): boolean {
  return groups.some((group) =>
    group.thresholds.some(
      (one) => one.holds === false && one.abortOnFail && elapsedMs > one.delayAbortMs,
    ),
  )
}
