/** sort and its kin. Order has a meaning in the result of an instant query only. */
import { type Labels, compareLabels } from '@vigie/model'
import type { Call } from '../syntax/ast.ts'
import { type Evaluation, collect, stringOf } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { type Sink, dropHistograms, isEmptyRow, newRow } from './row.ts'

export async function callSort(ev: Evaluation, call: Call, grid: Grid, sink: Sink): Promise<void> {
  const byLabel = call.func.name.startsWith('sort_by_label')
  // Histograms have no order.
  const floats: Sink = (row) => {
    if (dropHistograms(row, grid.count) && isEmptyRow(row, grid.count)) return
    sink(row)
  }
  if (grid.count > 1) return ev.vector(call.args[0], grid, byLabel ? sink : floats)
  const columns = await collect(ev, call.args[0], grid)
  const order = Array.from({ length: columns.length }, (_, i) => i)
  const { v, labels } = columns
  const isDescending = call.func.name.endsWith('_desc')
  if (byLabel) {
    const compare = byLabels(call.args.slice(1).map(stringOf))
    order.sort((a, b) => compare(labels[a], labels[b]) * (isDescending ? -1 : 1))
  } else {
    order.sort((a, b) => compareValues(v[a], v[b], isDescending))
  }
  const row = newRow(0)
  for (const index of order) (byLabel ? sink : floats)(columns.read(index, row))
}

/** NaN comes last in both directions. */
export function compareValues(a: number, b: number, isDescending: boolean): number {
  if (a !== a || b !== b) return a === a ? -1 : b === b ? 1 : 0
  if (a === b) return 0
  return a < b === isDescending ? 1 : -1
}

function byLabels(names: readonly string[]): (a: Labels, b: Labels) => number {
  return (a, b) => {
    for (const name of names) {
      const order = compareNatural(a.get(name), b.get(name))
      if (order !== 0) return order
    }
    return compareLabels(a, b)
  }
}

/** Runs of digits compare as numbers: `a2` comes before `a10`. */
function compareNatural(a: string, b: string): number {
  const partsA = a.match(/\d+|\D+/g) ?? []
  const partsB = b.match(/\d+|\D+/g) ?? []
  for (let i = 0; i < Math.min(partsA.length, partsB.length); i++) {
    const [x, y] = [partsA[i], partsB[i]]
    if (x === y) continue
    const difference = Number(x) - Number(y)
    if (/^\d/.test(x) && /^\d/.test(y) && difference !== 0) return difference
    return x < y ? -1 : 1
  }
  return partsA.length - partsB.length
}
