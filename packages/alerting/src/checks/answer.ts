/** What a source answered, in a form that every expectation can look at. */
import type { SampleRows } from '../alert.ts'

export type Cell = string | number | boolean | null

export interface Answer {
  columns: string[]
  /** All rows, up to the source's limit. */
  rows: Cell[][]
  /** Rows there are; more than `rows` holds when the limit was hit. */
  rowCount: number
  /** One value per row that `value` and `between` look at. */
  values: readonly unknown[]
  /** For `expr`. */
  variables: ReadonlyMap<string, unknown>
}

/** A source gave no answer. `reason` goes into a label: it is one of few. */
export class SourceError extends Error {
  readonly reason: 'connect' | 'query' | 'timeout' | 'http' | 'answer' | 'no_data'
  constructor(reason: SourceError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SourceError'
    this.reason = reason
  }
}

const CELL_CHARS_MAX = 200

/** Anything as it can be shown in a cell, shortened. */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'number' || typeof value === 'boolean') return value
  const text =
    typeof value === 'string'
      ? value
      : value instanceof Date
        ? value.toISOString()
        : value instanceof Uint8Array
          ? `\\x${Buffer.from(value).toString('hex')}`
          : typeof value === 'bigint'
            ? value.toString()
            : JSON.stringify(value)
  return text.length > CELL_CHARS_MAX ? text.slice(0, CELL_CHARS_MAX - 1) + '…' : text
}

export const sampleOf = (
  answer: Answer,
  indexes: readonly number[],
  countMax: number,
): SampleRows => ({
  columns: answer.columns,
  rows: indexes.slice(0, countMax).map((index) => answer.rows[index]),
})
