/** `/query_exemplars`: the exemplars of all series that the selectors of an expression match. */
import { type Matcher, formatValue } from '@vigie/model'
import { type Expr, ParseError, walk } from '@vigie/promql'
import type { SeriesExemplars } from '@vigie/tsdb'
import type { Vigie } from '../vigie.ts'
import type { Call, Outcome } from './answer.ts'
import { badData } from './api-error.ts'
import { endTime, startTime } from './params.ts'
import { formatTimestamp, labelsJson } from './prom-json.ts'

export function queryExemplars({ params, vigie }: Call): Outcome {
  const [start, end] = [startTime(params), endTime(params)]
  if (end.orderMs < start.orderMs) throw badData('end timestamp must not be before start timestamp')
  const selectors = selectorsOf(parsed(vigie, params.get('query') ?? ''))
  if (selectors.length === 0) return 'nothing'
  return {
    data: exemplarsJson(vigie.storage.exemplars.select(selectors, start.unixMs, end.unixMs)),
  }
}

/** Unlike elsewhere the parameter is not named in the error. */
function parsed(vigie: Vigie, text: string): Expr {
  try {
    return vigie.engine.parse(text)
  } catch (error) {
    if (error instanceof ParseError) throw badData(error.message)
    throw error
  }
}

function selectorsOf(expr: Expr): Matcher[][] {
  const selectors: Matcher[][] = []
  walk(expr, (node) => {
    if (node.kind === 'vectorSelector') selectors.push(node.matchers)
  })
  return selectors
}

export const exemplarsJson = (found: readonly SeriesExemplars[]): string =>
  `[${found.map(seriesJson).join(',')}]`

function seriesJson({ labels, exemplars }: SeriesExemplars): string {
  const rows = exemplars.map(
    (one) =>
      `{"labels":${labelsJson(one.labels)},"value":"${formatValue(one.v)}","timestamp":${formatTimestamp(one.t)}}`,
  )
  return `{"seriesLabels":${labelsJson(labels)},"exemplars":[${rows.join(',')}]}`
}
