/** What the command line asks of a running Vigie: queries, series, data checks. */
import type { PromqlQuery } from '@vigie/load'
import { parseDuration } from '@vigie/model'

/** A threshold's query must not hold up the end of the run. */
const TIMEOUT_MS = 10_000
/** Running every data check may take as long as the slowest database. */
const CHECKS_TIMEOUT_MS = 120_000

/** Points of one series: times in ms, values beside them. */
export interface Points {
  labels: Record<string, string>
  t: number[]
  v: number[]
}

/** As `/api/vigie/checks` gives them. */
export interface CheckState {
  name: string
  severity: string
  state: 'ok' | 'violated' | 'error' | 'pending'
  violations: number | null
  description: string
  error: string | null
  sample: { columns: string[]; rows: (string | number | boolean | null)[][] } | null
}

export interface Target {
  scrapeUrl: string
  health: 'up' | 'down' | 'unknown'
  lastError: string
  labels: Record<string, string>
  scrapeIntervalMs: number
}

interface Answer<T> {
  error?: string
  data?: T
}

interface QueryData {
  resultType: string
  result: unknown
}

/** Every method rejects with an Error that says what Vigie answered. */
export class VigieClient {
  readonly url: string

  constructor(url: string) {
    this.url = url.replace(/\/?$/, '/')
  }

  /** Instant queries, to any address that is compatible with Prometheus. */
  readonly query: PromqlQuery = async (expr, timeMs) => {
    const body = new URLSearchParams({ query: expr })
    if (timeMs !== undefined) body.set('time', String(timeMs / 1000))
    const data = await this.#ask<QueryData>('api/v1/query', body)
    if (data.resultType === 'scalar')
      return [{ labels: {}, value: sampleValue((data.result as [number, string])[1]) }]
    if (data.resultType !== 'vector')
      throw new Error(`expected an instant vector, got ${data.resultType}`)
    const rows = data.result as { metric: Record<string, string>; value: [number, string] }[]
    return rows.map((row) => ({ labels: row.metric, value: sampleValue(row.value[1]) }))
  }

  async queryRange(
    expr: string,
    { startMs, endMs, stepMs }: { startMs: number; endMs: number; stepMs: number },
  ): Promise<Points[]> {
    const data = await this.#ask<QueryData>(
      'api/v1/query_range',
      new URLSearchParams({
        query: expr,
        start: String(startMs / 1000),
        end: String(endMs / 1000),
        step: String(stepMs / 1000),
      }),
    )
    const rows = data.result as { metric: Record<string, string>; values: [number, string][] }[]
    return rows.map(({ metric, values }) => ({
      labels: metric,
      t: values.map(([t]) => Math.round(t * 1000)),
      v: values.map(([, v]) => sampleValue(v)),
    }))
  }

  /** The raw samples of the last `rangeMs` before `endMs`. */
  async samples(selector: string, endMs: number, rangeMs: number): Promise<Points[]> {
    const data = await this.#ask<QueryData>(
      'api/v1/query',
      new URLSearchParams({
        query: `${selector}[${Math.ceil(rangeMs)}ms]`,
        time: String(endMs / 1000),
      }),
    )
    const rows = data.result as { metric: Record<string, string>; values: [number, string][] }[]
    return rows.map(({ metric, values }) => ({
      labels: metric,
      t: values.map(([t]) => Math.round(t * 1000)),
      v: values.map(([, v]) => sampleValue(v)),
    }))
  }

  /** Names of metrics that have samples from `startMs` on. */
  async metricNames(selector: string, startMs: number): Promise<string[]> {
    return this.#ask<string[]>(
      `api/v1/label/__name__/values?${new URLSearchParams({ 'match[]': selector, start: String(startMs / 1000) }).toString()}`,
    )
  }

  async targets(): Promise<Target[]> {
    const { activeTargets } = await this.#ask<{
      activeTargets: (Target & { scrapeInterval: string })[]
    }>('api/v1/targets?state=active')
    return activeTargets.map((one) => ({
      ...one,
      scrapeIntervalMs: parseDuration(one.scrapeInterval) ?? 0,
    }))
  }

  /** Type and help of metrics by name; '' where unknown. */
  async metadata(): Promise<Map<string, { type: string; help: string }>> {
    const answer =
      await this.#ask<Record<string, { type: string; help: string }[]>>('api/v1/metadata')
    return new Map(Object.entries(answer).map(([name, [first]]) => [name, first!]))
  }

  /** Load runs that Vigie keeps, newest first. */
  async runs(): Promise<{ id: string; startedMs: number; endedMs: number | null }[]> {
    const response = await this.#fetch('api/vigie/runs', {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`${this.url} answered ${response.status} to /api/vigie/runs`)
    return (await response.json()) as { id: string; startedMs: number; endedMs: number | null }[]
  }

  /** The report of a stored run. */
  async run<T>(id: string): Promise<T> {
    const response = await this.#fetch(`api/vigie/runs/${encodeURIComponent(id)}`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer = (await response.json()) as T & { error?: string }
    if (!response.ok) throw new Error(answer.error ?? `${this.url} answered ${response.status}`)
    return answer
  }

  /** Runs every data check now and gives what is then known. */
  async runChecks(): Promise<CheckState[]> {
    const response = await this.#fetch('api/vigie/checks/run', {
      method: 'POST',
      signal: AbortSignal.timeout(CHECKS_TIMEOUT_MS),
    })
    if (!response.ok)
      throw new Error(`${this.url} answered ${response.status} to POST /api/vigie/checks/run`)
    return (await response.json()) as CheckState[]
  }

  async #ask<T>(path: string, body?: URLSearchParams): Promise<T> {
    const response = await this.#fetch(path, {
      ...(body === undefined ? {} : { method: 'POST', body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer = (await response.json()) as Answer<T>
    if (answer.data === undefined)
      throw new Error(answer.error ?? `${this.url} answered ${response.status}`)
    return answer.data
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(new URL(path, this.url), init)
    } catch (error) {
      const { cause, message } = error as Error
      throw new Error(
        `${this.url} does not answer: ${cause instanceof Error ? cause.message : message}`,
        { cause: error },
      )
    }
  }
}

const sampleValue = (text: string): number =>
  text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)
