/** One query, from its text to the bytes of the API's answer. */
import { type Queryable, quote } from '@vigie/model'
import {
  type Engine,
  type QueryOptions,
  type QueryResult,
  typeName,
  valueType,
} from '@vigie/promql'
import { badParameter } from '../http/api-error.ts'
import { SUCCESS_START, cutWarning, successEnd } from '../http/envelope.ts'
import { JsonBytes } from '../http/json-bytes.ts'
import { writeResult } from '../http/prom-json.ts'

/** What the API was asked, checked but for the query itself. Plain data: it goes to other threads. */
export interface QueryRequest {
  text: string
  /** Times and step in ms; `stepMs` 0: an instant query at `startMs`. */
  startMs: number
  endMs: number
  stepMs: number
  lookbackMs?: number
  timeoutMs?: number
  /** Step of subqueries that name none. */
  noStepSubqueryIntervalMs?: number
  /** Most series in the answer, 0: all. */
  limit: number
  /** As the parameter says: '' is none. */
  stats: string
}

/** The whole body of the answer. Throws ParseError, QueryError or ApiError. */
export async function runQuery(
  engine: Engine,
  queryable: Pick<Queryable, 'select'>,
  request: QueryRequest,
  signal: AbortSignal,
): Promise<Buffer> {
  const { startMs, endMs, stepMs, limit } = request
  const start = performance.now()
  const options: QueryOptions = { signal }
  for (const name of ['lookbackMs', 'timeoutMs', 'noStepSubqueryIntervalMs'] as const)
    if (request[name] !== undefined) options[name] = request[name]
  const result =
    stepMs === 0
      ? await engine.instant(queryable, request.text, { timeMs: startMs, ...options })
      : await engine.range(queryable, rangeText(engine, request.text), {
          startMs,
          endMs,
          stepMs,
          ...options,
        })
  const out = new JsonBytes()
  out.text(SUCCESS_START)
  const stats = request.stats === '' ? '' : `,"stats":${statsJson(result, start)}`
  writeResult(out, result, limit, stats)
  const warnings = [
    ...result.warnings,
    ...cutWarning(countOf(result), limit),
    ...statsWarning(request.stats),
  ]
  out.text(successEnd(warnings, result.infos))
  return out.finish()
}

/** The query, as written: annotations say where in it. Throws unless a range can be asked of it. */
function rangeText(engine: Engine, text: string): string {
  const type = valueType(engine.parse(text))
  if (type === 'scalar' || type === 'vector') return text
  throw badParameter(
    'query',
    `invalid expression type "${typeName(type)}" for range query, must be Scalar or instant Vector`,
  )
}

function countOf(result: QueryResult): number {
  if (result.type === 'vector') return result.samples.length
  return result.type === 'matrix' ? result.series.length : 0
}

/** Prometheus takes any text for now, and says that it will not for ever. */
const statsWarning = (stats: string): string[] =>
  ['', 'true', 'all'].includes(stats)
    ? []
    : [
        `value ${quote(stats)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`,
      ]

/** Waiting for a free slot counts as evaluation; what is not told apart is 0. */
function statsJson({ stats }: QueryResult, start: number): string {
  const seconds = (performance.now() - start) / 1000
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: 0,
      execTotalTime: seconds,
    },
    samples: { totalQueryableSamples: stats.samplesTotal, peakSamples: stats.samplesPeak },
  })
}
