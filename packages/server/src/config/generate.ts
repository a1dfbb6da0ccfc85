/**
 * The configuration of a Vigie that was started without a file, as the text of the vigie.yml that
 * "Save" writes: what runs and what is saved cannot differ.
 */
import { stringify } from 'yaml'

/** Something to watch that was named on the command line or clicked in the browser. */
export interface WatchedTarget {
  /** As the user gave it. */
  target: string
  kind: 'scrape' | 'http' | 'tcp'
  /** For a scrape `host:port`, for HTTP a URL, for TCP `host:port`. */
  address: string
  /** Job or probe name. */
  name: string
  /** For a scrape. */
  metricsPath: string
  scheme: 'http' | 'https'
}

/** Short enough that the first chart comes soon, long enough to cost nothing. */
const INTERVAL = '5s'

export function generateConfig(targets: readonly WatchedTarget[]): string {
  const scrapes = targets.filter((one) => one.kind === 'scrape')
  const probes = targets.filter((one) => one.kind !== 'scrape')
  const config = {
    global: { scrape_interval: INTERVAL, evaluation_interval: INTERVAL },
    self: true,
    host: true,
    ...(scrapes.length === 0 ? {} : { scrape_configs: scrapes.map(scrapeJob) }),
    ...(probes.length === 0 ? {} : { probes: probes.map(probeJob) }),
  }
  return `# Vigie watches itself and this host, and what is listed here.\n${stringify(config)}`
}

const scrapeJob = (one: WatchedTarget): object => ({
  job_name: one.name,
  ...(one.scheme === 'http' ? {} : { scheme: one.scheme }),
  ...(one.metricsPath === '/metrics' ? {} : { metrics_path: one.metricsPath }),
  static_configs: [{ targets: [one.address] }],
})

const probeJob = (one: WatchedTarget): object => ({
  name: one.name,
  [one.kind]: { targets: [one.address] },
})
