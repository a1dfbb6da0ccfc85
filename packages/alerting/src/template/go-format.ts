/** Go's fmt: `%v` of every value, and printf's verbs. */
import { quote } from '@vigie/model'
import {
  type GoObject,
  type Value,
  isFunction,
  isList,
  isMap,
  methodOf,
  sortedKeys,
  typeName,
} from './value.ts'

/** `%v`. */
export function show(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'number') return formatFloat(value, 'g', -1)
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return value.toString()
  if (isFunction(value)) return 'func'
  const asText = methodOf(value, 'String')
  if (asText !== undefined) return show(asText.call())
  if (isList(value)) return `[${value.map(show).join(' ')}]`
  if (isMap(value))
    return `map[${sortedKeys(value)
      .map((key) => `${key}:${show(value.get(key)!)}`)
      .join(' ')}]`
  return (value as GoObject).toString()
}

/**
 * strconv.FormatFloat for formats e, E, f, F, g, G. Precision -1 is the shortest that reads back;
 * `g` then takes an exponent from 1e6 on and below 1e-4.
 */
export function formatFloat(v: number, format: string, precision: number): string {
  if (v !== v) return 'NaN'
  if (v === Infinity) return '+Inf'
  if (v === -Infinity) return '-Inf'
  const lower = format.toLowerCase()
  const out =
    lower === 'f'
      ? fixed(v, precision)
      : lower === 'e'
        ? exponential(v, precision)
        : general(v, precision)
  const signed = Object.is(v, -0) && !out.startsWith('-') ? '-' + out : out
  return format === lower ? signed : signed.toUpperCase()
}

function fixed(v: number, precision: number): string {
  if (precision >= 0 && Math.abs(v) < 1e21) return v.toFixed(Math.min(precision, 100))
  const exact = BigInt(Math.trunc(v)).toString()
  if (Math.abs(v) >= 1e21) return precision > 0 ? `${exact}.${'0'.repeat(precision)}` : exact
  const text = String(v)
  if (!text.includes('e')) return text
  // Shortest digits of something tiny, written out.
  const [digits, exponent] = text.split('e')
  const sign = digits.startsWith('-') ? '-' : ''
  return `${sign}0.${'0'.repeat(-Number(exponent) - 1)}${digits.replace(/[-.]/g, '')}`
}

function exponential(v: number, precision: number): string {
  const text = precision < 0 ? v.toExponential() : v.toExponential(Math.min(precision, 100))
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

function general(v: number, precision: number): string {
  if (v === 0) return '0'
  const isShortest = precision < 0
  const digits = precision === 0 ? 1 : precision
  const text = isShortest ? v.toExponential() : v.toExponential(Math.min(digits, 100) - 1)
  const exponent = Number(text.slice(text.indexOf('e') + 1))
  if (exponent < -4 || exponent >= (isShortest ? 6 : digits)) {
    const trimmed = text.replace(/(\.\d*?)0+e/, '$1e').replace('.e', 'e')
    return trimmed.replace(/e([+-])(\d)$/, 'e$10$2')
  }
  if (isShortest) return fixed(v, -1)
  const out = v.toFixed(Math.max(0, Math.min(100, digits - 1 - exponent)))
  return out.includes('.') ? out.replace(/\.?0+$/, '') : out
}

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(%|[a-zA-Z])?/gu

/** fmt.Sprintf, with its notes about arguments that do not fit. */
export function sprintf(format: string, args: readonly Value[]): string {
  let used = 0
  const take = (): Value | undefined => args[used++]
  const number = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined
    return text === '*' ? Number(take() ?? 0) : Number(text)
  }
  const out = format.replace(
    VERB,
    (_, flags: string, widthText?: string, precisionText?: string, verb?: string) => {
      if (verb === undefined) return '%!(NOVERB)'
      if (verb === '%') return '%'
      const width = number(widthText)
      const precision = number(precisionText)
      if (used >= args.length) return `%!${verb}(MISSING)`
      return pad(formatOne(verb, take()!, flags, precision), flags, width, verb)
    },
  )
  if (used >= args.length) return out
  const extra = args
    .slice(used)
    .map((one) => (one === null ? '<nil>' : `${typeName(one)}=${show(one)}`))
  return `${out}%!(EXTRA ${extra.join(', ')})`
}

const WIDTH_MAX = 1000

function pad(text: string, flags: string, width: number | undefined, verb: string): string {
  if (width === undefined) return text
  const size = Math.min(Math.abs(width), WIDTH_MAX)
  const missing = size - Array.from(text).length
  if (missing <= 0) return text
  if (flags.includes('-') || width < 0) return text + ' '.repeat(missing)
  if (flags.includes('0') && /[a-zA-Z]/.test(verb) && !'sqvT'.includes(verb)) {
    const sign = /^[+-]/.exec(text)?.[0] ?? ''
    return sign + '0'.repeat(missing) + text.slice(sign.length)
  }
  return ' '.repeat(missing) + text
}

function formatOne(
  verb: string,
  value: Value,
  flags: string,
  precision: number | undefined,
): string {
  const plus = (text: string): string =>
    flags.includes('+') && !/^[+-]/.test(text) ? '+' + text : text
  if (verb === 'v') return typeof value === 'number' ? plus(show(value)) : show(value)
  if (verb === 'T') return typeName(value)
  const bad = (): string =>
    value === null ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${show(value)})`
  if (typeof value === 'number')
    return 'eEfFgG'.includes(verb)
      ? plus(formatFloat(value, verb, precision ?? ('gG'.includes(verb) ? -1 : 6)))
      : bad()
  if (typeof value === 'bigint') return formatInteger(verb, value, plus) ?? bad()
  if (typeof value === 'boolean') return verb === 't' ? String(value) : bad()
  const text = show(value)
  const cut = precision === undefined ? text : Array.from(text).slice(0, precision).join('')
  if (verb === 's') return cut
  if (verb === 'q') return quote(cut)
  if (verb === 'x') return Buffer.from(cut).toString('hex')
  if (verb === 'X') return Buffer.from(cut).toString('hex').toUpperCase()
  return bad()
}

function formatInteger(
  verb: string,
  value: bigint,
  plus: (text: string) => string,
): string | undefined {
  const base = new Map([
    ['d', 10],
    ['b', 2],
    ['o', 8],
    ['x', 16],
    ['X', 16],
  ]).get(verb)
  if (base !== undefined) {
    const text = plus(value.toString(base))
    return verb === 'X' ? text.toUpperCase() : text
  }
  if (verb === 'c') return String.fromCodePoint(Number(value))
  if (verb === 'q') return `'${String.fromCodePoint(Number(value))}'`
  if (verb === 'U') return 'U+' + value.toString(16).toUpperCase().padStart(4, '0')
  return undefined
}
