/** `/query`, `/query_range`, `/format_query`, `/query_exemplars`. */
import {
  type Expr,
  ParseError,
  type QueryResult,
  parseExpr,
  printExpr,
  typeName,
  valueType,
} from '@vigie/promql'
import { type Answer, type Call, cutWarning, json } from './answer.ts'
import { badData, badParameter } from './api-error.ts'
import {
  durationParam,
  endParam,
  limitParam,
  parseDurationText,
  requiredDurationParam,
  requiredTimeParam,
  startParam,
  timeParam,
} from './params.ts'
import { resultJson } from './prom-json.ts'

/** More points per series than a screen has pixels: refused, as in Prometheus. */
const POINTS_MAX = 11_000

export async function query({ params, vigie, signal }: Call): Promise<Answer> {
  const limit = limitParam(params)
  const timeMs = timeParam(params, 'time', vigie.now())
  const options = { timeMs, signal, ...queryOptions(params) }
  const start = performance.now()
  const result = await vigie.engine.instant(vigie.queryable, params.get('query') ?? '', options)
  return resultAnswer(result, limit, statsOf(params, result, start))
}

export async function queryRange({ params, vigie, signal }: Call): Promise<Answer> {
  const limit = limitParam(params)
  const startMs = requiredTimeParam(params, 'start')
  const endMs = requiredTimeParam(params, 'end')
  if (endMs < startMs) throw badParameter('end', 'end timestamp must not be before start time')
  const stepMs = requiredDurationParam(params, 'step')
  if (stepMs < 1)
    throw badParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    )
  if (Math.floor((endMs - startMs) / stepMs) > POINTS_MAX)
    throw badData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    )
  const options = { startMs, endMs, stepMs, signal, ...queryOptions(params) }
  const start = performance.now()
  const expr = rangeExpr(params.get('query') ?? '')
  const result = await vigie.engine.range(vigie.queryable, expr, options)
  return resultAnswer(result, limit, statsOf(params, result, start))
}

function rangeExpr(text: string): Expr {
  const expr = parseExpr(text)
  const type = valueType(expr)
  if (type === 'scalar' || type === 'vector') return expr
  throw badParameter(
    'query',
    `invalid expression type "${typeName(type)}" for range query, must be Scalar or instant Vector`,
  )
}

function queryOptions(params: URLSearchParams): { lookbackMs?: number; timeoutMs?: number } {
  const timeoutMs = durationParam(params, 'timeout')
  const text = params.get('lookback_delta') ?? ''
  const lookbackMs = text === '' ? 0 : parseDurationText(text)
  if (typeof lookbackMs === 'string')
    throw badData(`error parsing lookback delta duration: ${lookbackMs}`)
  return {
    ...(lookbackMs <= 0 ? {} : { lookbackMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

function resultAnswer(result: QueryResult, limit: number, stats: string): Answer {
  const data = resultJson(result, limit)
  return {
    data: stats === '' ? data : `${data.slice(0, -1)},"stats":${stats}}`,
    warnings: [...result.warnings, ...cutWarning(countOf(result), limit)],
    infos: result.infos,
  }
}

function countOf(result: QueryResult): number {
  if (result.type === 'vector') return result.samples.length
  return result.type === 'matrix' ? result.series.length : 0
}

/** What `stats=` asks for as JSON, '' when it does not. Waiting for a free slot counts as evaluation. */
function statsOf(params: URLSearchParams, { stats }: QueryResult, start: number): string {
  if ((params.get('stats') ?? '') === '') return ''
  const seconds = (performance.now() - start) / 1000
  return JSON.stringify({
    timings: { evalTotalTime: seconds, execTotalTime: seconds },
    samples: { totalQueryableSamples: stats.samplesTotal, peakSamples: stats.samplesPeak },
  })
}

export const formatQuery = ({ params }: Call): Answer =>
  json(printExpr(parseExpr(params.get('query') ?? '')))

/** No exemplars are kept, so that every right question has none. */
export function queryExemplars({ params }: Call): Answer {
  if (endParam(params) < startParam(params))
    throw badData('end timestamp must not be before start timestamp')
  try {
    parseExpr(params.get('query') ?? '')
  } catch (error) {
    if (error instanceof ParseError) throw badData(error.message)
    throw error
  }
  return json([])
}
