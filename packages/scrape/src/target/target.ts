/**
 * From a discovered address to a target: its labels before and after relabelling, and its URL.
 *
 * Labels that begin with `__` steer the scrape (`__address__`, `__scheme__`, `__metrics_path__`,
 * `__param_x`, `__scrape_interval__`, `__scrape_timeout__`) and are not on the series.
 */
import { Labels, formatDuration, parseDuration } from '@vigie/model'
import type { ProbeJob, ScrapeJob, TargetGroup } from '../config.ts'
import type { HistogramRules } from '../ingest/histogram-limits.ts'
import type { Relabeler } from '../relabel.ts'

export interface Target {
  /** The same for the same target, whatever changes about how it is scraped. */
  key: string
  discoveredLabels: Labels
  /** Without `__*`. */
  labels: Labels
  address: string
  url: string
  intervalMs: number
  timeoutMs: number
  /** What its labels say of histograms. */
  histograms: Pick<HistogramRules, 'native' | 'classic' | 'convertsClassic'>
}

export interface TargetList {
  targets: Target[]
  /** Discovered labels of what relabelling dropped. */
  dropped: Labels[]
  /** Why addresses could not become targets, one text each. */
  problems: string[]
}

/** All targets of a job, each once. */
export function buildTargets(
  job: ScrapeJob | ProbeJob,
  groups: readonly TargetGroup[],
  relabel: Relabeler | undefined,
): TargetList {
  const targets = new Map<string, Target>()
  const dropped: Labels[] = []
  const problems: string[] = []
  for (const group of groups)
    for (const address of group.targets) {
      const discovered = discoveredLabels(job, address, group.labels)
      const labels = relabel === undefined ? discovered : relabel(discovered)
      if (labels === undefined || labels.size === 0) {
        dropped.push(discovered)
        continue
      }
      const target = buildTarget(job, discovered, labels)
      if (typeof target === 'string') problems.push(`target ${JSON.stringify(address)}: ${target}`)
      else targets.set(target.key, target)
    }
  return { targets: [...targets.values()], dropped, problems }
}

function discoveredLabels(
  job: ScrapeJob | ProbeJob,
  address: string,
  groupLabels: ReadonlyMap<string, string>,
): Labels {
  const byName = new Map<string, string>([
    ['job', job.name],
    ['__scrape_interval__', formatDuration(job.intervalMs)],
    ['__scrape_timeout__', formatDuration(job.timeoutMs)],
  ])
  if (job.kind === 'scrape') {
    byName.set('__metrics_path__', job.metricsPath)
    byName.set('__scheme__', job.scheme)
    byName.set(NATIVE, String(job.histograms.native))
    byName.set(CLASSIC, String(job.histograms.classic))
    byName.set(CONVERT, String(job.histograms.convertsClassic))
    for (const [name, values] of job.params)
      if (values.length > 0) byName.set(`__param_${name}`, values[0])
  }
  for (const [name, value] of groupLabels) byName.set(name, value)
  byName.set('__address__', address)
  return Labels.fromMap(byName)
}

/** The target, or what is wrong with it. */
function buildTarget(
  job: ScrapeJob | ProbeJob,
  discovered: Labels,
  labels: Labels,
): Target | string {
  const address = labels.get('__address__')
  if (address === '') return 'no address'
  const isPlainAddress = job.kind === 'scrape' && job.internal === undefined
  if (isPlainAddress && address.includes('/')) return `"${address}" is not a valid hostname`
  const interval = labels.get('__scrape_interval__')
  const timeout = labels.get('__scrape_timeout__')
  const intervalMs = parseDuration(interval)
  const timeoutMs = parseDuration(timeout)
  if (!intervalMs)
    return `error parsing scrape interval: got "${interval}", want a duration above 0`
  if (!timeoutMs) return `error parsing scrape timeout: got "${timeout}", want a duration above 0`
  if (timeoutMs > intervalMs)
    return `scrape timeout cannot be greater than scrape interval ("${timeout}" > "${interval}")`
  const url = isPlainAddress ? scrapeUrl(job, labels) : address
  if (url === undefined) return `"${address}" does not make a URL`
  const histograms = {
    native: labels.get(NATIVE) === 'true',
    classic: labels.get(CLASSIC) === 'true',
    convertsClassic: labels.get(CONVERT) === 'true',
  }
  const kept = new Map<string, string>()
  for (const [name, value] of labels) if (!name.startsWith('__')) kept.set(name, value)
  if (!kept.has('instance')) kept.set('instance', address)
  const own = Labels.fromMap(kept)
  return {
    key: `${own.key}\n${url}`,
    discoveredLabels: discovered,
    labels: own,
    address,
    url,
    intervalMs,
    timeoutMs,
    histograms,
  }
}

const NATIVE = '__scrape_native_histograms__'
const CLASSIC = '__always_scrape_classic_histograms__'
const CONVERT = '__convert_classic_histograms_to_nhcb__'

function scrapeUrl(job: ScrapeJob, labels: Labels): string | undefined {
  const base = `${labels.get('__scheme__')}://${labels.get('__address__')}`
  const path = labels.get('__metrics_path__')
  if (!URL.canParse(base)) return undefined
  const url = new URL(path.startsWith('/') ? path : `/${path}`, base)
  const params = new Map([...job.params].map(([name, values]) => [name, [...values]]))
  for (const [name, value] of labels) {
    if (!name.startsWith(PARAM)) continue
    const values = params.get(name.slice(PARAM.length)) ?? []
    values[0] = value
    params.set(name.slice(PARAM.length), values)
  }
  for (const [name, values] of params)
    for (const value of values) url.searchParams.append(name, value)
  return url.href
}

const PARAM = '__param_'

/**
 * A target's URL as somebody elsewhere would reach it: loopback becomes the host of the external URL,
 * and Vigie's own port its whole address.
 */
export function globalUrl(
  target: string,
  externalUrl: string | undefined,
  ownPort: number | undefined,
): string {
  if (externalUrl === undefined || !URL.canParse(target) || !URL.canParse(externalUrl))
    return target
  const url = new URL(target)
  if (!isLoopback(url.hostname)) return target
  const external = new URL(externalUrl)
  if (Number(url.port) === ownPort) {
    url.protocol = external.protocol
    url.hostname = external.hostname
    url.port = external.port
  } else url.hostname = external.hostname
  return url.href
}

export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    hostname === '::1' ||
    hostname.startsWith('127.')
  )
}
