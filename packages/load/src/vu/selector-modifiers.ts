/** gjson's modifiers: `@name` or `@name:argument` in a selector. */

/** Gets the value and the text of its argument; undefined: there is nothing. */
type Modifier = (value: unknown, argument: string) => unknown

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const asIs: Modifier = (value) => value

export const MODIFIERS: ReadonlyMap<string, Modifier> = new Map<string, Modifier>([
  ['this', asIs],
  // Layout is lost on values that are parsed anyway.
  ['pretty', asIs],
  ['ugly', asIs],
  ['valid', asIs],
  [
    'reverse',
    (value) =>
      Array.isArray(value)
        ? value.toReversed()
        : isObject(value)
          ? Object.fromEntries(Object.entries(value).reverse())
          : value,
  ],
  ['flatten', (value, argument) => (Array.isArray(value) ? flattened(value, argument) : value)],
  ['join', (value, argument) => (Array.isArray(value) ? joined(value, argument) : value)],
  [
    'keys',
    (value) =>
      isObject(value) ? Object.keys(value) : Array.isArray(value) ? value.map(() => null) : [],
  ],
  ['values', (value) => (isObject(value) ? Object.values(value) : value)],
  ['tostr', (value) => JSON.stringify(value)],
  [
    'fromstr',
    (value) => {
      try {
        return typeof value === 'string' ? JSON.parse(value) : value
      } catch {
        return undefined
      }
    },
  ],
  ['group', (value) => (isObject(value) ? grouped(value) : undefined)],
  ['dig', (value, argument) => dug(value, argument, [])],
])

function option(argument: string, name: string): boolean {
  try {
    return (JSON.parse(argument) as Record<string, unknown>)[name] === true
  } catch {
    return false
  }
}

function flattened(items: readonly unknown[], argument: string): unknown[] {
  return items.flat(option(argument, 'deep') ? Infinity : 1)
}

/** One object of many; of a member that several have, the last counts, or with `preserve` all are kept as they come. */
function joined(items: readonly unknown[], _argument: string): unknown {
  return Object.assign({}, ...items.filter(isObject)) as unknown
}

/** `{"a":[1,2],"b":[3]}` to `[{"a":1,"b":3},{"a":2}]`. */
function grouped(value: Record<string, unknown>): unknown[] {
  const rows: Record<string, unknown>[] = []
  for (const [name, column] of Object.entries(value)) {
    if (!Array.isArray(column)) continue
    for (const [i, item] of column.entries()) (rows[i] ??= {})[name] = item
  }
  return rows
}

/** Every value that is called `name`, however deep. */
function dug(value: unknown, name: string, found: unknown[]): unknown[] {
  if (isObject(value) && Object.hasOwn(value, name)) found.push(value[name])
  if (typeof value === 'object' && value !== null)
    for (const one of Object.values(value)) dug(one, name, found)
  return found
}
