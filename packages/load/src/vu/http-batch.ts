/** `http.batch`: many requests at once, as far as `batch` and `batchPerHost` let. */
import { type HttpRequest, NamedUrl, methodName, prepareRequest } from './http-request.ts'
import type { Response } from './response.ts'
import { textOf } from './text.ts'
import type { Vu } from './vu.ts'

/** Requests of one batch. */
const MAX_REQUESTS = 10_000

interface Item {
  key: string
  host: string
  request: HttpRequest
}

/** Answers come in the order, or under the names, of the requests. */
export function batch(vu: Vu, requests: unknown): Promise<unknown> {
  vu.requireRunning('making http requests')
  if (typeof requests !== 'object' || requests === null) {
    throw new TypeError('the argument of batch() must be an array or an object')
  }
  const keys = Object.keys(requests)
  if (keys.length > MAX_REQUESTS) {
    throw new RangeError(`a batch of ${keys.length} requests; want at most ${MAX_REQUESTS}`)
  }
  const items = keys.map((key) => readItem(vu, key, (requests as Record<string, unknown>)[key]))
  const results: Record<string, Response> | Response[] = Array.isArray(requests) ? [] : {}
  return vu.block((done, fail) => {
    new Batch(vu, items, results as Record<string, Response>, done, fail).next()
    return () => {}
  })
}

function readItem(vu: Vu, key: string, value: unknown): Item {
  const [method, url, body, params] = partsOf(value)
  return { key, host: hostOf(vu, url), request: prepareRequest(vu, method, url, body, params) }
}

function partsOf(value: unknown): [method: string, url: unknown, body: unknown, params: unknown] {
  if (typeof value === 'string' || value instanceof NamedUrl) return ['GET', value, null, null]
  if (Array.isArray(value)) {
    const [method, url, body, params] = value as unknown[]
    return [methodName(method), url, body, params]
  }
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`invalid HTTP request type for a batch: ${textOf(value)}`)
  }
  const { method, url, body, params } = value as Record<string, unknown>
  return [methodName(method ?? 'GET'), url, body, params]
}

function hostOf(vu: Vu, url: unknown): string {
  try {
    return vu.environment.urls.parse(textOf(url)).origin
  } catch {
    // An invalid URL fails when it is requested; until then it shares a slot with its like.
    return ''
  }
}

class Batch {
  readonly #vu: Vu
  readonly #waiting: Item[]
  readonly #results: Record<string, Response>
  readonly #done: (results: unknown) => void
  readonly #fail: (error: unknown) => void
  readonly #perHost = new Map<string, number>()
  #running = 0
  #failure: { error: unknown } | null = null
  #isOver = false

  constructor(
    vu: Vu,
    items: Item[],
    results: Record<string, Response>,
    done: (results: unknown) => void,
    fail: (error: unknown) => void,
  ) {
    this.#vu = vu
    this.#waiting = items
    this.#results = results
    this.#done = done
    this.#fail = fail
  }

  /** Starts what may start; ends the batch when nothing is left. */
  next(): void {
    for (let item = this.#takeNext(); item !== undefined; item = this.#takeNext()) this.#start(item)
    if (this.#running > 0 || this.#waiting.length > 0 || this.#isOver) return
    this.#isOver = true
    if (this.#failure !== null) this.#fail(this.#failure.error)
    else this.#done(this.#results)
  }

  #takeNext(): Item | undefined {
    const { batch: most, batchPerHost } = this.#vu.environment.options
    if (most > 0 && this.#running >= most) return undefined
    const isFree = ({ host }: Item): boolean =>
      batchPerHost === 0 || (this.#perHost.get(host) ?? 0) < batchPerHost
    const index = this.#waiting.findIndex(isFree)
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]
  }

  #start({ key, host, request }: Item): void {
    this.#running++
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1)
    const over = (): void => {
      this.#running--
      this.#perHost.set(host, this.#perHost.get(host)! - 1)
      this.next()
    }
    request.start(
      (response) => {
        this.#results[key] = response
        over()
      },
      (error) => {
        this.#failure ??= { error }
        over()
      },
    )
  }
}
