/**
 * The cases that Prometheus tests its handlers with over targets, rules, metadata and exemplars made in
 * Go: rules and exemplars are made here of the same definitions, and evaluated and stored; targets and
 * metadata, which no server could come to have that way, are put in the place of the scrape manager's.
 */
import { createHash } from 'node:crypto'
import { Labels } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { type RelabelConfig, type TargetMetadata, scrapeJob } from '@vigie/scrape'
import type { Vigie } from '@vigie/server'

export interface GoCase {
  line: number
  endpoint: string
  query?: Record<string, unknown[]>
  errorType?: string
  dataJSON?: unknown
  responseGo?: unknown
  responseLen?: number
  responseMetadataTotal?: number
}

export const RULES_FILE = 'rules.yml'
/** Where it is in the Go tests. */
export const GO_RULES_FILE = '/path/to/file'

/** As `newRulesRetriever` of the Go tests makes them. */
export const RULES = `
groups:
- name: grp
  interval: 1s
  rules:
  - { alert: test_metric3, expr: absent(test_metric3) != 1, for: 1s }
  - { alert: test_metric4, expr: up == 1, for: 1s }
  - { alert: test_metric5, expr: vector(1), for: 1s, labels: { name: tm5 } }
  - { alert: test_metric6, expr: up == 1, for: 1s, labels: { testlabel: rule } }
  - { alert: test_metric7, expr: up == 1, for: 1s, labels: { templatedlabel: '{{ $externalURL }}' } }
  - { record: recording-rule-1, expr: vector(1) }
  - { record: recording-rule-2, expr: vector(1), labels: { testlabel: rule } }
- name: grp2
  interval: 1s
  rules:
  - { alert: test_metric3, expr: absent(test_metric3) != 1, for: 1s }
`
export const FLAGS: ReadonlyMap<string, string> = new Map([
  ['flag1', 'value1'],
  ['flag2', 'value2'],
])

const exemplar = (metric: string, foo: string, id: string, t: number): object => ({
  labels: Labels.fromObject({ __name__: metric, foo, dup: '1' }),
  t: [],
  v: [],
  exemplars: [{ labels: Labels.fromObject({ id }), t, v: 10 }],
})

/** A remote write of the exemplars. */
export const exemplars = (): Uint8Array =>
  encodeWriteRequest({
    series: [
      exemplar('test_metric3', 'boo', 'abc', 2000),
      exemplar('test_metric3', 'boo', 'abc2', 4053),
      exemplar('test_metric4', 'bar', 'lul', 4000),
      exemplar('test_metric4', 'other', 'more', 4000),
    ] as never,
  })

interface GoTarget {
  DiscoveredLabels: Record<string, string>
  Labels: Record<string, string>
  [key: string]: unknown
}
interface GoTargets {
  ActiveTargets: GoTarget[]
  DroppedTargets: { DiscoveredLabels: Record<string, string>; ScrapePool: string }[]
  DroppedTargetCounts: Record<string, number>
}
interface GoRule {
  Action: string
  Regex: string
  Replacement?: string
  SourceLabels?: string[]
  TargetLabel?: string
}
interface GoMetadata {
  Help: string
  Type: string
  Unit?: string
  MetricFamily?: string
  Target?: Record<string, string>
}

/** When all targets of the Go tests were scraped. */
const SCRAPED_MS = 11_000

/** Puts what the handler of `one` is asked about in its place. `cases`: all of them. */
export function arrange(vigie: Vigie, one: GoCase, cases: readonly GoCase[]): void {
  const answers = cases.map(({ endpoint, responseGo }) => ({ endpoint, responseGo }))
  const targets = answers.find(({ endpoint }) => endpoint === '/targets')?.responseGo as GoTargets
  const overrides = {
    targets: () => targetsOf(targets),
    metadata: () => metadataOf(one, cases),
    jobs: () => (one.endpoint === '/targets/relabel_steps' ? [relabelJob(one)] : []),
  }
  Object.assign(vigie.scrape, overrides)
  if (one.endpoint === '/alertmanagers') Object.assign(vigie, { alertmanagers: () => urlsOf(one) })
}

const targetsOf = (all: GoTargets): ReturnType<Vigie['scrape']['targets']> => ({
  active: all.ActiveTargets.map((one) => ({
    kind: 'scrape',
    discoveredLabels: Labels.fromObject(one.DiscoveredLabels),
    labels: Labels.fromObject(one.Labels),
    scrapePool: one.ScrapePool as string,
    scrapeUrl: one.ScrapeURL as string,
    globalUrl: one.GlobalURL as string,
    lastError: one.LastError as string,
    lastScrapeMs: SCRAPED_MS,
    lastScrapeDurationSeconds: one.LastScrapeDuration as number,
    health: one.Health as 'up',
    intervalMs: Number.parseInt(one.ScrapeInterval as string, 10) * 1000,
    timeoutMs: Number.parseInt(one.ScrapeTimeout as string, 10) * 1000,
    samplesScraped: 0,
  })),
  dropped: all.DroppedTargets.map((one) => ({
    discoveredLabels: Labels.fromObject(one.DiscoveredLabels),
    scrapePool: one.ScrapePool,
  })),
  droppedCounts: new Map(Object.entries(all.DroppedTargetCounts)),
})

