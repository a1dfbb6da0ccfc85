/**
 * Selectors of `Response.json(selector)`: the part of gjson's path syntax that k6 scripts use: names
 * joined by dots, indexes, `#` for a length or for every element, `#(name==value)` for the first
 * element that fits and `#(…)#` for all. Modifiers (`@…`) and `{}` are refused by name.
 */

/** Length of a selector. */
const MAX_LENGTH = 4096

/** The value at `path`, undefined when there is none. Throws for what is not served. */
export function selectJson(value: unknown, path: string): unknown {
  if (path.length > MAX_LENGTH)
    throw new Error(`a JSON selector of ${path.length} characters; want at most ${MAX_LENGTH}`)
  return walk(value, splitPath(path), 0)
}

/** Parts between dots; a dot in parentheses or after a backslash does not part. */
function splitPath(path: string): string[] {
  const parts: string[] = []
  let part = ''
  let depth = 0
  for (let i = 0; i < path.length; i++) {
    const letter = path[i]!
    if (letter === '\\' && depth === 0 && i + 1 < path.length) {
      part += letter + path[++i]!
    } else if ((letter === '.' || letter === '|') && depth === 0) {
      parts.push(part)
      part = ''
    } else {
      if (letter === '(') depth++
      if (letter === ')') depth--
      part += letter
    }
  }
  return [...parts, part]
}

function walk(value: unknown, parts: readonly string[], at: number): unknown {
  if (at === parts.length) return value
  const part = parts[at]!
  if (/^[@{[!]/.test(part)) throw new Error(`the JSON selector part "${part}" is not supported yet`)
  if (Array.isArray(value)) return walkArray(value, part, parts, at)
  if (typeof value !== 'object' || value === null) return undefined
  const name = part.replace(/\\(.)/g, '$1')
  if (Object.hasOwn(value, name))
    return walk((value as Record<string, unknown>)[name], parts, at + 1)
  const key = /(^|[^\\])[*?]/.test(part)
    ? Object.keys(value).find((one) => wildcard(part).test(one))
    : undefined
  return key === undefined
    ? undefined
    : walk((value as Record<string, unknown>)[key], parts, at + 1)
}

function walkArray(items: unknown[], part: string, parts: readonly string[], at: number): unknown {
  if (part === '#') {
    if (at === parts.length - 1) return items.length
    return items.map((item) => walk(item, parts, at + 1)).filter((one) => one !== undefined)
  }
  if (part.startsWith('#(')) {
    const all = part.endsWith(')#')
    const found = items.filter(query(part.slice(2, all ? -2 : -1)))
    if (!all) return found.length === 0 ? undefined : walk(found[0], parts, at + 1)
    if (at === parts.length - 1) return found
    // After `#(…)#` the rest applies to each, unless it starts with `#` itself.
    if (parts[at + 1] === '#') return walk(found, parts, at + 1)
    return found.map((item) => walk(item, parts, at + 1)).filter((one) => one !== undefined)
  }
  return /^\d+$/.test(part) ? walk(items[Number(part)], parts, at + 1) : undefined
}

const QUERY = /^\s*(.*?)\s*(==|!=|<=|>=|<|>|!%|%)\s*(.*?)\s*$/s

/** The test of `#(path op value)`; without an operator: whether the path exists. */
function query(text: string): (item: unknown) => boolean {
  const match = QUERY.exec(text)
  if (match === null) return (item) => (text === '' ? true : select(item, text) !== undefined)
  const [, path, operator, right] = match
  const want = literal(right!)
  return (item) => {
    const have = path === '' ? item : select(item, path!)
    return have !== undefined && compare(have, operator!, want)
  }
}

function select(item: unknown, path: string): unknown {
  return walk(item, splitPath(path), 0)
}

function literal(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function compare(have: unknown, operator: string, want: unknown): boolean {
  switch (operator) {
    case '==':
      return have === want
    case '!=':
      return have !== want
    case '%':
    case '!%':
      return typeof have === 'string' && wildcard(String(want)).test(have) === (operator === '%')
    default:
  }
  if (typeof have !== typeof want || (typeof have !== 'number' && typeof have !== 'string'))
    return false
  const order = have < (want as typeof have) ? -1 : have > (want as typeof have) ? 1 : 0
  return operator === '<'
    ? order < 0
    : operator === '<='
      ? order <= 0
      : operator === '>'
        ? order > 0
        : order >= 0
}

/** `*` and `?` as an expression without nested repetition, so that it stays linear enough for short names. */
function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/\*+/g, '*')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, 's')
}
