/**
 * Makes blocks, one at a time, in a worker thread, so that scrapes and queries do not wait for it.
 * Without a worker (a disk that is not this machine's) the work is done here, at once.
 */
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads'
import type { BlockSeries } from '../block/block-series.ts'
import type { BlockMeta } from '../block/meta.ts'
import type { Disk } from '../disk.ts'
import { type MergeJob, type WriteJob, isCorruption, mergeBlocks, writeHeadBlock } from './jobs.ts'
import { packSeries, transferOf } from './packed-series.ts'
import type { Failure, FromWorker } from './worker-protocol.ts'

/** The storage is being closed: what was under way is given up, nothing of it is kept. */
export class CancelledError extends Error {
  constructor() {
    super('the storage is being closed')
    this.name = 'CancelledError'
  }
}

/** What should be merged is not what it should be: trying again is of no use. */
export class CorruptSourceError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CorruptSourceError'
  }
}

/** How long the main thread gathers series of a batch at a time, ms. */
const BATCH_MS = 4
/** Series of a batch. */
const BATCH_SERIES_MAX = 512

export class Compactor {
  readonly #disk: Disk
  readonly #workerUrl: URL | undefined
  #worker: Worker | undefined
  #isCancelled = false

  constructor(disk: Disk, workerUrl: URL | undefined) {
    this.#disk = disk
    this.#workerUrl = workerUrl
  }

  /** The merged block; undefined when nothing is left. Rejects with what went wrong, CancelledError after `cancel`. */
  async merge(job: MergeJob): Promise<BlockMeta | undefined> {
    this.#check()
    if (this.#workerUrl !== undefined) return this.#run(this.#workerUrl, job, [])
    try {
      return mergeBlocks(this.#disk, job)
    } catch (error) {
      throw isCorruption(error) ? new CorruptSourceError(error.message) : error
    }
  }

  /** The block with `series`, which are read as they are needed; undefined when there are none. Rejects like `merge`. */
  async write(job: WriteJob, series: Iterable<BlockSeries>): Promise<BlockMeta | undefined> {
    this.#check()
    return this.#workerUrl === undefined
      ? writeHeadBlock(this.#disk, job, series)
      : this.#run(this.#workerUrl, job, series)
  }

  #check(): void {
    if (this.#isCancelled) throw new CancelledError()
  }

  async #run(
    url: URL,
    job: MergeJob | WriteJob,
    series: Iterable<BlockSeries>,
  ): Promise<BlockMeta | undefined> {
    const { port1: port, port2 } = new MessageChannel()
    const signal = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(url, {
      env: {},
      execArgv: [],
      name: 'vigie-blocks',
      workerData: { job, port: port2, signal },
      transferList: [port2],
    })
    this.#worker = worker
    const exited = new Promise<void>((done) => worker.once('exit', () => done()))
    const stream = series[Symbol.iterator]()
    try {
      return await new Promise((resolve, reject) => {
        worker.on('error', reject)
        const onMessage = (message: FromWorker): void => {
          if (message.kind === 'done') resolve(message.meta)
          else if (message.kind === 'failed') reject(errorOf(message))
          else
            try {
              const packed = packSeries(nextBatch(stream))
              port.postMessage(packed, transferOf(packed))
              Atomics.add(signal, 0, 1)
              Atomics.notify(signal, 0)
            } catch (error) {
              reject(error)
              void worker.terminate()
            }
        }
        port.on('message', onMessage)
        worker.on('exit', () => {
          // Its last word may still be on its way.
          for (
            let last = receiveMessageOnPort(port);
            last !== undefined;
            last = receiveMessageOnPort(port)
          )
            onMessage(last.message as FromWorker)
          reject(this.#isCancelled ? new CancelledError() : endedError())
        })
      })
    } finally {
      port.close()
      stream.return?.()
      await exited
      this.#worker = undefined
    }
  }

  /** Gives up what is under way, and everything after it. */
  async cancel(): Promise<void> {
    this.#isCancelled = true
    await this.#worker?.terminate()
  }
}

const errorOf = ({ message, isCorrupt }: Failure): Error =>
  isCorrupt ? new CorruptSourceError(message) : new Error(message)

const endedError = (): Error => new Error('the thread that makes blocks ended early')

function nextBatch(stream: Iterator<BlockSeries>): BlockSeries[] {
  const batch: BlockSeries[] = []
  const endMs = performance.now() + BATCH_MS
  while (batch.length < BATCH_SERIES_MAX && (batch.length === 0 || performance.now() < endMs)) {
    const { value, done } = stream.next()
    if (done === true) break
    batch.push(value)
  }
  return batch
}
