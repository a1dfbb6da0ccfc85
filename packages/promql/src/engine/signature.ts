/** How the two sides of a binary operator find each other. */
import { type Labels, METRIC_NAME } from '@vigie/model'
import type { VectorMatching } from '../syntax/ast.ts'

/** A key that is equal for series that belong together. */
export function signatureOf({ isOn, labels }: VectorMatching): (labels: Labels) => string {
  const names = new Set(isOn ? labels : [...labels, METRIC_NAME])
  return isOn ? (one) => one.keep(names).key : (one) => one.drop(names).key
}
