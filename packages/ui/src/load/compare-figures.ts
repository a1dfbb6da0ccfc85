/** Figures of two sides in words: what a row's unit is, how far B is from A. */
import type { ComparisonRow, Run } from '../api/vigie.ts'
import { formatCount, formatDurationMs } from '../time/format.ts'
import { perSec, percent, tookMs } from './run-verdict.ts'

export interface Figure {
  name: string
  a: number | null
  b: number | null
  format: (value: number) => string
}

interface Measure {
  name: string
  of: (run: Run) => number | null
  format: Figure['format']
}

/** How the runs were made: what differs here may explain what differs elsewhere. */
const SETTING: Measure[] = [
  { name: 'Most users', of: (run) => run.vusMax, format: formatCount },
  { name: 'Took', of: (run) => tookMs(run, run.startedMs), format: formatDurationMs },
  { name: 'Iterations', of: (run) => run.iterations, format: formatCount },
]
/** What lists show of a run. */
const OUTCOME: Measure[] = [
  { name: 'Response time, p95', of: (run) => run.p95Ms, format: formatDurationMs },
  { name: 'Requests', of: (run) => run.requestsPerSec, format: perSec },
  { name: 'Failed requests', of: (run) => run.failedRatio, format: percent },
]

/** Means of each side. `hasOutcome`: also what nobody has judged. */
export function figures(a: readonly Run[], b: readonly Run[], hasOutcome: boolean): Figure[] {
  return [...(hasOutcome ? OUTCOME : []), ...SETTING].map(({ name, of, format }) => ({
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

export const ROW_FORMAT: Record<ComparisonRow['kind'], (value: number) => string> = {
  latency: formatDurationMs,
  throughput: perSec,
  errors: percent,
}

const NAMES = new Map([
  ['http_req_duration', 'Response time'],
  ['iteration_duration', 'Iteration'],
  ['http_reqs', 'Requests'],
  ['iterations', 'Iterations'],
  ['http_req_failed', 'Failed requests'],
  ['checks failed', 'Failed checks'],
])

/** `http_req_duration p(95)` as `Response time, p95`. */
export function rowName(name: string): string {
  const [metric = '', stat] = name === 'checks failed' ? [name] : name.split(' ')
  const title = NAMES.get(metric) ?? metric
  return stat === undefined ? title : `${title}, ${stat.replace(/^p\((.*)\)$/, 'p$1')}`
}

/** `+12 %`, `−3.4 %`, `the same`; '' when it cannot be said. */
export function changeText(a: number | null, b: number | null): string {
  if (a === null || b === null) return ''
  if (a === b) return 'the same'
  if (a === 0) return ''
  return ratioText(b / a)
}

/** A ratio as its distance from 1; from a doubling on as a factor. */
export function ratioText(ratio: number): string {
  if (ratio >= 2) return `×${Number(ratio.toPrecision(2))}`
  const change = (ratio - 1) * 100
  const size = Math.abs(change)
  const text = Number(size >= 10 ? size.toFixed(0) : size.toFixed(1))
  return `${change < 0 && text !== 0 ? '−' : '+'}${text} %`
}

export function intervalText({ low, high }: Pick<ComparisonRow, 'low' | 'high'>): string {
  return low === null || high === null ? '' : `${ratioText(low)} to ${ratioText(high)}`
}
