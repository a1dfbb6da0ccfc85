/**
 * What to do with an address that somebody has named: scrape it when it serves metrics, probe it
 * otherwise.
 */
import { DEFAULT_PROTOCOLS, acceptHeader, chooseFormat } from '../exposition/content-type.ts'
import { createParser } from '../exposition/parser.ts'
import { HttpClient } from '../http/client.ts'
import { splitAddress } from '../probe/tcp.ts'

const TIMEOUT_MS = 3000
const ACCEPT = acceptHeader(DEFAULT_PROTOCOLS, 'allow-utf-8')
const BODY_SIZE_MAX = 16 * 1024 * 1024

export interface ProbedAddress {
  /** Scrape it, or probe it over HTTP or TCP. */
  kind: 'scrape' | 'http' | 'tcp'
  /** For a scrape `host:port`, for http a URL, for tcp `host:port`. */
  address: string
  /** A job name made of it. */
  name: string
  /** For a scrape. */
  scheme: 'http' | 'https'
  metricsPath: string
  /** Why it does not answer at the moment; it can be watched nevertheless. */
  error?: string
}

/** `localhost:3000`, `3000`, `https://example.org/health`, `tcp://db:5432`. Throws an Error for what is no address. */
export async function probeAddress(
  target: string,
  options: { timeoutMs?: number } = {},
): Promise<ProbedAddress> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const text = /^\d+$/.test(target) ? `localhost:${target}` : target
  if (text.startsWith('tcp://')) return tcpTarget(text)
  const hasScheme = /^https?:\/\//.test(text)
  const isAddress =
    hasScheme || /^(?:\[[0-9a-fA-F:]+\]|[^\s/:?#@]+)(?::\d{1,5})?(?:\/\S*)?$/.test(text)
  const href = hasScheme ? text : `http://${text}`
  if (!isAddress || !URL.canParse(href))
    throw new Error(
      `cannot watch ${JSON.stringify(target)}; want host:port, a URL or tcp://host:port`,
    )
  return probeUrl(new URL(href), hasScheme, timeoutMs)
}

function tcpTarget(text: string): ProbedAddress {
  const { host, port } = splitAddress(text)
  if (port === undefined)
    throw new Error(`cannot watch ${JSON.stringify(text)}; want tcp://host:port`)
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return {
    kind: 'tcp',
    address,
    name: jobName(host, port),
    scheme: 'http',
    metricsPath: '/metrics',
  }
}

async function probeUrl(url: URL, hasScheme: boolean, timeoutMs: number): Promise<ProbedAddress> {
  const hasPath = url.pathname !== '/' || url.search !== ''
  const metricsPath = hasPath ? url.pathname + url.search : '/metrics'
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const name = jobName(url.hostname, url.port)
  const found = { name, scheme, metricsPath } as const
  const client = new HttpClient({}, timeoutMs)
  try {
    const metrics = await samplesAt(client, new URL(metricsPath, url).href, timeoutMs)
    if (metrics.samples !== undefined) return { kind: 'scrape', address: url.host, ...found }
    const http = { kind: 'http', address: url.href, ...found, metricsPath: '/metrics' } as const
    // Something speaks HTTP, or ought to: the probe will tell.
    if (metrics.isHttp || hasScheme || hasPath)
      return metrics.isHttp ? http : { ...http, error: metrics.error }
    if (url.port === '') return { ...http, error: metrics.error }
    const isRefused =
      metrics.error === 'connection refused' || metrics.error.startsWith('no such host')
    // Nothing there yet: most likely it will be a service with metrics once it runs.
    if (isRefused) return { kind: 'scrape', address: url.host, ...found, error: metrics.error }
    return { kind: 'tcp', address: url.host, ...found }
  } finally {
    await client.close()
  }
}

/** Samples in the body at `url`; undefined when it is not metrics. */
export async function samplesAt(
  client: HttpClient,
  url: string,
  timeoutMs: number,
): Promise<{ samples: number | undefined; isHttp: boolean; error: string }> {
  let isHttp = false
  try {
    const { status, headers, body } = await client.fetch({
      url,
      headers: { accept: ACCEPT, 'user-agent': 'Vigie' },
      timeoutMs,
      bodySizeMax: BODY_SIZE_MAX,
      isCompressed: false,
    })
    isHttp = true
    if (status !== 200) return { samples: undefined, isHttp, error: `HTTP status ${status}` }
    const contentType = headers['content-type']
    const { format, problem } = chooseFormat(
      typeof contentType === 'string' ? contentType : '',
      undefined,
    )
    if (format === undefined || format === 'protobuf')
      return { samples: undefined, isHttp, error: problem ?? 'protobuf' }
    return { samples: countSamples(body, format), isHttp, error: '' }
  } catch (error) {
    return { samples: undefined, isHttp, error: (error as Error).message }
  }
}

/** Throws ExpositionError; a body without any sample is none either. */
function countSamples(body: Buffer, format: 'prometheus' | 'openmetrics'): number {
  const parser = createParser(format)
  const bytes = Buffer.concat([body, Buffer.alloc(1)])
  parser.reset(bytes, body.length, 0, 'unknown')
  let samples = 0
  for (let entry = parser.next(); entry !== 'end'; entry = parser.next())
    if (entry === 'series') samples++
  if (samples === 0) throw new Error('no samples')
  return samples
}

/** `localhost:3000` → `localhost-3000`. */
const jobName = (host: string, port: string | number): string =>
  `${host.replace(/^\[|\]$/g, '')}${port === '' ? '' : `-${port}`}`
