/** The levels as one experiment: what was normal, what broke, and what the load alone would explain. */
import { lineOf, mean, variance } from '../statistics.ts'
import type { SuspectLevel } from './series.ts'

/** Levels up to this share of the breaking load are normal. */
const NORMAL_SHARE = 0.65
/** Largest load ÷ smallest below which loads are one load, and time is what changes. */
const SAME_LOAD = 1.3
/** A predictor that varies less than this share says nothing. */
const SAME_DEMAND = 0.1

export interface Frame {
  /** By position. */
  levels: readonly SuspectLevel[]
  /** Whether levels differ in load; else they differ in time, and positions are seconds. */
  isByLoad: boolean
  /** Load, or seconds since the first level. */
  positions: Float64Array
  /** Of the first level that broke for good; null: none did. */
  breakAt: number | null
  /** Indices of levels. */
  normal: readonly number[]
  broken: readonly number[]
  throughput: Float64Array
  p95: Float64Array
  /** 0 or 1. */
  badness: Float64Array
  /** What grows with the load by itself; each becomes a straight line through the normal levels. */
  demands: readonly Float64Array[]
}

export function frameOf(given: readonly SuspectLevel[]): Frame {
  const loads = given.map(({ load }) => load)
  const isByLoad = Math.max(...loads) >= SAME_LOAD * Math.min(...loads)
  const startMs = Math.min(...given.map((level) => level.startMs))
  const positionOf = (level: SuspectLevel): number =>
    isByLoad ? level.load : (level.startMs - startMs) / 1000
  const levels = given.toSorted((a, b) => positionOf(a) - positionOf(b) || a.startMs - b.startMs)
  const positions = Float64Array.from(levels, positionOf)
  const breakAt = breakOf(levels, positions, isByLoad)
  const indices = levels.map((_, i) => i)
  const broken = indices.filter(
    (i) => breakAt !== null && !levels[i]!.isOk && positions[i]! >= breakAt,
  )
  const column = (read: (level: SuspectLevel) => number): Float64Array =>
    Float64Array.from(levels, read)
  return {
    levels,
    isByLoad,
    positions,
    breakAt,
    normal: normalOf(levels, positions, breakAt ?? Infinity),
    broken,
    throughput: column(({ throughput }) => throughput),
    p95: column(({ p95 }) => p95),
    badness: column(({ isOk }) => (isOk ? 0 : 1)),
    demands: [
      column(({ throughput }) => throughput),
      column(({ offered }) => offered),
      ...(isByLoad ? [column(({ load }) => load)] : []),
    ],
  }
}

/** Smallest failing position above every passing one; a load that was run again counts as it went last. */
function breakOf(
  levels: readonly SuspectLevel[],
  positions: Float64Array,
  isByLoad: boolean,
): number | null {
  const last = new Map<number, SuspectLevel>()
  for (const [i, level] of levels.entries()) last.set(positions[i]!, level)
  const failing = [...last].filter(([, { isOk }]) => !isOk).map(([at]) => at)
  if (failing.length === 0) return null
  const passing = [...last].filter(([, { isOk }]) => isOk).map(([at]) => at)
  const highest = Math.max(...passing, -Infinity)
  const above = failing.filter((at) => at > highest)
  // In time, what broke may have mended, when the load was taken away.
  return isByLoad && above.length > 0 ? Math.min(...above) : Math.min(...failing)
}

function normalOf(
  levels: readonly SuspectLevel[],
  positions: Float64Array,
  breakAt: number,
): number[] {
  const passing = levels.map((_, i) => i).filter((i) => levels[i]!.isOk && positions[i]! < breakAt)
  const low = passing.filter((i) => positions[i]! <= breakAt * NORMAL_SHARE)
  const chosen = low.length >= 2 ? low : passing.slice(0, 2)
  return chosen.length > 0 ? chosen : [0]
}

export const at = (values: ArrayLike<number>, indices: readonly number[]): number[] =>
  indices.map((i) => values[i]!).filter((value) => !Number.isNaN(value))

export interface Expectation {
  /** What load alone explains, per level. */
  expected: Float64Array
  /** How far values stray from that anyway, per level; > 0. */
  noise: Float64Array
}

/** `isFlat`: the value should not follow the load at all, as the mean of a duration. */
export function expect(values: Float64Array, frame: Frame, isFlat: boolean): Expectation {
  const known = frame.normal.filter((i) => !Number.isNaN(values[i]!))
  const level = mean(at(values, known))
  const lines = isFlat ? [] : frame.demands.filter((demand) => spreadOf(at(demand, known)))
  const through = lines.map((demand) => ({
    demand,
    line: lineOf(at(demand, known), at(values, known)),
  }))
  const proportional = !isFlat && known.length === 1
  const expected = Float64Array.from(values, (_, i) => {
    if (proportional)
      return level * Math.max(...frame.demands.map((demand) => demand[i]! / demand[known[0]!]!))
    const rising = through
      .filter(({ line }) => line.slope > 0)
      .map(({ demand, line }) => line.intercept + line.slope * demand[i]!)
    return Math.max(level, ...rising)
  })
  const strays = known.map((i) => values[i]! - expected[i]!)
  const sd = strays.length >= 3 ? Math.sqrt(variance(strays)) : 0
  const scale = Math.max(...values.filter((value) => !Number.isNaN(value)).map(Math.abs))
  return {
    expected,
    noise: expected.map((one) => Math.max(sd, 0.05 * Math.abs(one), 0.002 * scale, 1e-12)),
  }
}

const spreadOf = (values: readonly number[]): boolean =>
  values.length > 1 && Math.max(...values) - Math.min(...values) > SAME_DEMAND * Math.max(...values)

/** Smallest position from which on three of four levels are flagged; null: none. */
export function departure(frame: Frame, isFlagged: (index: number) => boolean): number | null {
  let found: number | null = null
  let flagged = 0
  let seen = 0
  for (let i = frame.levels.length - 1; i >= 0; i--) {
    seen++
    if (isFlagged(i)) flagged++
    if (flagged === 0) continue
    if (flagged / seen < 0.75) break
    if (isFlagged(i)) found = frame.positions[i]!
  }
  return found
}
