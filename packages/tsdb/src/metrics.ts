/** The storage's own metrics, named as in Prometheus; `vigie_` where Prometheus has none. */
import type { ByType } from './appender.ts'
import type { BlockSet } from './blocks/block-set.ts'
import type { MaintenanceCounters } from './blocks/maintenance.ts'
import type { HeadStore } from './head-store.ts'
import type { Limits } from './options.ts'
import type { TsdbStats } from './tsdb.ts'

export interface MetricFamily {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram' | 'summary'
  /** `suffix` comes behind the name: `_bucket`, `_sum`, `_count`. */
  samples: { suffix?: string; labels: Record<string, string>; value: number }[]
}

export interface MetricSources {
  store: HeadStore
  limits: Limits
  stats: TsdbStats
  blocks: BlockSet
  counters: MaintenanceCounters
}

export const tsdbMetrics = (sources: MetricSources): MetricFamily[] => [
  ...headMetrics(sources),
  ...refusalMetrics(sources),
  ...walMetrics(sources),
  ...blockMetrics(sources),
  ...limitMetrics(sources),
  ...measuredMetrics(sources),
]

const headMetrics = ({ store: { head, counters }, stats }: MetricSources): MetricFamily[] => [
  gauge('prometheus_tsdb_head_series', 'Series in memory.', stats.series),
  counter('prometheus_tsdb_head_series_created_total', 'Series created.', head.seriesCreated),
  counter('prometheus_tsdb_head_series_removed_total', 'Series removed.', head.seriesRemoved),
  gauge('prometheus_tsdb_head_chunks', 'Chunks of the head.', stats.chunks),
  counter('prometheus_tsdb_head_chunks_created_total', 'Chunks begun.', head.chunksCreated),
  counter(
    'prometheus_tsdb_head_chunks_removed_total',
    'Chunks that the head forgot.',
    head.chunksCreated - stats.chunks,
  ),
  gauge('prometheus_tsdb_head_min_time', 'Oldest time kept, ms.', stats.oldestMs ?? 0),
  gauge('prometheus_tsdb_head_max_time', 'Newest time, ms.', stats.newestMs ?? 0),
  gauge(
    'prometheus_tsdb_head_min_time_seconds',
    'Oldest time kept, whole seconds.',
    Math.trunc((stats.oldestMs ?? 0) / 1000),
  ),
  gauge(
    'prometheus_tsdb_head_max_time_seconds',
    'Newest time, whole seconds.',
    Math.trunc((stats.newestMs ?? 0) / 1000),
  ),
  gauge(
    'prometheus_tsdb_head_chunks_storage_size_bytes',
    'Full chunks of the head in files.',
    head.chunks.spilledBytes,
  ),
  counter(
    'vigie_tsdb_head_chunks_writes_failed_total',
    'Full chunks that stay in memory because a disk took none.',
    head.chunks.spillFailures,
  ),
  gauge('vigie_tsdb_memory_bytes', 'Series, labels and samples in memory.', stats.memoryBytes),
  byType(
    'prometheus_tsdb_head_samples_appended_total',
    'Samples appended.',
    counters.samplesAppended,
  ),
  byType(
    'prometheus_tsdb_head_out_of_order_samples_appended_total',
    'Samples appended that came out of order.',
    counters.lateAppended,
  ),
]

const measuredMetrics = ({ store }: MetricSources): MetricFamily[] => {
  const { measures, lateLogBytes } = store
  // Prometheus has these two only where samples may come out of order.
  const isLateTaken = store.outOfOrderTimeWindowMs > 0
  return [
    ...measures
      .families()
      .filter(({ name }) => isLateTaken || name !== 'prometheus_tsdb_sample_ooo_delta'),
    ...(lateLogBytes === undefined
      ? []
      : [
          gauge(
            'prometheus_tsdb_out_of_order_wbl_storage_size_bytes',
            'Size of the log of samples that came out of order.',
            lateLogBytes,
          ),
        ]),
    gauge(
      'prometheus_tsdb_compaction_populating_block',
      '1 while a block is written.',
      measures.isWritingBlock ? 1 : 0,
    ),
    gauge(
      'prometheus_tsdb_data_replay_duration_seconds',
      'How long the log was read at the start.',
      measures.replaySeconds,
    ),
    gauge(
      'prometheus_tsdb_head_active_appenders',
      'Batches that are neither committed nor rolled back.',
      store.openBatches,
    ),
  ]
}

