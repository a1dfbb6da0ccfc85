/** The main thread's end of one worker: requests with answers, and what the worker tells of its own. */
import { type Transferable, Worker } from 'node:worker_threads'
import { EXIT, LoadError } from './errors.ts'
import type { FromWorker, RequestName, Requests, ToWorker } from './worker-protocol.ts'

export type Notice = Exclude<FromWorker, { kind: 'answer' | 'refusal' }>

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * What V8 keeps for new objects of a worker. Its own 48 MB are a third of what 5,000 VUs take; far less, and
 * objects of requests under way grow old. Collecting it also stops the thread for less long.
 */
const YOUNG_GENERATION_MB = 8

export class WorkerThread {
  readonly index: number
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #isClosed = false
  #failure: LoadError | null = null

  /** Settles with the exit code when the thread is gone. */
  readonly exited: Promise<number>
  /** Null while it runs. */
  exitCode: number | null = null

  /** `given` is what the thread is started with. */
  constructor(
    url: URL,
    index: number,
    onNotice: (notice: Notice, worker: number) => void,
    given: { data: unknown; transfer: Transferable[] } = { data: null, transfer: [] },
  ) {
    this.index = index
    this.#worker = new Worker(url, {
      env: {},
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      name: `vigie-load-${index}`,
      workerData: given.data,
      transferList: given.transfer,
    })
    this.exited = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.#worker.on('message', (message: FromWorker) => {
      if (message.kind === 'answer') this.#take(message.id)?.resolve(message.value)
      else if (message.kind === 'refusal')
        this.#take(message.id)?.reject(new LoadError(message.exitCode, message.message))
      else onNotice(message, index)
    })
    this.#worker.on('error', (error) =>
      this.#fail(`a worker thread failed: ${error.stack ?? error.message}`),
    )
    this.#worker.on('exit', (code) => {
      this.exitCode = code
      if (!this.#isClosed) this.#fail(`a worker thread ended with code ${code}`)
    })
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  #fail(message: string): void {
    this.#failure ??= new LoadError(EXIT.internal, message)
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure)
    this.#waiting.clear()
  }

  /** Rejects with LoadError when the worker refuses or is gone. */
  request<K extends RequestName>(name: K, payload: Requests[K][0]): Promise<Requests[K][1]> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#worker.postMessage({ kind: 'request', id, name, payload } as ToWorker)
    })
  }

  /** Interrupts what its VUs are doing. */
  stop(): void {
    this.#worker.postMessage({ kind: 'stop' } satisfies ToWorker)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#fail('the worker thread was closed')
    await this.#worker.terminate()
  }
}
