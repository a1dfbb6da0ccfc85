/** The module `k6/html`. */
import { textOf } from './text.ts'
import { createSelection } from './html/selection.ts'

export function createHtml(): Record<string, unknown> {
  return {
    parseHTML: (source: unknown) => createSelection(textOf(source)),
  }
}
