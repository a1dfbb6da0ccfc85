/** Numbers with units, by Grafana's unit ids. An id that is not known is itself the suffix, as in Grafana. */

export interface FormattedValue {
  prefix: string
  text: string
  suffix: string
}

type Format = (value: number, decimals: number | undefined) => FormattedValue

const plain = (text: string, suffix = ''): FormattedValue => ({ prefix: '', text, suffix })

/** Digits behind the point that show about three figures, by Grafana's rule. */
function autoDecimals(value: number): number {
  if (Number.isInteger(value)) return 0
  const digits = -Math.floor(Math.log10(Math.abs(value))) + 1
  const rest = Math.abs(value) / 10 ** -digits
  return Math.max(0, rest > 2.25 ? digits + 1 : digits)
}

const fixed = (value: number, decimals = autoDecimals(value)): string =>
  value.toFixed(Math.min(20, Math.max(0, decimals)))

const suffixed =
  (suffix: string, factor = 1): Format =>
  (value, decimals) =>
    plain(fixed(value * factor, decimals), suffix)

/** A value scaled into its largest fitting step. */
const scaled =
  (base: number, steps: readonly string[], offset = 0): Format =>
  (value, decimals) => {
    let step = offset
    let rest = value
    while (Math.abs(rest) >= base && step < steps.length - 1) {
      rest /= base
      step++
    }
    while (Math.abs(rest) < 1 && rest !== 0 && step > 0) {
      rest *= base
      step--
    }
    return plain(fixed(rest, decimals), steps[step])
  }

