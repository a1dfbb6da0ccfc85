/**
 * The functions that Prometheus adds for labels and annotations of rules: queries, humanised numbers,
 * text, times, links. Source: Prometheus's template reference.
 */
import {
  type Labels,
  compileRegex,
  expandReplacement,
  lowerCase,
  parseDuration,
  upperCase,
} from '@vigie/model'
import { type FunctionTable, queryEscape } from './builtins.ts'
import { formatFloat, show } from './go-format.ts'
import { GoDuration, GoTime } from './go-time.ts'
import {
  type GoFunction,
  GoStruct,
  SafeHtml,
  StringMap,
  type Value,
  goFunction,
  typeName,
} from './value.ts'

/** What `query` gives: a list with a name of its own. */
export class QueryResultList extends Array<Value> {
  readonly goType = 'template.queryResult'
}

export interface RuleFunctionContext {
  query: (expr: string) => Value
  timeMs: number
  externalUrl: string
  /** Executes a template of the set by its name. */
  executeNamed: (name: string, data: Value) => string
}

export const labelMap = (labels: Labels): StringMap => new StringMap([...labels])

export function querySample(labels: StringMap, value: number): Value {
  return new GoStruct('template.sample', { Labels: labels, Value: value })
}

/** Only the clock, the address and the queries differ from one expansion to the next. */
export function ruleFunctions(context: RuleFunctionContext): FunctionTable {
  return new Map<string, GoFunction>([
    ...STATIC,
    ['query', goFunction(['string'], context.query)],
    ['now', goFunction([], () => context.timeMs / 1000)],
    ['externalURL', goFunction([], () => context.externalUrl)],
    ['pathPrefix', goFunction([], () => pathOf(context.externalUrl))],
    [
      'tmpl',
      goFunction(
        ['string', 'any'],
        (name: string, data: Value) => new SafeHtml(context.executeNamed(name, data)),
      ),
    ],
  ])
}

function pathOf(url: string): string {
  return /^[a-z]+:\/\/[^/]*(\/[^?#]*)?/i.exec(url)?.[1] ?? ''
}

export function toFloat(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof GoDuration) return Number(value.ns) / 1e9
  if (typeof value === 'string') return parseGoFloat(value)
  throw new Error(`can't convert ${typeName(value)} to float`)
}

function parseGoFloat(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return NaN
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?0x[0-9a-f]+$/i.test(text))
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

const four = (v: number): string => formatFloat(v, 'g', 4)
const isSpecial = (v: number): boolean => !Number.isFinite(v)

export function humanize(value: Value): string {
  let v = toFloat(value)
  if (v === 0 || isSpecial(v)) return four(v)
  let prefix = ''
  if (Math.abs(v) >= 1) {
    for (const p of 'kMGTPEZY') {
      if (Math.abs(v) < 1000) break
      prefix = p
      v /= 1000
    }
    return four(v) + prefix
  }
  for (const p of 'munpfazy') {
    if (Math.abs(v) >= 1) break
    prefix = p
    v *= 1000
  }
  return four(v) + prefix
}

function humanize1024(value: Value): string {
  let v = toFloat(value)
  if (Math.abs(v) <= 1 || isSpecial(v)) return four(v)
  let prefix = ''
  for (const p of 'KMGTPEZY') {
    if (Math.abs(v) < 1024) break
    prefix = p + 'i'
    v /= 1024
  }
  return four(v) + prefix
}

export function humanizeDuration(value: Value): string {
  let v = toFloat(value)
  if (isSpecial(v)) return four(v)
  if (v === 0) return '0s'
  if (Math.abs(v) >= 1) return longDuration(v)
  let prefix = ''
  for (const p of 'munpfazy') {
    if (Math.abs(v) >= 1) break
    prefix = p
    v *= 1000
  }
  return `${four(v)}${prefix}s`
}

function longDuration(v: number): string {
  const sign = v < 0 ? '-' : ''
  const total = Math.trunc(Math.abs(v))
  const seconds = total % 60
  const minutes = Math.floor(total / 60) % 60
  const hours = Math.floor(total / 3600) % 24
  const days = Math.floor(total / 86_400)
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${seconds}s`
  if (minutes > 0) return `${sign}${minutes}m ${seconds}s`
  return `${sign}${four(Math.abs(v))}s`
}

const NS_MAX = 2 ** 63

function timeOf(v: number): GoTime {
  const ns = v * 1e9
  if (ns >= NS_MAX || ns <= -NS_MAX)
    throw new Error(
      `${show(v)} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    )
  return new GoTime(Math.trunc(Number((v * 1000).toFixed(3))))
}

function humanizeTimestamp(value: Value): string {
  const v = toFloat(value)
  return isSpecial(v) ? four(v) : timeOf(v).toString()
}

function parseSignedDuration(text: string): number {
  const isNegative = text.startsWith('-')
  const ms = parseDuration(isNegative ? text.slice(1) : text)
  if (ms === undefined) throw new Error(`not a valid duration string: ${JSON.stringify(text)}`)
  return ((isNegative ? -1 : 1) * ms) / 1000
}

