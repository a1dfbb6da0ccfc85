/**
 * `/federate?match[]=`: the newest sample of each series, for another Prometheus to scrape. Text format
 * 0.0.4 with timestamps and external labels; series that have ended are left out, and so are native
 * histograms, which the text format cannot carry.
 */
import {
  type Labels,
  METRIC_NAME,
  SampleColumns,
  compareLabels,
  formatValue,
  isStale,
} from '@vigie/model'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { renderLabels } from '../self-metrics.ts'
import type { Vigie } from '../vigie.ts'
import { ApiError } from './api-error.ts'
import { paramsOf } from './app.ts'
import { selectorOf } from './params.ts'

interface Newest {
  labels: Labels
  t: number
  v: number
}

export async function federate(
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<FastifyReply> {
  try {
    const found = await newestOf(paramsOf(request), vigie)
    return reply
      .type('text/plain; version=0.0.4; charset=utf-8; escaping=underscores')
      .send(expose(found, vigie.config.externalLabels))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return reply.code(error.status).type('text/plain; charset=utf-8').send(`${error.message}\n`)
  }
}

/** Each series once, by metric name and then by labels. */
async function newestOf(params: URLSearchParams, vigie: Vigie): Promise<Newest[]> {
  const maxT = vigie.now()
  const minT = maxT - vigie.lookbackMs
  const found = new Map<string, Newest>()
  const columns = new SampleColumns()
  const selectors = params.getAll('match[]').map((text) => selectorOf(text, true))
  for (const matchers of selectors) {
    // One without a matcher matches nothing, as in Prometheus.
    if (matchers.length === 0) continue
    const set = await vigie.queryable.select(matchers, minT, maxT)
    for (let i = 0; i < set.count; i++) {
      const labels = set.labels(i)
      if (found.has(labels.key)) continue
      set.samples(i, minT, maxT, columns)
      const last = columns.length - 1
      if (last < 0 || columns.h?.[last] !== undefined || isStale(columns.v[last])) continue
      found.set(labels.key, { labels, t: columns.t[last], v: columns.v[last] })
    }
  }
  return [...found.values()].sort(byLabels)
}

function byLabels({ labels: a }: Newest, { labels: b }: Newest): number {
  if (a.metricName !== b.metricName) return a.metricName < b.metricName ? -1 : 1
  return compareLabels(a, b)
}

function expose(found: readonly Newest[], externalLabels: ReadonlyMap<string, string>): string {
  // Without a label of that name the server that scrapes this would put its own.
  const external = new Map([['instance', ''], ...externalLabels])
  const added = [...external].sort(([a], [b]) => (a < b ? -1 : 1))
  let out = ''
  let name = ''
  for (const { labels, t, v } of found) {
    if (labels.metricName === '') continue
    if (labels.metricName !== name) {
      name = labels.metricName
      out += `# TYPE ${escapeName(name)} untyped\n`
    }
    const shown: Record<string, string> = {}
    for (const [key, value] of labels) if (key !== METRIC_NAME) shown[escapeName(key)] = value
    for (const [key, value] of added) if (!labels.has(key)) shown[escapeName(key)] = value
    out += `${escapeName(name)}${renderLabels(shown)} ${formatSample(v)} ${t}\n`
  }
  return out
}

/** Go's shortest `%g`, which has an exponent below 0.0001 and from a million on; there is no negative zero. */
function formatSample(v: number): string {
  if (v === 0) return '0'
  if (!Number.isFinite(v)) return formatValue(v)
  const [digits, exponent] = v.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(v)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** The `underscores` escaping: what the classic format has no room for becomes an underscore. */
const escapeName = (name: string): string =>
  name.replace(/[^a-zA-Z0-9_:]/gu, '_').replace(/^(?=\d)/, '_')
