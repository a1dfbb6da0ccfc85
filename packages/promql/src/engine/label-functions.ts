/** label_replace and label_join: series get other labels, values stay. */
import { type Labels, METRIC_NAME, RegexError, compileRegex, expandReplacement } from '@vigie/model'
import type { Call } from '../syntax/ast.ts'
import { type Evaluation, emitAll, stringOf } from './evaluation.ts'
import type { Grid } from './grid.ts'
import { executionError } from './query-error.ts'
import { Columns, type Sink } from './row.ts'

export async function callLabelFunction(
  ev: Evaluation,
  call: Call,
  grid: Grid,
  sink: Sink,
): Promise<void> {
  const relabel = call.func.name === 'label_join' ? joiner(call) : replacer(call)
  const target = stringOf(call.args[1])
  const merged = new Columns(grid.count, ev.context.cellsMax)
  await ev.vector(call.args[0], grid, (row) => {
    const labels = relabel(row.labels)
    if (labels !== undefined) {
      row.labels = labels
      // A name that was set on purpose stays.
      if (target === METRIC_NAME) row.dropsName = false
    }
    merged.merge(row)
  })
  await emitAll(merged, sink, ev.context)
}

/** Gives the new labels, or undefined where nothing changes. */
type Relabel = (labels: Labels) => Labels | undefined

function replacer({ args }: Call): Relabel {
  const [target, replacement, source, expression] = args.slice(1).map(stringOf)
  let pattern
  try {
    pattern = compileRegex(`^(?s:${expression})$`)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    throw executionError(`invalid regular expression in label_replace(): ${expression}`)
  }
  checkName(target, 'destination label name in label_replace()')
  const names = new Map(Object.entries(pattern.namedGroups()))
  return (labels) => {
    const matcher = pattern.matcher(labels.get(source))
    if (!matcher.find()) return undefined
    const group = (name: number | string): string => {
      const index = typeof name === 'number' ? name : names.get(name)
      return index === undefined || index > matcher.groupCount() ? '' : (matcher.group(index) ?? '')
    }
    return labels.with(target, expandReplacement(replacement, group))
  }
}

function joiner({ args }: Call): Relabel {
  const [target, separator, ...sources] = args.slice(1).map(stringOf)
  for (const source of sources) checkName(source, 'source label name in label_join()')
  checkName(target, 'destination label name in label_join()')
  return (labels) =>
    labels.with(target, sources.map((source) => labels.get(source)).join(separator))
}

/** Any text is a label name, but for none and for what was not UTF-8 when it was written. */
function checkName(name: string, what: string): void {
  if (name === '' || name.includes('\ufffd')) throw executionError(`invalid ${what}: ${name}`)
}
