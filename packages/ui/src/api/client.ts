/**
 * HTTP to Vigie: plain JSON under /api/vigie, Prometheus's envelope under /api/v1. The last answer of
 * each address is kept (bounded), so that a page seen before opens with what it last showed.
 */

/** Addresses whose last answer is remembered; the oldest is dropped. */
const REMEMBERED_MAX = 120
/** An answer that takes longer is given up. */
const TIMEOUT_MS = 60_000
const NO_CONTENT = 204

/** A request that failed, in words a user can act on. */
export class ApiError extends Error {
  /** HTTP status; 0 when nothing answered. */
  readonly status: number
  /** Prometheus's kind of error (`bad_data`, `execution`, …), else ''. */
  readonly kind: string
  constructor(message: string, status: number, kind = '') {
    super(message)
    this.status = status
    this.kind = kind
  }
}

export interface Api {
  /** GET of JSON without an envelope. */
  get<T>(path: string, signal?: AbortSignal): Promise<T>
  /** Undefined where the answer has no body. */
  send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T>
  /** Prometheus API, GET; throws ApiError with its `error`. */
  prom<T>(path: string, params?: Record<string, string>, signal?: AbortSignal): Promise<Answer<T>>
  /** What `key` last gave, if it is still remembered. */
  recall<T>(key: string): T | undefined
  remember(key: string, value: unknown): void
}

export interface Answer<T> {
  data: T
  warnings: string[]
}

interface Envelope<T> {
  status: 'success' | 'error'
  data?: T
  error?: string
  errorType?: string
  warnings?: string[]
  infos?: string[]
}

/** `fetch` is given so that nothing here reaches for the world by itself. */
export function createApi(fetch: typeof globalThis.fetch): Api {
  const remembered = new Map<string, unknown>()

  async function request(path: string, init: RequestInit): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    try {
      return await fetch(path, { ...init, signal })
    } catch (cause) {
      if (init.signal?.aborted) throw cause
      throw new ApiError(
        timeout.aborted
          ? `no answer from Vigie within ${TIMEOUT_MS / 1000} s`
          : 'Vigie does not answer: is it still running?',
        0,
      )
    }
  }

  async function json<T>(response: Response): Promise<T> {
    const text = await response.text()
    try {
      return JSON.parse(text) as T
    } catch {
      throw new ApiError(
        `unexpected answer (HTTP ${response.status}): ${text.slice(0, 200) || 'empty body'}`,
        response.status,
      )
    }
  }

  async function own<T>(path: string, init: RequestInit): Promise<T> {
    const response = await request(path, init)
    if (response.status === NO_CONTENT) return undefined as T
    const body = await json<T & { error?: string }>(response)
    if (!response.ok) {
      throw new ApiError(body.error ?? `HTTP ${response.status}`, response.status)
    }
    return body
  }

  return {
    get: (path, signal) => own(path, signal ? { signal } : {}),
    send: (method, path, body) =>
      own(path, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
    async prom<T>(path: string, params: Record<string, string> = {}, signal?: AbortSignal) {
      const query = new URLSearchParams(params).toString()
      const response = await request(
        `/api/v1/${path}${query && '?' + query}`,
        signal ? { signal } : {},
      )
      const body = await json<Envelope<T>>(response)
      if (body.status !== 'success') {
        throw new ApiError(
          body.error ?? `HTTP ${response.status}`,
          response.status,
          body.errorType ?? '',
        )
      }
      return { data: body.data as T, warnings: [...(body.warnings ?? []), ...(body.infos ?? [])] }
    },
    recall: <T>(key: string) => remembered.get(key) as T | undefined,
    remember(key, value) {
      remembered.delete(key)
      remembered.set(key, value)
      if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!)
    },
  }
}
