/** What a load process reports of its run, and what a list of runs shows of it. */
import { z } from 'zod'

/** One file of a script; the entry comes first. */
const sourceFile = z.object({ path: z.string().max(4096), text: z.string() })

/** A report as it is kept. What else it has stays as it came. */
const run = z.looseObject({
  id: z.string().regex(/^[\w-]{1,64}$/),
  script: z.string(),
  startedMs: z.number(),
  endedMs: z.number().nullable(),
  state: z.enum(['running', 'passed', 'failed', 'aborted', 'error']),
  vus: z.number(),
  vusMax: z.number(),
  iterations: z.number(),
  exitCode: z.number().nullable(),
  progress: z.number().nullable(),
  thresholds: z.array(z.unknown()),
  /** Why it ended, when not by its plan. */
  error: z.string().nullable().default(null),
  options: z.record(z.string(), z.unknown()).default({}),
  summaryText: z.string().default(''),
  metrics: z.record(z.string(), z.unknown()).default({}),
  scenarios: z.array(z.unknown()).default([]),
})
export type Run = z.infer<typeof run>

const runSource = z.object({ files: z.array(sourceFile).max(2000), isCut: z.boolean() })
export type RunSource = z.infer<typeof runSource>

const sourced = z.object({ source: runSource.optional() })

/**
 * Reads the body of `PUT /api/vigie/runs/:id`: a report, and with it, until it has arrived once, the
 * script as it is run. Throws when it is none of this run.
 */
export function readReport(id: string, body: unknown): { run: Run; source: RunSource | undefined } {
  const parsed = run.safeParse(body)
  if (!parsed.success) throw new Error(`not the report of run ${id}: ${parsed.error.message}`)
  if (parsed.data.id !== id)
    throw new Error(`not the report of run ${id}: it names ${parsed.data.id}`)
  const { source } = sourced.parse(body)
  const { source: _, ...rest } = parsed.data
  return { run: rest as Run, source }
}

const HEAD_KEYS = [
  'id',
  'script',
  'startedMs',
  'endedMs',
  'state',
  'vus',
  'vusMax',
  'iterations',
  'exitCode',
  'progress',
  'thresholds',
  'error',
] as const

/** A run in a list. */
export type RunHead = Pick<Run, (typeof HEAD_KEYS)[number]> & {
  /** 95th percentile of `http_req_duration`, ms. */
  p95Ms: number | null
  requestsPerSec: number | null
  /** 0..1. */
  failedRatio: number | null
  /** What a search for the limit has found; null: none was made. */
  limit: { unit: string; phase: string; sustained: number | null } | null
  /** When the last report came, ms since the epoch. */
  reportedMs: number
}

export function runHead(run: Run, reportedMs: number): RunHead {
  const kept = Object.fromEntries(HEAD_KEYS.map((key) => [key, run[key]]))
  return {
    ...(kept as Pick<Run, (typeof HEAD_KEYS)[number]>),
    p95Ms: metricValue(run, 'http_req_duration', 'p(95)'),
    requestsPerSec: metricValue(run, 'http_reqs', 'rate'),
    failedRatio: metricValue(run, 'http_req_failed', 'rate'),
    limit: limitOf(run),
    reportedMs,
  }
}

const limitReport = z.object({
  unit: z.string(),
  phase: z.string(),
  sustained: z.number().nullable(),
})

function limitOf(run: Run): RunHead['limit'] {
  const parsed = limitReport.safeParse(run.limit)
  return parsed.success ? parsed.data : null
}

type Metrics = Record<string, { values?: Record<string, unknown> } | undefined>

function metricValue(run: Run, metric: string, key: string): number | null {
  const value = (run.metrics as Metrics)[metric]?.values?.[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
