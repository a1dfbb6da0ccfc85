/** A recording rule: the vector of an expression under a new name. */
import { METRIC_NAME } from '@vigie/model'
import type { RuleContext, RuleSample } from './alerting-rule.ts'
import type { RecordingDefinition } from './rule-group.ts'

/** Rejects when the query fails, labels collide or the limit (0: none) is exceeded. */
export async function evaluateRecording(
  definition: RecordingDefinition,
  queryTimeMs: number,
  limit: number,
  context: RuleContext,
): Promise<RuleSample[]> {
  const keys = new Set<string>()
  const samples = (await context.query(definition.expr, queryTimeMs)).map((element) => {
    let labels = element.labels.with(METRIC_NAME, definition.name)
    for (const [name, value] of definition.labels) labels = labels.with(name, value)
    keys.add(labels.key)
    return { labels, v: element.v, h: element.h }
  })
  if (keys.size < samples.length)
    throw new Error('vector contains metrics with the same labelset after applying rule labels')
  if (limit > 0 && samples.length > limit)
    throw new Error(`exceeded limit of ${limit} with ${samples.length} series`)
  return samples
}
