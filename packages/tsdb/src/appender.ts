/**
 * One batch on its way into the storage: columns of references, times and values. Nothing of it can
 * be seen before `commit`, which writes it to the log first and only then to the head.
 */
import {
  APPENDED,
  type AppendResult,
  type Appender,
  DUPLICATE,
  type Exemplar,
  type Histogram,
  type Labels,
  OUT_OF_BOUNDS,
  OUT_OF_ORDER,
  type SeriesRef,
  StorageLimitError,
  TOO_OLD,
  UNKNOWN_SERIES,
  isStale,
  makeHistogram,
} from '@vigie/model'
import type { ExemplarRing } from './exemplars.ts'
import { type Head, T_MAX, isSameValue } from './head/head.ts'
import { HISTOGRAM_BUCKETS_MAX, hasTooManyBuckets, isSameHistogram } from './head/histograms.ts'
import * as series from './head/series-table.ts'
import type { Measures } from './measures.ts'
import { recordTypeOf } from './wal/histogram-records.ts'

/** Samples of one batch. */
export const BATCH_SAMPLES_MAX = 10_000_000
const CAPACITY_MIN = 1024
/** In order, nothing is taken that is older than the newest sample of all by more than this, ms: half a block. */
const APPENDABLE_MS = 3_600_000
/** What is newer than the clock by more than this says nothing of what is too old, ms. */
const AHEAD_MS_MAX = 600_000

/** The columns of a batch, used again for later ones. */
export class Batch {
  refs: Uint32Array = new Uint32Array(CAPACITY_MIN)
  t: Float64Array = new Float64Array(CAPACITY_MIN)
  v: Float64Array = new Float64Array(CAPACITY_MIN)
  /** By index, the samples that are histograms; undefined as long as there is none. */
  h: (Histogram | undefined)[] | undefined
  count = 0
  /** Bounds of the times in it. */
  minT: number = Infinity
  maxT: number = -Infinity
  /** Whether the log may not know all of its series. */
  hasUnlogged = false
  /** By index, the samples that come too late for the chunks of their series; undefined while there are none. */
  late: Set<number> | undefined
  /** Whether a series in it has samples that go to different records, so that their order counts. */
  isMixed = false

  clear(): void {
    this.count = 0
    this.minT = Infinity
    this.maxT = -Infinity
    this.hasUnlogged = false
    this.isMixed = false
    this.h = undefined
    this.late = undefined
  }

  /** Whether the sample at `index`, of whatever batch it was, is the newest one of a series in this one. */
  isNewest(index: number, ref: SeriesRef): boolean {
    return index < this.count && this.refs[index] === ref && this.late?.has(index) !== true
  }

  grow(): void {
    const capacity = this.refs.length * 2
    const refs = new Uint32Array(capacity)
    const t = new Float64Array(capacity)
    const v = new Float64Array(capacity)
    refs.set(this.refs)
    t.set(this.t)
    v.set(this.v)
    this.refs = refs
    this.t = t
    this.v = v
  }
}

/** Floats and histograms, each counted on its own. */
export interface ByType {
  float: number
  histogram: number
}

/** Samples that were refused, since the start. */
export interface Refusals {
  outOfOrder: ByType
  outOfBounds: ByType
  tooOld: ByType
  duplicate: number
  limit: number
}

export interface BatchSink {
  readonly head: Head
  readonly now: () => number
  readonly measures: Measures
  readonly refused: Refusals
  /** See TsdbOptions. */
  readonly outOfOrderTimeWindowMs: number
  /** Grows with every commit. */
  readonly commits: number
  takeBatch(): Batch
  /** Writes and publishes a batch. Throws; then nothing of it is kept. */
  commitBatch(batch: Batch): void
  giveBack(batch: Batch): void
  readonly exemplars: ExemplarRing
  /** Writes exemplars to the log; one that cannot be written is no reason to refuse its sample. */
  logExemplars(taken: readonly TakenExemplar[]): void
}

/** An exemplar that is kept, with the slot of its series. */
export interface TakenExemplar {
  slot: number
  exemplar: Exemplar
}

/** Exemplars of one batch; more are dropped. */
const BATCH_EXEMPLARS_MAX = 100_000

export class BatchAppender implements Appender {
  readonly #sink: BatchSink
  readonly #head: Head
  #batch: Batch | undefined
  #exemplars: { ref: SeriesRef; exemplar: Exemplar }[] | undefined
  // What the sink had seen when the first sample was checked.
  #commits = 0
  #collections = 0
  // The newest time of all, and the oldest that may come in order, when the first sample was checked.
  #headMaxT = -Infinity
  #minT = -Infinity

  constructor(sink: BatchSink) {
    this.#sink = sink
    this.#head = sink.head
  }

