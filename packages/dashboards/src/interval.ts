/** Steps of queries, as Grafana chooses them. */
import { parseDuration } from '@vigie/model'

/** Nice steps: an interval up to `limit` ms becomes `step` ms. */
const ROUNDING: readonly (readonly [limitMs: number, stepMs: number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1500, 1000],
  [3500, 2000],
  [7500, 5000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
  [3_628_800_000, 2_592_000_000],
]
const YEAR_MS = 31_536_000_000

export function roundInterval(ms: number): number {
  for (const [limitMs, stepMs] of ROUNDING) if (ms < limitMs) return stepMs
  return YEAR_MS
}

/** `10s`, `>10s` (the same here), `500ms`, or a number of ms; undefined when it is none. */
export function parseInterval(text: string): number | undefined {
  const bare = text.trim().replace(/^[<>]=?/, '')
  if (bare === '') return undefined
  if (/^\d+$/.test(bare)) return Number(bare)
  const short = /^(\d+(?:\.\d+)?)(ms|[smhdwMy])$/.exec(bare)
  if (short !== null) return Number(short[1]) * UNIT_MS[short[2]]
  return parseDuration(bare)
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: YEAR_MS,
}

/** `$__interval`: the range spread over the points a panel can show, rounded, and not below the lower bound. */
export function intervalMs(rangeMs: number, maxDataPoints: number, lowerMs: number): number {
  return Math.max(roundInterval(rangeMs / Math.max(1, maxDataPoints)), lowerMs, 1)
}

/** `$__rate_interval`: at least four scrapes, so that a rate always sees two samples. */
export const rateIntervalMs = (stepMs: number, scrapeMs: number): number =>
  Math.max(stepMs + scrapeMs, 4 * scrapeMs)

/** As inserted into queries: `15s`, `1m`, `100ms`. */
export function formatInterval(ms: number): string {
  for (const [unit, unitMs] of [
    ['y', YEAR_MS],
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const)
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`
  return `${Math.round(ms)}ms`
}
