/**
 * A group at work: its rules one after the other at each of its times. A group's times are multiples
 * of its interval shifted by a phase of its own, so that groups do not all run at once; while one
 * evaluation runs, times that pass are missed, not queued.
 */
import {
  type Appender,
  type Histogram,
  type Labels,
  Matcher,
  STALE_NAN,
  SampleColumns,
  type Storage,
  histogramProblem,
  isStale,
} from '@vigie/model'
import type { Alert } from '../alert.ts'
import { AlertingRule, type RuleContext, type RuleSample } from './alerting-rule.ts'
import { evaluateRecording } from './recording-rule.ts'
import type { RecordingDefinition, RuleGroup } from './rule-group.ts'
import type { GroupStatus, RuleStatus } from './rule-status.ts'

/** A gap of Vigie's up to this long does not reset `for`. */
const OUTAGE_TOLERANCE_MS = 3_600_000
/** After a restart nothing with a longer `for` fires before this. */
const FOR_GRACE_MS = 600_000

export interface GroupContext extends RuleContext {
  storage: Storage
  now: () => number
  onAlerts: (alerts: Alert[]) => void
  resendDelayMs: number
}

interface RunningRule {
  rule: AlertingRule | RecordingDefinition
  health: 'unknown' | 'ok' | 'err'
  lastError: string | undefined
  durationMs: number
  lastEvaluationMs: number | undefined
  evaluationCount: number
  failureCount: number
  /** What its last evaluation returned; 0 after one that failed. */
  sampleCount: number
  /** What it wrote last time, to be ended when it is not written again. */
  previous: Map<string, Labels>
}

/** What a group says of itself on `/metrics`. */
export interface GroupCounts {
  evaluations: number
  failures: number
  missed: number
  /** Scheduled evaluations, missed ones included. */
  iterations: number
  durationMs: number
  /** Epoch ms; 0 before the first evaluation. */
  lastEvaluationMs: number
  /** What the last evaluation returned. */
  samples: number
  rules: number
  intervalMs: number
}

export class GroupRunner {
  readonly definition: RuleGroup
  readonly intervalMs: number
  readonly #context: GroupContext
  readonly #rules: RunningRule[]
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isStopped = false
  #shouldRestore: boolean
  #evaluationIndex = 0
  #missedCount = 0
  /** Scheduled evaluations, the missed ones too. */
  #iterationCount = 0
  #sampleCount = 0
  /** Of the group that this one replaced. */
  #before = { evaluations: 0, failures: 0 }
  #durationMs = 0
  #lastEvaluationMs: number | undefined

