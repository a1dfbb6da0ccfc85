import type { TableCell } from '@vigie/dashboards'

export interface SortBy {
  /** Index of the column. */
  column: number
  isDescending: boolean
}

/** Numbers by size, texts as a reader counts them (`node-2` before `node-10`); stable. */
export function sortRows(rows: TableCell[][], sortBy: SortBy | undefined): TableCell[][] {
  if (!sortBy) return rows
  const direction = sortBy.isDescending ? -1 : 1
  const compare = new Intl.Collator('en', { numeric: true }).compare
  return [...rows].sort((a, b) => {
    const [left, right] = [a[sortBy.column]?.value ?? '', b[sortBy.column]?.value ?? '']
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right || Number(Number.isNaN(left)) - Number(Number.isNaN(right))
        : compare(String(left), String(right))
    return order * direction
  })
}
