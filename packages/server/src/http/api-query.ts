/** `/query`, `/query_range`, `/format_query`, `/parse_query`. */
import { prettyPrint } from '@vigie/promql'
import type { QueryRequest } from '../query/run-query.ts'
import { type Answer, type Call, json } from './answer.ts'
import { badData, badParameter } from './api-error.ts'
import {
  DURATION_MS_MAX,
  durationParam,
  limitParam,
  parseDurationText,
  requiredDurationParam,
  requiredTimeParam,
  timeParam,
} from './params.ts'
import { queryTree } from './query-tree.ts'

/** More points per series than a screen has pixels: refused, as in Prometheus. */
const POINTS_MAX = 11_000

export function query({ params, vigie, signal }: Call): Promise<Buffer> {
  const limit = limitParam(params)
  const timeMs = timeParam(params, vigie.now())
  return vigie.query(
    { ...queryOf(params), startMs: timeMs, endMs: timeMs, stepMs: 0, limit },
    signal,
  )
}

export function queryRange({ params, vigie, signal }: Call): Promise<Buffer> {
  const limit = limitParam(params)
  const start = requiredTimeParam(params, 'start')
  const end = requiredTimeParam(params, 'end')
  if (end.orderMs < start.orderMs)
    throw badParameter('end', 'end timestamp must not be before start time')
  const stepMs = requiredDurationParam(params, 'step')
  if (stepMs <= 0) throw badParameter('step', STEP_PROBLEM)
  const rangeMs = Math.min(end.orderMs - start.orderMs, DURATION_MS_MAX)
  if (Math.trunc(rangeMs / stepMs) > POINTS_MAX)
    throw badData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    )
  // Evaluation counts in whole milliseconds.
  if (stepMs < 1) throw badParameter('step', STEP_PROBLEM)
  return vigie.query(
    {
      ...queryOf(params),
      startMs: start.queryMs,
      endMs: end.queryMs,
      stepMs: Math.trunc(stepMs),
      limit,
    },
    signal,
  )
}

const STEP_PROBLEM =
  'zero or negative query resolution step widths are not accepted. Try a positive integer'

type QueryPart = Pick<QueryRequest, 'text' | 'lookbackMs' | 'timeoutMs' | 'stats'>

function queryOf(params: URLSearchParams): QueryPart {
  const timeoutMs = durationParam(params, 'timeout')
  const lookback = params.get('lookback_delta') ?? ''
  const lookbackMs = lookback === '' ? 0 : parseDurationText(lookback)
  if (typeof lookbackMs === 'string')
    throw badData(`error parsing lookback delta duration: ${lookbackMs}`)
  return {
    text: params.get('query') ?? '',
    ...(lookbackMs <= 0 ? {} : { lookbackMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    stats: params.get('stats') ?? '',
  }
}

export const formatQuery = ({ params, vigie }: Call): Answer =>
  json(prettyPrint(vigie.engine.parse(params.get('query') ?? '')))

export const parseQuery = ({ params, vigie }: Call): Answer =>
  json(queryTree(vigie.engine.parse(params.get('query') ?? '')))
