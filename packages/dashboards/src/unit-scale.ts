/** Numbers as texts: how many digits, and into which step of a scale. */

export interface FormattedValue {
  prefix: string
  text: string
  suffix: string
}

export interface FormatOptions {
  /** Moments of time in UTC instead of the reader's zone. */
  isUtc?: boolean
  /** What `today` and `ago` are relative to; the clock's time when left out. */
  nowMs?: number
}

export type Format = (
  value: number,
  decimals: number | undefined,
  options: FormatOptions,
) => FormattedValue

export const plain = (text: string, suffix = ''): FormattedValue => ({ prefix: '', text, suffix })

/** Digits behind the point that show three figures. */
function autoDecimals(value: number): number {
  if (Number.isInteger(value)) return 0
  return Math.max(0, 2 - Math.floor(Math.log(Math.abs(value)) / Math.LN10))
}

/** Rounded half up in magnitude of the double, as JavaScript's Math.round does, and padded with zeros. */
export function fixed(value: number, decimals: number = autoDecimals(value)): string {
  const count = Math.max(0, Math.min(100, decimals))
  if (value === 0) return (0).toFixed(count)
  const factor = count === 0 ? 1 : 10 ** count
  const text = String(Math.round(value * factor) / factor)
  if (text.includes('e')) return text
  const point = text.indexOf('.')
  const given = point < 0 ? 0 : text.length - point - 1
  if (given >= count) return text
  return text + (given === 0 ? '.' : '') + '0'.repeat(count - given)
}

/** The number and the symbol behind it. */
export const suffixed =
  (suffix: string, factor = 1): Format =>
  (value, decimals) =>
    plain(fixed(value * factor, decimals), suffix)

/** Into the largest fitting of `steps`; the unit itself stands at `offset`. */
export const scaled =
  (base: number, steps: readonly string[], offset = 0): Format =>
  (value, decimals) => {
    const wanted =
      value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)) / Math.log10(base) + 1e-12)
    const step = Math.max(-offset, Math.min(wanted, steps.length - 1 - offset))
    return plain(fixed(value / base ** step, decimals), steps[step + offset])
  }

const SI = ['f', 'p', 'n', 'µ', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']
const SI_ZERO = SI.indexOf('')
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']
const THOUSANDS = ['', 'K', 'M', 'B', 'T']

export const si = (symbol: string, offset = 0): Format =>
  scaled(
    1000,
    SI.map((prefix) => ` ${prefix}${symbol}`),
    SI_ZERO + offset,
  )

/** Steps from the start of `SI` by its prefix letter, for `si:mV`. */
export function siOf(text: string): Format {
  const at = text.length > 1 ? SI.indexOf(text[0] === 'μ' ? 'µ' : text[0]) : -1
  return at < 0 ? si(text) : si(text.slice(1), at - SI_ZERO)
}

export const iec = (symbol: string, offset = 0): Format =>
  scaled(
    1024,
    IEC.map((prefix) => ` ${prefix}${symbol}`),
    offset,
  )

export const counted = (symbol: string): Format =>
  scaled(
    1000,
    THOUSANDS.map((step) => `${step} ${symbol}`),
  )

const thousands = scaled(1000, THOUSANDS)

/** The sign stands before the symbol. */
export const currency =
  (symbol: string): Format =>
  (value, decimals, options) => {
    const { text, suffix } = thousands(Math.abs(value), decimals, options)
    return { prefix: (value < 0 ? '-' : '') + symbol, text, suffix }
  }

export const currencyBehind =
  (symbol: string): Format =>
  (value, decimals, options) => {
    const { text, suffix } = thousands(value, decimals, options)
    return plain(text, suffix + symbol)
  }
