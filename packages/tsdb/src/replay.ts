/** Fills the head from the log. */
import { type Histogram, Labels, StorageLimitError } from '@vigie/model'
import { type Intervals, withInterval } from './block/tombstones.ts'
import { isStorable } from './head/histograms.ts'
import { type Head, T_MAX } from './head/head.ts'
import * as series from './head/series-table.ts'
import type { Logger } from './options.ts'
import { ReplayBuffer } from './replay-buffer.ts'
import type { ExemplarRing } from './exemplars.ts'
import type { LogVisitor, WriteAheadLog } from './wal/log.ts'
import type { SampleRecord } from './wal/sample-record.ts'

/** Numbers of the log that are kept in an array; they are dense but in the logs of old servers. */
const DENSE_REFS_MAX = 1 << 26

/** Slots by their number in the log, 0 when there is none. */
class RefMap {
  #dense = new Uint32Array(1 << 16)
  readonly #sparse = new Map<number, number>()

  get(ref: number): number {
    return ref < DENSE_REFS_MAX ? (this.#dense[ref] ?? 0) : (this.#sparse.get(ref) ?? 0)
  }

  set(ref: number, slot: number): void {
    if (ref >= DENSE_REFS_MAX) {
      this.#sparse.set(ref, slot)
      return
    }
    if (ref >= this.#dense.length) {
      const dense = new Uint32Array(2 ** Math.ceil(Math.log2(ref + 1)))
      dense.set(this.#dense)
      this.#dense = dense
    }
    this.#dense[ref] = slot
  }
}

export class Replay implements LogVisitor {
  readonly #head: Head
  readonly #now: () => number
  readonly #slots = new RefMap()
  readonly #startMs: number
  readonly #buffer: ReplayBuffer
  // Slots that ever had a histogram.
  readonly #histograms = new Set<number>()
  readonly #tombstones = new Map<number, Intervals>()
  /** Further numbers of a series that was written to the log more than once. */
  readonly aliases: Map<number, number> = new Map()
  nextRef = 1
  sampleCount = 0
  unknownRefs = 0
  badHistograms = 0
  badTimes = 0
  overLimit = 0

  readonly exemplars: ExemplarRing

  constructor(head: Head, now: () => number, exemplars: ExemplarRing) {
    this.#head = head
    this.exemplars = exemplars
    this.#buffer = new ReplayBuffer(head)
    this.#now = now
    this.#startMs = now()
  }

  series(ref: number, pairs: string[]): void {
    // No server counts so far: what it says of samples cannot be told apart here.
    if (!(ref >= 0 && ref < Number.MAX_SAFE_INTEGER)) return
    if (ref >= this.nextRef) this.nextRef = ref + 1
    try {
      const slot = this.#head.seriesFor(Labels.fromPairs(pairs))
      this.#slots.set(ref, slot)
      const page = this.#head.table.page(slot)
      const flags = page.u8[series.byte(slot) + series.FLAGS]
      if ((flags & series.LOGGED) === 0) {
        page.u8[series.byte(slot) + series.FLAGS] = flags | series.LOGGED
        page.f64[series.double(slot) + series.WAL_REF] = ref
      } else if (page.f64[series.double(slot) + series.WAL_REF] !== ref) this.aliases.set(ref, slot)
    } catch (error) {
      if (!(error instanceof StorageLimitError)) throw error
      this.overLimit++
    }
  }

  samples({ refs, t, bits, count }: SampleRecord): void {
    const slots = this.#slots
    const buffer = this.#buffer
    for (let i = 0; i < count; i++) {
      const slot = slots.get(refs[i])
      if (slot === 0) {
        this.#noteUnknown(refs[i])
        continue
      }
      if (!(Math.abs(t[i]) <= T_MAX)) {
        this.badTimes++
        continue
      }
      if (buffer.isFull) this.#flush()
      buffer.add(slot, t[i], bits[2 * i], bits[2 * i + 1])
      // The order of floats and histograms of one series counts.
      if (this.#histograms.size > 0 && this.#histograms.has(slot)) this.#flush()
    }
  }

  histogram(ref: number, t: number, h: Histogram): void {
    const slot = this.#slots.get(ref)
    if (slot === 0) this.#noteUnknown(ref)
    else if (!isStorable(h)) this.badHistograms++
    else if (!(Math.abs(t) <= T_MAX)) this.badTimes++
    else {
      if (!this.#histograms.has(slot)) this.#flush()
      this.#histograms.add(slot)
      if (t <= this.#head.lastT(slot) || t < this.#head.minValidT) return
      this.#head.appendHistogram(slot, t, h)
      this.sampleCount++
    }
  }

  /** Its series was lost. The number stays taken: a series that got it would get these samples at the next start. */
  #noteUnknown(ref: number): void {
    this.unknownRefs++
    if (ref >= this.nextRef && ref < Number.MAX_SAFE_INTEGER) this.nextRef = ref + 1
  }

  #flush(): void {
    this.sampleCount += this.#buffer.flush()
  }

  tombstone(ref: number, minT: number, maxT: number): void {
    const slot = this.#slots.get(ref)
    if (slot === 0 || maxT < this.#head.minValidT) return
    this.#tombstones.set(slot, withInterval(this.#tombstones.get(slot) ?? [], minT, maxT))
  }

  exemplar(ref: number, t: number, v: number, pairs: string[]): void {
    const slot = this.#slots.get(ref)
    if (slot === 0) this.#noteUnknown(ref)
    else {
      const labels = this.#head.labelSets.labels(this.#head.labelsHandle(slot))
      this.exemplars.add(labels, { labels: Labels.fromPairs(pairs), t, v })
    }
  }

  /** What visits the log of samples that came out of order, after `finish`. */
  late(): LogVisitor {
    const slotOf = (ref: number): number => {
      const slot = this.#slots.get(ref)
      if (slot === 0) this.#noteUnknown(ref)
      return slot
    }
    return {
      series: () => {},
      tombstone: () => {},
      samples: ({ refs, t, bits, count }) => {
        const v = new Float64Array(bits.buffer)
        for (let i = 0; i < count; i++) {
          const slot = slotOf(refs[i])
          if (slot !== 0 && Math.abs(t[i]) <= T_MAX)
            this.#head.insertLate(slot, t[i], v[i], undefined)
        }
      },
      histogram: (ref, t, h) => {
        const slot = slotOf(ref)
        if (slot !== 0 && isStorable(h) && Math.abs(t) <= T_MAX)
          this.#head.insertLate(slot, t, NaN, h)
      },
    }
  }

  /** To be called when all of the log has been visited. */
  finish(): void {
    this.#flush()
    this.#head.tombstones = this.#tombstones
  }

  report(log: WriteAheadLog, logger: Logger): void {
    const { sampleCount: samples, unknownRefs, badHistograms, badTimes, overLimit } = this
    const skipped = [...log.skippedRecords.values()].reduce((sum, one) => sum + one, 0)
    const took = { ms: this.#now() - this.#startMs }
    logger.info('WAL replayed', { series: this.#head.seriesCount, samples, ...took })
    if (skipped > 0) logger.info('WAL records of kinds that are not stored', { records: skipped })
    if (unknownRefs > 0) logger.warn('WAL samples of unknown series', { samples: unknownRefs })
    if (badHistograms > 0)
      logger.warn('WAL histograms that make no sense', { histograms: badHistograms })
    if (badTimes > 0) logger.warn('WAL samples of no time', { samples: badTimes })
    if (overLimit > 0) logger.warn('WAL series beyond limit max-series', { series: overLimit })
  }
}