  /** `before`: the group that this one replaces. */
  constructor(
    definition: RuleGroup,
    intervalMs: number,
    context: GroupContext,
    before?: GroupRunner,
  ) {
    this.definition = definition
    this.intervalMs = intervalMs
    this.#context = context
    this.#rules = definition.rules.map((one) => ({
      rule: one.type === 'alerting' ? new AlertingRule(one) : one,
      health: 'unknown',
      lastError: undefined,
      durationMs: 0,
      lastEvaluationMs: undefined,
      evaluationCount: 0,
      failureCount: 0,
      sampleCount: 0,
      previous: new Map(),
    }))
    this.#shouldRestore = before === undefined || before.#shouldRestore
    if (before !== undefined) this.#takeOver(before)
  }

  /** Rules of the same name and labels go on where they were; series of the others are ended. */
  #takeOver(before: GroupRunner): void {
    const left = [...before.#rules]
    for (const running of this.#rules) {
      const index = left.findIndex((one) => identity(one.rule) === identity(running.rule))
      if (index < 0) {
        if (running.rule instanceof AlertingRule) running.rule.isRestored = !this.#shouldRestore
        continue
      }
      const [old] = left.splice(index, 1)
      running.previous = old.previous
      if (running.rule instanceof AlertingRule && old.rule instanceof AlertingRule)
        running.rule.takeOver(old.rule)
    }
    this.#end(left)
    // Counters of a group do not fall when its file changes.
    const { evaluations, failures } = before.counts()
    this.#before = { evaluations, failures }
    this.#missedCount = before.#missedCount
    this.#iterationCount = before.#iterationCount
    this.#durationMs = before.#durationMs
    this.#lastEvaluationMs = before.#lastEvaluationMs
    this.#sampleCount = before.#sampleCount
  }

  start(): void {
    this.#schedule(nextTime(this.#context.now() - 1, this.intervalMs, this.#phaseMs()))
  }

  /** Takes no more time; resolves when the evaluation that runs is over. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  /** Writes the end of everything that the rules wrote. */
  endSeries(): void {
    this.#end(this.#rules)
  }

  #schedule(timeMs: number): void {
    if (this.#isStopped) return
    const delayMs = Math.max(0, timeMs - this.#context.now())
    this.#timer = setTimeout(() => {
      this.#running = this.evaluate(timeMs).finally(() => {
        const next = timeMs + this.intervalMs
        const late = Math.floor((this.#context.now() - next) / this.intervalMs)
        const missed = Math.max(0, late)
        this.#missedCount += missed
        this.#iterationCount += missed
        this.#schedule(next + missed * this.intervalMs)
      })
    }, delayMs)
  }

  #phaseMs(): number {
    return hash(`${this.definition.file};${this.definition.name}`) % this.intervalMs
  }

  /** Evaluates all rules as of `timeMs`. Never rejects: what goes wrong is the rule's health. */
  async evaluate(timeMs: number): Promise<void> {
    const start = performance.now()
    const startedMs = this.#context.now()
    this.#iterationCount++
    for (const running of this.#rules) {
      if (this.#isStopped) return
      await this.#evaluateRule(running, timeMs)
    }
    this.#durationMs = performance.now() - start
    this.#lastEvaluationMs = startedMs
    this.#sampleCount = this.#rules.reduce((total, one) => total + one.sampleCount, 0)
    // The first evaluation may come before the first scrapes; the second sees what there is.
    if (this.#shouldRestore && ++this.#evaluationIndex >= 2) await this.#restore(timeMs)
  }

  async #evaluateRule(running: RunningRule, timeMs: number): Promise<void> {
    const start = performance.now()
    const startedMs = this.#context.now()
    const { limit, queryOffsetMs } = this.definition
    running.sampleCount = 0
    const queryTimeMs = timeMs - (queryOffsetMs ?? 0)
    try {
      const samples =
        running.rule instanceof AlertingRule
          ? await running.rule.evaluate(timeMs, queryTimeMs, limit, this.#context)
          : await evaluateRecording(running.rule, queryTimeMs, limit, this.#context)
      running.sampleCount = samples.length
      this.#write(running, samples, queryTimeMs)
      running.health = 'ok'
      running.lastError = undefined
    } catch (error) {
      running.health = 'err'
      running.lastError = (error as Error).message
      running.failureCount++
      this.#context.log.warn('evaluating rule failed', {
        group: this.definition.name,
        rule: nameOf(running.rule),
        error: running.lastError,
      })
    }
    running.evaluationCount++
    running.lastEvaluationMs = startedMs
    running.durationMs = performance.now() - start
    this.#send(running, timeMs)
  }

  #send(running: RunningRule, timeMs: number): void {
    if (!(running.rule instanceof AlertingRule)) return
    const { resendDelayMs } = this.#context
    const due = running.rule.takeDue(timeMs, resendDelayMs, this.intervalMs, this.#context)
    if (due.length > 0) this.#context.onAlerts(due)
  }

  #write(running: RunningRule, samples: readonly RuleSample[], timeMs: number): void {
    const current = new Map(samples.map((one) => [one.labels.key, one.labels]))
    const ended = [...running.previous].filter(([key]) => !current.has(key))
    if (samples.length === 0 && ended.length === 0) return
    const appender = this.#context.storage.appender()
    let problem: string | undefined
    try {
      for (const { labels, v, h } of samples) {
        if (h === undefined) appender.append(appender.series(labels), timeMs, v)
        else problem = appendValid(appender, labels, timeMs, h) ?? problem
      }
      for (const [, labels] of ended) appender.append(appender.series(labels), timeMs, STALE_NAN)
      appender.commit()
    } catch (error) {
      appender.rollback()
      throw error
    }
    running.previous = current
    if (problem !== undefined) throw new Error(problem)
  }

  #end(rules: readonly RunningRule[]): void {
    for (const running of rules) {
      try {
        this.#write(running, [], this.#context.now())
      } catch (error) {
        this.#context.log.warn('ending series of a rule failed', {
          rule: nameOf(running.rule),
          error: (error as Error).message,
        })
      }
    }
  }

  async #restore(timeMs: number): Promise<void> {
    for (const { rule } of this.#rules) {
      if (!(rule instanceof AlertingRule)) continue
      if (rule.definition.forMs < FOR_GRACE_MS) rule.isRestored = true
      else await this.#restoreRule(rule, timeMs)
    }
    this.#shouldRestore = false
  }

  async #restoreRule(rule: AlertingRule, timeMs: number): Promise<void> {
    const last = await this.#lastStates(rule.definition.name, timeMs)
    const { forMs } = rule.definition
    rule.restore((labels) => {
      const state = last.get(labels.key)
      if (state === undefined) return undefined
      const remainingMs = forMs - (state.downAtMs - state.activeAtMs)
      if (remainingMs <= 0) return state.activeAtMs
      if (remainingMs < FOR_GRACE_MS) return timeMs + FOR_GRACE_MS - forMs
      return state.activeAtMs + (timeMs - state.downAtMs)
    })
  }

  /** By labels of the alert: since when it was active, and when that was last written. */
  async #lastStates(
    alertName: string,
    timeMs: number,
  ): Promise<Map<string, { activeAtMs: number; downAtMs: number }>> {
    const states = new Map<string, { activeAtMs: number; downAtMs: number }>()
    const minT = timeMs - OUTAGE_TOLERANCE_MS
    const matchers = [
      new Matcher('=', '__name__', 'ALERTS_FOR_STATE'),
      new Matcher('=', 'alertname', alertName),
    ]
    const series = await this.#context.storage.select(matchers, minT, timeMs)
    const columns = new SampleColumns()
    for (let i = 0; i < series.count; i++) {
      series.samples(i, minT, timeMs, columns)
      const at = columns.length - 1
      if (at < 0 || isStale(columns.v[at])) continue
      const labels = series.labels(i).without('__name__')
      states.set(labels.key, { activeAtMs: columns.v[at] * 1000, downAtMs: columns.t[at] })
    }
    return states
  }

  alertingRules(): AlertingRule[] {
    return this.#rules.map((one) => one.rule).filter((rule) => rule instanceof AlertingRule)
  }

  status(): GroupStatus {
    return {
      name: this.definition.name,
      file: this.definition.file,
      rules: this.#rules.map(ruleStatus),
      interval: this.intervalMs / 1000,
      limit: this.definition.limit,
      evaluationTime: this.#durationMs / 1000,
      lastEvaluation: timeText(this.#lastEvaluationMs),
    }
  }

  counts(): GroupCounts {
    const sum = (key: 'evaluationCount' | 'failureCount'): number =>
      this.#rules.reduce((total, one) => total + one[key], 0)
    return {
      evaluations: this.#before.evaluations + sum('evaluationCount'),
      failures: this.#before.failures + sum('failureCount'),
      missed: this.#missedCount,
      iterations: this.#iterationCount,
      durationMs: this.#durationMs,
      lastEvaluationMs: this.#lastEvaluationMs ?? 0,
      samples: this.#sampleCount,
      rules: this.#rules.length,
      intervalMs: this.intervalMs,
    }
  }
}

