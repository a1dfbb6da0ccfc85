/** Whether an answer is as expected. */
import type { SampleRows } from '../alert.ts'
import { type Answer, SourceError, sampleOf } from './answer.ts'
import type { Expectation } from './check-config.ts'
import { ConditionError, parseCondition } from './condition.ts'

export interface Verdict {
  isOk: boolean
  /** The figure that was looked at, when there is one. */
  value: number | null
  /** How much is wrong: rows, values, or 1. */
  violations: number
  /** What shows it; null when all is well. */
  sample: SampleRows | null
}

/** Throws SourceError when the answer cannot be judged. */
export function judge(expectation: Expectation, answer: Answer, sampleCount: number): Verdict {
  if (expectation.kind === 'rows') return judgeRows(expectation.count, answer, sampleCount)
  if (expectation.kind === 'expr') return judgeCondition(expectation.expr, answer, sampleCount)
  const { values } = answer
  if (values.length === 0) throw new SourceError('no_data', 'no value in the answer')
  const wrong = values.flatMap((value, index) => (isExpected(expectation, value) ? [] : [index]))
  const shown = Number(values[wrong[0] ?? 0])
  return {
    isOk: wrong.length === 0,
    value: Number.isNaN(shown) ? null : shown,
    violations: wrong.length,
    sample: wrong.length === 0 ? null : sampleOf(answer, wrong, sampleCount),
  }
}

function judgeRows(count: number, answer: Answer, sampleCount: number): Verdict {
  const { rowCount } = answer
  const isOk = rowCount === count
  return {
    isOk,
    value: rowCount,
    violations: Math.abs(rowCount - count),
    sample: isOk ? null : sampleOf(answer, [...answer.rows.keys()], sampleCount),
  }
}

function judgeCondition(expr: string, answer: Answer, sampleCount: number): Verdict {
  try {
    const isOk = parseCondition(expr)(answer.variables)
    return {
      isOk,
      value: null,
      violations: isOk ? 0 : 1,
      sample: isOk ? null : sampleOf(answer, [...answer.rows.keys()], sampleCount),
    }
  } catch (error) {
    if (error instanceof ConditionError)
      throw new SourceError('answer', error.message, { cause: error })
    throw error
  }
}

function isExpected(
  expectation: Expectation & { kind: 'value' | 'between' },
  value: unknown,
): boolean {
  if (expectation.kind === 'between') {
    const v = toNumber(value)
    return v >= expectation.min && v <= expectation.max
  }
  const wanted = expectation.value
  if (typeof wanted === 'number') return Math.abs(toNumber(value) - wanted) <= expectation.tolerance
  return typeof wanted === 'boolean' ? value === wanted : String(value as string) === wanted
}

/** Databases give exact numbers as text; no value at all is no number. */
const toNumber = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && value.trim() !== ''
      ? Number(value)
      : NaN

/** As shown: `0 rows`, `value 0 ± 0.005`, `between -1 and 1`. */
export function showExpectation(expectation: Expectation): string {
  switch (expectation.kind) {
    case 'rows':
      return `${expectation.count} rows`
    case 'value':
      return `value ${String(expectation.value)}${expectation.tolerance > 0 ? ` ± ${expectation.tolerance}` : ''}${at(expectation.path)}`
    case 'between':
      return `between ${expectation.min} and ${expectation.max}${at(expectation.path)}`
    case 'expr':
      return expectation.expr
  }
}

const at = (path: string): string => (path === '' ? '' : ` at ${path}`)
