/** One endpoint of remote write, as a typed object: the server makes it of `remote_write` in prometheus.yml. */
import type { Labels } from '@vigie/model'

export const PROTOCOL_V1 = 'prometheus.WriteRequest'
export const PROTOCOL_V2 = 'io.prometheus.write.v2.Request'
export type WriteProtocol = typeof PROTOCOL_V1 | typeof PROTOCOL_V2

/** Prometheus's `queue_config`. Counts are of samples. */
export interface QueueConfig {
  /** Waiting in one shard; when it is full, no more is read from the log. */
  capacity: number
  minShards: number
  maxShards: number
  maxSamplesPerSend: number
  /** An incomplete batch waits at most this long. */
  batchSendDeadlineMs: number
  minBackoffMs: number
  maxBackoffMs: number
  retryOnHttp429: boolean
  /** Older samples are dropped; 0: none is. */
  sampleAgeLimitMs: number
}

export const QUEUE_DEFAULTS: Readonly<QueueConfig> = {
  capacity: 10_000,
  minShards: 1,
  maxShards: 50,
  maxSamplesPerSend: 2000,
  batchSendDeadlineMs: 5000,
  minBackoffMs: 30,
  maxBackoffMs: 5000,
  retryOnHttp429: false,
  sampleAgeLimitMs: 0,
}

/** Prometheus's `metadata_config`: remote write 1.0 sends them apart from samples. */
export interface MetadataConfig {
  send: boolean
  sendIntervalMs: number
  maxSamplesPerSend: number
}

export const METADATA_DEFAULTS: Readonly<MetadataConfig> = {
  send: true,
  sendIntervalMs: 60_000,
  maxSamplesPerSend: 2000,
}

export interface PostAnswer {
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: string
}

/** Posts a body and gives any answer. Throws when there is none, or none within `timeoutMs`. */
export type Post = (
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
) => Promise<PostAnswer>

export interface RemoteWriteConfig {
  /** As shown in metrics and logs: no user, no password. */
  url: string
  /** Unique; where this endpoint's place in the log is kept. */
  name: string
  /** When it differs from that of a running endpoint, that one is started anew. */
  fingerprint: string
  timeoutMs: number
  protocol: WriteProtocol
  sendExemplars: boolean
  sendNativeHistograms: boolean
  queue: QueueConfig
  metadata: MetadataConfig
  /** Labels as they are sent, with the external ones; undefined: the series is not sent. */
  relabel: (labels: Labels) => Labels | undefined
  post: Post
  /** Ends the connections. */
  close: () => Promise<void>
}