/** The first time of the group after `afterMs`. */
export function nextTime(afterMs: number, intervalMs: number, phaseMs: number): number {
  return Math.floor((afterMs - phaseMs) / intervalMs + 1) * intervalMs + phaseMs
}

/** FNV-1a, 32 bits: spreads groups over their interval. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}

const nameOf = (rule: AlertingRule | RecordingDefinition): string =>
  rule instanceof AlertingRule ? rule.definition.name : rule.name

function identity(rule: AlertingRule | RecordingDefinition): string {
  const definition = rule instanceof AlertingRule ? rule.definition : rule
  return JSON.stringify([definition.type, definition.name, [...definition.labels]])
}

const NEVER = '0001-01-01T00:00:00Z'
const timeText = (ms: number | undefined): string =>
  ms === undefined ? NEVER : new Date(ms).toISOString()

function ruleStatus(running: RunningRule): RuleStatus {
  const { rule } = running
  const tail = {
    health: running.health,
    ...(running.lastError === undefined ? {} : { lastError: running.lastError }),
    evaluationTime: running.durationMs / 1000,
    lastEvaluation: timeText(running.lastEvaluationMs),
  }
  if (!(rule instanceof AlertingRule))
    return {
      name: rule.name,
      query: rule.expr,
      labels: Object.fromEntries(rule.labels),
      ...tail,
      type: 'recording',
    }
  const { definition } = rule
  return {
    state: running.health === 'unknown' ? 'unknown' : rule.state,
    name: definition.name,
    query: definition.expr,
    duration: definition.forMs / 1000,
    keepFiringFor: definition.keepFiringForMs / 1000,
    labels: Object.fromEntries(definition.labels),
    annotations: Object.fromEntries(definition.annotations),
    alerts: rule.alerts(),
    ...tail,
    type: 'alerting',
  }
}

/** Says why when the histogram cannot be stored: the result of a subtraction may have negative counts. */
function appendValid(
  appender: Appender,
  labels: Labels,
  timeMs: number,
  h: Histogram,
): string | undefined {
  const problem = histogramProblem(h)
  if (problem !== undefined) return `cannot store ${labels.toString()}: ${problem}`
  appender.appendHistogram(appender.series(labels), timeMs, h)
  return undefined
}