const SHORT = ['', ' K', ' Mil', ' Bil', ' Tri', ' Quadr', ' Quint', ' Sext', ' Sept']
const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']
const SMALL = ['n', 'µ', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']

const si = (unit: string, offset = 0): Format =>
  scaled(
    1000,
    SI.map((prefix) => ` ${prefix}${unit}`),
    offset,
  )
const iec = (unit: string, offset = 0): Format =>
  scaled(
    1024,
    IEC.map((prefix) => ` ${prefix}${unit}`),
    offset,
  )
const small = (unit: string): Format =>
  scaled(
    1000,
    SMALL.map((prefix) => ` ${prefix}${unit}`),
    3,
  )
const count = (unit: string): Format =>
  scaled(
    1000,
    SHORT.map(
      (step) =>
        `${step.trim() === '' ? '' : step.replace(' Mil', ' M').replace(' Bil', ' B')} ${unit}`,
    ),
  )

/** Time units with how many make the next. */
const TIME: readonly (readonly [suffix: string, perNext: number])[] = [
  [' ns', 1000],
  [' µs', 1000],
  [' ms', 1000],
  [' s', 60],
  [' mins', 60],
  [' hours', 24],
  [' days', 7],
  [' weeks', 52],
  [' years', Infinity],
]

const time =
  (from: number): Format =>
  (value, decimals) => {
    let step = from
    let rest = value
    while (step < TIME.length - 1 && Math.abs(rest) >= TIME[step][1]) rest /= TIME[step++][1]
    while (step > 0 && Math.abs(rest) < 1 && rest !== 0 && step <= 3) rest *= TIME[--step][1]
    return plain(fixed(rest, decimals), TIME[step][0])
  }

const clock: Format = (value) => {
  const seconds = Math.floor(Math.abs(value))
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return plain(
    (value < 0 ? '-' : '') + parts.map((part) => String(part).padStart(2, '0')).join(':'),
  )
}

const date =
  (isDateShown: boolean): Format =>
  (value) => {
    const iso = new Date(value).toISOString().replace('T', ' ').slice(0, 19)
    return plain(isDateShown ? iso : iso.slice(11))
  }

const currency =
  (symbol: string): Format =>
  (value, decimals) => {
    const { text, suffix } = scaled(1000, ['', 'K', 'M', 'B', 'T'])(value, decimals)
    return { prefix: symbol, text, suffix }
  }

const UNITS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['none', suffixed('')],
  ['', suffixed('')],
  ['string', suffixed('')],
  ['short', scaled(1000, SHORT)],
  [
    'sishort',
    scaled(
      1000,
      SI.map((one) => (one === '' ? '' : ` ${one}`)),
    ),
  ],
  ['percent', suffixed('%')],
  ['percentunit', suffixed('%', 100)],
  [
    'locale',
    (value, decimals) =>
      plain(value.toLocaleString('en-US', { maximumFractionDigits: decimals ?? 3 })),
  ],
  ['bool', (value) => plain(value === 0 ? 'False' : 'True')],
  ['bool_yes_no', (value) => plain(value === 0 ? 'No' : 'Yes')],
  ['bool_on_off', (value) => plain(value === 0 ? 'Off' : 'On')],
  ['hex', (value) => plain(Math.trunc(value).toString(16).toUpperCase())],
  ['hex0x', (value) => plain(`0x${Math.trunc(value).toString(16).toUpperCase()}`)],
  ['sci', (value, decimals) => plain(value.toExponential(decimals))],
  ['bits', iec('b')],
  ['bytes', iec('B')],
  ['kbytes', iec('B', 1)],
  ['mbytes', iec('B', 2)],
  ['gbytes', iec('B', 3)],
  ['tbytes', iec('B', 4)],
  ['decbits', si('b')],
  ['decbytes', si('B')],
  ['deckbytes', si('B', 1)],
  ['decmbytes', si('B', 2)],
  ['decgbytes', si('B', 3)],
  ['pps', si('p/s')],
  ['bps', si('b/s')],
  ['Bps', si('B/s')],
  ['KBs', si('B/s', 1)],
  ['MBs', si('B/s', 2)],
  ['GBs', si('B/s', 3)],
  ['Kbits', si('b/s', 1)],
  ['Mbits', si('b/s', 2)],
  ['binBps', iec('B/s')],
  ['binbps', iec('b/s')],
  ['KiBs', iec('B/s', 1)],
  ['MiBs', iec('B/s', 2)],
  ['cps', count('c/s')],
  ['ops', count('ops/s')],
  ['reqps', count('req/s')],
  ['rps', count('rd/s')],
  ['wps', count('wr/s')],
  ['iops', count('io/s')],
  ['eps', count('evt/s')],
  ['mps', count('msg/s')],
  ['cpm', count('c/m')],
  ['opm', count('ops/m')],
  ['rpm', count('rd/m')],
  ['wpm', count('wr/m')],
  ['ns', time(0)],
  ['µs', time(1)],
  ['us', time(1)],
  ['ms', time(2)],
  ['s', time(3)],
  ['m', time(4)],
  ['h', time(5)],
  ['d', time(6)],
  ['dtdurations', time(3)],
  ['dtdurationms', time(2)],
  ['clocks', clock],
  ['clockms', (value, decimals) => clock(value / 1000, decimals)],
  ['dthms', clock],
  ['timeticks', (value, decimals) => time(3)(value / 100, decimals)],
  ['dateTimeAsIso', date(true)],
  ['dateTimeAsIsoNoDateIfToday', date(true)],
  ['dateTimeAsUS', date(true)],
  ['dateTimeFromNow', date(true)],
  ['dateTimeAsSystem', date(true)],
  ['time: HH:mm:ss', date(false)],
  ['hertz', small('Hz')],
  ['watt', small('W')],
  [
    'kwatt',
    scaled(
      1000,
      SMALL.map((one) => ` ${one}W`),
      4,
    ),
  ],
  ['volt', small('V')],
  ['amp', small('A')],
  ['joule', small('J')],
  ['watth', small('Wh')],
  ['celsius', suffixed(' °C')],
  ['fahrenheit', suffixed(' °F')],
  ['kelvin', suffixed(' K')],
  ['humidity', suffixed(' %H')],
  ['dB', suffixed(' dB')],
  ['ppm', suffixed(' ppm')],
  ['rotrpm', suffixed(' rpm')],
  ['currencyUSD', currency('$')],
  ['currencyEUR', currency('€')],
  ['currencyGBP', currency('£')],
  ['degree', suffixed('°')],
  ['lengthm', small('m')],
  ['velocityms', suffixed(' m/s')],
])

/** A value with its unit; NaN and infinities as they are. `decimals` left out: about three figures. */
export function formatValue(value: number, unit = '', decimals?: number): FormattedValue {
  if (!Number.isFinite(value)) return plain(Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞')
  const known = UNITS.get(unit)
  if (known !== undefined) return known(value, decimals)
  const [, kind, rest] = /^(suffix|prefix|si|count|currency|time|bool):(.*)$/.exec(unit) ?? []
  if (kind === 'prefix' || kind === 'currency')
    return { prefix: rest, text: fixed(value, decimals), suffix: '' }
  if (kind === 'si') return small(rest)(value, decimals)
  if (kind === 'count') return count(rest)(value, decimals)
  if (kind === 'time') return date(true)(value, decimals)
  return plain(fixed(value, decimals), ` ${kind === 'suffix' ? rest : unit}`)
}

/** The same as one text. */
export function valueText(value: number, unit = '', decimals?: number): string {
  const { prefix, text, suffix } = formatValue(value, unit, decimals)
  return prefix + text + suffix
}
