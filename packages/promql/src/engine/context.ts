/**
 * What one running query has: its limits, its count of samples, its annotations, and the turns it
 * takes with the rest of the process.
 */
import type { Expr } from '../syntax/ast.ts'
import { Annotations } from './annotations.ts'
import { canceled, timedOut, tooManySamples } from './query-error.ts'

/** A query works this long before it lets others run. */
const SLICE_MS = 10

/** Arenas may hold this many cells for each sample that is allowed: most queries leave gaps. */
const CELLS_PER_SAMPLE = 4

export interface QueryLimits {
  maxSamples: number
  /** On the clock `now`. */
  deadlineMs: number
  signal: AbortSignal | undefined
  now: () => number
}

export interface QuerySemantics {
  lookbackMs: number
  enableDelayedNameRemoval: boolean
  enableTypeAndUnitLabels: boolean
  useStartTimestamps: boolean
}

export class QueryContext {
  readonly annotations: Annotations
  readonly lookbackMs: number
  readonly delaysNameRemoval: boolean
  readonly hasTypeLabels: boolean
  readonly usesStartTimes: boolean
  readonly cellsMax: number
  readonly maxSamples: number
  readonly #limits: QueryLimits
  #held = 0
  #peak = 0
  #read = 0
  #sliceEnd = 0

  constructor(query: string, expr: Expr, limits: QueryLimits, semantics: QuerySemantics) {
    this.annotations = new Annotations(query, expr)
    this.#limits = limits
    this.lookbackMs = semantics.lookbackMs
    this.delaysNameRemoval = semantics.enableDelayedNameRemoval
    this.hasTypeLabels = semantics.enableTypeAndUnitLabels
    this.usesStartTimes = semantics.useStartTimestamps
    this.maxSamples = limits.maxSamples
    this.cellsMax = Math.max(limits.maxSamples * CELLS_PER_SAMPLE, 10_000_000)
    this.#sliceEnd = performance.now() + SLICE_MS
  }

  /** Samples held now. A node sets it back when it lets its inputs go. */
  get held(): number {
    return this.#held
  }

  /** Takes `count` samples more into memory. Throws tooManySamples. */
  hold(count: number): void {
    this.#held += count
    if (this.#held > this.#peak) this.#peak = this.#held
    if (this.#held > this.maxSamples) throw tooManySamples()
  }

  /** Back to what was held before, and `count` on top. */
  release(before: number, count: number): void {
    this.#held = before
    this.hold(count)
  }

  /** Throws when `count` samples on top of those held would be too many, as a window briefly is. */
  brush(count: number): void {
    const held = this.#held + count
    if (held > this.#peak) this.#peak = held
    if (held > this.maxSamples) throw tooManySamples()
  }

  /** Counts samples for the statistics. */
  countRead(count: number): void {
    this.#read += count
  }

  /** What has been counted; to be set back where Prometheus does not count. */
  get read(): number {
    return this.#read
  }

  set read(count: number) {
    this.#read = count
  }

  get stats(): { samplesTotal: number; samplesPeak: number } {
    return { samplesTotal: this.#read, samplesPeak: this.#peak }
  }

  /**
   * To be called every few thousand samples; await what it gives, if anything. Throws timedOut or
   * canceled.
   */
  tick(): Promise<void> | undefined {
    // Fast path: the slice is not used up.
    if (performance.now() < this.#sliceEnd) return undefined
    this.check()
    return this.#yield()
  }

  /** Throws timedOut or canceled. */
  check(): void {
    const { signal, deadlineMs, now } = this.#limits
    if (signal?.aborted) throw canceled()
    if (now() >= deadlineMs) throw timedOut()
  }

  async #yield(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.check()
    this.#sliceEnd = performance.now() + SLICE_MS
  }
}
