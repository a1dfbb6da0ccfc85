/**
 * The options of a run: defaults, then the script's `options`, then `K6_*` of the environment, then the
 * command line. A higher layer that says what to run wipes all that lower layers say about it.
 */
import { parseStages } from './args.ts'
import { parseDurationMs } from './duration.ts'
import { EXIT, LoadError } from './errors.ts'
import { EXECUTION_OPTIONS, MAX_VUS, type Scenario, deriveScenarios } from './executors/scenario.ts'
import { maxVusOf } from './executors/plan.ts'
import { readSegmentation, segmentScenarios } from './executors/segment.ts'
import { type Stripes, stripesOf } from './executors/stripes.ts'

/** Tags that k6 puts on samples by itself when nothing else is asked for. */
export const DEFAULT_SYSTEM_TAGS: readonly string[] = [
  'proto',
  'subproto',
  'status',
  'method',
  'url',
  'name',
  'group',
  'check',
  'error',
  'error_code',
  'tls_version',
  'scenario',
  'service',
  'expected_response',
]
/** Those that can be had besides. */
const MORE_SYSTEM_TAGS = ['iter', 'vu', 'ocsp_status', 'ip']
/** Needed for the summary even when no series shows them. */
const STRUCTURE_TAGS = ['group', 'check', 'scenario']

/** Options as VUs and workers need them; plain data. */
export interface VuOptions {
  batch: number
  batchPerHost: number
  maxRedirects: number
  userAgent: string
  insecureSkipTLSVerify: boolean
  noConnectionReuse: boolean
  noVUConnectionReuse: boolean
  noCookiesReset: boolean
  discardResponseBodies: boolean
  throw: boolean
  minIterationDurationMs: number
  setupTimeoutMs: number
  teardownTimeoutMs: number
  handleSummaryTimeoutMs: number
  hosts: [string, string][]
  tags: [string, string][]
  /** Which VUs of the whole test are ours; null: all. */
  stripes: Stripes | null
  /** System tags that nobody asked for; samples do not carry them. */
  droppedTags: string[]
}

export interface RunOptions extends VuOptions {
  scenarios: Scenario[]
  thresholds: [metric: string, value: unknown][]
  noSetup: boolean
  noTeardown: boolean
  summaryTrendStats: string[]
  summaryTimeUnit: '' | 's' | 'ms' | 'us'
  systemTags: ReadonlySet<string>
  /** What was given, for `exec.test.options`, reports and the machine-readable summary. */
  raw: Record<string, unknown>
}

type Check = (value: unknown) => boolean

const isBoolean: Check = (value) => typeof value === 'boolean'
const isCount: Check = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0
const isText: Check = (value) => typeof value === 'string'
const isDuration: Check = (value) => parseDurationMs(value) !== undefined
const isObject: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isStages: Check = (value) => Array.isArray(value)

/** Options that are understood: name -> what its value must be. */
const KNOWN = new Map<string, [check: Check, want: string]>([
  ['vus', [isCount, 'a whole number']],
  ['duration', [isDuration, 'a duration like "30s"']],
  ['iterations', [isCount, 'a whole number']],
  ['stages', [isStages, 'a list of stages']],
  ['scenarios', [isObject, 'an object of scenarios by name']],
  ['executionSegment', [isText, 'a text like "0:1/2"']],
  ['executionSegmentSequence', [isText, 'a text like "0,1/2,1"']],
  ['noSetup', [isBoolean, 'true or false']],
  ['noTeardown', [isBoolean, 'true or false']],
  ['setupTimeout', [isDuration, 'a duration like "60s"']],
  ['teardownTimeout', [isDuration, 'a duration like "60s"']],
  ['handleSummaryTimeout', [isDuration, 'a duration like "120s"']],
  ['maxRedirects', [isCount, 'a whole number']],
  ['userAgent', [isText, 'a text']],
  ['batch', [isCount, 'a whole number']],
  ['batchPerHost', [isCount, 'a whole number']],
  ['insecureSkipTLSVerify', [isBoolean, 'true or false']],
  ['noConnectionReuse', [isBoolean, 'true or false']],
  ['noVUConnectionReuse', [isBoolean, 'true or false']],
  ['noCookiesReset', [isBoolean, 'true or false']],
  ['discardResponseBodies', [isBoolean, 'true or false']],
  ['throw', [isBoolean, 'true or false']],
  ['minIterationDuration', [isDuration, 'a duration like "1s"']],
  ['thresholds', [isObject, 'an object of thresholds by metric']],
  ['hosts', [isObject, 'an object of addresses by host']],
  ['tags', [isObject, 'an object of texts']],
  ['systemTags', [isTexts, 'a list of tag names']],
  ['summaryTrendStats', [isTexts, 'a list of statistics like "p(95)"']],
  [
    'summaryTimeUnit',
    [(value) => ['', 's', 'ms', 'us'].includes(value as string), '"s", "ms" or "us"'],
  ],
  // Understood by k6 and harmless to leave out.
  ['cloud', [() => true, '']],
  ['ext', [() => true, '']],
  ['metricSamplesBufferSize', [() => true, '']],
])