function metadataOf(one: GoCase, cases: readonly GoCase[]): TargetMetadata[] {
  if (one.endpoint === '/targets/metadata')
    return cases
      .filter(({ endpoint, query }) => endpoint === one.endpoint && query === undefined)
      .flatMap(({ responseGo }) => responseGo as GoMetadata[])
      .map((all) => entry(all.MetricFamily!, all, all.Target))
  const asked = one.query ?? {}
  const given = Object.entries((one.responseGo ?? {}) as Record<string, GoMetadata[]>)
  const known = given.flatMap(([metric, all]) => all.map((each) => entry(metric, each)))
  if (one.responseLen !== undefined || asked['metric'] !== undefined) known.push(...MORE)
  // What a limit leaves out comes behind what it keeps.
  if (asked['limit_per_metric'] !== undefined)
    known.push(...known.map((each) => ({ ...each, help: `${each.help} More.` })))
  return known
}

const entry = (
  metric: string,
  { Type, Help, Unit = '' }: GoMetadata,
  target: Record<string, string> = { job: 'test' },
): TargetMetadata => ({
  target: Labels.fromObject(target),
  metric,
  type: Type as 'gauge',
  help: Help,
  unit: Unit,
})

/** Metrics that a case about limits or one metric has beside those it expects. */
const MORE = ['more_1', 'more_2', 'more_3'].map((metric) =>
  entry(metric, { Type: 'gauge', Help: 'One more.' }),
)

function relabelJob({ query, responseGo }: GoCase): ReturnType<Vigie['scrape']['jobs']>[number] {
  const { Steps } = responseGo as { Steps: { Rule: GoRule }[] }
  const relabelConfigs = Steps.map(({ Rule }): RelabelConfig => ({
    action: Rule.Action.replace('relabel.', '').toLowerCase() as 'replace',
    regex: Rule.Regex,
    sourceLabels: Rule.SourceLabels ?? [],
    targetLabel: Rule.TargetLabel,
    replacement: Rule.Replacement,
  }))
  return scrapeJob(String(query!['scrapePool'][0]), { relabelConfigs })
}

function urlsOf({ responseGo }: GoCase): { active: string[]; dropped: string[] } {
  const { ActiveAlertmanagers, DroppedAlertmanagers } = responseGo as Record<
    string,
    { URL: string }[]
  >
  const urls = (list: { URL: string }[]): string[] => list.map(({ URL: url }) => url)
  return { active: urls(ActiveAlertmanagers), dropped: urls(DroppedAlertmanagers) }
}

/** Fields of Go whose JSON name is not their own with a small letter. */
const NAMES = new Map([
  ['RuleGroups', 'groups'],
  ['ScrapeURL', 'scrapeUrl'],
  ['GlobalURL', 'globalUrl'],
  ['URL', 'url'],
  ['YAML', 'yaml'],
  ['Ts', 'timestamp'],
  ['MetricFamily', 'metric'],
  ['SourceLabels', 'source_labels'],
  ['TargetLabel', 'target_label'],
])
/** Maps of labels, which Go writes as lists when they are empty. */
const LABEL_FIELDS = [
  'Labels',
  'Annotations',
  'SeriesLabels',
  'DiscoveredLabels',
  'Output',
  'Target',
]

/** The JSON of a Go value, as far as it says something: what is left out may be anything. */
export function jsonOf(value: unknown, rulesFile: string, config: string): unknown {
  if (value === 'sampleFlagMap') return Object.fromEntries(FLAGS)
  if (Array.isArray(value)) return value.map((one) => jsonOf(one, rulesFile, config))
  if (typeof value !== 'object' || value === null) return value
  if ('_call' in value) return callOf(value as unknown as GoCall, rulesFile, config)
  const out: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(value)) {
    if (name === 'NameValidationScheme') continue
    const key = NAMES.get(name) ?? name[0].toLowerCase() + name.slice(1)
    if (LABEL_FIELDS.includes(name)) out[key] = Array.isArray(field) ? {} : field
    else if (name === 'File') out[key] = rulesFile
    else if (name === 'LastScrape') out[key] = new Date(SCRAPED_MS).toISOString()
    else if (name === 'Ts') out[key] = Number(jsonOf(field, rulesFile, config)) / 1000
    else if (name === 'Action') out[key] = String(field).replace('relabel.', '').toLowerCase()
    else if (name === 'Value' && typeof field === 'number') out[key] = String(field)
    else out[key] = jsonOf(field, rulesFile, config)
  }
  return out
}

interface GoCall {
  _call: string
  args: unknown[]
}

function callOf({ _call, args }: GoCall, rulesFile: string, config: string): unknown {
  if (_call === 'getRuleGroupNextToken') return tokenOf(args as string[], rulesFile)
  if (_call === 'samplePrometheusCfg.String') return config
  // timestamp.FromTime(start.Add(ns)), where start is 0.
  const [inner] = args as { args: number[] }[]
  return inner.args[0] / 1e6
}

/** The token of a group that is in our file instead of theirs. */
function tokenOf([file, group]: string[], rulesFile: string): string {
  const own = file === GO_RULES_FILE ? rulesFile : file
  return createHash('sha1').update(`${own};${group}`).digest('hex')
}

/** What in `got` is not as `want` says; undefined when all of it is. Members that it does not name are free. */
export function unlike(got: unknown, want: unknown, path = '$'): string | undefined {
  const isNode = typeof want === 'object' && want !== null
  if (!isNode || typeof got !== 'object' || got === null)
    return Object.is(got, want) ? undefined : `${path}: got ${text(got)}, want ${text(want)}`
  if (Array.isArray(want) && (!Array.isArray(got) || got.length !== want.length))
    return `${path}: got ${text(got)}, want ${text(want)}`
  for (const [key, part] of Object.entries(want)) {
    const reason = unlike((got as Record<string, unknown>)[key], part, `${path}.${key}`)
    if (reason !== undefined) return reason
  }
  return undefined
}

const text = (value: unknown): string => JSON.stringify(value)
