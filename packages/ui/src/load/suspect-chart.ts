/** The chart of a suspect: a unit by the name of its metric. */
import type { Suspect } from '../api/vigie.ts'
import { seriesName } from '../explore/series-name.ts'
import type { RunChart, RunUnit } from './run-queries.ts'

/** A rate of seconds is a share of time, a rate of bytes a speed, any other rate a count per second. */
function unitOf(metric: string, isRate: boolean): RunUnit {
  if (/_seconds(_sum|_total)?$/.test(metric)) return isRate ? 'ratio' : 'seconds'
  if (/_bytes(_total)?$/.test(metric)) return isRate ? 'bytesPerSec' : 'bytes'
  if (isRate) return 'perSec'
  return /_(ratio|utili[sz]ation)$/.test(metric) ? 'ratio' : 'count'
}

/** A suspect is one series, or one for each of few places. */
const SERIES_MAX = 8

export function suspectChart({ metric, expr, rank }: Suspect): RunChart {
  return {
    title: `${rank}. ${metric}`,
    unit: unitOf(metric, /\b(rate|irate|deriv)\(/.test(expr)),
    seriesMax: SERIES_MAX,
    queries: [{ expr, name: (labels) => seriesName(labels) || metric }],
  }
}
