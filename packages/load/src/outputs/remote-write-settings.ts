/** What K6_PROMETHEUS_RW_* says of the output `experimental-prometheus-rw`. */
import { parseTruth } from '../args.ts'
import { parseDurationMs } from '../duration.ts'
import { EXIT, LoadError } from '../errors.ts'
import type { RemoteWriteOptions } from './remote-write.ts'

const PREFIX = 'K6_PROMETHEUS_RW_'

/** Variables that would change what is sent or how, and are refused. */
const REFUSED = [
  'CLIENT_CERTIFICATE',
  'CLIENT_CERTIFICATE_KEY',
  'SIGV4_REGION',
  'SIGV4_ACCESS_KEY',
  'SIGV4_SECRET_KEY',
]

/** Throws LoadError for values that cannot be, or that nobody serves. */
export function remoteWriteSettings(
  env: Readonly<Record<string, string | undefined>>,
): Omit<RemoteWriteOptions, 'now' | 'warn'> {
  const text = (name: string): string | undefined => env[PREFIX + name] || undefined
  for (const name of REFUSED) {
    if (text(name) !== undefined)
      throw new LoadError(EXIT.other, `${PREFIX}${name} is not supported`)
  }
  if (truth(text, 'TREND_AS_NATIVE_HISTOGRAM'))
    throw new LoadError(
      EXIT.other,
      `${PREFIX}TREND_AS_NATIVE_HISTOGRAM is not supported: trends go out as gauges of ${PREFIX}TREND_STATS`,
    )
  return {
    url: serverUrl(text('SERVER_URL') ?? 'http://localhost:9090/api/v1/write'),
    labels: {},
    headers: headersOf(env, text),
    intervalMs: pushInterval(text('PUSH_INTERVAL') ?? '5s'),
    trendStats: (text('TREND_STATS') ?? 'p(99)').split(',').map((one) => trendStat(one.trim())),
    canBeAdded: false,
    hasStaleMarkers: truth(text, 'STALE_MARKERS'),
    insecure: truth(text, 'INSECURE_SKIP_TLS_VERIFY'),
  }
}

type Text = (name: string) => string | undefined

function truth(text: Text, name: string): boolean {
  const value = text(name)
  const parsed = value === undefined ? false : parseTruth(value)
  if (parsed === undefined)
    throw new LoadError(EXIT.other, `invalid ${PREFIX}${name} "${value}": want true or false`)
  return parsed
}

function serverUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new LoadError(EXIT.other, `invalid ${PREFIX}SERVER_URL "${text}": want an http address`)
  return text
}

function pushInterval(text: string): number {
  const ms = parseDurationMs(text)
  if (ms === undefined || ms <= 0)
    throw new LoadError(
      EXIT.other,
      `invalid ${PREFIX}PUSH_INTERVAL "${text}": want a duration like "5s"`,
    )
  return ms
}

/** `p(99.9)` goes out as `_p999`. */
function trendStat(stat: string): [suffix: string, stat: string] {
  if (['avg', 'min', 'max', 'med', 'count', 'sum'].includes(stat)) return [stat, stat]
  const percentile = /^p\((\d+(?:\.\d+)?)\)$/.exec(stat)?.[1]
  if (percentile === undefined || Number(percentile) > 100)
    throw new LoadError(EXIT.other, `unknown statistic "${stat}" in ${PREFIX}TREND_STATS`)
  return [`p${percentile.replace('.', '')}`, stat]
}

function headersOf(
  env: Readonly<Record<string, string | undefined>>,
  text: Text,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(`${PREFIX}HEADERS_`) && value !== undefined)
      headers[name.slice(PREFIX.length + 'HEADERS_'.length)] = value
  }
  for (const pair of (text('HTTP_HEADERS') ?? '').split(',').filter((one) => one !== '')) {
    const [name, value, ...rest] = pair.split(':')
    if (value === undefined || rest.length > 0)
      throw new LoadError(
        EXIT.other,
        `invalid header "${pair}" in ${PREFIX}HTTP_HEADERS: want name:value`,
      )
    headers[name!] = value
  }
  const [user, password] = [text('USERNAME'), text('PASSWORD')]
  if (user !== undefined)
    headers['Authorization'] =
      `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`
  const token = text('BEARER_TOKEN')
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`
  return headers
}
