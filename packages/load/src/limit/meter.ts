/**
 * What a run looks like in one window of time: whether the script's thresholds hold in it, by how much, and
 * why not. Thresholds of the whole run become thresholds of the window; those that ask for a minimum of work
 * (`http_reqs: count>1000`) say nothing about how much a target takes and are left out.
 */
import type { LimitClass, PromqlQuery } from '../api.ts'
import type { MetricsEngine, RunSeries } from '../metrics/engine.ts'
import { evaluatePromql } from '../metrics/promql-threshold.ts'
import { CounterSink, type Sink, createSink } from '../metrics/sink.ts'
import { type Threshold, type ThresholdGroup, aggregateOf, compare } from '../metrics/threshold.ts'

/** k6's codes of failed requests. */
const TIMEOUT_CODES = new Set(['1050', '1211'])
const GONE_CODES = new Set(['1201', '1210', '1212', '1213', '1220'])

export interface WindowReason {
  class: LimitClass
  text: string
}

/** One window of a run. */
export interface LoadWindowReading {
  /** ms since the epoch. */
  startMs: number
  endMs: number
  reasons: WindowReason[]
  /** Largest value ÷ limit of all thresholds with an upper limit; 0: none. */
  closeness: number
  /** Durations in ms of the requests that ended in it; of iterations when there were none. */
  durationsMs: Float64Array
  /** Durations of the iterations that ended in it. */
  iterationMs: Float64Array
  requests: number
  failedRequests: number
  iterations: number
}

interface MetricGroup extends ThresholdGroup {
  target: { metric: string; tags: [name: string, value: string][] }
}

/** A threshold group and what the window has of it. */
interface Watched {
  group: MetricGroup
  window: Sink | null
  /** Counts have no meaning in a short window: they are kept from one `startHold` to the next. */
  hold: Sink | null
}

export class LoadMeter {
  readonly #promql: PromqlQuery | undefined
  readonly #now: () => number
  readonly #watched: Watched[] = []
  readonly #promqlGroups: ThresholdGroup[] = []
  readonly #bySeries = new Map<RunSeries, Watched[]>()
  #requestMs: Float64Array[] = []
  #iterationMs: Float64Array[] = []
  #requests = 0
  #failed = 0
  #iterations = 0
  readonly #codes = new Map<string, number>()
  #startMs: number
  #holdMs = 0
  #holdStartMs: number

  constructor(
    engine: MetricsEngine,
    thresholds: readonly ThresholdGroup[],
    promql: PromqlQuery | undefined,
    now: () => number,
  ) {
    this.#promql = promql
    this.#now = now
    this.#startMs = this.#holdStartMs = now()
    for (const group of thresholds) this.watch(group)
    engine.listen((series, record) => this.#hear(series, record))
  }

  /** One more group of thresholds, from now on. */
  watch(group: ThresholdGroup): void {
    if ('promql' in group.target) this.#promqlGroups.push(group)
    else this.#watched.push({ group: group as MetricGroup, window: null, hold: null })
    this.#bySeries.clear()
  }

  #hear(series: RunSeries, record: Float64Array): void {
    const { metric, tags } = series
    for (const one of this.#watchersOf(series)) {
      ;(one.window ??= createSink(metric.type)).add(record)
      ;(one.hold ??= createSink(metric.type)).add(record)
    }
    switch (metric.name) {
      case 'http_req_duration':
        this.#requestMs.push(record.slice())
        break
      case 'iteration_duration':
        this.#iterationMs.push(record.slice())
        this.#iterations += record.length
        break
      case 'http_reqs':
        this.#requests += record[0]!
        break
      case 'http_req_failed': {
        this.#failed += record[0]!
        const code = tags.find(([name]) => name === 'error_code')?.[1]
        if (record[0]! > 0 && code !== undefined)
          this.#codes.set(code, (this.#codes.get(code) ?? 0) + record[0]!)
      }
    }
  }

