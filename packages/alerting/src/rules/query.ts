/** How rules and checks ask the stored series. */
import type { Histogram, Labels } from '@vigie/model'

/** Evaluates an instant query. A scalar is one element without labels. Rejects with a readable message. */
export type QueryFn = (expr: string, timeMs: number) => Promise<QueryElement[]>

export interface QueryElement {
  labels: Labels
  v: number
  /** Instead of `v`, which is NaN then. */
  h?: Histogram | undefined
}
