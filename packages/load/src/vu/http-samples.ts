/** The nine series of HTTP round trips with the same tags, found by one lookup. */
import { FOLDED, type Series } from '../metrics/buffer.ts'
import { BUILTIN_METRICS } from '../metrics/metric.ts'
import type { TagSet } from '../metrics/tags.ts'
import type { Vu } from './vu.ts'

/** The series of one combination of tags. */
export interface HttpSeries {
  reqs: Series
  duration: Series
  blocked: Series
  connecting: Series
  handshaking: Series
  sending: Series
  waiting: Series
  receiving: Series
  failed: Series
}

export interface RoundTrip {
  method: string
  url: string
  name: string | null
  status: number
  proto: string
  tlsVersion: string
  /** For the tag `ip`, when that is asked for. */
  ip: string
  expected: boolean | null
  code: number
  error: string
}

/** URLs that one tag set keeps at hand; beyond, series are looked up by their tags again. */
const MAX_CACHED = 10_000
/** What one URL may give (statuses, errors) before its part of the cache starts anew. */
const MAX_VARIANTS = 64

/** What one URL gave before, and its series. */
type Known = RoundTrip & { series: HttpSeries }

export function httpSeriesOf(vu: Vu, tags: TagSet, trip: RoundTrip): HttpSeries {
  const cache = cacheOf(tags)
  const named = cache.named ?? trip.name
  const key = named ?? trip.url
  const known = cache.known.get(key)
  // Fast path: a URL mostly gives what it gave before.
  for (let i = 0; known !== undefined && i < known.length; i++) {
    if (isSame(known[i]!, trip)) return known[i]!.series
  }
  const series = makeSeries(vu, tags, key, trip)
  if (known !== undefined && known.length < MAX_VARIANTS) known.push({ ...trip, series })
  else {
    if (cache.known.size >= MAX_CACHED) cache.known.clear()
    cache.known.set(key, [{ ...trip, series }])
  }
  return series
}

function isSame(a: RoundTrip, b: RoundTrip): boolean {
  return (
    a.status === b.status &&
    a.method === b.method &&
    a.expected === b.expected &&
    a.code === b.code &&
    a.error === b.error &&
    a.proto === b.proto &&
    a.tlsVersion === b.tlsVersion
  )
}

/** `name` and `url` are the same: the name that the script gave, or the address. */
function makeSeries(vu: Vu, tags: TagSet, named: string, trip: RoundTrip): HttpSeries {
  const { method, status, proto, tlsVersion, ip, expected, code, error } = trip
  const { samples, options } = vu.environment
  const url = samples.isFull ? FOLDED : named
  const pairs: [string, string][] = [
    ['method', method],
    ['url', url],
    ['name', url],
    ['status', String(status)],
  ]
  if (proto !== '') pairs.push(['proto', proto])
  if (tlsVersion !== '') pairs.push(['tls_version', tlsVersion])
  if (options.extraTags.includes('ip') && ip !== '') pairs.push(['ip', ip])
  if (options.extraTags.includes('ocsp_status') && tlsVersion !== '')
    pairs.push(['ocsp_status', 'unknown'])
  if (expected !== null) pairs.push(['expected_response', String(expected)])
  if (error !== '') pairs.push(['error', error])
  if (code !== 0) pairs.push(['error_code', String(code)])
  const set = vu.environment.samples.tags.with(tags, pairs)
  const series = (metric: string): Series => vu.series(BUILTIN_METRICS.get(metric)!, set)
  return {
    reqs: series('http_reqs'),
    duration: series('http_req_duration'),
    blocked: series('http_req_blocked'),
    connecting: series('http_req_connecting'),
    handshaking: series('http_req_tls_handshaking'),
    sending: series('http_req_sending'),
    waiting: series('http_req_waiting'),
    receiving: series('http_req_receiving'),
    failed: series('http_req_failed'),
  }
}

interface Cache {
  /** The tag `name` of the set itself. */
  named: string | null
  known: Map<string, Known[]>
}

function cacheOf(tags: TagSet): Cache {
  let cache = tags.slots.get('http') as Cache | undefined
  if (cache === undefined) {
    const named = tags.pairs.find(([tag]) => tag === 'name')?.[1] ?? null
    tags.slots.set('http', (cache = { named, known: new Map() }))
  }
  return cache
}