  series(labels: Labels): SeriesRef {
    try {
      return this.#head.table.refOf(this.#head.seriesFor(labels))
    } catch (error) {
      if (error instanceof StorageLimitError) this.#sink.refused.limit++
      throw error
    }
  }

  append(ref: SeriesRef, t: number, v: number): AppendResult {
    const head = this.#head
    const slot = head.table.slotOf(ref)
    if (slot === 0 || !head.table.isAlive(slot)) return UNKNOWN_SERIES
    const batch = this.#batch ?? this.#start(t)
    const page = head.table.page(slot)
    // The last sample of the series in this batch, if that is what `pending` still points to.
    const pending = page.u32[series.word(slot) + series.PENDING]
    const isPending = batch.isNewest(pending, ref)
    if (isStale(v)) {
      if (t < this.#minT && this.#sink.outOfOrderTimeWindowMs === 0) return this.#refuse('float', t)
      const last = isPending ? batch.h?.[pending] : head.lastHistogram(slot)
      if (last !== undefined)
        return this.appendHistogram(ref, t, makeHistogram({ isInteger: last.isInteger, sum: v }))
    }
    const lastT = isPending ? batch.t[pending] : page.f64[series.double(slot) + series.LAST_T]
    if (!(t > lastT && t >= this.#minT && t <= T_MAX)) {
      if (t !== lastT || t < this.#minT) {
        if (!this.#isLate(t)) return this.#refuse('float', t)
        const index = this.#addLate(batch, ref, slot, t)
        batch.v[index] = v
        return APPENDED
      }
      const isRepeated = isPending
        ? batch.h?.[pending] === undefined && isSameValue(v, batch.v[pending])
        : head.isLastValue(slot, v)
      return isRepeated ? APPENDED : this.#refuseDuplicate()
    }
    if (isPending && batch.h?.[pending] !== undefined) batch.isMixed = true
    const index = this.#add(batch, ref, slot, t, true)
    batch.v[index] = v
    return APPENDED
  }

  /** Throws StorageLimitError for one with more than HISTOGRAM_BUCKETS_MAX buckets. */
  appendHistogram(ref: SeriesRef, t: number, h: Histogram): AppendResult {
    const head = this.#head
    const slot = head.table.slotOf(ref)
    if (slot === 0 || !head.table.isAlive(slot)) return UNKNOWN_SERIES
    if (hasTooManyBuckets(h)) this.#refuseSize()
    const batch = this.#batch ?? this.#start(t)
    const page = head.table.page(slot)
    const pending = page.u32[series.word(slot) + series.PENDING]
    const isPending = batch.isNewest(pending, ref)
    const lastT = isPending ? batch.t[pending] : page.f64[series.double(slot) + series.LAST_T]
    const last = isPending ? batch.h?.[pending] : head.lastHistogram(slot)
    const isLate = !(t > lastT && t >= this.#minT && t <= T_MAX)
    if (isLate && t === lastT && t >= this.#minT)
      return last !== undefined && isSameHistogram(h, last) ? APPENDED : this.#refuseDuplicate()
    if (isLate && !this.#isLate(t)) return this.#refuse('histogram', t)
    if (!isLate && isPending && (last === undefined || recordTypeOf(last) !== recordTypeOf(h)))
      batch.isMixed = true
    const index = isLate ? this.#addLate(batch, ref, slot, t) : this.#add(batch, ref, slot, t, true)
    batch.v[index] = NaN
    batch.h ??= []
    batch.h[index] = h
    return APPENDED
  }

  /** Whether a sample that does not come in order is within the window for those. */
  #isLate(t: number): boolean {
    const { outOfOrderTimeWindowMs: windowMs, measures } = this.#sink
    if (t < this.#headMaxT) measures.lateness.observe((this.#headMaxT - t) / 1000)
    return windowMs > 0 && Math.abs(t) <= T_MAX && t >= this.#headMaxT - windowMs
  }

  #addLate(batch: Batch, ref: SeriesRef, slot: number, t: number): number {
    const index = this.#add(batch, ref, slot, t, false)
    batch.late ??= new Set()
    batch.late.add(index)
    return index
  }

  /** Makes room for a sample, the newest one of its series or not; its index. */
  #add(batch: Batch, ref: SeriesRef, slot: number, t: number, isNewest: boolean): number {
    const page = this.#head.table.page(slot)
    const index = batch.count
    if (index === batch.refs.length) this.#grow(batch)
    batch.refs[index] = ref
    batch.t[index] = t
    batch.count = index + 1
    if (t < batch.minT) batch.minT = t
    if (t > batch.maxT) batch.maxT = t
    if ((page.u8[series.byte(slot) + series.FLAGS] & series.LOGGED) === 0) batch.hasUnlogged = true
    if (isNewest) page.u32[series.word(slot) + series.PENDING] = index
    return index
  }

  #refuseSize(): never {
    this.#sink.refused.limit++
    throw new StorageLimitError(
      'histogram-buckets',
      `cannot append: a histogram has too many buckets, want at most ${HISTOGRAM_BUCKETS_MAX}`,
    )
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    if (this.#sink.exemplars.capacity === 0) return
    this.#exemplars ??= []
    if (this.#exemplars.length < BATCH_EXEMPLARS_MAX) this.#exemplars.push({ ref, exemplar })
  }

  /** `t` is the first time in the batch; where nothing is stored yet, the others are measured by it. */
  #start(t: number): Batch {
    const head = this.#head
    this.#batch = this.#sink.takeBatch()
    this.#commits = this.#sink.commits
    this.#collections = head.collections
    this.#headMaxT = Math.min(
      head.maxT === -Infinity ? t : head.maxT,
      this.#sink.now() + AHEAD_MS_MAX,
    )
    this.#minT = Math.max(head.minAppendT, this.#headMaxT - APPENDABLE_MS)
    return this.#batch
  }

  #grow(batch: Batch): void {
    if (batch.count >= BATCH_SAMPLES_MAX)
      throw new StorageLimitError(
        'batch-samples',
        `cannot append: the batch has ${batch.count} samples, want at most ${BATCH_SAMPLES_MAX}`,
      )
    batch.grow()
  }

  #refuse(type: keyof ByType, t: number): AppendResult {
    const { refused, outOfOrderTimeWindowMs } = this.#sink
    if (outOfOrderTimeWindowMs > 0 && Math.abs(t) <= T_MAX) {
      refused.tooOld[type]++
      return TOO_OLD
    }
    if (t < this.#minT || !(Math.abs(t) <= T_MAX)) {
      refused.outOfBounds[type]++
      return OUT_OF_BOUNDS
    }
    refused.outOfOrder[type]++
    return OUT_OF_ORDER
  }

  #refuseDuplicate(): AppendResult {
    this.#sink.refused.duplicate++
    return DUPLICATE
  }

