/**
 * Whether a signal gave, how, and from which load on. Each kind of signal gives in its own way: what has a
 * ceiling fills up (utilisation law U = X·D: the resource whose predicted ceiling is the throughput at the
 * break is the bottleneck), queues and durations outgrow what the load explains, rates stop to follow it.
 */
import { ksDistance } from '../distance.ts'
import { type Demand, demandOf } from '../fits/utilisation.ts'
import { lineOf, mean, median, spearman } from '../statistics.ts'
import { type Frame, at, departure, expect } from './frame.ts'
import { samplesIn, settled } from './series.ts'
import type { Signal } from './signals.ts'

export type SuspectKind = 'utilisation' | 'queue' | 'plateau' | 'contention' | 'leak' | 'errors'

export interface Verdict {
  signal: Signal
  kind: SuspectKind
  /** How much this way of giving says about the cause, 0..1. */
  weight: number
  departedAt: number
  baseline: number
  atBreak: number
  /** utilisation: throughput at which it is full, by what it costs per unit of throughput. */
  predicted: number | null
}

/** Share from which on something is full. */
const FULL = 0.85
/** Processor time per second that one busy thread and its helpers take; less where others want the core. */
const CPU_FULL = 0.8
const CPU_SHARED = 0.6
/** How much a full thread says that got less than a core. */
const SHARED_WEIGHT = 0.8
const CPU_MANY = 1.35
/** Not full, but the next to be when its use follows the throughput this steadily: said when nothing is. */
const HALF_FULL = 0.35
const STEADY = 0.8
const HALF_FULL_WEIGHT = 0.48
/** Logarithm of predicted ceiling ÷ largest throughput, up or down, that still is the same. */
const SAME_CEILING = Math.log(1.25)
/** Utilisation follows the throughput up to this share of the breaking load; above, effects show. */
const BELOW_KNEE = 0.85
const PLATEAU = 0.93
/** Excess over what load explains, in multiples of its noise. */
const SIGNIFICANT = 4

export function judge(signal: Signal, frame: Frame): Verdict | null {
  if (frame.broken.length === 0 || at(signal.values, frame.broken).length === 0) return null
  if (at(signal.values, frame.normal).length === 0) return null
  const { role, form } = signal
  if (form === 'ratio') return full(signal, frame, FULL)
  if (role === 'cpu') return full(signal, frame, CPU_SHARED)
  if (role === 'held' && form === 'rate') return full(signal, frame, FULL)
  if (role === 'left') return emptied(signal, frame)
  if (role === 'limit' || role === 'error' || role === 'down') return refused(signal, frame)
  // Seconds waited per second are how many wait.
  if (form === 'rate' && !(role === 'queue' && signal.unit !== ''))
    return frame.isByLoad ? plateau(signal, frame) : null
  return grown(signal, frame)
}

function full(signal: Signal, frame: Frame, level: number): Verdict | null {
  const { values, role } = signal
  const atBreak = median(at(values, frame.broken))
  // More than one thread: what it may take is not known.
  if (signal.form === 'rate' && atBreak > CPU_MANY) return null
  const demand = demandBelowKnee(signal, frame)
  if (atBreak < level && !(atBreak >= HALF_FULL && demand !== null && demand.r2 >= STEADY))
    return null
  const departedAt = departure(frame, (i) => values[i]! >= 0.9 * atBreak)
  if (departedAt === null) return null
  const reached = Math.max(...frame.throughput.filter((value) => !Number.isNaN(value)))
  const off = demand === null ? Infinity : Math.abs(Math.log(demand.ceiling / reached))
  const isNear = off <= SAME_CEILING
  const fits = frame.isByLoad ? Math.max(0.5, 1 - 0.6 * Math.max(0, off - SAME_CEILING)) : 1
  const isShared = role === 'cpu' && atBreak < CPU_FULL
  return {
    signal,
    kind: 'utilisation',
    weight: atBreak < level ? HALF_FULL_WEIGHT : fits * (isShared ? SHARED_WEIGHT : 1),
    departedAt,
    baseline: mean(at(values, frame.normal)),
    atBreak,
    predicted: demand !== null && (isNear || atBreak < level) ? demand.ceiling : null,
  }
}

/** What it takes per unit of throughput, from the levels below the knee; null: it does not follow. */
function demandBelowKnee({ values }: Signal, frame: Frame): Demand | null {
  const { throughput, levels, positions, breakAt } = frame
  const known = levels
    .map((_, i) => i)
    .filter(
      (i) => levels[i]!.isOk && positions[i]! <= BELOW_KNEE * breakAt! && !Number.isNaN(values[i]!),
    )
  return demandOf(
    known.map((i) => throughput[i]!),
    known.map((i) => values[i]!),
  )
}

function emptied(signal: Signal, frame: Frame): Verdict | null {
  const { values } = signal
  const baseline = mean(at(values, frame.normal))
  const atBreak = median(at(values, frame.broken))
  if (!(baseline > 0) || atBreak > 0.25 * baseline) return null
  const departedAt = departure(frame, (i) => values[i]! <= 0.4 * baseline)
  if (departedAt === null) return null
  const weight = signal.form === 'rate' ? 0.4 : 0.93
  return { signal, kind: 'utilisation', weight, departedAt, baseline, atBreak, predicted: null }
}

