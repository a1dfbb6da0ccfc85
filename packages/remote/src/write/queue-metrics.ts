/** What remote write says of itself, under Prometheus's names. */
import { formatValue } from '@vigie/model'
import { DROP_REASONS, DURATION_BOUNDS, type PerKind, type WriteCounters } from './counters.ts'

/** A metric of Vigie itself, for its own `/metrics`. */
export interface OwnMetric {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  /** `suffix` comes behind the name: `_bucket`, `_sum`, `_count`. */
  samples: { labels: Record<string, string>; value: number; suffix?: string }[]
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
    'counter',
    'vigie_remote_write_segments_lost_total',
    'Segments of the log dropped before they were sent.',
    (q) => q.segmentsLost,
  ],
]

/** Of one reader of the log, by the name of its endpoint. */
const WATCHER_FAMILIES: readonly Family[] = [
  ['gauge', 'current_segment', 'Segment of the log that is read.', (q) => q.currentSegment],
]

/** `newestMs`: of the newest sample of all, undefined when there is none. */
export function queueMetrics(
  queues: readonly QueueState[],
  newestMs: number | undefined,
): OwnMetric[] {
  if (queues.length === 0) return []
  const family = ([type, name, help, value]: Family, labels: typeof labelsOf): OwnMetric => ({
    name,
    help,
    type,
    samples: queues.map((queue) => ({ labels: labels(queue), value: value(queue) })),
  })
  return [
    ...KINDS.map((kind, i) => ({
      name: `${PREFIX}${kind}_in_total`,
      help: `${kind} that came in, to be compared with those sent.`,
      type: 'counter' as const,
      samples: [
        { labels: {}, value: Math.max(...queues.map(({ counters }) => counters.read[i as 0])) },
      ],
    })),
    {
      name: `${PREFIX}highest_timestamp_in_seconds`,
      help: 'Newest time of a sample that came in; 0 before the first one.',
      type: 'gauge',
      samples: [{ labels: {}, value: (newestMs ?? 0) / 1000 }],
    },
    ...FAMILIES.map((one) => family(one, labelsOf)),
    {
      name: `${PREFIX}sent_batch_duration_seconds`,
      help: 'Duration of requests, whatever was answered.',
      type: 'histogram',
      samples: queues.flatMap(durationSamples),
    },
    ...KINDS.map((kind, i) => droppedFamily(queues, kind, i as 0 | 1 | 2)),
    ...WATCHER_FAMILIES.map(([type, name, help, value]) =>
      family([type, `prometheus_wal_watcher_${name}`, help, value], ({ labels }) => ({
        consumer: labels.remote_name,
      })),
    ),
  ]
}

const labelsOf = ({ labels }: QueueState): Record<string, string> => labels

function durationSamples({ labels, counters }: QueueState): OwnMetric['samples'] {
  let count = 0
  const buckets = DURATION_BOUNDS.map((bound, i) => ({
    labels: { ...labels, le: formatValue(bound) },
    value: (count += counters.durations[i]),
    suffix: '_bucket',
  }))
  return [
    ...buckets,
    { labels, value: counters.batchSeconds, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ]
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
