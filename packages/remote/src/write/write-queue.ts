/**
 * One endpoint of remote write: reads the log from where it was, gives its samples to shards by series,
 * and keeps up to where all has been delivered.
 *
 *     log ──▶ series, rules ──▶ shard 0 … n ──▶ POST
 *      ▲                           │
 *      └── keptFrom, file ◀── oldest undelivered record
 *
 * At least once: after a restart the records of which a part had not been delivered are sent again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, Labels } from '@vigie/model'
import type { WriteMetadata } from '@vigie/model/remote-write'
import type { Logger } from '../logger.ts'
import type { MetadataOf } from './batch.ts'
import { PROTOCOL_V1, type RemoteWriteConfig } from './config.ts'
import { type PerKind, WriteCounters } from './counters.ts'
import {
  type LogPosition,
  type LogSource,
  type LogTail,
  type LogVisitor,
  isBefore,
} from './log-source.ts'
import type { PositionFile } from './positions.ts'
import type { QueueState } from './queue-metrics.ts'
import { RESHARD_INTERVAL_MS, Rate, desiredShards } from './rates.ts'
import {
  EXEMPLAR,
  FLOAT,
  HISTOGRAM,
  type SampleExtra,
  type SampleKind,
  SampleQueue,
} from './sample-queue.ts'
import { Sender } from './sender.ts'
import { SeriesCache } from './series-cache.ts'
import { Shard } from './shard.ts'

/** The log is looked at this often once all of it has been read. */
const POLL_MS = 100
/** The place in the log is kept behind every batch; where nothing is to be sent, it moves on this often. */
const KEEP_MS = 250
/** Records read before other work gets its turn. */
const RECORDS_PER_TURN = 8
/** At the end, what is left is given so long. */
const FLUSH_MS_MAX = 5000
/** A log or a file that cannot be read or written is tried again after this. */
const TROUBLE_MS = 5000

export interface WriteQueueOptions {
  config: RemoteWriteConfig
  source: LogSource
  position: PositionFile
  /** What is known of metrics now, each once. */
  metadata: () => readonly WriteMetadata[]
  metadataOf: MetadataOf
  userAgent: string
  now: () => number
  log: Logger
}

export class WriteQueue {
  readonly config: RemoteWriteConfig
  readonly counters: WriteCounters = new WriteCounters()
  readonly #options: WriteQueueOptions
  readonly #sender: Sender
  readonly #series: SeriesCache
  readonly #abort = new AbortController()
  readonly #timers: NodeJS.Timeout[] = []
  #shards: Shard[]
  #desired: number
  #isResharding = false
  #isClosing = false
  #isSendingMetadata = false
  #tail: LogTail | undefined
  #done: Promise<void> = Promise.resolve()
  readonly #waiting = new Set<() => void>()
  // What the record that was read last holds, on its way to the shards.
  readonly #read = new SampleQueue()
  // Number of the record that was read last, and where the records end whose samples are not all delivered.
  #seq = 0
  readonly #ends: { seq: number; position: LogPosition }[] = []
  #uncertainSeq = 0
  #uncertainEnd: LogPosition = { segment: 0, offset: 0 }
  // All before it has been delivered.
  #delivered: LogPosition
  #kept: LogPosition | undefined
  readonly #rates = { in: new Rate(), out: new Rate(), dropped: new Rate(), busy: new Rate() }
  #busySeconds = 0
  #droppedCount = 0

  constructor(options: WriteQueueOptions) {
    const { config } = options
    this.config = config
    this.#options = options
    this.#sender = new Sender({ ...options, counters: this.counters })
    this.#series = new SeriesCache(config.relabel)
    this.#kept = options.position.read()
    this.#delivered = this.#kept ?? { segment: Infinity, offset: 0 }
    this.#desired = config.queue.minShards
    this.#shards = []
    this.#setShards(config.queue.minShards)
  }

  start(): void {
    this.#done = this.#run()
    this.#every(KEEP_MS, () => this.#keep())
    this.#every(RESHARD_INTERVAL_MS, () => void this.#reshard())
    const { send, sendIntervalMs } = this.config.metadata
    if (send && this.config.protocol === PROTOCOL_V1)
      this.#every(sendIntervalMs, () => void this.#sendMetadata())
  }

