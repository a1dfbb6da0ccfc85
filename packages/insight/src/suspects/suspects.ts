/**
 * Which series gave first: every series of the servers under load against the levels of that load. The
 * controlled load gives the causality; what only follows it, or comes after, is left out.
 */
import { loadText, type LoadUnit } from '../capacity-result.ts'
import { frameOf, type Frame } from './frame.ts'
import { type ScoreParts, type SuspectKind, type Verdict, judge, score, scoreOf } from './judge.ts'
import { leak } from './leak.ts'
import { namespacesOf, subjectOf, tokensOf } from './names.ts'
import { ceilingOf, sentenceOf } from './sentence.ts'
import type { SuspectLevel, SuspectSeries } from './series.ts'
import { type Signal, signalsOf } from './signals.ts'

const SHOWN = 5
/** Weaker ones are noise. */
const LEAST_SCORE = 0.12

export interface SuspectInput {
  /** Holds of a search, or windows of a run. Levels that failed by the generator are left out by the caller. */
  levels: readonly SuspectLevel[]
  series: readonly SuspectSeries[]
  unit: LoadUnit
  /** Words for a load; left out: `412 VUs`, `95 iterations/s`. */
  words?: (load: number) => string
  /** At most this many; left out: 5. */
  shown?: number
}

export interface Suspect {
  /** 1: the first. */
  rank: number
  metric: string
  labels: Record<string, string>
  /** Who: the job, and its instance where there are several. */
  subject: string
  kind: SuspectKind
  /** PromQL that draws the chart. */
  expr: string
  /** 0..1 */
  score: number
  parts: ScoreParts
  /** Load from which on it left its course; null: it gave by time, under the same load. */
  departedAt: number | null
  /** Values (rates per second, means, shares of a ceiling) at normal levels and at broken ones. */
  baseline: number
  atBreak: number
  /** What it can take, per second or in things; null: unknown. */
  ceiling: number | null
  sentence: string
}

/** The suspects, the strongest first. Without a broken level only leaks are looked for. */
export function findSuspects(input: SuspectInput): Suspect[] {
  if (input.levels.length < 2) return []
  const frame = frameOf(input.levels)
  const signals = signalsOf(input.series, frame.levels)
  const found = signals
    .flatMap((signal) => strongest(signal, frame))
    .toSorted((a, b) => b.score - a.score)
  return onePerResource(found)
    .filter((one) => one.score >= LEAST_SCORE)
    .slice(0, input.shown ?? SHOWN)
    .map((one, i) => suspectOf(one, i + 1, signals, frame, input))
}

interface Scored {
  verdict: Verdict
  parts: ScoreParts
  score: number
}

function strongest(signal: Signal, frame: Frame): Scored[] {
  const scored = [judge(signal, frame), leak(signal, frame)].flatMap((verdict) => {
    if (verdict === null) return []
    const parts = score(verdict, frame)
    return [{ verdict, parts, score: scoreOf(parts) }]
  })
  return scored.toSorted((a, b) => b.score - a.score).slice(0, 1)
}

/** Several series of one thing (its queue, its wait, its use) are one suspect: the strongest. */
function onePerResource(sorted: readonly Scored[]): Scored[] {
  const seen = new Set<string>()
  return sorted.filter(({ verdict: { signal } }) => {
    const { labels } = signal
    const stem = tokensOf(labels.__name__ ?? '').slice(0, 2)
    const isCommon = signal.role === 'runtime' || signal.role === 'cpu' || signal.role === 'loop'
    const key = JSON.stringify([
      labels.job,
      labels.instance,
      isCommon ? labels.__name__ : stem,
      labels.consumer ?? labels.queue ?? labels.pool ?? '',
    ])
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function suspectOf(
  { verdict, parts, score: total }: Scored,
  rank: number,
  signals: readonly Signal[],
  frame: Frame,
  { unit, words = (load) => loadText(load, unit) }: SuspectInput,
): Suspect {
  const { signal, kind, departedAt, baseline, atBreak } = verdict
  const { labels } = signal
  const beside = kind === 'queue' ? ceilingOf(signal, signals, frame) : null
  const ceiling = beside?.value ?? (kind === 'plateau' ? atBreak : signal.ceiling)
  const isInstanceNeeded = signals.some(
    (other) => other.labels.job === labels.job && other.labels.instance !== labels.instance,
  )
  return {
    rank,
    metric: labels.__name__ ?? '',
    labels: { ...labels },
    subject: subjectOf(labels, isInstanceNeeded),
    kind,
    expr: signal.expr,
    score: total,
    parts,
    departedAt: frame.isByLoad ? departedAt : null,
    baseline,
    atBreak,
    ceiling,
    sentence: sentenceOf(verdict, frame, {
      words,
      namespaces: namespacesOf(signals.map((other) => other.labels)),
      isInstanceNeeded,
      ceiling: beside?.value ?? null,
    }),
  }
}
