/** Numbers with units, by Grafana's unit ids. An id that is not known is itself the suffix, as in Grafana. */
import {
  type Format,
  type FormatOptions,
  type FormattedValue,
  counted,
  currency,
  currencyBehind,
  fixed,
  iec,
  plain,
  scaled,
  si,
  siOf,
  suffixed,
} from './unit-scale.ts'
import {
  COUNT_UNITS,
  CURRENCIES,
  CURRENCIES_BEHIND,
  IEC_UNITS,
  PLAIN_UNITS,
  SI_UNITS,
  type UnitEntry,
} from './unit-table.ts'
import { TIME_UNITS, customMoment } from './unit-time.ts'

const either =
  (yes: string, no: string): Format =>
  (value) =>
    plain(value === 0 ? no : yes)

const hexadecimal = (value: number, decimals: number | undefined): string =>
  Number(fixed(value, decimals)).toString(16).toUpperCase()

const table = (
  units: readonly UnitEntry[],
  make: (symbol: string, offset: number) => Format,
): [string, Format][] => units.map(({ id, symbol, offset }) => [id, make(symbol, offset)])

const UNITS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['', suffixed('')],
  ['none', suffixed('')],
  ['string', (value) => plain(String(value))],
  ['short', scaled(1000, ['', ' K', ' Mil', ' Bil', ' Tri', ' Quadr', ' Quint', ' Sext', ' Sept'])],
  ['sishort', si('')],
  ['percent', suffixed('%')],
  ['percentunit', suffixed('%', 100)],
  ['hex', (value, decimals) => plain(hexadecimal(value, decimals))],
  ['hex0x', (value, decimals) => plain(hexadecimal(value, decimals).replace(/^(-?)/, '$10x'))],
  ['sci', (value, decimals) => plain(value.toExponential(decimals))],
  [
    'locale',
    (value, decimals) =>
      plain(value.toLocaleString(undefined, { maximumFractionDigits: decimals ?? 3 })),
  ],
  ['pressurepsi', scaled(1000, ['psi', 'ksi', 'Mpsi'])],
  ['bool', either('True', 'False')],
  ['bool_yes_no', either('Yes', 'No')],
  ['bool_on_off', either('On', 'Off')],
  ...table(PLAIN_UNITS, (symbol) => suffixed(` ${symbol}`)),
  ...table(SI_UNITS, si),
  ...table(IEC_UNITS, iec),
  ...table(COUNT_UNITS, counted),
  ...table(CURRENCIES, currency),
  ...table(CURRENCIES_BEHIND, currencyBehind),
  ...TIME_UNITS,
])

/** Units that say by a prefix how the rest is meant, `suffix: req`. */
const CUSTOM: ReadonlyMap<string, (rest: string) => Format> = new Map<
  string,
  (rest: string) => Format
>([
  [
    'prefix',
    (rest) => (value, decimals) => ({ prefix: rest, text: fixed(value, decimals), suffix: '' }),
  ],
  ['suffix', (rest) => suffixed(` ${rest}`)],
  ['si', siOf],
  ['count', counted],
  ['currency', currency],
  ['time', customMoment],
  ['bool', (rest) => either(rest.split('/')[0], rest.split('/')[1] ?? '')],
])

/** A value with its unit; NaN and infinities as they are. `decimals` left out: about three figures. */
export function formatValue(
  value: number,
  unit = '',
  decimals?: number,
  options: FormatOptions = {},
): FormattedValue {
  if (!Number.isFinite(value)) return plain(Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞')
  return formatOf(unit)(value, decimals, options)
}

function formatOf(unit: string): Format {
  const known = UNITS.get(unit)
  if (known !== undefined) return known
  const colon = unit.indexOf(':')
  const custom = colon > 0 ? CUSTOM.get(unit.slice(0, colon)) : undefined
  return custom === undefined ? suffixed(` ${unit}`) : custom(unit.slice(colon + 1))
}

/** The same as one text. */
export function valueText(
  value: number,
  unit = '',
  decimals?: number,
  options: FormatOptions = {},
): string {
  const { prefix, text, suffix } = formatValue(value, unit, decimals, options)
  return prefix + text + suffix
}
