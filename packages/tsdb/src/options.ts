/** What a storage is opened with, and the limits that bound it. */
import type { Disk } from './disk.ts'

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

/**
 * When what was written to the WAL is forced to the disk. Whatever the choice, the death of the
 * process loses nothing that was committed. The failure of the machine loses: 'always' nothing,
 * 'interval' what came since the last `maintain()`, 'never' what the operating system had not
 * written yet (about 30 s).
 */
export type FsyncPolicy = 'never' | 'interval' | 'always'

export interface TsdbOptions {
  /** The data directory, Prometheus's `--storage.tsdb.path`. Made when missing. */
  dir: string
  /**
   * Blocks that end this long before the newest one are dropped, ms; 0 keeps them for ever. Default
   * 15 days, as in Prometheus.
   */
  retentionMs?: number
  /**
   * Bytes on the disk: blocks, WAL and chunks of the head; above it the oldest blocks are dropped.
   * Default 0, no limit, as in Prometheus.
   */
  retentionBytes?: number
  /** Blocks are not merged into longer ones than this, ms. Default a tenth of `retentionMs`, at most 31 days. */
  maxBlockMs?: number | undefined
  /**
   * The built `blocks/worker.js`: blocks are made, and a long log is read, in a thread of their own.
   * Without it this one does it, and everything waits.
   */
  blockWorkerUrl?: URL
  /** Series alive at once; a new one beyond it is a StorageLimitError 'max-series'. Default 1,000,000. */
  maxSeries?: number
  /**
   * Full chunks of the head that stay in memory, bytes; those beyond wait in files under
   * `head_chunks`. Default 16 MiB.
   */
  headChunkBytes?: number
  /**
   * Samples that are older than the newest one of their series, or too old for the head, are taken as
   * long as they are not older than the newest sample of all by more than this, ms. Default 0, none.
   */
  outOfOrderTimeWindowMs?: number
  /**
   * Samples out of order that wait in memory for the next block; with more of them one is made at once.
   * Default 8 million, about 10 bytes each and 800 for each series that has some.
   */
  lateSamplesMax?: number
  /**
   * How long a query may read what it has selected, ms: what it may need is kept for as long. Default
   * five minutes.
   */
  snapshotMs?: number
  /** Exemplars kept in memory; the oldest go. Default 0, none. */
  maxExemplars?: number
  /** Default 'interval'. */
  fsync?: FsyncPolicy
  /** Default 'snappy', as in Prometheus. */
  walCompression?: 'none' | 'snappy'
  /** Size at which a WAL segment is closed. Default 128 MiB, at most an eighth of `retentionBytes`. */
  segmentBytes?: number | undefined
  /** The time, ms since the epoch. */
  now: () => number
  log: Logger
  disk: Disk
}

export interface Limits {
  retentionMs: number
  retentionBytes: number
  maxBlockMs: number | undefined
  maxSeries: number
  segmentBytes: number
  headChunkBytes: number
  outOfOrderTimeWindowMs: number
  lateSamplesMax: number
  snapshotMs: number
}

const HOUR_MS = 3_600_000
const MIB = 1 << 20

export const RETENTION_MS_DEFAULT: number = 15 * 24 * HOUR_MS
export const RETENTION_BYTES_DEFAULT = 0
export const MAX_SERIES_DEFAULT = 1_000_000
export const HEAD_CHUNK_BYTES_DEFAULT: number = 16 * MIB
export const LATE_SAMPLES_MAX_DEFAULT = 8_000_000
export const SNAPSHOT_MS_DEFAULT: number = 5 * 60_000
const SEGMENT_BYTES_DEFAULT = 128 * MIB
const SEGMENT_BYTES_MIN = 32 * 1024

export function limitsOf(options: TsdbOptions): Limits {
  const retentionBytes = options.retentionBytes ?? RETENTION_BYTES_DEFAULT
  const segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT
  return {
    retentionMs: options.retentionMs ?? RETENTION_MS_DEFAULT,
    retentionBytes,
    maxBlockMs: options.maxBlockMs,
    maxSeries: options.maxSeries ?? MAX_SERIES_DEFAULT,
    outOfOrderTimeWindowMs: options.outOfOrderTimeWindowMs ?? 0,
    lateSamplesMax: options.lateSamplesMax ?? LATE_SAMPLES_MAX_DEFAULT,
    snapshotMs: options.snapshotMs ?? SNAPSHOT_MS_DEFAULT,
    headChunkBytes: options.headChunkBytes ?? HEAD_CHUNK_BYTES_DEFAULT,
    // Whole segments are dropped, so one must be a small part of what is kept.
    segmentBytes: Math.max(
      SEGMENT_BYTES_MIN,
      Math.min(segmentBytes, (retentionBytes || Infinity) / 8),
    ),
  }
}
