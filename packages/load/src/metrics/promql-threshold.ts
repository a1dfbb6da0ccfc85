/**
 * Thresholds on what servers felt: `promql(expr)` is asked of a running Vigie or any Prometheus. Every
 * series of the answer must satisfy the condition. A threshold that cannot be evaluated (nobody to
 * ask, no answer, no series) fails at the end of the run and says why; during the run it is left open.
 */
import type { PromqlQuery } from '../api.ts'
import { type Threshold, type ThresholdGroup, compare } from './threshold.ts'

const TIMEOUT_MS = 10_000

/** Evaluates the PromQL thresholds among `groups` in place. Never rejects. */
export async function evaluatePromql(
  groups: readonly ThresholdGroup[],
  query: PromqlQuery | undefined,
  isEnd: boolean,
): Promise<void> {
  await Promise.all(
    groups.map((group) =>
      'promql' in group.target
        ? evaluateOne(group, group.target.promql, query, isEnd)
        : Promise.resolve(),
    ),
  )
}

async function evaluateOne(
  group: ThresholdGroup,
  expr: string,
  query: PromqlQuery | undefined,
  isEnd: boolean,
): Promise<void> {
  const answer =
    query === undefined
      ? 'no Vigie or Prometheus to ask: start one, or name it with --vigie'
      : await ask(query, expr)
  for (const threshold of group.thresholds) {
    if (typeof answer === 'string') settle(threshold, isEnd, answer)
    else if (answer.length === 0) settle(threshold, isEnd, 'the expression gives no series')
    else judge(threshold, answer)
  }
}

async function ask(query: PromqlQuery, expr: string): Promise<number[] | string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${TIMEOUT_MS / 1000}s`)),
      TIMEOUT_MS,
    )
  })
  try {
    return (await Promise.race([query(expr), late])).map(({ value }) => value)
  } catch (error) {
    return (error as Error).message
  } finally {
    clearTimeout(timer)
  }
}

function settle(threshold: Threshold, isEnd: boolean, problem: string): void {
  threshold.problem = `could not be evaluated: ${problem}`
  threshold.value = null
  threshold.holds = null
  threshold.ok = isEnd ? false : null
}

/** Keeps the value that decided: the first that violates, otherwise the last. */
function judge(threshold: Threshold, values: readonly number[]): void {
  const violating = values.find((value) => !compare(value, threshold.condition))
  threshold.problem = null
  threshold.ok = threshold.holds = violating === undefined
  threshold.value = violating ?? values.at(-1)!
}
