/** `http.batch`: many requests at once, as far as `batch` and `batchPerHost` let. */
import { HttpFailure } from '../http/failure.ts'
import { goType, goValue } from '../http/go-text.ts'
import { type HttpRequest, NamedUrl, prepareRequest } from './http-request.ts'
import { goError } from './go-error.ts'
import { type Response, blankResponse } from './response.ts'
import type { Vu } from './vu.ts'

/** Requests of one batch. */
const MAX_REQUESTS = 10_000

interface Item {
  key: string
  host: string
  request: HttpRequest
}

type Results = Record<string, Response | null>

/** Answers come in the order, or under the names, of the requests. */
export function batch(vu: Vu, args: readonly unknown[]): unknown {
  vu.requireRunning('Using batch')
  if (args.length === 0) throw goError('no argument was provided to http.batch()')
  if (args.length > 1) throw goError('http.batch() accepts only an array or an object of requests')
  const [requests] = args
  if (typeof requests !== 'object' || requests === null)
    throw goError(`invalid http.batch() argument type ${goType(requests)}`)
  const keys = Object.keys(requests)
  if (keys.length > MAX_REQUESTS)
    throw new RangeError(`a batch of ${keys.length} requests; want at most ${MAX_REQUESTS}`)
  const results = (Array.isArray(requests) ? [] : {}) as Results
  const items: Item[] = []
  for (const key of keys) {
    try {
      items.push(readItem(vu, key, (requests as Record<string, unknown>)[key]))
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error
      return unreadableBatch(vu, error, keys, key, results)
    }
  }
  return vu.block<unknown>((done, fail) => {
    const running = new Batch(vu, items, results, done, fail)
    running.next()
    return () => running.cancel()
  })
}

/** One request that cannot be read, and none is sent: k6 answers with what it had prepared. */
function unreadableBatch(
  vu: Vu,
  error: HttpFailure,
  keys: readonly string[],
  bad: string,
  results: Results,
): Results {
  if (vu.environment.options.throw) throw goError(error.message)
  vu.environment.log('warning', 'A batch request failed', { error: error.message })
  const at = keys.indexOf(bad)
  for (const [i, key] of keys.entries()) {
    if (i < at) results[key] = blankResponse('', 0)
    else if (i === at) results[key] = blankResponse(error.message, error.code)
    else if (Array.isArray(results)) results[key] = null
  }
  return results
}

function readItem(vu: Vu, key: string, value: unknown): Item {
  const [method, url, body, params] = partsOf(key, value)
  const request = prepareRequest(vu, method, url, body, params)
  return { key, host: request.url.hostHeader, request }
}

function partsOf(
  key: string,
  value: unknown,
): [method: string, url: unknown, body: unknown, params: unknown] {
  if (Array.isArray(value)) {
    const [method, url, body, params] = value as unknown[]
    if (value.length < 2)
      throw new HttpFailure(0, `invalid batch request '[]interface {}{${goValue(method ?? '')}}'`)
    if (typeof method !== 'string')
      throw new HttpFailure(0, `invalid method type '${goValue(method)}'`)
    return [method, url, body, params]
  }
  if (typeof value !== 'object' || value === null || value instanceof NamedUrl)
    return ['GET', value, null, null]
  const { method = 'GET', url, body, params } = value as Record<string, unknown>
  if (!('url' in value)) throw new HttpFailure(0, `batch request ${key} doesn't have a url key`)
  if (typeof method !== 'string')
    throw new HttpFailure(0, `invalid method type '${goValue(method)}'`)
  const name = method.toUpperCase()
  return [name, url, name === 'GET' || name === 'HEAD' ? null : body, params]
}

class Batch {
  readonly #vu: Vu
  readonly #waiting: Item[]
  readonly #results: Results
  readonly #done: (results: unknown) => void
  readonly #fail: (error: unknown) => void
  readonly #perHost = new Map<string, number>()
  #running = 0
  #failure: { error: unknown } | null = null
  #isOver = false
  readonly #cancels = new Set<() => void>()

  constructor(
    vu: Vu,
    items: Item[],
    results: Results,
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

  cancel(): void {
    this.#isOver = true
    this.#waiting.length = 0
    for (const cancel of this.#cancels) cancel()
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
    let cancel: (() => void) | null = null
    const ended = (): void => {
      if (cancel !== null) this.#cancels.delete(cancel)
      cancel = ENDED
      over()
    }
    const started = request.start(
      (response) => {
        this.#results[key] = response
        ended()
      },
      (error) => {
        this.#failure ??= { error }
        ended()
      },
    )
    if (cancel === ENDED) return
    cancel = started
    this.#cancels.add(started)
  }
}

const ENDED = (): void => {}
