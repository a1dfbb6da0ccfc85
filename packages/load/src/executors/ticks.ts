/**
 * When the iterations of an arrival-rate scenario begin. Ticks are numbered from 0 and known before the
 * start; times are ms from the start of the scenario.
 */
import type { Scenario, Stage } from './scenario.ts'
import { type Stripes, globalOf } from './stripes.ts'

export interface Ticks {
  /** When the n-th tick is due; Infinity: there is no such tick (yet). */
  timeOf(n: number): number
}

export function ticksOf(
  scenario: Extract<Scenario, { executor: 'constant-arrival-rate' | 'ramping-arrival-rate' }>,
): Ticks {
  const { timeUnitMs, stripes } = scenario
  return scenario.executor === 'constant-arrival-rate'
    ? constantTicks(scenario.rate, timeUnitMs, scenario.durationMs, stripes)
    : rampingTicks(scenario.startRate, scenario.stages, timeUnitMs, stripes)
}

/** Tick i at i ÷ rate, the first at once, the last at the end: n whole periods have n + 1 ticks, as in k6. */
export function constantTicks(
  rate: number,
  timeUnitMs: number,
  durationMs: number,
  stripes: Stripes | null,
): Ticks {
  return {
    timeOf(n) {
      const at = (globalOf(stripes, n) * timeUnitMs) / rate
      return at <= durationMs ? at : Infinity
    },
  }
}

/** Parts of an iteration that are errors of floating point. */
const ROUNDING = 1e-6

/**
 * Tick i (from 1) where the area under the rate reaches i. In a stage from rate a to b that lasts d and
 * starts with n done, that is where `a·t + (b−a)·t²/2d = i − n`.
 */
export function rampingTicks(
  startRate: number,
  stages: readonly Stage[],
  timeUnitMs: number,
  stripes: Stripes | null,
): Ticks {
  const pieces: { from: number; to: number; durationMs: number; startMs: number; done: number }[] =
    []
  let from = startRate / timeUnitMs
  let startMs = 0
  let done = 0
  for (const { durationMs, target } of stages) {
    const to = target / timeUnitMs
    pieces.push({ from, to, durationMs, startMs, done })
    done += durationMs * ((to - from) / 2 + from)
    startMs += durationMs
    from = to
  }
  const total = done
  return {
    timeOf(n) {
      const i = globalOf(stripes, n) + 1
      if (i > total + ROUNDING) return Infinity
      const piece = lastBelow(pieces, i - ROUNDING)
      return piece.startMs + Math.min(piece.durationMs, timeInPiece(piece, i - piece.done))
    },
  }
}

/** The last piece that starts with less than i done. */
function lastBelow<T extends { done: number }>(pieces: readonly T[], i: number): T {
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (pieces[middle]!.done < i) low = middle
    else high = middle - 1
  }
  return pieces[low]!
}

function timeInPiece(
  { from, to, durationMs }: { from: number; to: number; durationMs: number },
  area: number,
): number {
  if (from === to) return area / to
  const root = Math.sqrt(
    Math.max(0, durationMs * (from * from * durationMs + 2 * area * (to - from))),
  )
  return (from * durationMs - root) / (from - to)
}
