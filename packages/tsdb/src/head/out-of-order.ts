/**
 * Samples that came too late for the chunks of their series. Each series that has such gathers up to 32
 * of them by time, and then puts them away as a chunk; chunks of a series may overlap each other and all
 * others. When blocks of them are made, what there is stands still as a generation of its own, and later
 * ones go to the next.
 */
import { type Histogram, SampleColumns } from '@vigie/model'
import type { ChunkData } from '../block/block-series.ts'
import { mergeColumns } from '../blocks/columns.ts'
import { decodeWhole } from '../chunk/decode.ts'
import { encodeSamples } from '../chunk/encode.ts'

/** Samples of a chunk, as in Prometheus. */
const CHUNK_SAMPLES_MAX = 32

/** What one series has, of one generation. */
class LateSeries {
  readonly chunks: ChunkData[] = []
  #open = new SampleColumns(CHUNK_SAMPLES_MAX)
  samples = 0
  minT = Infinity
  maxT = -Infinity

  /** Whether it was taken: of two samples at one time the first one stays. */
  insert(t: number, v: number, h: Histogram | undefined): boolean {
    if (this.#open.length === CHUNK_SAMPLES_MAX) this.#close()
    if (!insertInto(this.#open, t, v, h)) return false
    this.samples++
    this.minT = Math.min(this.minT, t)
    this.maxT = Math.max(this.maxT, t)
    return true
  }

  #close(): void {
    this.chunks.push(...encodeSamples(this.#open))
    this.#open.clear()
  }

  /** All there is, as chunks that nobody changes any more. */
  all(): ChunkData[] {
    return [...this.chunks, ...encodeSamples(this.#open)]
  }
}

function insertInto(
  columns: SampleColumns,
  t: number,
  v: number,
  h: Histogram | undefined,
): boolean {
  let at = columns.length
  while (at > 0 && columns.t[at - 1] >= t) at--
  if (at < columns.length && columns.t[at] === t) return false
  columns.reserve(columns.length + 1)
  columns.t.copyWithin(at + 1, at, columns.length)
  columns.v.copyWithin(at + 1, at, columns.length)
  columns.t[at] = t
  columns.v[at] = v
  if (h !== undefined) columns.h ??= []
  if (columns.h !== undefined) {
    for (let i = columns.length; i > at; i--) columns.h[i] = columns.h[i - 1]
    columns.h[at] = h
  }
  columns.length++
  return true
}

type Generation = Map<number, LateSeries>

export class OutOfOrder {
  // All but the last one stand still.
  #generations: Generation[] = [new Map()]

  /** Whether there is nothing. */
  get isEmpty(): boolean {
    return this.#generations.every((one) => one.size === 0)
  }

  /** Samples that there are. */
  get samples(): number {
    let sum = 0
    for (const one of this.#generations) for (const { samples } of one.values()) sum += samples
    return sum
  }

  insert(slot: number, t: number, v: number, h: Histogram | undefined): boolean {
    const newest = this.#generations.at(-1)!
    let series = newest.get(slot)
    if (series === undefined) newest.set(slot, (series = new LateSeries()))
    return series.insert(t, v, h)
  }

  has(slot: number): boolean {
    return this.#generations.some((one) => one.has(slot))
  }

  /** First and last timestamp of what a series has, undefined when there is nothing. */
  boundsOf(slot: number): { minT: number; maxT: number } | undefined {
    return boundsOf(this.#generations.flatMap((one) => one.get(slot) ?? []))
  }

  /** What a series has, as chunks that stay as they are. */
  chunksOf(slot: number): ChunkData[] {
    return this.#generations.flatMap((one) => one.get(slot)?.all() ?? [])
  }

  /** Ends the generation: what is there stands still. */
  freeze(): void {
    if (this.#generations.at(-1)!.size > 0) this.#generations.push(new Map())
  }

  /** Starts of the ranges of so many ms in which something may be that stands still, rising. */
  frozenRanges(rangeMs: number): number[] {
    const ranges = new Set<number>()
    for (const generation of this.#frozen())
      for (const series of generation.values())
        for (const { minT, maxT } of series.all())
          for (let i = Math.floor(minT / rangeMs); i * rangeMs <= maxT; i++) ranges.add(i * rangeMs)
    return [...ranges].sort((one, other) => one - other)
  }

  #frozen(): Generation[] {
    return this.#generations.slice(0, -1)
  }

  frozenSlots(): Uint32Array {
    return Uint32Array.from(new Set(this.#frozen().flatMap((one) => [...one.keys()])))
  }

  /** What a series has of the generations that stand still. */
  frozenChunksOf(slot: number): ChunkData[] {
    return this.#frozen().flatMap((one) => one.get(slot)?.all() ?? [])
  }

  /** Forgets the generations that stand still. */
  dropFrozen(): void {
    this.#generations = this.#generations.slice(-1)
  }
}

function boundsOf(series: readonly LateSeries[]): { minT: number; maxT: number } | undefined {
  if (series.length === 0) return undefined
  const bounds = { minT: Infinity, maxT: -Infinity }
  for (const { minT, maxT } of series) {
    bounds.minT = Math.min(bounds.minT, minT)
    bounds.maxT = Math.max(bounds.maxT, maxT)
  }
  return bounds
}

const whole = new SampleColumns()
const scratch = new SampleColumns()

/** Adds the samples with minT <= t <= maxT of chunks to those of `out`, by time; of two at one time one is kept. */
export function mergeChunksInto(
  out: SampleColumns,
  chunks: readonly ChunkData[],
  minT: number,
  maxT: number,
): void {
  for (const chunk of chunks) {
    if (chunk.minT > maxT || chunk.maxT < minT) continue
    whole.clear()
    decodeWhole(chunk, whole)
    keepRange(whole, minT, maxT)
    mergeColumns(out, whole, scratch)
  }
}

function keepRange(columns: SampleColumns, minT: number, maxT: number): void {
  let from = 0
  while (from < columns.length && columns.t[from] < minT) from++
  let to = columns.length
  while (to > from && columns.t[to - 1] > maxT) to--
  columns.t.copyWithin(0, from, to)
  columns.v.copyWithin(0, from, to)
  if (columns.h !== undefined) columns.h = columns.h.slice(from, to)
  columns.length = to - from
}
