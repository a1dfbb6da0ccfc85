/** How long the storage's work takes and how large what it makes is, as Prometheus measures its own. */
import type { BlockSeries } from './block/block-series.ts'
import type { MetricFamily } from './metrics.ts'

type Samples = MetricFamily['samples']

/** A classic histogram. */
export class Distribution {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  /** Upper bounds, rising, without +Inf. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = [...bounds.map(() => 0), 0]
  }

  observe(value: number): void {
    const at = this.#bounds.findIndex((bound) => value <= bound)
    this.#counts[at < 0 ? this.#bounds.length : at]++
    this.#sum += value
  }

  family(name: string, help: string): MetricFamily {
    let count = 0
    const buckets = this.#counts.map((one, i) => {
      count += one
      const le = i < this.#bounds.length ? String(this.#bounds[i]) : '+Inf'
      return { suffix: '_bucket', labels: { le }, value: count }
    })
    return {
      name,
      help,
      type: 'histogram',
      samples: [...buckets, ...totals(this.#sum, count)],
    }
  }
}

/** Values that quantiles are taken of, and how long they count, ms: as in Prometheus. */
const RECENT_MAX = 1000
const RECENT_MS = 600_000
const QUANTILES = [0.5, 0.9, 0.99]

/** A summary of durations in seconds. */
export class Timings {
  readonly #recent: { ms: number; seconds: number }[] = []
  #sum = 0
  #count = 0

  observe(seconds: number): void {
    this.#sum += seconds
    this.#count++
    if (this.#recent.length === RECENT_MAX) this.#recent.shift()
    this.#recent.push({ ms: performance.now(), seconds })
  }

  /** Runs `act` and takes its time, whatever becomes of it. */
  async time<T>(act: () => Promise<T>): Promise<T> {
    const startMs = performance.now()
    try {
      return await act()
    } finally {
      this.observe((performance.now() - startMs) / 1000)
    }
  }

  family(name: string, help: string, hasQuantiles = false): MetricFamily {
    const samples = totals(this.#sum, this.#count)
    return {
      name,
      help,
      type: 'summary',
      samples: hasQuantiles ? [...this.#quantiles(), ...samples] : samples,
    }
  }

  #quantiles(): Samples {
    const since = performance.now() - RECENT_MS
    const sorted = this.#recent
      .flatMap(({ ms, seconds }) => (ms >= since ? seconds : []))
      .sort((a, b) => a - b)
    return QUANTILES.map((quantile) => ({
      labels: { quantile: String(quantile) },
      value: sorted.length === 0 ? NaN : sorted[Math.ceil(quantile * sorted.length) - 1],
    }))
  }
}

const totals = (sum: number, count: number): Samples => [
  { suffix: '_sum', labels: {}, value: sum },
  { suffix: '_count', labels: {}, value: count },
]

/** `count` bounds from `first` on, each so many times the one before. */
const powers = (first: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first * factor ** i)

const MINUTE = 60
const HOUR = 60 * MINUTE

/** What one storage measures, since its start. */
export class Measures {
  readonly compaction: Distribution = new Distribution(powers(1, 2, 14))
  readonly chunkRange: Distribution = new Distribution(powers(100, 4, 10))
  readonly chunkSamples: Distribution = new Distribution(powers(4, 1.5, 12))
  readonly chunkSize: Distribution = new Distribution(powers(32, 1.5, 12))
  readonly tombstoneCleanup: Distribution = new Distribution([])
  readonly lateness: Distribution = new Distribution([
    10 * MINUTE,
    30 * MINUTE,
    ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ])
  readonly headCollection: Timings = new Timings()
  readonly walTruncation: Timings = new Timings()
  readonly walSync: Timings = new Timings()
  /** Of the start, seconds. */
  replaySeconds = 0
  isWritingBlock = false

  families(): MetricFamily[] {
    const { compaction, chunkRange, chunkSamples, chunkSize, tombstoneCleanup, lateness } = this
    return [
      compaction.family('prometheus_tsdb_compaction_duration_seconds', 'Making one block.'),
      // Milliseconds, whatever the name says.
      chunkRange.family(
        'prometheus_tsdb_compaction_chunk_range_seconds',
        'First to last time of chunks of the head, as a block gets them, ms as in Prometheus.',
      ),
      chunkSamples.family(
        'prometheus_tsdb_compaction_chunk_samples',
        'Samples of chunks of the head, as a block gets them.',
      ),
      chunkSize.family(
        'prometheus_tsdb_compaction_chunk_size_bytes',
        'Size of chunks of the head, as a block gets them.',
      ),
      tombstoneCleanup.family(
        'prometheus_tsdb_tombstone_cleanup_seconds',
        'Writing blocks anew without what was deleted.',
      ),
      lateness.family(
        'prometheus_tsdb_sample_ooo_delta',
        'How much older than the newest sample those were that came out of order, taken or not, s.',
      ),
      this.headCollection.family(
        'prometheus_tsdb_head_gc_duration_seconds',
        'Forgetting series of the head.',
      ),
      this.walTruncation.family(
        'prometheus_tsdb_wal_truncate_duration_seconds',
        'Dropping segments of the WAL, with the checkpoint.',
      ),
      this.walSync.family('prometheus_tsdb_wal_fsync_duration_seconds', 'fsync of the WAL.', true),
    ]
  }

  /** The same series; their chunks are measured as they pass. */
  *passing(series: Iterable<BlockSeries>): Iterable<BlockSeries> {
    for (const one of series) {
      for (const { minT, maxT, data } of one.chunks) {
        this.chunkRange.observe(maxT - minT)
        this.chunkSamples.observe(data[0] * 256 + data[1])
        this.chunkSize.observe(data.length)
      }
      yield one
    }
  }
}