  commit(): void {
    const exemplars = this.#exemplars
    this.#exemplars = undefined
    this.#commitSamples()
    if (exemplars === undefined) return
    const head = this.#head
    const taken: TakenExemplar[] = []
    for (const { ref, exemplar } of exemplars) {
      const slot = head.table.slotOf(ref)
      if (slot === 0 || !head.table.isAlive(slot)) continue
      const labels = head.labelSets.labels(head.labelsHandle(slot))
      if (this.#sink.exemplars.add(labels, exemplar)) taken.push({ slot, exemplar })
    }
    if (taken.length > 0) this.#sink.logExemplars(taken)
  }

  #commitSamples(): void {
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    try {
      const hasChanged =
        this.#commits !== this.#sink.commits ||
        this.#collections !== this.#head.collections ||
        batch.minT < this.#head.minAppendT
      if (hasChanged) this.#checkAgain(batch)
      if (batch.count > 0) this.#sink.commitBatch(batch)
    } finally {
      this.#sink.giveBack(batch)
    }
  }

  /** Others committed meanwhile, or a block was cut: drops what is no longer newer than those, or makes it late. */
  #checkAgain(batch: Batch): void {
    const head = this.#head
    this.#minT = Math.max(this.#minT, head.minAppendT)
    const { refs, t, v, h } = batch
    const late = new Set<number>()
    let kept = 0
    for (let i = 0; i < batch.count; i++) {
      const slot = head.table.slotOf(refs[i])
      if (slot === 0 || !head.table.isAlive(slot)) continue
      const isLate = batch.late?.has(i) === true || t[i] < this.#minT
      if (!isLate && t[i] === head.lastT(slot)) {
        if (!isLast(head, slot, v[i], h?.[i])) this.#refuseDuplicate()
        continue
      }
      if (isLate || t[i] < head.lastT(slot)) {
        if (!this.#isLate(t[i])) {
          this.#refuse(h?.[i] === undefined ? 'float' : 'histogram', t[i])
          continue
        }
        late.add(kept)
      }
      if (h !== undefined) h[kept] = h[i]
      refs[kept] = refs[i]
      t[kept] = t[i]
      v[kept++] = v[i]
    }
    batch.count = kept
    batch.late = late.size === 0 ? undefined : late
  }

  rollback(): void {
    if (this.#batch !== undefined) this.#sink.giveBack(this.#batch)
    this.#batch = undefined
    this.#exemplars = undefined
  }
}

function isLast(head: Head, slot: number, v: number, h: Histogram | undefined): boolean {
  if (h === undefined) return head.isLastValue(slot, v)
  const last = head.lastHistogram(slot)
  return last !== undefined && isSameHistogram(h, last)
}
