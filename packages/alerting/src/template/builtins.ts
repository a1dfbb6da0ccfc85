/** The functions that every Go template has. `and` and `or` are known to the executor, which stops early. */
import { show, sprintf } from './go-format.ts'
import {
  type GoFunction,
  SafeHtml,
  type Value,
  goFunction,
  isFunction,
  isList,
  isMap,
  isTrue,
  typeName,
} from './value.ts'

export type FunctionTable = ReadonlyMap<string, GoFunction>

export const BUILTINS: FunctionTable = new Map<string, GoFunction>([
  [
    'and',
    goFunction(
      ['any', '...any'],
      (...args: Value[]) => args.find((one) => !isTrue(one)) ?? args.at(-1)!,
    ),
  ],
  ['or', goFunction(['any', '...any'], (...args: Value[]) => args.find(isTrue) ?? args.at(-1)!)],
  ['not', goFunction(['any'], (value: Value) => !isTrue(value))],
  ['len', goFunction(['any'], length)],
  [
    'index',
    goFunction(['any', '...any'], (item: Value, ...keys: Value[]) => keys.reduce(indexInto, item)),
  ],
  ['slice', goFunction(['any', '...any'], slice)],
  ['print', goFunction(['...any'], (...args: Value[]) => print(args))],
  ['println', goFunction(['...any'], (...args: Value[]) => args.map(show).join(' ') + '\n')],
  [
    'printf',
    goFunction(['string', '...any'], (format: string, ...args: Value[]) => sprintf(format, args)),
  ],
  ['html', goFunction(['...any'], (...args: Value[]) => escapeHtml(print(args)))],
  ['js', goFunction(['...any'], (...args: Value[]) => escapeJs(print(args)))],
  ['urlquery', goFunction(['...any'], (...args: Value[]) => queryEscape(print(args)))],
  ['call', goFunction(['any', '...any'], callValue)],
  ['eq', goFunction(['any', '...any'], equal)],
  ['ne', goFunction(['any', 'any'], (a: Value, b: Value) => !equal(a, b))],
  ['lt', goFunction(['any', 'any'], (a: Value, b: Value) => compare(a, b) < 0)],
  ['le', goFunction(['any', 'any'], (a: Value, b: Value) => compare(a, b) <= 0)],
  ['gt', goFunction(['any', 'any'], (a: Value, b: Value) => compare(a, b) > 0)],
  ['ge', goFunction(['any', 'any'], (a: Value, b: Value) => compare(a, b) >= 0)],
])

/** fmt.Sprint: spaces only between operands of which neither is text. */
function print(args: readonly Value[]): string {
  let out = ''
  args.forEach((value, i) => {
    if (i > 0 && typeof value !== 'string' && typeof args[i - 1] !== 'string') out += ' '
    out += show(value)
  })
  return out
}

function length(value: Value): Value {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  if (isList(value)) return BigInt(value.length)
  if (isMap(value)) return BigInt(value.size)
  throw new Error(value === null ? 'len of nil pointer' : `len of type ${typeName(value)}`)
}

function indexInto(item: Value, key: Value): Value {
  if (item === null) throw new Error('index of untyped nil')
  if (isMap(item)) {
    if (typeof key !== 'string')
      throw new Error(`value has type ${typeName(key)}; should be string`)
    return item.get(key) ?? missingOf(item)
  }
  if (!isList(item) && typeof item !== 'string')
    throw new Error(`can't index item of type ${typeName(item)}`)
  const at = integer(key)
  const size = typeof item === 'string' ? Buffer.byteLength(item) : item.length
  if (at < 0 || at >= size) throw new Error(`index out of range: ${at}`)
  return typeof item === 'string' ? BigInt(Buffer.from(item)[at]) : item[at]
}

/** What a map gives for a key that it does not have. */
export const missingOf = (map: ReadonlyMap<string, Value>): Value =>
  typeName(map) === 'map[string]interface {}' ? null : ''

function slice(item: Value, ...bounds: Value[]): Value {
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`)
  if (typeof item !== 'string' && !isList(item))
    throw new Error(`can't slice item of type ${typeName(item)}`)
  const bytes = typeof item === 'string' ? Buffer.from(item) : item
  const [from = 0, to = bytes.length] = bounds.map(integer)
  for (const at of [from, to])
    if (at < 0 || at > bytes.length) throw new Error(`index out of range: ${at}`)
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`)
  return typeof item === 'string'
    ? Buffer.from(item).subarray(from, to).toString()
    : item.slice(from, to)
}

function integer(value: Value): number {
  if (typeof value === 'bigint') return Number(value)
  throw new Error(
    value === null
      ? 'cannot index slice/array with nil'
      : `cannot index slice/array with type ${typeName(value)}`,
  )
}

function callValue(target: Value, ...args: Value[]): Value {
  if (!isFunction(target)) throw new Error(`non-function of type ${typeName(target)}`)
  return target.call(...args)
}

type Kind = 'bool' | 'int' | 'float' | 'string'

function kindOf(value: Value): Kind {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float'
  if (typeof value === 'string') return 'string'
  if (value instanceof SafeHtml) return 'string'
  throw new Error('invalid type for comparison')
}

const MISMATCH = 'incompatible types for comparison'

function equal(first: Value, ...others: Value[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison')
  return others.some((other) => {
    if (first === null || other === null) return first === other
    if (kindOf(first) !== kindOf(other)) throw new Error(MISMATCH)
    return first === other
  })
}

function compare(a: Value, b: Value): number {
  if (a === null || b === null) throw new Error('invalid type for comparison')
  const kind = kindOf(a)
  if (kind !== kindOf(b)) throw new Error(MISMATCH)
  if (kind === 'bool') throw new Error('invalid type for comparison')
  if (kind === 'string') return Buffer.compare(Buffer.from(show(a)), Buffer.from(show(b)))
  if (a === b) return 0
  // NaN is neither less nor greater, but `ge` and `le` would take 0 for equal.
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : Number.NaN
}

const HTML_ESCAPES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['\0', '\ufffd'],
])

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"'\0]/g, (char) => HTML_ESCAPES.get(char)!)

const JS_ESCAPES = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['"', '\\"'],
  ['<', '\\u003C'],
  ['>', '\\u003E'],
  ['&', '\\u0026'],
  ['=', '\\u003D'],
])

const escapeJs = (text: string): string =>
  text.replace(
    // oxlint-disable-next-line no-control-regex
    /[\\'"<>&=\u0000-\u001f]/g,
    (char) =>
      JS_ESCAPES.get(char) ??
      '\\u' + char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0'),
  )

/** url.QueryEscape. */
export const queryEscape = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => '%' + char.charCodeAt(0).toString(16).toUpperCase())
    .replace(/%20/g, '+')
