/**
 * The query workers: started when there is something to do, ended when there was nothing for a while.
 * A worker that dies fails the queries it had, and the next query gets a new one.
 */
import { Worker } from 'node:worker_threads'
import { Matcher } from '@vigie/model'
import type { SharedAnswer, StorageShare, Tsdb } from '@vigie/tsdb'
import { ApiError } from '../http/api-error.ts'
import type { QueryRequest } from './run-query.ts'
import type { FromWorker, PlainSelect, ToWorker, WorkerSettings } from './worker-protocol.ts'

/** A worker without work takes memory for nothing. */
const IDLE_MS_MAX = 60_000

export interface QueryPoolOptions {
  /** The script of a worker. */
  url: URL
  workersMax: number
  settings: WorkerSettings
  storage: Tsdb
}

interface Waiting {
  resolve(body: Buffer): void
  reject(error: Error): void
}

export class QueryPool {
  readonly #options: QueryPoolOptions
  #workers: QueryWorker[] = []

  constructor(options: QueryPoolOptions) {
    this.#options = options
  }

  /** The body of the API's answer. Rejects with ApiError. */
  run(request: QueryRequest, signal: AbortSignal): Promise<Buffer> {
    return this.#least().run(request, signal)
  }

  /** The one with least to do; a new one when all have something and there may be more. */
  #least(): QueryWorker {
    let best: QueryWorker | undefined
    for (const worker of this.#workers)
      if (best === undefined || worker.load < best.load) best = worker
    if (best === undefined || (best.load > 0 && this.#workers.length < this.#options.workersMax)) {
      best = new QueryWorker(this.#options, (gone) => {
        this.#workers = this.#workers.filter((one) => one !== gone)
      })
      this.#workers.push(best)
    }
    return best
  }

  /** Ends all workers; queries under way are canceled. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }
}

class QueryWorker {
  readonly #worker: Worker
  readonly #share: StorageShare
  readonly #waiting = new Map<number, Waiting>()
  readonly #onGone: (worker: QueryWorker) => void
  #lastId = 0
  #idle: NodeJS.Timeout | undefined

  constructor({ url, settings, storage }: QueryPoolOptions, onGone: (worker: QueryWorker) => void) {
    this.#share = storage.share()
    this.#onGone = onGone
    this.#worker = new Worker(url, {
      env: {},
      execArgv: [],
      name: 'vigie-query',
      workerData: settings,
    })
    this.#worker.on('message', (message: FromWorker) => this.#receive(message))
    this.#worker.on('error', (error) => this.#fail(`the query worker failed: ${error.message}`))
    this.#worker.on('exit', (code) => this.#fail(`the query worker ended with code ${code}`))
    // A process that has nothing else to do may end.
    this.#worker.unref()
  }

  /** Queries under way. */
  get load(): number {
    return this.#waiting.size
  }

  run(request: QueryRequest, signal: AbortSignal): Promise<Buffer> {
    clearTimeout(this.#idle)
    const id = ++this.#lastId
    const cancel = (): void => this.#send({ kind: 'cancel', id })
    return new Promise<Buffer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.ref()
      this.#send({ kind: 'query', id, request })
      if (signal.aborted) cancel()
      else signal.addEventListener('abort', cancel, { once: true })
    }).finally(() => {
      signal.removeEventListener('abort', cancel)
      if (this.#waiting.size > 0) return
      this.#worker.unref()
      this.#idle = setTimeout(() => void this.close(), IDLE_MS_MAX)
      this.#idle.unref()
    })
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'select') return this.#select(message.id, message.selects)
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.kind === 'error') waiting?.reject(new ApiError(message.type, message.message))
    else {
      const { buffer, byteOffset, length } = message.body
      waiting?.resolve(Buffer.from(buffer, byteOffset, length))
    }
  }

  #select(id: number, selects: readonly PlainSelect[]): void {
    try {
      const answer = this.#share.select(
        selects.map(({ matchers, minT, maxT }) => ({
          matchers: matchers.map(({ type, name, value }) => new Matcher(type, name, value)),
          minT,
          maxT,
        })),
      )
      this.#worker.postMessage(
        { kind: 'selected', id, answer } satisfies ToWorker,
        buffersOf(answer),
      )
    } catch (error) {
      this.#send({
        kind: 'refused',
        id,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #fail(reason: string): void {
    this.#onGone(this)
    clearTimeout(this.#idle)
    for (const one of this.#waiting.values()) one.reject(new ApiError('internal', reason))
    this.#waiting.clear()
  }

  async close(): Promise<void> {
    this.#onGone(this)
    await this.#worker.terminate()
  }
}

/** What need not be copied for the other thread. */
const buffersOf = ({ selections }: SharedAnswer): ArrayBuffer[] =>
  selections.flatMap(({ head }) =>
    [head.labels, head.closed, head.openStarts, head.openCounts, head.openEncodings, head.open].map(
      ({ buffer }) => buffer as ArrayBuffer,
    ),
  )
