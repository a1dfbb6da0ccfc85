/**
 * Selectors of `Response.json(selector)`: gjson's path syntax, over values that are parsed already.
 *
 *   name.0.name      members and elements; `*` and `?` match names, `\` escapes
 *   list.#           length            list.#.name      of every element
 *   list.#(a=="b")   first that fits   list.#(a>1)#     all that fit
 *   a|b              goes on with the whole of what `a` gave
 *   @reverse:arg     modifiers         {a,"n":b} [a,b]  several paths        !"literal"
 */
import { MODIFIERS } from './selector-modifiers.ts'

/** Length of a selector. */
const MAX_LENGTH = 4096
/** Selectors within selectors. */
const MAX_DEPTH = 64

/** There is no such part; `null` is a part. */
const MISSING: unique symbol = Symbol('missing')
type Found = unknown

/** The value at `path`, undefined when there is none. Throws RangeError for a selector beyond the limits. */
export function selectJson(value: unknown, path: string): unknown {
  if (path.length > MAX_LENGTH)
    throw new RangeError(`a JSON selector of ${path.length} characters; want at most ${MAX_LENGTH}`)
  const found = get(value, path, 0)
  return found === MISSING ? undefined : found
}

function get(value: Found, path: string, depth: number): Found {
  if (depth > MAX_DEPTH) throw new RangeError(`JSON selectors nested more than ${MAX_DEPTH} deep`)
  if (value === MISSING || path === '') return MISSING
  if (path.startsWith('..')) return get([value], path.slice(2), depth + 1)
  if (path.length > 1) {
    const special =
      path[0] === '@'
        ? modified(value, path)
        : path[0] === '!'
          ? literal(path)
          : path[0] === '{' || path[0] === '['
            ? several(value, path, depth)
            : null
    if (special !== null) {
      const { result, rest } = special
      return rest === '' ? result : get(result, rest.slice(1), depth + 1)
    }
  }
  if (Array.isArray(value)) return fromArray(value, path, depth)
  if (typeof value === 'object' && value !== null)
    return fromObject(value as Record<string, unknown>, path, depth)
  return MISSING
}

interface Special {
  result: Found
  /** What follows, with its `.` or `|`. */
  rest: string
}

function modified(value: Found, path: string): Special | null {
  const end = /[:|.]/.exec(path)?.index ?? path.length
  const modifier = MODIFIERS.get(path.slice(1, end))
  if (modifier === undefined) return null
  if (path[end] !== ':') return { result: orMissing(modifier(value, '')), rest: path.slice(end) }
  const after = path.slice(end + 1)
  const length = '{["'.includes(after[0] ?? ' ') ? jsonLength(after) : after.indexOf('|')
  const arg = length < 0 ? after : after.slice(0, length)
  return { result: orMissing(modifier(value, arg)), rest: length < 0 ? '' : after.slice(length) }
}

const orMissing = (value: unknown): Found => (value === undefined ? MISSING : value)

function literal(path: string): Special | null {
  const text = path.slice(1)
  const length = '{["'.includes(text[0] ?? ' ') ? jsonLength(text) : /[.|]|$/.exec(text)!.index
  return { result: parsed(text.slice(0, length)), rest: text.slice(length) }
}

function parsed(text: string): Found {
  try {
    return JSON.parse(text)
  } catch {
    return MISSING
  }
}

/** Length of the JSON (or the part in brackets) that `text` starts with. */
function jsonLength(text: string): number {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!
    if (letter === '"') i = endOfString(text, i)
    else if ('{[('.includes(letter)) depth++
    else if ('}])'.includes(letter)) depth--
    if (depth === 0) return i + 1
  }
  return text.length
}

