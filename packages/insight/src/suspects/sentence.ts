/** One sentence about a suspect, with its numbers. */
import type { Frame } from './frame.ts'
import type { Verdict } from './judge.ts'
import { detailOf, subjectOf, tokensOf, valueText, wordsOf } from './names.ts'
import { mean } from '../statistics.ts'
import { at } from './frame.ts'
import type { Signal } from './signals.ts'

interface Context {
  /** `412 players`, `95 iterations/s` */
  words: (load: number) => string
  /** First words of names that are left out. */
  namespaces: ReadonlySet<string>
  isInstanceNeeded: boolean
  /** What a queue's worker handles per second, when known. */
  ceiling: number | null
}

export function sentenceOf(
  verdict: Verdict,
  frame: Frame,
  { words, namespaces, isInstanceNeeded, ceiling }: Context,
): string {
  const { signal, departedAt } = verdict
  const detail = detailOf(signal.labels)
  const subject = subjectOf(signal.labels, isInstanceNeeded)
  const what = `${wordsOf(signal.labels, namespaces)}${detail === '' ? '' : ` (${detail})`}`
  const from = frame.isByLoad
    ? `from ${words(departedAt)} on`
    : departedAt === 0
      ? 'all along'
      : `from ${valueText(Math.round(departedAt), 's')} on`
  return `${subject}: ${happened(verdict, frame, what, from)}${ceiling === null ? '' : `; it handles at most ${perSecond(ceiling)}`}`
}

/** Share of a core from which on a single thread is full. */
const FULL_CORE = 0.8

function happened(verdict: Verdict, frame: Frame, what: string, from: string): string {
  const { signal, kind, baseline, atBreak, predicted } = verdict
  const text = (value: number): string => valueText(rounded(value), signal.unit)
  const share = (value: number): string => valueText(Math.round(value * 100), '%')
  const prediction =
    predicted === null ? '' : `; by what it takes it is full at ${perSecond(predicted)}`
  switch (kind) {
    case 'utilisation':
      if (signal.form === 'ratio')
        return `${what} went from ${share(baseline)} to ${share(atBreak)} of ${valueText(signal.ceiling!, '')} ${from}${prediction}`
      if (signal.role === 'cpu')
        return `CPU went from ${share(baseline)} to ${share(atBreak)} of one core ${from}${atBreak < FULL_CORE ? '' : ': a single thread has no more'}${prediction}`
      if (signal.role === 'left')
        return `${what} fell from ${text(baseline)} to ${text(atBreak)} ${from}`
      return `${what} took ${share(baseline)} of the time, then ${share(atBreak)} ${from}${prediction}`
    case 'plateau':
      return `${what} stopped to follow the load ${from}, at ${perSecond(atBreak)}`
    case 'errors':
      if (signal.role === 'down') return `did not answer scrapes ${from}`
      return `${what} went from ${perSecond(baseline)} to ${perSecond(atBreak)} ${from}`
    case 'leak': {
      const starts = frame.levels.map(({ startMs }) => startMs)
      const ends = frame.levels.map(({ endMs }) => endMs)
      const seconds = (Math.max(...ends) - Math.min(...starts)) / 1000
      return `${what} only ever grew, from ${text(baseline)} to ${text(atBreak)} in ${valueText(Math.round(seconds), 's')}, and did not fall back`
    }
    case 'queue':
    case 'contention':
      if (signal.form === 'rate')
        return `${what} kept ${valueText(rounded(baseline), '')} callers waiting at a time, then ${valueText(rounded(atBreak), '')} ${from}`
      return `${what} grew from ${text(baseline)} to ${text(atBreak)} ${from}`
  }
}

const perSecond = (value: number): string => `${valueText(rounded(value), '')}/s`

/** Three digits. */
const rounded = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(2))

const DONE = new Set(['processed', 'handled', 'consumed', 'served', 'completed', 'done', 'events'])

/** Rate of the counter beside a queue that stopped to follow: what the queue's worker handles. */
export function ceilingOf(
  queue: Signal,
  signals: readonly Signal[],
  frame: Frame,
): { value: number; signal: Signal } | null {
  const own = new Set(tokensOf(queue.labels.__name__ ?? ''))
  let best: { value: number; signal: Signal; shared: number } | null = null
  for (const signal of signals) {
    if (signal.form !== 'rate' || signal.unit !== '' || signal.role !== 'other') continue
    if (signal.labels.job !== queue.labels.job) continue
    if (signal.labels.instance !== queue.labels.instance) continue
    const tokens = tokensOf(signal.labels.__name__ ?? '')
    const shared =
      tokens.filter((token) => own.has(token)).length +
      (tokens.some((token) => DONE.has(token)) ? 1.5 : 0)
    const stopped = stopsAt(signal, frame)
    if (stopped !== null && shared >= 1 && shared > (best?.shared ?? 0))
      best = { value: stopped, signal, shared }
  }
  return best
}

/** Rate at the highest load, when it rose by less than the load did. */
function stopsAt({ values }: Signal, frame: Frame): number | null {
  const known = frame.broken.filter((i) => !Number.isNaN(values[i]!))
  const top = known.at(-1)
  const before = mean(at(values, frame.normal))
  if (top === undefined || !(before > 0)) return null
  const offered = Float64Array.from(frame.levels, (level) => level.offered)
  const load = offered[top]! / mean(at(offered, frame.normal))
  if (values[top]! / before > 0.95 * load) return null
  return Math.max(...at(values, known))
}