  #watchersOf(series: RunSeries): Watched[] {
    let found = this.#bySeries.get(series)
    if (found === undefined) {
      const tags = new Map(series.tags)
      found = this.#watched.filter(
        ({ group: { target } }) =>
          target.metric === series.metric.name &&
          target.tags.every(([name, value]) => (tags.get(name) ?? '') === value),
      )
      this.#bySeries.set(series, found)
    }
    return found
  }

  /** A level begins: counts start again. */
  startHold(): void {
    for (const one of this.#watched) one.hold = null
    this.#holdStartMs = this.#now()
  }

  /** Ends the window that is open and begins the next; resolves with what the one was like. */
  async cut(): Promise<LoadWindowReading> {
    const endMs = this.#now()
    const durationMs = Math.max(1, endMs - this.#startMs)
    this.#holdMs = Math.max(1, endMs - this.#holdStartMs)
    const verdict = { reasons: [] as WindowReason[], closeness: 0 }
    for (const { group, window, hold } of this.#watched) {
      for (const threshold of group.thresholds) {
        const isCount = threshold.condition.aggregate === 'count' && hold instanceof CounterSink
        const sink = isCount ? hold : window
        if (sink === null || sink.isEmpty || asksForWork(threshold, sink)) continue
        const value = aggregateOf(
          sink,
          threshold.condition.aggregate,
          isCount ? this.#holdMs : durationMs,
        )
        this.#judge(group.key, group.target.metric, threshold, value, verdict)
      }
    }
    const reading = {
      startMs: this.#startMs,
      endMs,
      ...verdict,
      durationsMs: joined(this.#requestMs.length > 0 ? this.#requestMs : this.#iterationMs),
      iterationMs: joined(this.#iterationMs),
      requests: this.#requests,
      failedRequests: this.#failed,
      iterations: this.#iterations,
    }
    this.#open(endMs)
    await this.#askPromql(reading)
    return reading
  }

  #open(startMs: number): void {
    this.#startMs = startMs
    for (const one of this.#watched) one.window = null
    this.#requestMs = []
    this.#iterationMs = []
    this.#requests = this.#failed = this.#iterations = 0
    this.#codes.clear()
  }

  async #askPromql(reading: LoadWindowReading): Promise<void> {
    if (this.#promqlGroups.length === 0) return
    await evaluatePromql(this.#promqlGroups, this.#promql, false)
    for (const group of this.#promqlGroups)
      for (const threshold of group.thresholds)
        if (threshold.value !== null)
          this.#judge(group.key, group.key, threshold, threshold.value, reading)
  }

  #judge(
    key: string,
    metric: string,
    threshold: Threshold,
    value: number,
    into: { reasons: WindowReason[]; closeness: number },
  ): void {
    const { operator, right } = threshold.condition
    if (operator.startsWith('<') && right > 0)
      into.closeness = Math.max(into.closeness, value / right)
    if (compare(value, threshold.condition)) return
    into.reasons.push({
      class: this.#classOf(metric),
      text: `${key} ${threshold.source}: ${shown(value)}`,
    })
  }

  /** What the failure of a threshold on this metric (or expression) means. */
  #classOf(metric: string): LimitClass {
    if (metric.startsWith('promql('))
      return /invariant/.test(metric)
        ? 'invariant'
        : /error|fail|5\.\.|5xx/.test(metric)
          ? 'errors'
          : 'latency'
    if (metric === 'dropped_iterations') return 'drops'
    if (metric !== 'http_req_failed' && metric !== 'checks') {
      if (/error|fail/.test(metric)) return 'errors'
      return 'latency'
    }
    const failed = [...this.#codes.values()].reduce((sum, count) => sum + count, 0)
    const share = (codes: ReadonlySet<string>): number =>
      [...this.#codes].reduce((sum, [code, count]) => sum + (codes.has(code) ? count : 0), 0) /
      failed
    if (failed > 0 && share(GONE_CODES) >= 0.5) return 'crash'
    return failed > 0 && share(TIMEOUT_CODES) >= 0.5 ? 'timeouts' : 'errors'
  }
}

/** A minimum for a counter. */
function asksForWork({ condition }: Threshold, sink: Sink): boolean {
  return condition.operator.startsWith('>') && sink instanceof CounterSink
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const shown = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