/** Index of the quote that closes the one at `start`. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return text.length
}

/** `{a,"name":b}` and `[a,b]`: a new document of what is found. */
function several(value: Found, path: string, depth: number): Special | null {
  const length = jsonLength(path)
  const rest = path.slice(length)
  if (path[length - 1] !== (path[0] === '{' ? '}' : ']') || !/^([.|]|$)/.test(rest)) return null
  const names: Record<string, unknown> = {}
  const items: unknown[] = []
  for (const part of splitList(path.slice(1, length - 1))) {
    const named = path[0] === '{' && part.startsWith('"') ? endOfString(part, 0) : -1
    const isNamed = named > 0 && part[named + 1] === ':'
    const subpath = isNamed ? part.slice(named + 2) : part
    const found = get(value, subpath, depth + 1)
    if (found === MISSING) continue
    items.push(found)
    names[isNamed ? String(parsed(part.slice(0, named + 1))) : lastName(subpath)] = found
  }
  return { result: path[0] === '{' ? names : items, rest }
}

function splitList(text: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i <= text.length; i++) {
    const letter = text[i]
    if (letter === '\\') i++
    else if (letter === '"') i = endOfString(text, i)
    else if (letter !== undefined && '{[('.includes(letter)) i += jsonLength(text.slice(i)) - 1
    else if (letter === ',' || letter === undefined) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return parts
}

