/**
 * `/federate?match[]=`: the newest sample of each series with its time and the external labels, for another
 * Prometheus to scrape. Series that have ended are left out, and histograms where there is no way to write
 * them: native ones in text, those with custom buckets also in protobuf.
 */
import {
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  type Labels,
  METRIC_NAME,
  SampleColumns,
  compareLabels,
  formatValue,
  isStale,
  isStaleHistogram,
} from '@vigie/model'
import { type MetricFamily, encodeMetricFamilies, familyType } from '@vigie/remote'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { escapeLabel } from '../self-metrics.ts'
import type { Vigie } from '../vigie.ts'
import { ApiError } from './api-error.ts'
import { paramsOf } from './app.ts'
import { type Escaping, escapeName, isClassicName, negotiateFormat } from './exposition-format.ts'
import { selectorOf } from './params.ts'

interface Newest {
  labels: Labels
  t: number
  value: number | Histogram
}

export async function federate(
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<FastifyReply> {
  try {
    const { isProtobuf, escaping, contentType } = negotiateFormat(request.headers.accept)
    const found = await newestOf(paramsOf(request), vigie)
    const shown = found.filter(
      ({ value }) =>
        typeof value === 'number' || (isProtobuf && value.schema !== CUSTOM_BUCKETS_SCHEMA),
    )
    const families = familiesOf(shown, vigie.config.externalLabels, escaping)
    reply.type(contentType)
    return isProtobuf
      ? reply.send(Buffer.from(encodeMetricFamilies(families)))
      : reply.send(textOf(families))
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
      if (last < 0) continue
      const value = columns.h?.[last] ?? columns.v[last]
      if (typeof value === 'number' ? isStale(value) : isStaleHistogram(value)) continue
      found.set(labels.key, { labels, t: columns.t[last], value })
    }
  }
  return [...found.values()].sort(byLabels)
}

function byLabels({ labels: a }: Newest, { labels: b }: Newest): number {
  if (a.metricName !== b.metricName) return a.metricName < b.metricName ? -1 : 1
  return compareLabels(a, b)
}

/** Samples of one name and type that follow each other, with names as they are written. */
function familiesOf(
  found: readonly Newest[],
  externalLabels: ReadonlyMap<string, string>,
  escaping: Escaping,
): MetricFamily[] {
  // Without a label of that name the server that scrapes this would put its own.
  const external = new Map([['instance', ''], ...externalLabels])
  const added = [...external].sort(([a], [b]) => (a < b ? -1 : 1))
  const families: MetricFamily[] = []
  let metricName = ''
  let type = 0
  for (const { labels, t, value } of found) {
    if (labels.metricName === '') continue
    if (labels.metricName !== metricName || familyType(value) !== type) {
      metricName = labels.metricName
      type = familyType(value)
      families.push({ name: escapeName(metricName, escaping), metrics: [] })
    }
    const shown: [string, string][] = []
    for (const [key, label] of labels)
      if (key !== METRIC_NAME) shown.push([escapeName(key, escaping), label])
    for (const [key, label] of added)
      if (!labels.has(key)) shown.push([escapeName(key, escaping), label])
    families.at(-1)!.metrics.push({ labels: shown, t, value })
  }
  return families
}

function textOf(families: readonly MetricFamily[]): string {
  let out = ''
  for (const { name, metrics } of families) {
    const isClassic = isClassicName(name)
    const quoted = isClassic ? name : `"${escapeLabel(name)}"`
    out += `# TYPE ${quoted} untyped\n`
    for (const { labels, t, value } of metrics) {
      const parts = labels.map(
        ([key, label]) =>
          `${isClassicName(key) ? key : `"${escapeLabel(key)}"`}="${escapeLabel(label)}"`,
      )
      const inside = (isClassic ? parts : [quoted, ...parts]).join(',')
      const series = (isClassic ? name : '') + (inside === '' ? '' : `{${inside}}`)
      out += `${series} ${formatSample(value as number)} ${t}\n`
    }
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
