/** How an aggregation divides series into groups. */
import { type Labels, METRIC_NAME } from '@vigie/model'
import type { AggregateExpr } from '../syntax/ast.ts'
import type { Evaluation } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { type Row, type Sink, newRow } from './row.ts'

/** The groups of an aggregation, numbered in the order of their first series. */
export class Groups {
  readonly labels: Labels[] = []
  readonly dropsName: boolean[] = []
  readonly #byKey = new Map<string, number>()
  readonly #names: ReadonlySet<string>
  readonly #isWithout: boolean

  constructor({ grouping, isWithout }: Pick<AggregateExpr, 'grouping' | 'isWithout'>) {
    this.#isWithout = isWithout
    this.#names = new Set(isWithout ? [...grouping, METRIC_NAME] : grouping)
  }

  /** The number of the group that a series belongs to. */
  of(labels: Labels, dropsName: boolean): number {
    const key = this.#keyOf(labels)
    let group = this.#byKey.get(key)
    if (group === undefined) {
      group = this.labels.length
      this.#byKey.set(key, group)
      this.labels.push(this.#isWithout ? labels.drop(this.#names) : labels.keep(this.#names))
      this.dropsName.push(dropsName)
    } else if (dropsName) {
      this.dropsName[group] = true
    }
    return group
  }

  /** The key of the labels that the group has, without making them. */
  #keyOf({ pairs }: Labels): string {
    const names = this.#names
    let key = ''
    for (let i = 0; i < pairs.length; i += 2)
      if (names.has(pairs[i]) !== this.#isWithout) key += `${pairs[i]}\xff${pairs[i + 1]}\xff`
    return key
  }
}

/** Pushes one series for each group; `fill` gives the number of steps that have a value. */
export async function emitGroups(
  { context }: Evaluation,
  groups: Groups,
  grid: Grid,
  sink: Sink,
  fill: (group: number, row: Row) => number,
): Promise<void> {
  const row = newRow(grid.count)
  for (let group = 0; group < groups.labels.length; group++) {
    const present = fill(group, row)
    if (present > 0) {
      context.hold(present)
      row.labels = groups.labels[group]
      row.dropsName = groups.dropsName[group]
      sink(row)
    }
    const wait = context.tick()
    if (wait !== undefined) await wait
  }
}
