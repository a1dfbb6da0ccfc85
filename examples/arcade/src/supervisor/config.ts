// The arcade's vigie.yml, for the ports that it has got. The file in this folder is the same text for
// the usual ports.
import { dataChecks } from './checks.ts'
import type { ServiceName } from './catalogue.ts'

export interface ArcadeConfigOptions {
  /** Connection string for the data checks. */
  databaseUrl: string
  /** Rule files, with `*` in the last part. */
  ruleFiles: readonly string[]
  /** Folders of Grafana dashboards. */
  dashboardFolders: readonly string[]
  /** Folder of the load scripts. */
  loadScripts: string
  /** Gets every notification, besides the inbox. */
  webhookUrl?: string
}

/** Where a service listens; `Arcade.services()` gives these. */
export interface ServiceAddress {
  name: ServiceName
  port: number
  wsUrl: string | null
}

/** The text of a vigie.yml that watches these services. */
export function arcadeConfig(
  services: readonly ServiceAddress[],
  options: ArcadeConfigOptions,
): string {
  const lines = [
    '# Watches the arcade every two seconds: its metrics, its ports, its pages and its data.',
    'global:',
    '  scrape_interval: 2s',
    '  evaluation_interval: 2s',
    'self: true',
    'host: true',
    `rule_files: ${list(options.ruleFiles)}`,
    `dashboards: ${list(options.dashboardFolders)}`,
    `load: { scripts: ${quote(options.loadScripts)} }`,
    'scrape_configs:',
    ...services.filter((one) => one.name !== 'database').flatMap(scrapeJob),
    ...probes(services),
    ...alertmanager(options.webhookUrl),
    'datasources:',
    `  arcade: { type: postgres, url: ${quote(options.databaseUrl)} }`,
    'checks:',
    ...dataChecks.flatMap(({ name, meaning, query }) => [
      `  - name: ${name}`,
      `    description: ${quote(meaning)}`,
      '    sql:',
      '      source: arcade',
      '      query: |',
      ...query.split('\n').map((line) => `        ${line}`),
      '    expect: { rows: 0 }',
      '    every: 2s',
      '    for: 2',
      '    severity: critical',
      '    sample: 5',
    ]),
  ]
  return lines.join('\n') + '\n'
}

function scrapeJob({ name, port }: ServiceAddress): string[] {
  return [`  - job_name: ${name}`, '    static_configs:', `      - targets: ['127.0.0.1:${port}']`]
}

/** A port that takes connections while its service answers no scrape is how a hang shows. */
function probes(services: readonly ServiceAddress[]): string[] {
  const ports = services.flatMap(({ port, wsUrl }) =>
    wsUrl === null ? [`127.0.0.1:${port}`] : [`127.0.0.1:${port}`, new URL(wsUrl).host],
  )
  const page = (name: ServiceName, path: string): string[] =>
    services.filter((one) => one.name === name).map(({ port }) => `http://127.0.0.1:${port}${path}`)
  return [
    'probes:',
    '  - name: arcade-ports',
    '    every: 2s',
    '    tcp:',
    '      targets:',
    ...ports.map((target) => `        - ${target}`),
    '  - name: arcade-pages',
    '    every: 5s',
    '    http:',
    '      targets:',
    ...[...page('site', '/'), ...page('game-client', '/main.js')].map((url) => `        - ${url}`),
  ]
}

function alertmanager(webhookUrl: string | undefined): string[] {
  return [
    'alertmanager:',
    '  route:',
    '    receiver: players-first',
    '    group_by: [alertname, job, name]',
    '    group_wait: 1s',
    '    group_interval: 5s',
    '    repeat_interval: 4h',
    '  receivers:',
    '    - name: players-first',
    ...(webhookUrl === undefined
      ? []
      : ['      webhook_configs:', `        - url: ${quote(webhookUrl)}`]),
  ]
}

function list(texts: readonly string[]): string {
  return `[${texts.map(quote).join(', ')}]`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
