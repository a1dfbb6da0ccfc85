/** The functions that Alertmanager adds for receivers' templates. */
import { compileRegex } from '@vigie/model'
import { queryEscape } from '../template/builtins.ts'
import { show } from '../template/go-format.ts'
import { GoDuration, GoTime } from '../template/go-time.ts'
import { humanizeDuration, replaceAll, title } from '../template/rule-functions.ts'
import {
  type GoFunction,
  SafeHtml,
  type Value,
  goFunction,
  isList,
  isMap,
} from '../template/value.ts'

/** `now` in ms. */
export function notifyFunctions(now: () => number): ReadonlyMap<string, GoFunction> {
  return new Map<string, GoFunction>([
    ...STATIC,
    ['now', goFunction([], () => new GoTime(now()))],
    [
      'since',
      goFunction(
        ['any'],
        (time: Value) => new GoDuration(BigInt(now() - timeOf(time).ms) * 1_000_000n),
      ),
    ],
  ])
}

function timeOf(value: Value): GoTime {
  if (value instanceof GoTime) return value
  throw new Error('wrong type for value; expected time.Time')
}

/** JSON of any value; maps sorted, as Go writes them. */
function toJson(value: Value): string {
  const plain = (one: Value): unknown => {
    if (typeof one === 'bigint') return Number(one)
    if (isList(one)) return one.map(plain)
    if (isMap(one))
      return Object.fromEntries(
        [...one].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, plain(v)]),
      )
    if (typeof one === 'object' && one !== null)
      return 'fields' in one ? plain(one.fields as Value) : String(one as SafeHtml)
    return one
  }
  return JSON.stringify(plain(value))
}

function dict(...pairs: Value[]): Value {
  if (pairs.length % 2 !== 0) throw new Error('dict requires an even number of arguments')
  const map = new Map<string, Value>()
  for (let i = 0; i < pairs.length; i += 2) {
    if (typeof pairs[i] !== 'string') throw new Error('dict keys must be strings')
    map.set(pairs[i] as string, pairs[i + 1])
  }
  return map
}

const STATIC: readonly (readonly [string, GoFunction])[] = [
  ['toUpper', goFunction(['string'], (text: string) => text.toUpperCase())],
  ['toLower', goFunction(['string'], (text: string) => text.toLowerCase())],
  ['title', goFunction(['string'], title)],
  ['trimSpace', goFunction(['string'], (text: string) => text.trim())],
  [
    'join',
    goFunction(['string', 'any'], (separator: string, list: readonly Value[]) =>
      list.map(show).join(separator),
    ),
  ],
  [
    'match',
    goFunction(['string', 'string'], (pattern: string, text: string) =>
      compileRegex(pattern).matcher(text).find(),
    ),
  ],
  ['safeHtml', goFunction(['string'], (text: string) => new SafeHtml(text))],
  ['safeUrl', goFunction(['string'], (text: string) => new SafeHtml(text))],
  [
    'urlUnescape',
    goFunction(['string'], (text: string) => decodeURIComponent(text.replace(/\+/g, ' '))),
  ],
  ['reReplaceAll', goFunction(['string', 'string', 'string'], replaceAll)],
  ['stringSlice', goFunction(['...string'], (...texts: string[]) => texts)],
  ['list', goFunction(['...any'], (...values: Value[]) => values)],
  [
    'append',
    goFunction(['any', '...any'], (list: readonly Value[], ...values: Value[]) => [
      ...list,
      ...values,
    ]),
  ],
  ['dict', goFunction(['...any'], dict)],
  [
    'date',
    goFunction(['string', 'any'], (layout: string, time: Value) => timeOf(time).format(layout)),
  ],
  [
    'tz',
    goFunction(
      ['string', 'any'],
      (zone: string, time: Value) => new GoTime(timeOf(time).ms, zone === 'Local' ? 'UTC' : zone),
    ),
  ],
  ['humanizeDuration', goFunction(['any'], humanizeDuration)],
  ['toJson', goFunction(['any'], toJson)],
  ['base64encode', goFunction(['string'], (text: string) => Buffer.from(text).toString('base64'))],
  [
    'base64decode',
    goFunction(['string'], (text: string) => Buffer.from(text, 'base64').toString()),
  ],
  ['urlquery', goFunction(['string'], queryEscape)],
]

export const NOTIFY_FUNCTION_NAMES: ReadonlySet<string> = new Set([
  ...STATIC.map(([name]) => name),
  'now',
  'since',
])
