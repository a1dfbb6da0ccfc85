/** The chart of a suspect: a unit by the name of its metric. */
import type { Suspect } from '../api/vigie.ts'
import { seriesName } from '../explore/series-name.ts'
import type { RunChart, RunUnit } from './run-queries.ts'

const UNITS: [RegExp, RunUnit][] = [
  [/_bytes$/, 'bytes'],
  [/cpu_seconds/, 'ratio'],
  [/_seconds(_|$)/, 'seconds'],
  [/_(ratio|utili[sz]ation)$/, 'ratio'],
]
/** A suspect is one series, or one for each of few places. */
const SERIES_MAX = 8

export function suspectChart({ metric, expr, rank }: Suspect): RunChart {
  const isRate = /^\s*(sum|max|avg)?[^(]*\(?\s*(rate|irate)\(/.test(expr)
  const unit = UNITS.find(([name]) => name.test(metric))?.[1] ?? (isRate ? 'perSec' : 'count')
  return {
    title: `${rank}. ${metric}`,
    unit,
    seriesMax: SERIES_MAX,
    queries: [{ expr, name: (labels) => seriesName(labels) || metric }],
  }
}
