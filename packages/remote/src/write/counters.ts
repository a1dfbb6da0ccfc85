/** What one endpoint counts, under Prometheus's names. */
import type { SampleKind } from './sample-queue.ts'

/** By kind: floats, histograms, exemplars. */
export type PerKind = [floats: number, histograms: number, exemplars: number]

/** The last one has no like in Prometheus: refused one by one, as what the receiver had already. */
export const DROP_REASONS = [
  'dropped_series',
  'too_old',
  'unintentionally_dropped_series',
  'already_taken',
] as const
export type DropReason = (typeof DROP_REASONS)[number]

export class WriteCounters {
  /** Offered to the endpoint, whether it took them or not. */
  readonly sent: PerKind = [0, 0, 0]
  readonly failed: PerKind = [0, 0, 0]
  readonly retried: PerKind = [0, 0, 0]
  readonly dropped: ReadonlyMap<DropReason, PerKind> = new Map(
    DROP_REASONS.map((reason) => [reason, [0, 0, 0]]),
  )
  metadataSent = 0
  metadataFailed = 0
  metadataRetried = 0
  bytes = 0
  metadataBytes = 0
  batches = 0
  batchSeconds = 0
  enqueueRetries = 0
  /** Of samples that were sent, ms. */
  highestSentMs = 0
  lastSendMs = 0

  drop(reason: DropReason, kind: SampleKind): void {
    this.dropped.get(reason)![kind]++
  }
}

/** A metric of Vigie itself, for its own `/metrics`. */
export interface OwnMetric {
  name: string
  help: string
  type: 'counter' | 'gauge'
  samples: { labels: Record<string, string>; value: number }[]
}

/** What a queue says of itself at this moment. */
export interface QueueState {
  labels: Record<string, string>
  counters: WriteCounters
  pending: PerKind
  shards: number
  minShards: number
  maxShards: number
  desiredShards: number
  capacity: number
  maxSamplesPerSend: number
  currentSegment: number
  segmentsLost: number
}

const KINDS = ['samples', 'histograms', 'exemplars'] as const
const PREFIX = 'prometheus_remote_storage_'

type ValueOf = (queue: QueueState) => number
type Family = readonly [type: OwnMetric['type'], name: string, help: string, value: ValueOf]

/** Of one kind: its name, and where its figures stand. */
const kindFamilies = (kind: string, i: 0 | 1 | 2): Family[] => [
  ['counter', `${PREFIX}${kind}_total`, `${kind} sent.`, (q) => q.counters.sent[i]],
  ['counter', `${PREFIX}${kind}_failed_total`, `${kind} refused.`, (q) => q.counters.failed[i]],
  [
    'counter',
    `${PREFIX}${kind}_retried_total`,
    `${kind} sent again.`,
    (q) => q.counters.retried[i],
  ],
  ['gauge', `${PREFIX}${kind}_pending`, `${kind} read and not sent yet.`, (q) => q.pending[i]],
]

const FAMILIES: readonly Family[] = [
  ...KINDS.flatMap((kind, i) => kindFamilies(kind, i as 0 | 1 | 2)),
  ['counter', `${PREFIX}metadata_total`, 'Metadata sent.', (q) => q.counters.metadataSent],
  [
    'counter',
    `${PREFIX}metadata_failed_total`,
    'Metadata refused.',
    (q) => q.counters.metadataFailed,
  ],
  [
    'counter',
    `${PREFIX}metadata_retried_total`,
    'Metadata sent again.',
    (q) => q.counters.metadataRetried,
  ],
  [
    'counter',
    `${PREFIX}bytes_total`,
    'Bytes of samples sent, compressed.',
    (q) => q.counters.bytes,
  ],
  [
    'counter',
    `${PREFIX}metadata_bytes_total`,
    'Bytes of metadata sent, compressed.',
    (q) => q.counters.metadataBytes,
  ],
  [
    'counter',
    `${PREFIX}enqueue_retries_total`,
    'Times that reading waited for a full shard.',
    (q) => q.counters.enqueueRetries,
  ],
  [
    'counter',
    `${PREFIX}sent_batch_duration_seconds_sum`,
    'Time spent sending batches.',
    (q) => q.counters.batchSeconds,
  ],
  [
    'counter',
    `${PREFIX}sent_batch_duration_seconds_count`,
    'Batches sent.',
    (q) => q.counters.batches,
  ],
  [
    'gauge',
    `${PREFIX}queue_highest_sent_timestamp_seconds`,
    'Newest time of a sample that was sent.',
    (q) => q.counters.highestSentMs / 1000,
  ],
  ['gauge', `${PREFIX}shards`, 'Requests that may be under way at once.', (q) => q.shards],
  ['gauge', `${PREFIX}shards_min`, 'At least so many.', (q) => q.minShards],
  ['gauge', `${PREFIX}shards_max`, 'At most so many.', (q) => q.maxShards],
  ['gauge', `${PREFIX}shards_desired`, 'How many would be needed.', (q) => q.desiredShards],
  ['gauge', `${PREFIX}shard_capacity`, 'Samples that may wait in one shard.', (q) => q.capacity],
  ['gauge', `${PREFIX}max_samples_per_send`, 'Samples of one request.', (q) => q.maxSamplesPerSend],
  [
    'gauge',
    'prometheus_wal_watcher_current_segment',
    'Segment of the log that is read.',
    (q) => q.currentSegment,
  ],
  [
    'counter',
    'vigie_remote_write_segments_lost_total',
    'Segments of the log dropped before they were sent.',
    (q) => q.segmentsLost,
  ],
]

export function queueMetrics(queues: readonly QueueState[]): OwnMetric[] {
  if (queues.length === 0) return []
  const families = FAMILIES.map(([type, name, help, value]) => ({
    name,
    help,
    type,
    samples: queues.map((queue) => ({ labels: queue.labels, value: value(queue) })),
  }))
  return [...families, ...KINDS.map((kind, i) => droppedFamily(queues, kind, i as 0 | 1 | 2))]
}

const droppedFamily = (queues: readonly QueueState[], kind: string, i: 0 | 1 | 2): OwnMetric => ({
  name: `${PREFIX}${kind}_dropped_total`,
  help: `${kind} read and not sent, by reason.`,
  type: 'counter',
  samples: queues.flatMap(({ labels, counters }) =>
    DROP_REASONS.map((reason) => ({
      labels: { ...labels, reason },
      value: counters.dropped.get(reason)![i],
    })),
  ),
})
