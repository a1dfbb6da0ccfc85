/**
 * A cluster that keeps the samples instead of this process: VictoriaMetrics, Mimir, Thanos or anything
 * else with the Prometheus HTTP API. Whole queries go there, so that it can evaluate them where its
 * data is.
 */
import { type Histogram, Labels } from '@vigie/model'
import { type JsonHistogram, histogramOf } from './json-histogram.ts'
import { valueOf } from './value-of.ts'

export interface ClusterAnswer {
  status: number
  body: Buffer
}

/** Asks for a path below the cluster's address. Throws Error when there is no answer in time, or one too large. */
export type AskCluster = (
  method: 'GET' | 'POST',
  path: string,
  params: URLSearchParams,
) => Promise<ClusterAnswer>

export interface ClusterOptions {
  /** As shown in errors: no user, no password. */
  url: string
  timeoutMs: number
  /** Requests under way at once; further ones wait. */
  requestsMax: number
  ask: AskCluster
  close: () => Promise<void>
}

/** The cluster did not give an answer that can be used. `type` is as in the API, 'unavailable' when there was none. */
export class ClusterError extends Error {
  readonly type: string

  constructor(type: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ClusterError'
    this.type = type
  }
}

/** One element of an instant vector. */
export interface ClusterSample {
  labels: Labels
  v: number
  /** Instead of `v`, which is NaN then. */
  h?: Histogram
}

/** Requests that wait for their turn. */
const WAITING_MAX = 1000
/** So much of an answer that is no JSON goes to an error. */
const WORDS_MAX = 200

export class Cluster {
  readonly #options: ClusterOptions
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  get url(): string {
    return this.#options.url
  }

  close(): Promise<void> {
    return this.#options.close()
  }

  /** The body of a good answer, as the cluster gave it. Throws ClusterError. */
  async forward(
    path: string,
    params: URLSearchParams,
    method: 'GET' | 'POST' = 'POST',
  ): Promise<Buffer> {
    const { status, body } = await this.#ask(method, path, params)
    if (status === 200) return body
    throw this.#refusal(status, body)
  }

  /** The data of a good answer. Throws ClusterError. */
  async data(
    path: string,
    params: URLSearchParams,
    method: 'GET' | 'POST' = 'POST',
  ): Promise<unknown> {
    const body = await this.forward(path, params, method)
    try {
      return (JSON.parse(body.toString('utf8')) as { data: unknown }).data
    } catch (error) {
      throw this.#error('unavailable', 'an answer that is not JSON', error)
    }
  }

  /** An instant query whose result is a vector or a scalar. Throws ClusterError. */
  async instant(expr: string, timeMs: number): Promise<ClusterSample[]> {
    const params = this.timed({ query: expr, time: String(timeMs / 1000) })
    const data = (await this.data('/api/v1/query', params)) as QueryData
    if (data.resultType === 'scalar') return [{ labels: Labels.EMPTY, v: valueOf(data.result[1]) }]
    if (data.resultType !== 'vector')
      throw new ClusterError(
        'bad_data',
        `expected an instant vector or a scalar, got a ${data.resultType}`,
      )
    return data.result.flatMap(({ metric, value, histogram }) => {
      const labels = Labels.fromObject(metric)
      if (histogram !== undefined) return [{ labels, v: NaN, h: histogramOf(histogram[1]) }]
      return value === undefined ? [] : [{ labels, v: valueOf(value[1]) }]
    })
  }

  /** Parameters of a query, with the limit that we keep and without VictoriaMetrics's delay of the newest samples. */
  timed(params: Record<string, string>): URLSearchParams {
    const timeout = params.timeout ?? `${this.#options.timeoutMs / 1000}s`
    return new URLSearchParams({ ...params, timeout, nocache: '1' })
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    params: URLSearchParams,
  ): Promise<ClusterAnswer> {
    await this.#turn()
    try {
      return await this.#options.ask(method, path, params)
    } catch (error) {
      throw this.#error(
        'unavailable',
        error instanceof Error ? error.message : String(error),
        error,
      )
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < this.#options.requestsMax) {
      this.#running++
      return
    }
    if (this.#waiting.length >= WAITING_MAX)
      throw this.#error('unavailable', `${WAITING_MAX} requests wait for an answer already`)
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The error of the API when the cluster gave one. */
  #refusal(status: number, body: Buffer): ClusterError {
    const text = body.toString('utf8')
    try {
      const { error, errorType } = JSON.parse(text) as { error?: unknown; errorType?: unknown }
      if (typeof error === 'string') return new ClusterError(typeOf(status, errorType), error)
    } catch {
      // Not from the API: a proxy, or another server.
    }
    const words = text.trim().slice(0, WORDS_MAX)
    return this.#error(typeOf(status, undefined), `HTTP status ${status}${words && `: ${words}`}`)
  }

  #error(type: string, reason: string, cause?: unknown): ClusterError {
    return new ClusterError(type, `cannot ask storage ${this.url}: ${reason}`, cause)
  }
}

interface VectorElement {
  metric: Record<string, string>
  value?: [number, string]
  histogram?: [number, JsonHistogram]
}

type QueryData =
  | { resultType: 'scalar'; result: [number, string] }
  | { resultType: 'vector'; result: VectorElement[] }
  | { resultType: 'matrix' | 'string' }

const TYPES: ReadonlySet<string> = new Set([
  'bad_data',
  'execution',
  'canceled',
  'timeout',
  'internal',
  'unavailable',
  'not_found',
  'not_acceptable',
])
const TYPES_BY_STATUS = new Map([
  [400, 'bad_data'],
  [404, 'not_found'],
  [422, 'execution'],
  [503, 'timeout'],
])

/** VictoriaMetrics gives the status as the type. */
const typeOf = (status: number, type: unknown): string =>
  typeof type === 'string' && TYPES.has(type)
    ? type
    : (TYPES_BY_STATUS.get(status) ?? 'unavailable')
