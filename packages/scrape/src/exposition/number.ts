/**
 * Numbers of the exposition formats, read from bytes: what Go's strconv.ParseFloat takes, less the
 * notations that formats older than Go 1.13 do not know (hexadecimal, underscores).
 *
 * Almost every number is sign, digits, point, digits, exponent with at most 19 significant digits and
 * a small power of ten. Those are exact without a string: up to 15 digits are an integer below 2^53
 * and one correctly rounded multiplication or division by an exact power of ten (Clinger 1990); up to
 * 19 digits are done in two doubles (Dekker 1971), and handed to the string path only when the result
 * is too near to the middle between two doubles to be sure of.
 */
import { quote } from '@vigie/model'

const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
/** Digits that always fit into 53 bits. */
const EXACT_DIGITS = 15
/** Digits beyond EXACT_DIGITS that the two-double path takes. */
const EXTRA_DIGITS_MAX = 4
/** 10^22 is the largest exact power of ten. */
const POWER_MAX = 22
const POWERS: Float64Array = Float64Array.from({ length: POWER_MAX + 1 }, (_, i) =>
  Number(`1e${i}`),
)

export class NumberScanner {
  /** After `scan`: the first byte that is no part of the number. */
  end = 0
  /** After `scan`: whether there was a number. */
  isNumber = false

  /** The number at `at`, which ends at a blank, a line's end, or the end of `bytes`. NaN when there is none. */
  scan(bytes: Buffer, at: number): number {
    let p = at
    let c = bytes[p]
    const isNegative = c === MINUS
    if (isNegative || c === PLUS) c = bytes[++p]
    let mantissa = 0
    let extra = 0
    let extraDigits = 0
    let digits = 0
    let point = -1
    let significant = 0
    for (; ; c = bytes[++p]) {
      const digit = c - ZERO
      if (digit >= 0 && digit <= 9) {
        digits++
        if (significant < EXACT_DIGITS) {
          mantissa = mantissa * 10 + digit
          if (mantissa !== 0) significant++
        } else {
          extra = extra * 10 + digit
          extraDigits++
        }
      } else if (c === POINT && point < 0) point = digits
      else break
    }
    let exponent = point < 0 ? 0 : point - digits
    if (digits > 0 && (c === 0x65 || c === 0x45)) {
      c = bytes[++p]
      const isExponentNegative = c === MINUS
      if (isExponentNegative || c === PLUS) c = bytes[++p]
      let power = 0
      const exponentAt = p
      for (; c >= ZERO && c <= ZERO + 9 && p - exponentAt < 4; c = bytes[++p])
        power = power * 10 + c - ZERO
      if (p === exponentAt) return this.#slow(bytes, at)
      exponent += isExponentNegative ? -power : power
    }
    const isWhole = digits > 0 && (c === 0x0a || c === 0x20 || c === 0x09 || c === undefined)
    if (!isWhole || extraDigits > EXTRA_DIGITS_MAX) return this.#slow(bytes, at)
    const value =
      extraDigits === 0
        ? scaled(mantissa, exponent)
        : scaledWide(mantissa, extra, extraDigits, exponent)
    if (value < 0) return this.#slow(bytes, at)
    this.end = p
    this.isNumber = true
    return isNegative ? -value : value
  }

  #slow(bytes: Buffer, at: number): number {
    let end = at
    while (end < bytes.length && !isBlank(bytes[end])) end++
    this.end = end
    const value = parseGoFloat(bytes.toString('latin1', at, end))
    this.isNumber = typeof value === 'number'
    return typeof value === 'number' ? value : NaN
  }
}

const isBlank = (c: number): boolean => c === 0x0a || c === 0x20 || c === 0x09

/** `mantissa` times a power of ten; -1 when that needs more than one exact step. */
function scaled(mantissa: number, exponent: number): number {
  if (exponent === 0) return mantissa
  if (exponent < 0) return exponent < -POWER_MAX ? -1 : mantissa / POWERS[-exponent]
  return exponent > POWER_MAX ? -1 : mantissa * POWERS[exponent]
}

const SPLIT = 134217729 // 2^27 + 1
const DOUBT = 2 ** -48

/** (mantissa·10^extraDigits + extra)·10^exponent for exponent <= 0, correctly rounded; -1 in doubt. */
function scaledWide(
  mantissa: number,
  extra: number,
  extraDigits: number,
  exponent: number,
): number {
  if (exponent > 0 || exponent < -POWER_MAX) return -1
  const factor = POWERS[extraDigits]
  const high = mantissa * factor
  // The whole integer as high + low, exactly: both terms of low are integers below 2^53.
  const sum = high + (productError(mantissa, factor, high) + extra)
  const low = productError(mantissa, factor, high) + extra - (sum - high)
  if (exponent === 0) return low === 0 ? sum : -1
  const power = POWERS[-exponent]
  const quotient = sum / power
  const product = quotient * power
  const rest = (sum - product - productError(quotient, power, product) + low) / power
  const value = quotient + rest
  const doubt = Math.abs(rest) * DOUBT
  return value === quotient + (rest + doubt) && value === quotient + (rest - doubt) ? value : -1
}

/** a·b − fl(a·b), exactly. */
function productError(a: number, b: number, product: number): number {
  const ta = SPLIT * a
  const tb = SPLIT * b
  const ah = ta - (ta - a)
  const bh = tb - (tb - b)
  const al = a - ah
  const bl = b - bh
  return al * bl - (product - ah * bh - al * bh - ah * bl)
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const INFINITE = /^[+-]?inf(?:inity)?$/i

const HEX = /^([+-]?)0[xX]_?([\da-fA-F_]*)\.?([\da-fA-F_]*)[pP]([+-]?\d+)$/

/**
 * A number as Go reads it, or the reason why it is none in Go's words. What values of samples may not
 * have, hexadecimal digits and underscores, bounds of buckets may (`isBound`).
 */
export function parseGoFloat(text: string, isBound = false): number | string {
  if (/[pP_]/.test(text)) return isBound ? boundOf(text) : 'unsupported character in float'
  if (DECIMAL.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) ? value : problem(text, 'value out of range')
  }
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return NaN
  return problem(text, 'invalid syntax')
}

function boundOf(text: string): number | string {
  if (/__|_$|_[^\da-fA-F]|[^\da-fA-FxX]_/.test(text)) return problem(text, 'invalid syntax')
  const digits = text.replaceAll('_', '')
  const match = HEX.exec(digits)
  if (match === null)
    return digits === text ? problem(text, 'invalid syntax') : parseGoFloat(digits)
  const [, sign, whole, fraction, exponent] = match
  if (whole + fraction === '') return problem(text, 'invalid syntax')
  const value =
    Number.parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length)
  return sign === '-' ? -value : value
}

const problem = (text: string, reason: string): string =>
  `strconv.ParseFloat: parsing ${quote(text)}: ${reason}`
