/** What `--find-limit` says on the terminal. */
import { loadText } from '@vigie/insight'
import type { LimitLevel, LimitReport, SuspectReport } from '@vigie/load'
import { suspectsText } from '../suspects/text.ts'

const BAR_WIDTH = 28
const NO_VIGIE = `    Suspects and head-room need a Vigie that watches the target: start one beside it
    (vigie localhost:3000), then run this again; it is found by itself, or named with --vigie.
`

export interface LimitTextOptions {
  /** Null: nobody looked. */
  suspects: SuspectReport[] | null
  hasVigie: boolean
  wantsSuspects: boolean
  columns: number
}

/** A line for each level as it ends. */
export function levelLine(level: LimitLevel, unit: LimitReport['unit']): string {
  const name = { baseline: 'baseline', up: 'raise', bisect: 'bisect', confirm: 'soak' }[level.phase]
  const verdict = level.held ? '✓ held  ' : '✗ failed'
  const figures = `${perSec(level.requestsPerSec)} req/s, p50 ${ms(level.p50Ms)}, p95 ${ms(level.p95Ms)}, errors ${percent(level.errorRate)}`
  const why =
    level.held || level.problems.length === 0 ? '' : `\n${' '.repeat(12)}${level.problems[0]}`
  return `  ${name.padEnd(9)} ${loadText(level.load, unit).padStart(16)}  ${verdict}  ${figures}${why}\n`
}

export function limitText(report: LimitReport, options: LimitTextOptions): string {
  const { why, headroom } = report
  const parts = [
    `\n  █ LIMIT\n\n    ${why ?? 'Nothing is known yet.'}\n`,
    ...report.notes.map((note) => `    ${note}\n`),
    headroom === null ? '' : `    ${headroomText(headroom)}\n`,
    '\n',
    curveText(report),
    '\n',
  ]
  if (!options.hasVigie) parts.push(NO_VIGIE, '\n')
  else if (options.suspects !== null) parts.push(suspectsText(options.suspects))
  return parts.join('')
}

function headroomText(headroom: NonNullable<LimitReport['headroom']>): string {
  const { capacityPerSec, peakPerSec, peakMs, factor, sinceMs, expr } = headroom
  return [
    `Head-room: ${factor >= 10 ? Math.round(factor) : factor.toFixed(1)} × the busiest moment of real life, ${perSec(peakPerSec)} req/s at ${time(peakMs)} (now ${perSec(capacityPerSec)});`,
    `    what is stored reaches back to ${time(sinceMs)}. By ${expr}.`,
  ].join('\n')
}

/** The levels by load, the last verdict of each, with bars of their p95 on a logarithmic scale. */
function curveText({ levels, unit }: LimitReport): string {
  const byLoad = new Map(levels.map((one) => [one.load, one]))
  const rows = [...byLoad.values()].sort((a, b) => a.load - b.load)
  if (rows.length === 0) return ''
  const seen = rows.flatMap(({ p95Ms }) => (p95Ms === null || p95Ms <= 0 ? [] : [p95Ms]))
  const low = Math.log(Math.min(...seen) / 2)
  const high = Math.log(Math.max(...seen))
  const bar = (p95Ms: number | null): string => {
    if (p95Ms === null || p95Ms <= 0 || seen.length === 0) return ''
    const share = high > low ? (Math.log(p95Ms) - low) / (high - low) : 1
    return '▇'.repeat(Math.max(1, Math.round(share * BAR_WIDTH)))
  }
  const head = `    ${(unit === 'vus' ? 'VUs' : 'iter/s').padStart(8)}  ${'req/s'.padStart(8)}  ${'p50'.padStart(8)}  ${'p95'.padStart(8)}  ${'errors'.padStart(7)}\n`
  const lines = rows.map(
    (one) =>
      `  ${one.held ? '✓' : '✗'} ${number(one.load).padStart(8)}  ${perSec(one.requestsPerSec).padStart(8)}  ${ms(one.p50Ms).padStart(8)}  ${ms(one.p95Ms).padStart(8)}  ${percent(one.errorRate).padStart(7)}  ${bar(one.p95Ms)}\n`,
  )
  return head + lines.join('')
}

const number = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toPrecision(3)

const perSec = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

function ms(value: number | null): string {
  if (value === null) return '-'
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ms`
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`

const time = (timeMs: number): string =>
  `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
