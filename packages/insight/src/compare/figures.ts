/** Figures of a run: from its report or an exported summary, and from its series, segment by segment. */
import type { ComparedRun, FigureKind, RunFigure } from './compare.ts'

export const SEGMENTS = 6
/** A segment shorter than this holds too few samples of a series. */
const SEGMENT_MS_MIN = 2000
/** Only the last parts of a request are the server's; these are told apart by nobody. */
const LATENCIES = /^(http_req_duration|iteration_duration|ws_|grpc_)/
const BUILT_IN = /^(http_|iteration|ws_|grpc_|group_duration|data_|vus|dropped_|checks|browser_)/

export interface RunSummary {
  id: string
  /** As reports, `handleSummary` and `--summary-export` have them: with the values inside, or beside. */
  metrics: Readonly<Record<string, unknown>>
}

/** Figures that runs are compared by. Custom trends count, custom counters and rates do not. */
export function comparedRun({ id, metrics }: RunSummary): ComparedRun {
  const figures = Object.entries(metrics).flatMap(([name, metric]) =>
    // Submetrics, with braces, are parts of what is compared anyway.
    name.includes('{') ? [] : figuresOf(name, valuesOf(metric)),
  )
  return { id, figures }
}

function valuesOf(metric: unknown): ReadonlyMap<string, number> {
  if (typeof metric !== 'object' || metric === null) return new Map()
  const { values = metric } = metric as { values?: unknown }
  return new Map(
    Object.entries(values as Record<string, unknown>).filter((entry): entry is [string, number] =>
      Number.isFinite(entry[1]),
    ),
  )
}

function figuresOf(name: string, values: ReadonlyMap<string, number>): RunFigure[] {
  if (values.has('med') || values.has('p(95)')) {
    if (BUILT_IN.test(name) && !LATENCIES.test(name)) return []
    return [...values]
      .filter(([stat]) => stat === 'med' || /^p\(\d/.test(stat))
      .map(([stat, value]) => ({ name: `${name} ${stat}`, kind: 'latency', value }))
  }
  if (name === 'http_reqs' || name === 'iterations')
    return values.has('rate') ? [{ name, kind: 'throughput', value: values.get('rate')! }] : []
  if (name === 'http_req_failed' || name === 'checks') return errorsOf(name, values)
  return []
}

/** Rates have `rate` in reports and `value` in exported summaries; `passes` are those that count. */
function errorsOf(name: string, values: ReadonlyMap<string, number>): RunFigure[] {
  const rate = values.get('rate') ?? values.get('value')
  if (rate === undefined) return []
  const count = (values.get('passes') ?? 0) + (values.get('fails') ?? 0)
  const value = name === 'checks' ? 1 - rate : rate
  const title = name === 'checks' ? 'checks failed' : name
  return [{ name: title, kind: 'errors', value, ...(count > 0 ? { count } : {}) }]
}

export interface SegmentQuery {
  /** Name of the figure. */
  name: string
  kind: FigureKind
  expr: string
  /** Factor from the query's unit to the figure's. */
  scale: number
}

/** Range query of the segments: one step per segment. Null: the run was too short. */
export interface SegmentPlan {
  startMs: number
  endMs: number
  stepMs: number
  queries: SegmentQuery[]
}

/** What to ask a Prometheus-compatible store for, under the label `testid`. */
export function segmentPlan(run: {
  id: string
  startedMs: number
  endedMs: number
}): SegmentPlan | null {
  const stepMs = Math.floor((run.endedMs - run.startedMs) / SEGMENTS)
  if (stepMs < SEGMENT_MS_MIN) return null
  const range = `[${stepMs}ms]`
  const of = (name: string, more = ''): string => `${name}{testid=${JSON.stringify(run.id)}${more}}`
  const quantile = (metric: string, q: number): string =>
    `histogram_quantile(${q}, sum by (le) (increase(${of(`k6_${metric}_seconds_bucket`)}${range})))`
  const rate = (name: string, more = ''): string => `sum(rate(${of(name, more)}${range}))`
  const all = rate('k6_http_reqs_total')
  const failed = rate('k6_http_reqs_total', ', expected_response="false"')
  const latency = (metric: string, stat: string, q: number): SegmentQuery => ({
    name: `${metric} ${stat}`,
    kind: 'latency',
    expr: quantile(metric, q),
    scale: 1000,
  })
  return {
    startMs: run.startedMs + stepMs,
    endMs: run.startedMs + SEGMENTS * stepMs,
    stepMs,
    queries: [
      ...['http_req_duration', 'iteration_duration'].flatMap((metric) => [
        latency(metric, 'med', 0.5),
        latency(metric, 'p(90)', 0.9),
        latency(metric, 'p(95)', 0.95),
        latency(metric, 'p(99)', 0.99),
      ]),
      { name: 'http_reqs', kind: 'throughput', expr: all, scale: 1 },
      { name: 'iterations', kind: 'throughput', expr: rate('k6_iterations_total'), scale: 1 },
      {
        name: 'http_req_failed',
        kind: 'errors',
        expr: `(${failed} or ${all} * 0) / ${all}`,
        scale: 1,
      },
    ],
  }
}

/** The run with segments where they are known: name of the figure -> values in order of time. */
export function withSegments(
  run: ComparedRun,
  segments: ReadonlyMap<string, readonly number[]>,
): ComparedRun {
  return {
    ...run,
    figures: run.figures.map((figure) => {
      const known = (segments.get(figure.name) ?? []).filter(Number.isFinite)
      return known.length >= 3 ? { ...figure, segments: known } : figure
    }),
  }
}