/** Options of k6 that would change what happens and are refused until they are served. */
const REFUSED = new Set([
  'paused',
  'rps',
  'dns',
  'httpDebug',
  'tlsCipherSuites',
  'tlsVersion',
  'tlsAuth',
  'blacklistIPs',
  'blockHostnames',
  'consoleOutput',
  'localIPs',
  'features',
])

/** Environment variable -> option and how its text is read. */
const ENVIRONMENT = new Map<string, [option: string, read: (text: string) => unknown]>([
  ['K6_VUS', ['vus', Number]],
  ['K6_DURATION', ['duration', String]],
  ['K6_ITERATIONS', ['iterations', Number]],
  ['K6_STAGES', ['stages', parseStages]],
  ['K6_EXECUTION_SEGMENT', ['executionSegment', String]],
  ['K6_EXECUTION_SEGMENT_SEQUENCE', ['executionSegmentSequence', String]],
  ['K6_NO_SETUP', ['noSetup', truth]],
  ['K6_NO_TEARDOWN', ['noTeardown', truth]],
  ['K6_SETUP_TIMEOUT', ['setupTimeout', String]],
  ['K6_TEARDOWN_TIMEOUT', ['teardownTimeout', String]],
  ['K6_MAX_REDIRECTS', ['maxRedirects', Number]],
  ['K6_USER_AGENT', ['userAgent', String]],
  ['K6_BATCH', ['batch', Number]],
  ['K6_BATCH_PER_HOST', ['batchPerHost', Number]],
  ['K6_INSECURE_SKIP_TLS_VERIFY', ['insecureSkipTLSVerify', truth]],
  ['K6_NO_CONNECTION_REUSE', ['noConnectionReuse', truth]],
  ['K6_NO_VU_CONNECTION_REUSE', ['noVUConnectionReuse', truth]],
  ['K6_NO_COOKIES_RESET', ['noCookiesReset', truth]],
  ['K6_DISCARD_RESPONSE_BODIES', ['discardResponseBodies', truth]],
  ['K6_THROW', ['throw', truth]],
  ['K6_MIN_ITERATION_DURATION', ['minIterationDuration', String]],
  ['K6_THRESHOLDS', ['thresholds', json]],
  ['K6_TAGS', ['tags', json]],
  ['K6_SUMMARY_TREND_STATS', ['summaryTrendStats', (text) => text.split(',')]],
  ['K6_SUMMARY_TIME_UNIT', ['summaryTimeUnit', String]],
])

function truth(text: string): boolean {
  return /^(1|t|true)$/i.test(text)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new LoadError(EXIT.other, `cannot read ${JSON.stringify(text)} as JSON`)
  }
}

export interface Layers {
  script: Record<string, unknown>
  env: Readonly<Record<string, string | undefined>>
  flags: Record<string, unknown>
}

export interface Consolidated {
  options: RunOptions
  warnings: string[]
}

/** Merges the layers and checks them; throws LoadError with k6's exit code for what is wrong. */
export function consolidate({ script, env, flags }: Layers, userAgent: string): Consolidated {
  const warnings: string[] = []
  const layers = [cleaned(script), environmentLayer(env), cleaned(flags)]
  for (const name of Object.keys(layers[0]!)) {
    if (!KNOWN.has(name) && !REFUSED.has(name))
      warnings.push(`There were unknown fields in the options exported in the script: "${name}"`)
  }
  let merged: Record<string, unknown> = {}
  for (const layer of layers) {
    checkLayer(layer)
    merged = overlay(merged, layer, warnings)
  }
  const { scenarios, stripes } = ourPart(deriveScenarios(merged), merged, env, warnings)
  const vus = scenarios.reduce((sum, scenario) => sum + maxVusOf(scenario), 0)
  if (vus > MAX_VUS)
    throw new LoadError(
      EXIT.invalidConfig,
      `the scenarios need ${vus} VUs; want at most ${MAX_VUS}`,
    )
  return { options: { ...build(merged, scenarios, userAgent), stripes }, warnings }
}

/** What of the scenarios this generator runs, and which VUs of the whole test are its own. */
function ourPart(
  scenarios: Scenario[],
  merged: Record<string, unknown>,
  env: Layers['env'],
  warnings: string[],
): { scenarios: Scenario[]; stripes: Stripes | null } {
  const segmentation = readSegmentation(
    merged['executionSegment'] as string | undefined,
    merged['executionSegmentSequence'] as string | undefined,
    env,
  )
  if (segmentation === null) return { scenarios, stripes: null }
  const ours = segmentScenarios(scenarios, segmentation)
  for (const name of ours.idle)
    warnings.push(`Executor '${name}' is disabled for this execution segment due to lack of work!`)
  return { scenarios: ours.scenarios, stripes: stripesOf(segmentation) }
}

/** Null means "not given", as in k6. */
function cleaned(layer: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(layer).filter(([, value]) => value !== null && value !== undefined),
  )
}

