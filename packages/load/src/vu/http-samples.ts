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
  expected: boolean | null
  code: number
  error: string
}

/** URLs that one tag set keeps at hand; beyond, series are looked up by their tags again. */
const MAX_CACHED = 10_000

/** What one URL gave before, and its series. */
type Known = RoundTrip & { series: HttpSeries }

export function httpSeriesOf(vu: Vu, tags: TagSet, trip: RoundTrip): HttpSeries {
  const cache = cacheOf(tags)
  const known = cache.get(trip.url)
  // Fast path: a URL mostly gives what it gave before.
  for (let i = 0; known !== undefined && i < known.length; i++) {
    if (isSame(known[i]!, trip)) return known[i]!.series
  }
  const series = makeSeries(vu, tags, trip)
  if (known !== undefined) known.push({ ...trip, series })
  else {
    if (cache.size >= MAX_CACHED) cache.clear()
    cache.set(trip.url, [{ ...trip, series }])
  }
  return series
}

function isSame(a: RoundTrip, b: RoundTrip): boolean {
  return (
    a.status === b.status &&
    a.method === b.method &&
    a.name === b.name &&
    a.expected === b.expected &&
    a.code === b.code &&
    a.error === b.error &&
    a.proto === b.proto &&
    a.tlsVersion === b.tlsVersion
  )
}

function makeSeries(vu: Vu, tags: TagSet, trip: RoundTrip): HttpSeries {
  const { method, name, status, proto, tlsVersion, expected, code, error } = trip
  const url = vu.environment.samples.isFull ? FOLDED : (name ?? trip.url)
  const named = tags.pairs.find(([tag]) => tag === 'name')?.[1] ?? url
  const pairs: [string, string][] = [
    ['method', method],
    ['url', url],
    ['name', named],
    ['status', String(status)],
  ]
  if (proto !== '') pairs.push(['proto', proto])
  if (tlsVersion !== '') pairs.push(['tls_version', tlsVersion])
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

function cacheOf(tags: TagSet): Map<string, Known[]> {
  let cache = tags.slots.get('http') as Map<string, Known[]> | undefined
  if (cache === undefined) tags.slots.set('http', (cache = new Map()))
  return cache
}
