/** How full the chunks of a block are, in the intervals and figures that promtool shows. */
import type { ChunkShape } from '../block/block.ts'

export interface ShapeBucket {
  /** Above `from`, up to `to` (as promtool names them; a value of `from` itself counts here, too). */
  from: number
  to: number
  count: number
}

export interface Distribution {
  name: string
  /** Undefined when there is no such chunk. */
  found: { min: number; avg: number; max: number; buckets: ShapeBucket[] } | undefined
}

const STEP_MIN = 10
const STEP_MAX = 100_000
const BUCKETS_MAX = 10

export interface ChunkShapes {
  chunks: number
  distributions: Distribution[]
}

export function chunkShapes(all: Iterable<ChunkShape>): ChunkShapes {
  const floats: ChunkShape[] = []
  const histograms: ChunkShape[] = []
  for (const shape of all) (shape.buckets === undefined ? floats : histograms).push(shape)
  const of = (
    name: string,
    shapes: readonly ChunkShape[],
    value: (shape: ChunkShape) => number,
  ): Distribution => ({ name, found: distribution(shapes.map(value)) })
  return {
    chunks: floats.length + histograms.length,
    distributions: [
      of('samples per float chunk', floats, (shape) => shape.samples),
      of('bytes per float chunk', floats, (shape) => shape.bytes),
      of('samples per histogram chunk', histograms, (shape) => shape.samples),
      of('bytes per histogram chunk', histograms, (shape) => shape.bytes),
      of('buckets per histogram chunk', histograms, (shape) => shape.buckets ?? 0),
    ],
  }
}

function distribution(values: readonly number[]): Distribution['found'] {
  if (values.length === 0) return undefined
  let [min, max, sum] = [Infinity, -Infinity, 0]
  for (const value of values) {
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
  }
  let step = STEP_MIN
  while (step < Math.floor((max - min) / BUCKETS_MAX) && step < STEP_MAX) step *= 10
  const start = min - (min % step)
  const end = max - (max % step) + step
  const buckets: ShapeBucket[] = []
  for (let from = start; from <= end; from += step)
    buckets.push({ from, to: from + step, count: 0 })
  for (const value of values) buckets[Math.floor((value - start) / step)].count++
  return { min, avg: Math.floor(sum / values.length), max, buckets }
}