function lastName(path: string): string {
  const name = /(?:^|[.|])((?:[^.|\\]|\\.)*)$/s.exec(path)?.[1] ?? ''
  return name === '' || /[[\]{}()#|!]/.test(name) ? '_' : name.replace(/\\(.)/gs, '$1')
}

/** What follows one part of a path. */
interface Next {
  part: string
  /** For the part's value: `more` is a path into it, `pipe` a path into the whole result. */
  more: string | null
  pipe: string | null
}

function splitFirst(path: string): Next {
  for (let i = 0; i < path.length; i++) {
    const letter = path[i]
    if (letter === '\\') i++
    else if (letter === '|') return { part: path.slice(0, i), more: null, pipe: path.slice(i + 1) }
    else if (letter === '.') {
      const part = path.slice(0, i)
      const rest = path.slice(i + 1)
      return part === '#' ? { part, more: rest, pipe: null } : { part, ...afterDot(rest) }
    } else if (letter === '#' && i === 0 && (path[1] === '(' || path[1] === '[')) {
      i = jsonLength(path.slice(1))
      if (path[i + 1] === '#') i++
    }
  }
  return { part: path, more: null, pipe: null }
}

/** A dot before a modifier, a literal or several paths is a pipe. */
function afterDot(rest: string): { more: string | null; pipe: string | null } {
  const isPipe =
    /^[[{!]/.test(rest) || (rest.startsWith('@') && MODIFIERS.has(/^@([^.|:]*)/.exec(rest)![1]!))
  return isPipe ? { more: null, pipe: rest } : { more: rest, pipe: null }
}

function piped(value: Found, pipe: string | null, depth: number): Found {
  return pipe === null ? value : get(value, pipe, depth + 1)
}

function fromObject(value: Record<string, unknown>, path: string, depth: number): Found {
  const { part, more, pipe } = splitFirst(path)
  const isPattern = /(^|[^\\])(\\\\)*[*?]/.test(part)
  const name = part.replace(/\\(.)/gs, '$1')
  const pattern = isPattern ? wildcard(part) : null
  const keys =
    pattern === null
      ? Object.hasOwn(value, name)
        ? [name]
        : []
      : Object.keys(value).filter((key) => pattern.test(key))
  for (const key of keys) {
    const found = more === null ? value[key] : get(value[key], more, depth + 1)
    if (found !== MISSING) return piped(found, pipe, depth)
  }
  return MISSING
}

function fromArray(items: readonly unknown[], path: string, depth: number): Found {
  const { part, more, pipe } = splitFirst(path)
  if (part === '#') {
    if (more === null) return piped(items.length, pipe, depth)
    return eachOf(items, more, depth)
  }
  if (part.startsWith('#(') || part.startsWith('#[')) {
    const all = part.endsWith('#')
    const fits = query(part.slice(2, all ? -2 : -1), depth)
    if (all) {
      const found = items.filter(fits)
      return more === null ? piped(found, pipe, depth) : eachOf(found, more, depth)
    }
    const first = items.find(fits)
    if (first === undefined) return MISSING
    return piped(more === null ? first : get(first, more, depth + 1), pipe, depth)
  }
  if (!/^\d+$/.test(part) || Number(part) >= items.length) return MISSING
  const item = items[Number(part)]
  return piped(more === null ? item : get(item, more, depth + 1), pipe, depth)
}

/** `path` of each, up to its first pipe, which goes on with the list. */
function eachOf(items: readonly unknown[], path: string, depth: number): Found {
  const bar = pipeIn(path)
  const own = bar < 0 ? path : path.slice(0, bar)
  const found = items.map((item) => get(item, own, depth + 1)).filter((one) => one !== MISSING)
  return piped(found, bar < 0 ? null : path.slice(bar + 1), depth)
}

/** Index of the first pipe outside brackets and texts, be it a bar or a dot that is one; -1: none. */
function pipeIn(path: string): number {
  for (let i = 0; i < path.length; i++) {
    const letter = path[i]!
    if (letter === '\\') i++
    else if (letter === '"') i = endOfString(path, i)
    else if ('{[('.includes(letter)) i += jsonLength(path.slice(i)) - 1
    else if (letter === '|') return i
    else if (letter === '.' && path[i + 1] === '@' && afterDot(path.slice(i + 1)).pipe !== null)
      return i
  }
  return -1
}

const OPERATOR = /^(==|=|!=|!%|<=|<|>=|>|%)/

/** The test of `#(path op value)`; without an operator: whether the path exists. */
function query(text: string, depth: number): (item: unknown) => boolean {
  let at = 0
  for (; at < text.length && !/[\s!=<>%]/.test(text[at]!); at++)
    if ('([{'.includes(text[at]!)) at += jsonLength(text.slice(at)) - 1
    else if (text[at] === '"') at = endOfString(text, at)
    else if (text[at] === '\\') at++
  const path = text.slice(0, at).trim()
  const operation = text.slice(at).trim()
  const operator = OPERATOR.exec(operation)?.[0] ?? ''
  const right = operation.slice(operator.length).trim()
  const want = right.startsWith('"') ? String(parsed(right)) : right
  return (item) => {
    const isContainer = typeof item === 'object' && item !== null
    if (!isContainer && path !== '') return false
    const have = isContainer ? get(item, path, depth + 1) : item
    return want.startsWith('~')
      ? compare(isLike(have, want.slice(1)), operator, 'true')
      : have !== MISSING && compare(have, operator, want)
  }
}

/** `~true`, `~false`, `~null`, `~*`: what a value amounts to. */
function isLike(value: Found, what: string): boolean {
  const isEmpty = value === MISSING || value === null
  if (what === '*') return value !== MISSING
  if (what === 'null') return isEmpty
  const isTrue =
    value === true ||
    (typeof value === 'string' && /^(1|t|true)$/i.test(value)) ||
    (typeof value === 'number' && value !== 0)
  if (what === 'true') return isTrue
  return isEmpty || value === false || value === 0 || /^(0|f|false)$/i.test(String(value as string))
}

function compare(have: Found, operator: string, want: string): boolean {
  if (operator === '') return true
  if (typeof have === 'string') {
    if (operator === '%') return wildcard(want).test(have)
    if (operator === '!%') return !wildcard(want).test(have)
    return inOrder(have < want ? -1 : have > want ? 1 : 0, operator)
  }
  if (typeof have === 'number') {
    const number = Number(want) || 0
    return inOrder(have < number ? -1 : have > number ? 1 : 0, operator)
  }
  if (typeof have !== 'boolean') return false
  if (operator === '=' || operator === '==') return want === String(have)
  if (operator === '!=') return want !== String(have)
  return have
    ? operator === '>=' || (operator === '>' && want === 'false')
    : operator === '<=' || (operator === '<' && want === 'true')
}

function inOrder(order: number, operator: string): boolean {
  switch (operator) {
    case '=':
    case '==':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    default:
      return operator === '>=' && order >= 0
  }
}

/** `*` and `?` as an expression without nested repetition, so that it stays linear enough for short names. */
function wildcard(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|\*+|[?.+^${}()|[\]\\]/gs, (special, escaped?: string) => {
    if (escaped !== undefined) return escaped.replace(/[.*+?^${}()|[\]\\]/, '\\$&')
    return special[0] === '*' ? '.*' : special === '?' ? '.' : `\\${special}`
  })
  return new RegExp(`^${source}$`, 's')
}
