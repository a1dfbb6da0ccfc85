/** The figures of two sides before anybody judges them: the mean of each side's runs, and the change. */
import type { Run } from '../api/vigie.ts'
import { formatCount, formatDurationMs } from '../time/format.ts'
import { perSec, percent } from './run-verdict.ts'

export interface Figure {
  name: string
  a: number | null
  b: number | null
  format: (value: number) => string
}

const MEASURES: { name: string; of: (run: Run) => number | null; format: Figure['format'] }[] = [
  { name: 'Response time, p95', of: (run) => run.p95Ms, format: formatDurationMs },
  { name: 'Requests', of: (run) => run.requestsPerSec, format: perSec },
  { name: 'Failed requests', of: (run) => run.failedRatio, format: percent },
  { name: 'Iterations', of: (run) => run.iterations, format: formatCount },
  { name: 'Most users', of: (run) => run.vusMax, format: formatCount },
]

export function figures(a: readonly Run[], b: readonly Run[]): Figure[] {
  return MEASURES.map(({ name, of, format }) => ({
    name,
    a: mean(a.map(of)),
    b: mean(b.map(of)),
    format,
  }))
}

function mean(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

/** `+12 %`, `−3.4 %`, `the same`; '' when it cannot be said. */
export function changeText(a: number | null, b: number | null): string {
  if (a === null || b === null) return ''
  if (a === b) return 'the same'
  if (a === 0) return ''
  return ratioText(b / a)
}

/** A ratio as its distance from 1. */
export function ratioText(ratio: number): string {
  const change = (ratio - 1) * 100
  const size = Math.abs(change)
  const text = size >= 10 ? size.toFixed(0) : size.toFixed(1)
  return `${change < 0 ? '−' : '+'}${Number(text)} %`
}
