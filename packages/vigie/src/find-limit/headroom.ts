/**
 * Head-room: what the target takes at its limit over the busiest moment of real life that Vigie has stored,
 * up to seven days back. Both are told by one counter of the target's own, found by what it did during the
 * search: of all counters whose name speaks of requests, the one that counted what the load sent.
 */
import type { LimitReport } from '@vigie/load'
import { formatDuration } from '@vigie/model'
import type { VigieClient } from '../vigie-client.ts'

const BACK_MS = 7 * 86_400_000
/** Points of the look back. */
const POINTS = 5000
/** A counter counts what was sent when it is within this, at every level. */
const TOLERANCE = 0.15
const CANDIDATES = /(request|response|http|call|event|message|quer)/i
const NAMES =
  '{__name__=~".+(_total|_count|_requests)",__name__!~"k6_.*|vigie_.*|prometheus_.*|scrape_.*|process_.*|nodejs_.*|go_.*|python_.*|.*_duration_.*_sum",testid=""}'
const CANDIDATES_MAX = 40
const SCRAPES = 4
const RATE_MS_MIN = 1000

export async function findHeadroom(
  client: VigieClient,
  { levels, sustained }: LimitReport,
): Promise<LimitReport['headroom']> {
  const held = levels.filter((one) => one.held && one.requestsPerSec > 0)
  const best = held.filter((one) => one.load === sustained).at(-1) ?? held.at(-1)
  if (best === undefined) return null
  const nowMs = levels.at(-1)!.endMs
  const targets = await client.targets()
  const scrapeMs = Math.max(RATE_MS_MIN, ...targets.map((one) => one.scrapeIntervalMs))
  const names = await client.metricNames(NAMES, best.startMs)
  let found: { expr: (rangeMs: number) => string; distance: number; perSec: number } | null = null
  for (const name of names.filter((one) => CANDIDATES.test(one)).slice(0, CANDIDATES_MAX)) {
    const rangeMs = Math.max(1000, Math.floor((best.endMs - best.startMs) * 0.75))
    const rows = await client.query(
      `sum by (job) (rate({__name__=${JSON.stringify(name)},testid=""}[${rangeMs}ms]))`,
      best.endMs,
    )
    for (const { labels, value } of rows) {
      const distance = Math.abs(value / best.requestsPerSec - 1)
      if (distance > TOLERANCE || distance >= (found?.distance ?? Infinity)) continue
      const job = labels['job'] === undefined ? '' : `{job=${JSON.stringify(labels['job'])}}`
      const expr = (ms: number): string =>
        `sum(rate(${name}${job}[${formatDuration(Math.ceil(ms))}]))`
      found = { expr, distance, perSec: value }
    }
  }
  if (found === null) return null
  return peakOf(client, found, { nowMs, scrapeMs })
}

async function peakOf(
  client: VigieClient,
  { expr, perSec }: { expr: (rangeMs: number) => string; perSec: number },
  { nowMs, scrapeMs }: { nowMs: number; scrapeMs: number },
): Promise<LimitReport['headroom']> {
  const runs = await client.runs()
  // First a coarse look at how far back there is anything, then as finely as the points allow.
  const coarseMs = BACK_MS / POINTS
  const coarse = await pointsOf(client, expr(coarseMs), nowMs - BACK_MS, nowMs, coarseMs)
  const sinceMs = coarse[0]?.[0]
  if (sinceMs === undefined) return null
  const startMs = Math.max(nowMs - BACK_MS, sinceMs - coarseMs)
  const stepMs = Math.max(scrapeMs, Math.ceil((nowMs - startMs) / POINTS))
  const rangeMs = Math.max(stepMs, SCRAPES * scrapeMs)
  const fine = await pointsOf(client, expr(rangeMs), startMs, nowMs, stepMs)
  // What a load run caused is not real life.
  const real = fine.filter(([t]) =>
    runs.every((run) => t < run.startedMs || t - rangeMs > (run.endedMs ?? nowMs)),
  )
  let peak: [number, number] | undefined
  for (const point of real) if (point[1] > (peak?.[1] ?? 0)) peak = point
  if (peak === undefined) return null
  return {
    capacityPerSec: perSec,
    peakPerSec: peak[1],
    peakMs: peak[0],
    factor: perSec / peak[1],
    sinceMs: Math.max(startMs, fine[0]![0] - rangeMs),
    expr: expr(rangeMs),
  }
}

async function pointsOf(
  client: VigieClient,
  expr: string,
  startMs: number,
  endMs: number,
  stepMs: number,
): Promise<[number, number][]> {
  const [series] = await client.queryRange(expr, { startMs, endMs, stepMs })
  return (series?.t ?? []).map((t, i): [number, number] => [t, series!.v[i]!])
}
