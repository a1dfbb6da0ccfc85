/** One line of batches to an endpoint, one after the other: what is in one shard arrives in its order. */
import { Batch } from './batch.ts'
import type { QueueConfig } from './config.ts'
import { SampleQueue } from './sample-queue.ts'
import type { Sender } from './sender.ts'

export interface ShardOptions {
  config: QueueConfig
  sender: Sender
  /** Records up to this one may have been delivered before a restart. */
  uncertainSeq: () => number
  /** `count` samples were taken or refused for good. */
  onDone: (count: number) => void
}

export class Shard {
  readonly queue: SampleQueue = new SampleQueue()
  readonly #options: ShardOptions
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>
  #wake: () => void = () => {}
  #isFlushing = false
  /** Whether it was stopped while a part of what is left may have been taken. */
  isUnclear = false

  constructor(options: ShardOptions) {
    this.#options = options
    this.#ended = this.#run()
  }

  /** Takes what `from` has at `index`; false, and not taken, when the shard is full. */
  offer(from: SampleQueue, index: number): boolean {
    if (this.queue.size >= this.#options.config.capacity) return false
    this.take(from, index)
    return true
  }

  /** The same, full or not. */
  take(from: SampleQueue, index: number): void {
    this.queue.pushFrom(from, index)
    const { size } = this.queue
    if (size === 1 || size === this.#options.config.maxSamplesPerSend) this.#wake()
  }

  /** The record of the oldest sample that is not delivered, Infinity when all are. */
  get oldestSeq(): number {
    return this.queue.size === 0 ? Infinity : this.queue.seq(0)
  }

  /** From now on batches are sent without waiting for more. */
  flush(): void {
    this.#isFlushing = true
    this.#wake()
  }

  /** Resolves once nothing more is sent; what is undelivered stays in the queue. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { config, sender, uncertainSeq, onDone } = this.#options
    const { signal } = this.#abort
    while (await this.#batchReady()) {
      const count = Math.min(this.queue.size, config.maxSamplesPerSend)
      const isUncertain = this.queue.seq(0) <= uncertainSeq()
      this.isUnclear = !(await sender.deliver(Batch.of(this.queue, count), isUncertain, signal))
      if (this.isUnclear) return
      this.queue.drop(count)
      onDone(count)
    }
  }

  /** Waits until there is a batch to be sent; false when there will be none any more. */
  async #batchReady(): Promise<boolean> {
    const { maxSamplesPerSend, batchSendDeadlineMs } = this.#options.config
    let isDue = false
    let timer: NodeJS.Timeout | undefined
    try {
      for (;;) {
        if (this.#abort.signal.aborted) return false
        const { size } = this.queue
        if (size >= maxSamplesPerSend || (size > 0 && (isDue || this.#isFlushing))) return true
        if (size > 0 && timer === undefined) {
          timer = setTimeout(() => {
            isDue = true
            this.#wake()
          }, batchSendDeadlineMs)
          timer.unref()
        }
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      clearTimeout(timer)
    }
  }
}
