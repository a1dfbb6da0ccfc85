/** Picks from JSON: `$.a.b[0].c`, `a.b`, `items[*].score`. */
import { memberOf } from './condition.ts'

const STEP = /\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\[\*\]|\["([^"]*)"\]|\['([^']*)'\]/y

type Step = string | number | undefined

/** Throws Error when the path is not one. `undefined` steps take every element. */
export function parsePath(path: string): Step[] {
  const text = path.replace(/^\$/, '')
  const steps: Step[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < text.length) {
    const at = STEP.lastIndex
    const match = STEP.exec(text)
    if (match === null)
      throw new Error(`unexpected ${JSON.stringify(text.slice(at))} in path ${path}`)
    const [, name, index, double, single] = match
    steps.push(index === undefined ? (name ?? double ?? single) : Number(index))
  }
  return steps
}

/** Every value that the path leads to. Throws ConditionError when it leads nowhere. */
export function pick(value: unknown, path: string): unknown[] {
  let found: unknown[] = [value]
  for (const step of parsePath(path))
    found = found.flatMap((one) =>
      step === undefined
        ? Array.isArray(one)
          ? (one as unknown[])
          : Object.values(one as object)
        : [memberOf(one, step)],
    )
  return found
}
