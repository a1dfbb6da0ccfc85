/** `/query`, `/query_range`, `/format_query`, `/parse_query`. */
import { prettyPrint } from '@vigie/promql'
import type { QueryRequest } from '../query/run-query.ts'
import { type Answer, type Call, json } from './answer.ts'
import { badData, badParameter } from './api-error.ts'
import {
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
  const timeMs = timeParam(params, 'time', vigie.now())
  return vigie.query(
    { ...queryOf(params), startMs: timeMs, endMs: timeMs, stepMs: 0, limit },
    signal,
  )
}

export function queryRange({ params, vigie, signal }: Call): Promise<Buffer> {
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
  return vigie.query({ ...queryOf(params), startMs, endMs, stepMs, limit }, signal)
}

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