function environmentLayer(env: Layers['env']): Record<string, unknown> {
  const layer: Record<string, unknown> = {}
  for (const [name, [option, read]] of ENVIRONMENT) {
    const text = env[name]
    if (text !== undefined && text !== '') layer[option] = read(text)
  }
  return layer
}

function checkLayer(layer: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(layer)) {
    if (REFUSED.has(name) && !isNeutral(value))
      throw new LoadError(EXIT.other, `the option "${name}" is not supported yet`)
    const known = KNOWN.get(name)
    if (known !== undefined && !known[0](value)) {
      throw new LoadError(
        EXIT.other,
        `invalid value ${JSON.stringify(value)} for the option "${name}": want ${known[1]}`,
      )
    }
  }
}

/** Values that mean the default, so that nothing is lost by not serving the option. */
function isNeutral(value: unknown): boolean {
  return (
    value === false || value === 0 || value === '' || (Array.isArray(value) && value.length === 0)
  )
}

function overlay(
  below: Record<string, unknown>,
  layer: Record<string, unknown>,
  warnings: string[],
): Record<string, unknown> {
  const merged = { ...below }
  const decides = EXECUTION_OPTIONS.some((name) => layer[name] !== undefined)
  const onlyVus = !decides && layer['vus'] !== undefined && below['scenarios'] !== undefined
  if (decides || onlyVus) {
    if (onlyVus) warnings.push('the number of VUs given above the script overrides its scenarios')
    for (const name of EXECUTION_OPTIONS) delete merged[name]
  }
  if (layer['tags'] !== undefined)
    merged['tags'] = { ...(below['tags'] as object), ...(layer['tags'] as object) }
  return { ...merged, ...layer, ...(merged['tags'] === undefined ? {} : { tags: merged['tags'] }) }
}

function droppedTags(kept: ReadonlySet<string>): string[] {
  return DEFAULT_SYSTEM_TAGS.filter((name) => !kept.has(name) && !STRUCTURE_TAGS.includes(name))
}

function build(
  merged: Record<string, unknown>,
  scenarios: Scenario[],
  userAgent: string,
): RunOptions {
  const tagsKept = systemTags(merged['systemTags'] as string[] | undefined)
  const flag = (name: string): boolean => merged[name] === true
  const count = (name: string, otherwise: number): number =>
    (merged[name] as number | undefined) ?? otherwise
  const ms = (name: string, otherwise: number): number => parseDurationMs(merged[name]) ?? otherwise
  const pairs = (name: string): [string, string][] =>
    Object.entries((merged[name] as Record<string, unknown> | undefined) ?? {}).map(
      ([key, value]) => [key, String(value)],
    )
  return {
    scenarios,
    thresholds: Object.entries((merged['thresholds'] as Record<string, unknown> | undefined) ?? {}),
    noSetup: flag('noSetup'),
    noTeardown: flag('noTeardown'),
    setupTimeoutMs: ms('setupTimeout', 60_000),
    teardownTimeoutMs: ms('teardownTimeout', 60_000),
    handleSummaryTimeoutMs: ms('handleSummaryTimeout', 120_000),
    batch: count('batch', 20),
    batchPerHost: count('batchPerHost', 6),
    maxRedirects: count('maxRedirects', 10),
    userAgent: (merged['userAgent'] as string | undefined) ?? userAgent,
    insecureSkipTLSVerify: flag('insecureSkipTLSVerify'),
    noConnectionReuse: flag('noConnectionReuse'),
    noVUConnectionReuse: flag('noVUConnectionReuse'),
    noCookiesReset: flag('noCookiesReset'),
    discardResponseBodies: flag('discardResponseBodies'),
    throw: flag('throw'),
    minIterationDurationMs: ms('minIterationDuration', 0),
    hosts: pairs('hosts').map(([host, address]) => [host.toLowerCase(), address]),
    tags: pairs('tags'),
    stripes: null,
    systemTags: tagsKept,
    droppedTags: droppedTags(tagsKept),
    summaryTrendStats: trendStats(merged['summaryTrendStats'] as string[] | undefined),
    summaryTimeUnit: (merged['summaryTimeUnit'] as RunOptions['summaryTimeUnit'] | undefined) ?? '',
    raw: merged,
  }
}

function systemTags(given: string[] | undefined): ReadonlySet<string> {
  const all = [...DEFAULT_SYSTEM_TAGS, ...MORE_SYSTEM_TAGS]
  const unknown = given?.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new LoadError(EXIT.other, `unknown system tag "${unknown}"`)
  return new Set(given ?? DEFAULT_SYSTEM_TAGS)
}

function trendStats(given: string[] | undefined): string[] {
  const stats = (given ?? ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']).map((name) => name.trim())
  for (const name of stats) {
    if (['avg', 'min', 'med', 'max', 'count'].includes(name)) continue
    const percentile = /^p\((\d+(?:\.\d+)?)\)$/.exec(name)
    if (percentile === null || Number(percentile[1]) > 100) {
      throw new LoadError(
        EXIT.other,
        `unknown trend statistic "${name}": want avg, min, med, max, count or p(N) with N from 0 to 100`,
      )
    }
  }
  return stats
}
