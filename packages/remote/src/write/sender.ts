/**
 * Delivers batches: again and again while the endpoint cannot be reached or is in trouble (5xx, and 429
 * where that is asked for), never after any other refusal.
 *
 * Two things make a refusal uncertain: the endpoint may have taken a batch whose answer did not come
 * back, and after a restart of this process samples are sent again that may have arrived. Receivers of
 * 1.0 may then refuse a whole request because of the first part of it: such a batch is divided until what
 * is new has been taken.
 */
import type { WriteMetadata } from '@vigie/model/remote-write'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import type { Logger } from '../logger.ts'
import { Batch, type MetadataOf } from './batch.ts'
import {
  type PostAnswer,
  PROTOCOL_V1,
  PROTOCOL_V2,
  type RemoteWriteConfig,
  type WriteProtocol,
} from './config.ts'
import type { PerKind, WriteCounters } from './counters.ts'

/** So much of an endpoint's words goes to the log. */
const REASON_CHARS_MAX = 256
/** An endpoint that refuses everything is logged this often. */
const LOG_INTERVAL_MS = 10_000
/** Of a refused batch. Of one that had been taken already, each sample is refused once more: few, then, are in vain. */
const PARTS = 16
/** A server may ask for more patience than is good for those who wait for samples. */
const RETRY_AFTER_MS_MAX = 600_000

export interface SenderOptions {
  config: RemoteWriteConfig
  counters: WriteCounters
  metadataOf: MetadataOf
  userAgent: string
  now: () => number
  log: Logger
}

export class Sender {
  readonly #options: SenderOptions
  #protocol: WriteProtocol
  #nextLogMs = 0
  /** Whether the last attempt of any batch failed. */
  isFailing = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#protocol = options.config.protocol
  }

  /**
   * Resolves once the batch was taken or refused for good: true; false when `signal` ended it before.
   * `isUncertain`: parts of it may have been delivered before. Never rejects.
   */
  async deliver(batch: Batch, isUncertain: boolean, signal: AbortSignal): Promise<boolean> {
    add(this.#options.counters.sent, batch.counts)
    return this.#deliver(batch, isUncertain, signal)
  }

  async #deliver(whole: Batch, isUncertain: boolean, signal: AbortSignal): Promise<boolean> {
    const { counters, now } = this.#options
    let batch = whole
    let isUnclear = isUncertain
    let backoffMs = this.#options.config.queue.minBackoffMs
    for (;;) {
      batch = this.#withoutOld(batch)
      if (batch.size === 0) return true
      const outcome = await this.#attempt(batch)
      if (outcome.kind === 'taken') {
        counters.highestSentMs = Math.max(counters.highestSentMs, batch.newestMs)
        counters.lastSendMs = now()
        return true
      }
      if (outcome.kind === 'refused') {
        const isDivided =
          isUnclear && outcome.status === 400 && batch.size > 1 && this.#protocol === PROTOCOL_V1
        if (isDivided) return this.#deliverParts(batch, signal)
        // One sample that is refused now was taken before.
        if (isUnclear && batch.size === 1 && outcome.status === 400)
          counters.drop('already_taken', batch.entries[0].kind)
        else this.#fail(batch, outcome.reason)
        return true
      }
      // In another protocol at once: nothing of it was taken.
      if (outcome.kind === 'other protocol') continue
      isUnclear = true
      add(counters.retried, batch.counts)
      if (signal.aborted) return false
      this.#report('cannot send samples, they are kept and sent later', outcome.reason)
      backoffMs = Math.min(backoffMs, this.#options.config.queue.maxBackoffMs)
      await sleep(outcome.retryAfterMs ?? backoffMs, signal)
      if (signal.aborted) return false
      backoffMs *= 2
    }
  }

  async #deliverParts(batch: Batch, signal: AbortSignal): Promise<boolean> {
    for (const part of batch.parts(PARTS))
      if (!(await this.#deliver(part, true, signal))) return false
    return true
  }

  #withoutOld(batch: Batch): Batch {
    const { config, counters, now } = this.#options
    const { sampleAgeLimitMs } = config.queue
    if (sampleAgeLimitMs === 0) return batch
    const oldest = now() - sampleAgeLimitMs
    const kept = batch.entries.filter((entry) => {
      if (entry.t < oldest) counters.drop('too_old', entry.kind)
      return entry.t >= oldest
    })
    return kept.length === batch.size ? batch : new Batch(kept)
  }

  async #attempt(batch: Batch): Promise<Outcome> {
    const { counters, now, metadataOf } = this.#options
    const protocol = this.#protocol
    const body = batch.encode(protocol, metadataOf)
    const startMs = now()
    const outcome = await this.#post(body, protocol, batch.counts[0] + batch.counts[1] > 0)
    counters.request((now() - startMs) / 1000)
    counters.bytes += body.length
    this.isFailing = outcome.kind === 'later'
    return outcome
  }

  async #post(body: Uint8Array, protocol: WriteProtocol, hasSamples: boolean): Promise<Outcome> {
    const { config, userAgent } = this.#options
    const isV2 = protocol === PROTOCOL_V2
    const headers = {
      'content-encoding': 'snappy',
      'content-type': isV2
        ? `application/x-protobuf;proto=${PROTOCOL_V2}`
        : 'application/x-protobuf',
      'user-agent': userAgent,
      'x-prometheus-remote-write-version': isV2 ? '2.0.0' : '0.1.0',
    }
    try {
      const answer = await config.post(body, headers, config.timeoutMs)
      if (isV2 && (answer.status === 415 || (isTaken(answer) && hasSamples && !isKnown(answer)))) {
        this.#fallBack()
        return { kind: 'other protocol' }
      }
      return outcomeOf(answer, config.queue.retryOnHttp429, this.#options.now())
    } catch (error) {
      return { kind: 'later', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  #fallBack(): void {
    if (this.#protocol === PROTOCOL_V1) return
    this.#protocol = PROTOCOL_V1
    this.#options.log.warn('the remote write endpoint does not speak 2.0, 1.0 is used', {
      url: this.#options.config.url,
    })
  }

  #fail(batch: Batch, reason: string): void {
    add(this.#options.counters.failed, batch.counts)
    this.#report('samples were refused and are dropped', reason, { samples: batch.size })
  }

  #report(message: string, reason: string, fields: Record<string, unknown> = {}): void {
    const { config, log, now } = this.#options
    if (now() < this.#nextLogMs) return
    this.#nextLogMs = now() + LOG_INTERVAL_MS
    log.warn(message, { remote: config.name, url: config.url, ...fields, error: reason })
  }

  /** Sends metadata by 1.0, as `deliver` does samples. */
  async deliverMetadata(metadata: readonly WriteMetadata[], signal: AbortSignal): Promise<void> {
    const { config, counters } = this.#options
    const body = encodeWriteRequest({ series: [], metadata })
    let backoffMs = config.queue.minBackoffMs
    counters.metadataSent += metadata.length
    for (;;) {
      const outcome = await this.#post(body, PROTOCOL_V1, false)
      counters.metadataBytes += body.length
      if (outcome.kind === 'refused') {
        counters.metadataFailed += metadata.length
        this.#report('metadata were refused and are dropped', outcome.reason)
      }
      if (outcome.kind !== 'later' || signal.aborted) return
      counters.metadataRetried += metadata.length
      await sleep(outcome.retryAfterMs ?? backoffMs, signal)
      if (signal.aborted) return
      backoffMs = Math.min(backoffMs * 2, config.queue.maxBackoffMs)
    }
  }
}

