/** Variables in queries and texts: `$name`, `${name}`, `${name:format}`, `[[name]]`. */
import { formatMoment } from './unit-time.ts'

/** What a variable stands for now. */
export interface VariableValue {
  /** The selected values; for All, all of them. */
  values: readonly string[]
  /** How each of them is shown; the values themselves when left out. */
  texts?: readonly string[]
  /** Inserted as it is, unquoted (a custom all value). */
  raw?: string
  /** Whether it may hold several values, which Prometheus queries take as a regular expression. */
  isMulti: boolean
  /** How it is shown. */
  text?: string
}

export type Variables = ReadonlyMap<string, VariableValue>

const REFERENCE = /\$(\w+)|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}|\[\[(\w+?)(?::(\w+))?\]\]/g

/** Inserts variables into PromQL. Names that are no variables stay as they are. */
export const interpolateQuery = (text: string, variables: Variables): string =>
  insert(text, variables, promqlFormat)

/** Inserts variables into titles, texts and links. */
export const interpolateText = (text: string, variables: Variables): string =>
  insert(text, variables, (value) => value.text ?? value.raw ?? value.values.join(' + '))

function insert(
  text: string,
  variables: Variables,
  plain: (value: VariableValue) => string,
): string {
  return text.replace(
    REFERENCE,
    (
      whole: string,
      a?: string,
      b?: string,
      _field?: string,
      formatB?: string,
      c?: string,
      formatC?: string,
    ) => {
      const value = variables.get(a ?? b ?? c ?? '')
      if (value === undefined) return whole
      const [name, ...rest] = (formatB ?? formatC ?? '').split(':')
      const format = FORMATS.get(name)
      return format === undefined ? plain(value) : format(value, a ?? b ?? c ?? '', rest.join(':'))
    },
  )
}

/** One value is escaped for a string in quotes, several become `(a|b)` with their own characters escaped. */
function promqlFormat(value: VariableValue): string {
  if (value.raw !== undefined) return value.raw
  const { values } = value
  if (!value.isMulti) return (values[0] ?? '').replace(/\\/g, '\\\\').replace(/'/g, "\\\\'")
  const escaped = values.map(escapeForRegex)
  return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`
}

/** Escapes for RE2 inside a PromQL string: each backslash is written twice. */
const escapeForRegex = (text: string): string =>
  text
    .replace(/\\/g, '\\\\\\\\')
    .replace(/[$^*{}[\]+?.()|]/g, '\\\\$&')
    .replace(/'/g, "\\\\'")

const escapeRegex = (text: string): string => text.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&')

const all = (value: VariableValue): readonly string[] =>
  value.raw === undefined ? value.values : [value.raw]

/** Also what encodeURIComponent leaves alone. */
const encodeStrict = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

type ValueFormat = (value: VariableValue, name: string, argument: string) => string

const FORMATS: ReadonlyMap<string, ValueFormat> = new Map<string, ValueFormat>([
  ['raw', (value) => all(value).join(',')],
  ['csv', (value) => all(value).join(',')],
  ['pipe', (value) => all(value).join('|')],
  [
    'regex',
    (value) =>
      value.raw ??
      (value.values.length === 1
        ? escapeRegex(value.values[0])
        : `(${value.values.map(escapeRegex).join('|')})`),
  ],
  ['text', (value) => value.text ?? all(value).join(' + ')],
  ['json', (value) => JSON.stringify(all(value).length === 1 ? all(value)[0] : all(value))],
  ['glob', (value) => (all(value).length === 1 ? all(value)[0] : `{${all(value).join(',')}}`)],
  [
    'singlequote',
    (value) =>
      all(value)
        .map((one) => `'${one.replace(/'/g, "\\'")}'`)
        .join(','),
  ],
  [
    'doublequote',
    (value) =>
      all(value)
        .map((one) => `"${one.replace(/"/g, '\\"')}"`)
        .join(','),
  ],
  [
    'percentencode',
    (value) => encodeStrict(all(value).length === 1 ? all(value)[0] : `{${all(value).join(',')}}`),
  ],
  [
    'distributed',
    (value, name) => {
      const [first = '', ...others] = all(value)
      return [first, ...others.map((one) => `${name}=${one}`)].join(',')
    },
  ],
  [
    'lucene',
    (value) => {
      const quoted = all(value).map((one) => `"${one.replace(/["\\]/g, '\\$&')}"`)
      return value.values.length === 1 ? all(value)[0] : `(${quoted.join(' OR ')})`
    },
  ],
  // `${__from:date}`, `${__to:date:seconds}`, `${__from:date:YYYY-MM}`.
  [
    'date',
    (value, _name, argument) => {
      const ms = Number(all(value)[0])
      if (Number.isNaN(ms)) return 'NaN'
      if (argument === '' || argument === 'iso') return new Date(ms).toISOString()
      if (argument === 'seconds') return String(Math.round(ms / 1000))
      return formatMoment(ms, argument, false)
    },
  ],
  [
    'queryparam',
    (value, name) =>
      all(value)
        .map((one) => `var-${encodeStrict(name)}=${encodeStrict(one)}`)
        .join('&'),
  ],
])
