/** All endpoints of remote write, as the configuration names them. */
import type { WriteMetadata } from '@vigie/model/remote-write'
import type { Logger } from '../logger.ts'
import type { RemoteWriteConfig } from './config.ts'
import type { LogSource } from './log-source.ts'
import { PositionFile } from './positions.ts'
import { type OwnMetric, queueMetrics } from './queue-metrics.ts'
import { WriteQueue } from './write-queue.ts'

export interface RemoteWriteOptions {
  source: LogSource
  /** Where the places in the log are kept. */
  dir: string
  metadata: () => readonly WriteMetadata[]
  userAgent: string
  now: () => number
  log: Logger
}

/** Metadata by name are looked up anew so often. */
const METADATA_MS = 10_000
/** Series of one family that its name does not name. */
const SUFFIX = /_(?:total|bucket|sum|count|created|info)$/

export class RemoteWrite {
  readonly #options: RemoteWriteOptions
  #queues: WriteQueue[] = []
  #changes: Promise<void> = Promise.resolve()
  #metadata = new Map<string, WriteMetadata>()
  #metadataEndMs = -Infinity

  constructor(options: RemoteWriteOptions) {
    this.#options = options
  }

  /** Starts what is new, ends what is gone; what is as before goes on. */
  apply(configs: readonly RemoteWriteConfig[]): void {
    // One after the other: an endpoint that is replaced ends before its successor reads its place.
    this.#changes = this.#changes.then(() => this.#apply(configs))
  }

  async #apply(configs: readonly RemoteWriteConfig[]): Promise<void> {
    const wanted = new Map(configs.map((config) => [config.fingerprint, config]))
    const kept = this.#queues.filter(({ config }) => wanted.has(config.fingerprint))
    const ended = this.#queues.filter((queue) => !kept.includes(queue))
    const known = new Set(kept.map(({ config }) => config.fingerprint))
    await Promise.all(ended.map((queue) => queue.stop()))
    const added: WriteQueue[] = []
    for (const config of configs) {
      if (known.has(config.fingerprint)) await config.close()
      else added.push(this.#queueOf(config))
    }
    this.#queues = [...kept, ...added]
    for (const queue of added) queue.start()
  }

  #queueOf(config: RemoteWriteConfig): WriteQueue {
    const { dir } = this.#options
    return new WriteQueue({
      ...this.#options,
      config,
      position: new PositionFile(dir, config.name),
      metadataOf: (metric) => this.#metadataOf(metric),
    })
  }

  #metadataOf(metric: string): WriteMetadata | undefined {
    const { now, metadata } = this.#options
    if (now() >= this.#metadataEndMs) {
      this.#metadataEndMs = now() + METADATA_MS
      this.#metadata = new Map(metadata().map((one) => [one.metric, one]))
    }
    return this.#metadata.get(metric) ?? this.#metadata.get(metric.replace(SUFFIX, ''))
  }

  metrics(): OwnMetric[] {
    const states = this.#queues.map((queue) => queue.state())
    return queueMetrics(states, this.#options.source.newestMs())
  }

  /** Sends what is left, as far as that is quick. Before the storage is closed. */
  async stop(): Promise<void> {
    await this.#changes
    await Promise.all(this.#queues.map((queue) => queue.stop()))
    this.#queues = []
  }
}
