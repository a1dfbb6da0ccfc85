/** Checks that ask the stored series. */
import type { QueryFn } from '../rules/query.ts'
import { type Answer, SourceError } from './answer.ts'
import type { CheckSource } from './check-config.ts'

/** Rejects with SourceError. */
export async function askPromql(
  source: CheckSource & { kind: 'promql' },
  query: QueryFn,
  timeMs: number,
): Promise<Answer> {
  const elements = await query(source.query, timeMs).catch((error: unknown) => {
    throw new SourceError('query', (error as Error).message, { cause: error })
  })
  const names = [
    ...new Set(elements.flatMap(({ labels }) => Array.from(labels, ([name]) => name))),
  ].sort((a, b) => (a < b ? -1 : 1))
  const values = elements.map(({ v }) => v)
  return {
    columns: [...names, 'value'],
    rows: elements.map(({ labels, v }) => [...names.map((name) => labels.get(name)), v]),
    rowCount: elements.length,
    values,
    variables: new Map<string, unknown>([
      ['values', values],
      ['value', values[0] ?? null],
    ]),
  }
}
