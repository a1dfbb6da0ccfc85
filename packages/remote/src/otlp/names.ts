/**
 * What metrics and attributes of OpenTelemetry are called in Prometheus. Source: the OpenTelemetry
 * specification, "Prometheus and OpenMetrics Compatibility", and what Prometheus makes of it.
 */

/** `otlp.translation_strategy`. */
export const STRATEGIES = [
  'UnderscoreEscapingWithSuffixes',
  'UnderscoreEscapingWithoutSuffixes',
  'NoUTF8EscapingWithSuffixes',
  'NoTranslation',
] as const
export type Strategy = (typeof STRATEGIES)[number]

export const isEscaped = (strategy: Strategy): boolean => strategy.startsWith('Underscore')
const hasSuffixes = (strategy: Strategy): boolean => strategy.endsWith('WithSuffixes')

/** What the suffix of a name depends on. */
export type NamedKind = 'gauge' | 'counter' | 'other'

/** UCUM to Prometheus's base units; others stay as they are. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  // Of all of them, this one is misspelt in Prometheus.
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
])

/** Behind a slash, where `m` is a minute. */
const PER_UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
])

/** Throws RangeError when nothing is left of the name. */
export function metricName(name: string, unit: string, kind: NamedKind, by: Strategy): string {
  if (!isEscaped(by)) return hasSuffixes(by) ? withSuffixes(name, unit, kind) : name
  const built = hasSuffixes(by) ? tokensOf(name, unit, kind).join('_') : joined(name, /[^\w:]/)
  const result = /^\d/.test(built) ? `_${built}` : built
  if (result === '') throw new RangeError(`the name of metric ${JSON.stringify(name)} is empty`)
  if (result !== name && /^_*$/.test(result))
    throw new RangeError(`metric ${JSON.stringify(name)} has no letter or digit in its name`)
  return result
}

/** What is between characters that a name may not have, with underscores instead of those. */
const joined = (name: string, invalid: RegExp): string =>
  name
    .split(invalid)
    .filter((part) => part !== '')
    .join('_')

function tokensOf(name: string, unit: string, kind: NamedKind): string[] {
  let tokens = name.split(/[^a-zA-Z0-9:]/).filter((part) => part !== '')
  const [main, per] = unitSuffixes(unit).map(cleanUnit)
  const perSuffix = per === 'per_' ? '' : per.replace(/_$/, '')
  const isPerNew = perSuffix !== '' && !tokens.includes(perSuffix)
  const mainSuffix = isPerNew ? main.replace(/_$/, '') : main
  if (mainSuffix !== '' && !tokens.includes(main)) tokens.push(mainSuffix)
  if (isPerNew) tokens.push(perSuffix)
  const last = lastWord(unit, kind)
  if (last !== '') tokens = [...tokens.filter((token) => token !== last), last]
  return tokens
}

/** `total` of counters; `ratio` of gauges without a dimension. */
const lastWord = (unit: string, kind: NamedKind): string =>
  kind === 'counter' ? 'total' : kind === 'gauge' && unit === '1' ? 'ratio' : ''

/** The name as it is, with what it does not end in yet. */
function withSuffixes(name: string, unit: string, kind: NamedKind): string {
  const [main, per] = unitSuffixes(unit)
  const last = lastWord(unit, kind)
  let built = without(without(name, last), per)
  if (main !== '' && !built.endsWith(main)) built += `_${main}`
  if (per !== '') built += `_${per}`
  return last === '' ? built : `${built}_${last}`
}

/** Without a suffix and what separates it. */
const without = (name: string, suffix: string): string =>
  suffix !== '' && name.endsWith(suffix) && name.length > suffix.length + 1
    ? name.slice(0, -suffix.length - 1)
    : name

/** Of `By/s`: `bytes` and `per_second`; '' for what is not said or in braces. */
function unitSuffixes(unit: string): [main: string, per: string] {
  const slash = unit.indexOf('/')
  const [over, under] =
    slash < 0 ? [unit.trim(), ''] : [unit.slice(0, slash).trim(), unit.slice(slash + 1).trim()]
  const main = /[{}]/.test(over) ? '' : (UNITS.get(over) ?? over)
  const per = /[{}]/.test(under) ? '' : (PER_UNITS.get(under) ?? under)
  return [main, per === '' ? '' : `per_${per}`]
}

const cleanUnit = (unit: string): string =>
  unit
    .replace(/[^a-zA-Z0-9:]/g, '_')
    .replace(/__+/g, '_')
    .replace(/^_/, '')

/** The unit as `__unit__` has it. */
export function unitName(unit: string, by: Strategy): string {
  const [main, per] = isEscaped(by) ? unitSuffixes(unit).map(cleanUnit) : unitSuffixes(unit)
  return [main, per]
    .filter((part) => part !== '')
    .join('_')
    .replace(/^_|_$/g, '')
}

export interface LabelNaming {
  strategy: Strategy
  /** `key` before a name that begins with one underscore. */
  isUnderscoreMarked: boolean
  /** Runs of underscores stay. */
  areUnderscoresKept: boolean
}

/** Throws RangeError when nothing is left of the name. */
export function labelName(name: string, by: LabelNaming): string {
  if (name === '') throw new RangeError('an attribute has an empty name')
  if (!isEscaped(by.strategy)) return name
  let result = name.replace(/\W/gu, '_')
  if (!by.areUnderscoresKept) {
    const inner = /^__(.+)__$/s.exec(result)
    const short = (text: string): string => text.replace(/__+/g, '_')
    result = inner === null ? short(result) : `__${short(inner[1])}__`
  }
  if (/^\d/.test(result)) result = `key_${result}`
  else if (by.isUnderscoreMarked && /^_(?!_)/.test(result)) result = `key${result}`
  if (result !== name && /^_*$/.test(result))
    throw new RangeError(`attribute ${JSON.stringify(name)} has no letter or digit in its name`)
  return result
}