/** What is refused or fails: nothing at first, more than a hundredth of the throughput in the end. */
function refused(signal: Signal, frame: Frame): Verdict | null {
  const { values, role, form } = signal
  if (form === 'mean') return grown(signal, frame)
  const shareOf = (i: number): number =>
    form === 'rate' ? values[i]! / Math.max(frame.throughput[i]!, 1e-9) : values[i]!
  const shares = Float64Array.from(values, (_, i) => shareOf(i))
  const before = mean(at(shares, frame.normal))
  const after = median(at(shares, frame.broken))
  if (!(after > 0.01) || after < 4 * before) return null
  const departedAt = departure(frame, (i) => shares[i]! > Math.max(0.005, 2 * before))
  if (departedAt === null) return null
  return {
    signal,
    kind: 'errors',
    weight: role === 'limit' ? 0.97 : role === 'down' ? 0.9 : 0.45,
    departedAt,
    baseline: mean(at(values, frame.normal)),
    atBreak: mean(at(values, frame.broken)),
    predicted: null,
  }
}

/** What follows from the rest: the requests themselves, and the housekeeping of a runtime. */
const SYMPTOMS: ReadonlySet<Signal['role']> = new Set(['front', 'error', 'runtime'])

/** A rate that stops to follow the load. Where all throughput stops to, it only says so again. */
function plateau(signal: Signal, frame: Frame): Verdict | null {
  const { values, role } = signal
  const offered = Float64Array.from(frame.levels, (level) => level.offered)
  const follows = (y: Float64Array): Float64Array => y.map((value, i) => value / offered[i]!)
  const own = follows(values)
  const before = mean(at(own, frame.normal))
  const after = mean(at(own, frame.broken))
  if (!(before > 0) || !(after < PLATEAU * before)) return null
  // Below, it must have followed: else it has a rhythm of its own.
  const passing = frame.levels.map((_, i) => i).filter((i) => frame.levels[i]!.isOk)
  const { r2 } = lineOf(at(offered, passing), at(values, passing))
  if (passing.length >= 3 && r2 < 0.8) return null
  const front = follows(frame.throughput)
  const isAll = mean(at(front, frame.broken)) < PLATEAU * mean(at(front, frame.normal))
  const departedAt = departure(frame, (i) => own[i]! < PLATEAU * before)
  if (departedAt === null) return null
  return {
    signal,
    kind: 'plateau',
    weight: SYMPTOMS.has(role) ? 0.25 : isAll ? 0.3 : 0.88,
    departedAt,
    baseline: mean(at(values, frame.normal)),
    atBreak: mean(at(values, frame.broken)),
    predicted: null,
  }
}

const GROWN_WEIGHT: Readonly<Record<Signal['role'], number>> = {
  queue: 0.95,
  held: 0.8,
  loop: 0.8,
  other: 0.7,
  left: 0.3,
  cpu: 0.4,
  limit: 0.6,
  error: 0.45,
  runtime: 0.35,
  front: 0.35,
  down: 0.9,
}

/** Grew beyond what the load explains. */
function grown(signal: Signal, frame: Frame): Verdict | null {
  const { values, role, form } = signal
  const isFlat = form === 'mean' || role === 'loop'
  const { expected, noise } = expect(values, frame, isFlat)
  const excess = values.map((value, i) => value - expected[i]!)
  const gained = median(at(excess, frame.broken))
  const wanted = median(at(expected, frame.broken))
  const usual = median(at(noise, frame.broken))
  if (!(gained > SIGNIFICANT * usual) || gained < 0.5 * Math.abs(wanted)) return null
  const departedAt = departure(
    frame,
    (i) => excess[i]! > Math.max(SIGNIFICANT * noise[i]!, 0.15 * gained),
  )
  if (departedAt === null || departedAt > 1.5 * frame.breakAt!) return null
  const isWait = role === 'queue' && form !== 'mean'
  return {
    signal,
    kind: isWait ? 'queue' : 'contention',
    weight: (form === 'mean' ? 0.9 : 1) * GROWN_WEIGHT[role],
    departedAt,
    baseline: mean(at(values, frame.normal)),
    atBreak: mean(at(values, frame.broken)),
    predicted: null,
  }
}

export interface ScoreParts {
  /** 1: long before the break, 0.5: at it, 0: long after. */
  earliness: number
  /** Kolmogorov-Smirnov distance of normal and broken. */
  distance: number
  /** |Spearman| with the latency, or with failing, whichever is larger. */
  correlation: number
  weight: number
}

export function score({ signal, departedAt, weight }: Verdict, frame: Frame): ScoreParts {
  const values = (indices: readonly number[]): number[] =>
    indices.flatMap((i) => [...samplesIn(signal.course, settled(frame.levels[i]!))])
  const rank = (of: Float64Array): number => Math.abs(spearman(signal.values, of))
  const distance = ksDistance(values(frame.normal), values(frame.broken))
  const ratio = frame.breakAt === null || frame.breakAt <= 0 ? 1 : departedAt / frame.breakAt
  return {
    earliness: Math.max(0, Math.min(1, 1.5 - ratio)),
    distance: Number.isNaN(distance) ? 0 : distance,
    correlation: Math.max(rank(frame.p95), rank(frame.badness)),
    weight,
  }
}

export const scoreOf = ({ earliness, distance, correlation, weight }: ScoreParts): number =>
  weight * (0.5 * earliness + 0.3 * distance + 0.2 * correlation)