type Outcome =
  | { kind: 'taken' }
  | { kind: 'other protocol' }
  | { kind: 'refused'; status: number; reason: string }
  | { kind: 'later'; reason: string; retryAfterMs?: number | undefined }

const isTaken = ({ status }: PostAnswer): boolean => status >= 200 && status < 300
/** A receiver of 2.0 says what it has written; one of 1.0 finds nothing in a message of 2.0 and is content. */
const isKnown = ({ headers }: PostAnswer): boolean =>
  headers['x-prometheus-remote-write-samples-written'] !== undefined ||
  headers['x-prometheus-remote-write-histograms-written'] !== undefined

function outcomeOf(answer: PostAnswer, isRetriedOn429: boolean, nowMs: number): Outcome {
  if (isTaken(answer)) return { kind: 'taken' }
  const { status, headers } = answer
  const words = answer.body.trim().slice(0, REASON_CHARS_MAX)
  const reason = `server returned HTTP status ${status}${words === '' ? '' : `: ${words}`}`
  if (status >= 500 || (status === 429 && isRetriedOn429))
    return { kind: 'later', reason, retryAfterMs: retryAfterMs(headers['retry-after'], nowMs) }
  return { kind: 'refused', status, reason }
}

/** Seconds, or a date. */
function retryAfterMs(header: string | string[] | undefined, nowMs: number): number | undefined {
  if (typeof header !== 'string') return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return ms > 0 ? Math.min(ms, RETRY_AFTER_MS_MAX) : undefined
}

function add(to: PerKind, counts: Readonly<PerKind>): void {
  for (let i = 0; i < counts.length; i++) to[i] += counts[i]
}

/** Ends early when `signal` does. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    timer.unref()
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })
}