const refusalMetrics = ({ store: { refused } }: MetricSources): MetricFamily[] => [
  byType(
    'prometheus_tsdb_out_of_order_samples_total',
    'Samples refused as older than the newest of their series.',
    refused.outOfOrder,
  ),
  byType(
    'prometheus_tsdb_out_of_bound_samples_total',
    'Samples refused as older than what is taken in order.',
    refused.outOfBounds,
  ),
  byType(
    'prometheus_tsdb_too_old_samples_total',
    'Samples refused as older than the window for those out of order.',
    refused.tooOld,
  ),
  counter(
    'vigie_tsdb_duplicate_samples_total',
    'Samples refused as another value at the time of the newest of their series.',
    refused.duplicate,
  ),
  counter('vigie_tsdb_limit_refusals_total', 'Series refused by a limit.', refused.limit),
]

const walMetrics = ({ store: { wal, counters }, stats }: MetricSources): MetricFamily[] => [
  gauge(
    'prometheus_tsdb_wal_segment_current',
    'WAL segment written to.',
    wal.segments.at(-1)!.index,
  ),
  gauge('prometheus_tsdb_wal_storage_size_bytes', 'Size of the WAL.', stats.walBytes),
  counter(
    'prometheus_tsdb_wal_writes_failed_total',
    'WAL writes that failed.',
    counters.writesFailed,
  ),
  gauge(
    'vigie_tsdb_writable',
    '0 while samples are refused because the WAL cannot be written, as on a full disk.',
    stats.writeFailure === null ? 1 : 0,
  ),
  counter('prometheus_tsdb_wal_corruptions_total', 'WAL corruptions repaired.', wal.corruptions),
  counter('prometheus_tsdb_wal_truncations_total', 'WAL truncations.', counters.truncations),
  counter(
    'prometheus_tsdb_wal_truncations_failed_total',
    'WAL truncations that failed.',
    counters.truncationsFailed,
  ),
  counter('prometheus_tsdb_checkpoint_creations_total', 'Checkpoints written.', wal.checkpoints),
]

const blockMetrics = ({ blocks, stats, counters }: MetricSources): MetricFamily[] => [
  gauge('prometheus_tsdb_blocks_loaded', 'Blocks that are open.', stats.blocks),
  gauge('prometheus_tsdb_storage_blocks_bytes', 'Size of all blocks.', stats.blockBytes),
  gauge('prometheus_tsdb_lowest_timestamp', 'Oldest time of all, ms.', stats.oldestBlockMs ?? 0),
  gauge(
    'prometheus_tsdb_lowest_timestamp_seconds',
    'Oldest time of all.',
    (stats.oldestBlockMs ?? 0) / 1000,
  ),
  counter(
    'prometheus_tsdb_reloads_total',
    'Looks at what blocks there are.',
    blocks.counters.reloads,
  ),
  counter(
    'prometheus_tsdb_reloads_failures_total',
    'Looks at what blocks there are that failed.',
    blocks.counters.reloadsFailed,
  ),
  counter(
    'vigie_tsdb_corrupted_blocks_total',
    'Blocks moved aside as they could not be read.',
    blocks.counters.quarantined,
  ),
  counter(
    'prometheus_tsdb_compactions_triggered_total',
    'Blocks that were to be made.',
    counters.compactionsTriggered,
  ),
  counter('prometheus_tsdb_compactions_total', 'Blocks made.', counters.compactions),
  counter(
    'prometheus_tsdb_compactions_failed_total',
    'Blocks that could not be made.',
    counters.compactionsFailed,
  ),
  counter(
    'prometheus_tsdb_vertical_compactions_total',
    'Blocks made of ones that overlapped.',
    counters.verticalCompactions,
  ),
]

const limitMetrics = ({ limits, counters }: MetricSources): MetricFamily[] => [
  gauge('prometheus_tsdb_retention_limit_bytes', 'Limit retention-bytes.', limits.retentionBytes),
  gauge(
    'prometheus_tsdb_retention_limit_seconds',
    'Limit retention-time.',
    limits.retentionMs / 1000,
  ),
  gauge('vigie_tsdb_max_series', 'Limit max-series.', limits.maxSeries),
  counter(
    'prometheus_tsdb_time_retentions_total',
    'Times that samples were dropped for their age.',
    counters.timeRetentions,
  ),
  counter(
    'prometheus_tsdb_size_retentions_total',
    'Times that samples were dropped for the size of all.',
    counters.sizeRetentions,
  ),
]

type Metric = (name: string, help: string, value: number) => MetricFamily

const byType = (name: string, help: string, values: ByType): MetricFamily => ({
  name,
  help,
  type: 'counter',
  samples: [
    { labels: { type: 'float' }, value: values.float },
    { labels: { type: 'histogram' }, value: values.histogram },
  ],
})

const family =
  (type: MetricFamily['type']): Metric =>
  (name, help, value) => ({ name, help, type, samples: [{ labels: {}, value }] })

const gauge: Metric = family('gauge')
const counter: Metric = family('counter')