export const title = (text: string): string =>
  text.replace(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  )

/** regexp.ReplaceAllString: `$1`, `${name}`. */
export function replaceAll(pattern: string, replacement: string, text: string): string {
  const matcher = compileRegex(pattern).matcher(text)
  let out = ''
  let at = 0
  while (matcher.find()) {
    out +=
      text.slice(at, matcher.start()) +
      expandReplacement(replacement, (name) => groupOf(matcher, name))
    at = matcher.end()
  }
  return out + text.slice(at)
}

interface GroupSource {
  group(name: string | number): string | null
}

function groupOf(matcher: unknown, name: number | string): string {
  try {
    return (matcher as GroupSource).group(name) ?? ''
  } catch {
    // As in Go, a group that is not there is empty.
    return ''
  }
}

/** Host and port, or undefined when Go's net.SplitHostPort fails. */
function splitHostPort(text: string): [host: string, port: string] | undefined {
  const match = /^\[([^[\]]*)\]:([^:[\]]*)$/.exec(text) ?? /^([^:[\]]*):([^:[\]]*)$/.exec(text)
  return match === null ? undefined : [match[1], match[2]]
}

const isIp = (host: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || /^[0-9a-f:]*:[0-9a-f:.]*$/i.test(host)

function stripDomain(text: string): string {
  const [host, port] = splitHostPort(text) ?? [text, '']
  if (isIp(host)) return text
  const short = host.split('.')[0]
  return port === '' ? short : `${short}:${port}`
}

const field = (sample: Value, name: string): Value =>
  sample instanceof GoStruct ? (sample.goField(name) ?? null) : null

const labelOf = (sample: Value, name: string): string =>
  (field(sample, 'Labels') as StringMap | null)?.get(name) ?? ''

function first(list: Value): Value {
  const items = list as readonly Value[]
  if (items.length === 0) throw new Error('first() called on vector with no elements')
  return items[0]
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const graphPath = (expr: string, tab: number): string =>
  `/graph?g0.expr=${queryEscape(expr)}&g0.tab=${tab}`

const STATIC: readonly (readonly [string, GoFunction])[] = [
  ['first', goFunction(['any'], first)],
  ['label', goFunction(['string', 'any'], (name: string, sample: Value) => labelOf(sample, name))],
  ['value', goFunction(['any'], (sample: Value) => field(sample, 'Value'))],
  ['strvalue', goFunction(['any'], (sample: Value) => labelOf(sample, '__value__'))],
  [
    'sortByLabel',
    goFunction(['string', 'any'], (name: string, list: Value) =>
      QueryResultList.from(
        [...(list as readonly Value[])].sort((a, b) =>
          compareText(labelOf(a, name), labelOf(b, name)),
        ),
      ),
    ),
  ],
  [
    'args',
    goFunction(['...any'], (...args: Value[]) => new Map(args.map((one, i) => [`arg${i}`, one]))),
  ],
  ['reReplaceAll', goFunction(['string', 'string', 'string'], replaceAll)],
  ['safeHtml', goFunction(['string'], (text: string) => new SafeHtml(String(text)))],
  [
    'match',
    goFunction(['string', 'string'], (pattern: string, text: string) =>
      compileRegex(pattern).matcher(text).find(),
    ),
  ],
  ['title', goFunction(['string'], title)],
  ['toUpper', goFunction(['string'], upperCase)],
  ['toLower', goFunction(['string'], lowerCase)],
  ['graphLink', goFunction(['string'], (expr: string) => graphPath(expr, 0))],
  ['tableLink', goFunction(['string'], (expr: string) => graphPath(expr, 1))],
  ['urlQueryEscape', goFunction(['string'], queryEscape)],
  ['stripPort', goFunction(['string'], (text: string) => splitHostPort(text)?.[0] ?? text)],
  ['stripDomain', goFunction(['string'], stripDomain)],
  ['humanize', goFunction(['any'], humanize)],
  ['humanize1024', goFunction(['any'], humanize1024)],
  ['humanizeDuration', goFunction(['any'], humanizeDuration)],
  ['humanizePercentage', goFunction(['any'], (value: Value) => four(toFloat(value) * 100) + '%')],
  ['humanizeTimestamp', goFunction(['any'], humanizeTimestamp)],
  ['toTime', goFunction(['any'], (value: Value) => timeOf(toFloat(value)))],
  [
    'toDuration',
    goFunction(['any'], (value: Value) => new GoDuration(BigInt(Math.trunc(toFloat(value) * 1e9)))),
  ],
  ['parseDuration', goFunction(['string'], parseSignedDuration)],
]

/** The names alone, for the parser. */
export const RULE_FUNCTION_NAMES: ReadonlySet<string> = new Set([
  ...STATIC.map(([name]) => name),
  'query',
  'now',
  'externalURL',
  'pathPrefix',
  'tmpl',
])