  #every(ms: number, act: () => void): void {
    const timer = setInterval(act, ms)
    timer.unref()
    this.#timers.push(timer)
  }

  /** Sends what is left, as far as that is quick, and ends. */
  async stop(): Promise<void> {
    this.#isClosing = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const shard of this.#shards) shard.flush()
    this.#wakeAll()
    const endMs = this.#options.now() + FLUSH_MS_MAX
    while (!this.#isEmpty() && !this.#sender.isFailing && this.#options.now() < endMs)
      await this.#wait(POLL_MS)
    this.#abort.abort()
    this.#wakeAll()
    await Promise.all([this.#done, ...this.#shards.map((shard) => shard.stop())])
    this.#keep()
    this.#tail?.close()
    this.#options.position.close()
    await this.config.close()
  }

  /** Whether all that is in the log was delivered. */
  #isEmpty(): boolean {
    const tail = this.#tail
    return (
      tail !== undefined && !isBefore(tail.position, tail.end) && this.#oldestSeq() === Infinity
    )
  }

  #oldestSeq(): number {
    const inShards = Math.min(...this.#shards.map((shard) => shard.oldestSeq))
    return this.#read.size > 0 ? Math.min(inShards, this.#read.seq(0)) : inShards
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted)
      try {
        this.#tail ??= await this.#open()
        await this.#follow(this.#tail)
      } catch (error) {
        this.#options.log.error('remote write cannot read the log, it is tried again', {
          remote: this.config.name,
          error: error instanceof Error ? error.message : String(error),
        })
        await this.#wait(TROUBLE_MS)
      }
  }

  async #open(): Promise<LogTail> {
    const { source } = this.#options
    const from = this.#kept
    const tail = await source.follow({
      visitor: this.#visitor,
      from,
      keptFrom: () => this.#delivered.segment,
    })
    this.#delivered = tail.position
    // A first start that is killed at once goes on from here, too.
    if (from === undefined) this.#keep()
    // What is in the log already may have been sent by a process before this one.
    this.#uncertainEnd = from === undefined ? { segment: 0, offset: 0 } : tail.end
    return tail
  }

  readonly #visitor: LogVisitor = {
    series: (ref, pairs, segment) => this.#series.add(ref, pairs, segment),
    sample: (ref, t, v) => this.#take(FLOAT, ref, t, v, undefined),
    histogram: (ref, t, h) => {
      if (this.config.sendNativeHistograms) this.#take(HISTOGRAM, ref, t, NaN, h)
    },
    exemplar: (ref, t, v, pairs) => {
      if (this.config.sendExemplars) this.#take(EXEMPLAR, ref, t, v, Labels.fromPairs(pairs))
    },
  }

  #take(kind: SampleKind, ref: number, t: number, v: number, extra: SampleExtra): void {
    this.#rates.in.add(1)
    this.counters.read[kind]++
    const labels = this.#series.get(ref)
    if (labels === null || labels === undefined) {
      this.counters.drop(
        labels === null ? 'dropped_series' : 'unintentionally_dropped_series',
        kind,
      )
      this.#droppedCount++
      return
    }
    if (
      kind === HISTOGRAM &&
      this.config.protocol === PROTOCOL_V1 &&
      isCustom(extra as Histogram)
    ) {
      this.counters.drop('nhcb_in_rw1_not_supported', kind)
      this.#droppedCount++
      return
    }
    const { sampleAgeLimitMs } = this.config.queue
    if (sampleAgeLimitMs > 0 && t < this.#options.now() - sampleAgeLimitMs) {
      this.counters.drop('too_old', kind)
      this.#droppedCount++
      return
    }
    this.#read.push(ref, kind, labels, t, v, extra, this.#seq + 1)
  }

  async #follow(tail: LogTail): Promise<void> {
    for (let count = 1; !this.#abort.signal.aborted; count++) {
      if (!tail.read()) {
        const truncated = await tail.truncated()
        if (truncated !== undefined) this.#series.keep(truncated.segment, truncated.refs)
        // What is behind the end of a segment is as good as the beginning of the next.
        if (this.#ends.length === 0 && this.#oldestSeq() === Infinity)
          this.#delivered = tail.position
        await this.#wait(POLL_MS)
        continue
      }
      this.#seq++
      if (!isBefore(this.#uncertainEnd, tail.position)) this.#uncertainSeq = this.#seq
      this.#ends.push({ seq: this.#seq, position: tail.position })
      await this.#distribute()
      if (count % RECORDS_PER_TURN === 0) await nextTurn()
    }
  }

  /** Gives what was read to the shards, waiting where there is no room. */
  async #distribute(): Promise<void> {
    const read = this.#read
    while (read.size > 0) {
      while (this.#isResharding || !this.#shardOf(read, 0).offer(read, 0)) {
        this.counters.enqueueRetries++
        await this.#wait(POLL_MS)
        // What is not given to a shard is not counted as delivered, either.
        if (this.#abort.signal.aborted) return
      }
      read.drop(1)
    }
  }

  #shardOf(queue: SampleQueue, index: number): Shard {
    return this.#shards[queue.ref(index) % this.#shards.length]
  }

  /** Until there is room somewhere, it is time to end, or `ms` have passed. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#waiting.add(done)
    })
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake()
  }

  #setShards(count: number): void {
    this.#shards = Array.from(
      { length: count },
      () =>
        new Shard({
          config: this.config.queue,
          sender: this.#sender,
          uncertainSeq: () => this.#uncertainSeq,
          onDone: (done) => {
            this.#rates.out.add(done)
            this.#keep()
            if (this.#read.size > 0) this.#wakeAll()
          },
        }),
    )
    if (this.#isClosing) for (const shard of this.#shards) shard.flush()
  }

  /** Every RESHARD_INTERVAL_MS: more shards when sending does not keep up, fewer when it would do with less. */
  async #reshard(): Promise<void> {
    const { queue } = this.config
    const { counters } = this
    const rates = this.#rates
    const seconds = RESHARD_INTERVAL_MS / 1000
    rates.dropped.add(this.#droppedCount)
    this.#droppedCount = 0
    rates.busy.add(counters.batchSeconds - this.#busySeconds)
    this.#busySeconds = counters.batchSeconds
    for (const rate of Object.values(rates)) rate.tick(seconds)
    const newestMs = this.#options.source.newestMs() ?? counters.highestSentMs
    const { desired, shards } = desiredShards({
      shards: this.#shards.length,
      minShards: queue.minShards,
      maxShards: queue.maxShards,
      inRate: rates.in.perSecond,
      outRate: rates.out.perSecond,
      droppedRate: rates.dropped.perSecond,
      busyRate: rates.busy.perSecond,
      delaySeconds: Math.max(0, (newestMs - counters.highestSentMs) / 1000),
    })
    this.#desired = desired
    // An endpoint that takes nothing does not become faster by more requests.
    const isSending = counters.lastSendMs >= this.#options.now() - 2 * RESHARD_INTERVAL_MS
    if (shards === this.#shards.length || !isSending || this.#isResharding || this.#isClosing)
      return
    this.#isResharding = true
    await this.#redistribute(shards)
    this.#isResharding = false
    this.#wakeAll()
  }

  /**
   * Requests under way are waited for, so that no series overtakes itself. Batches are others from then
   * on: when one of them had no answer, nobody knows any more which samples it was.
   */
  async #redistribute(count: number): Promise<void> {
    const before = this.#shards
    await Promise.all(before.map((shard) => shard.stop()))
    if (before.some((shard) => shard.isUnclear)) this.#uncertainSeq = this.#seq
    this.#setShards(count)
    for (const { queue } of before)
      for (let i = 0; i < queue.size; i++) this.#shardOf(queue, i).take(queue, i)
  }

  /** Moves on behind the records of which all has been delivered, and keeps that. */
  #keep(): void {
    const oldest = this.#oldestSeq()
    let count = 0
    for (const end of this.#ends) {
      if (end.seq >= oldest) break
      this.#delivered = end.position
      count++
    }
    this.#ends.splice(0, count)
    const { segment, offset } = this.#delivered
    if (segment === Infinity) return
    if (this.#kept?.segment === segment && this.#kept.offset === offset) return
    try {
      this.#options.position.write(this.#delivered)
      this.#kept = this.#delivered
    } catch (error) {
      this.#options.log.error('cannot keep how far remote write has come', {
        remote: this.config.name,
        error: error instanceof Error ? error.message : String(error),
      })
    }
  }

  async #sendMetadata(): Promise<void> {
    if (this.#isSendingMetadata) return
    this.#isSendingMetadata = true
    const { maxSamplesPerSend } = this.config.metadata
    const all = this.#options.metadata()
    for (let start = 0; start < all.length; start += maxSamplesPerSend) {
      const some = all.slice(start, start + maxSamplesPerSend)
      await this.#sender.deliverMetadata(some, this.#abort.signal)
      if (this.#abort.signal.aborted) break
    }
    this.#isSendingMetadata = false
  }

  state(): QueueState {
    const { config, counters } = this
    const { queue } = config
    const pending: PerKind = [0, 0, 0]
    for (const shard of this.#shards)
      for (let i = 0; i < shard.queue.size; i++) pending[shard.queue.kind(i)]++
    return {
      labels: { remote_name: config.name, url: config.url },
      counters,
      pending,
      shards: this.#shards.length,
      minShards: queue.minShards,
      maxShards: queue.maxShards,
      desiredShards: this.#desired,
      capacity: queue.capacity,
      maxSamplesPerSend: queue.maxSamplesPerSend,
      currentSegment: this.#tail?.position.segment ?? 0,
      segmentsLost: this.#tail?.segmentsLost ?? 0,
    }
  }
}

const isCustom = ({ schema }: Histogram): boolean => schema === CUSTOM_BUCKETS_SCHEMA
