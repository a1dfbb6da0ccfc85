/**
 * The options of a run: defaults, then the configuration file, then the script's `options`, then `K6_*` of
 * the environment, then the command line. A higher layer that says what to run wipes all that lower layers
 * say about it.
 */
import { parseDurationMs } from './duration.ts'
import { EXIT, LoadError } from './errors.ts'
import { EXECUTION_OPTIONS, MAX_VUS, type Scenario, deriveScenarios } from './executors/scenario.ts'
import { maxVusOf } from './executors/plan.ts'
import { readSegmentation, segmentScenarios } from './executors/segment.ts'
import { type Segmentation, type Stripes, stripesOf } from './executors/stripes.ts'
import { type NetworkOptions, readNetwork } from './http/network.ts'
import { OPTIONS, environmentOptions, isNeutral } from './option-table.ts'

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
/** Every tag that k6 may put on samples by itself. */
export const SYSTEM_TAGS: ReadonlySet<string> = new Set([
  ...DEFAULT_SYSTEM_TAGS,
  ...MORE_SYSTEM_TAGS,
])
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
  /** Most requests per second of all VUs together; 0: as many as they make. */
  rps: number
  setupTimeoutMs: number
  teardownTimeoutMs: number
  handleSummaryTimeoutMs: number
  network: NetworkOptions
  tags: [string, string][]
  /** Which VUs of the whole test are ours; null: all. */
  stripes: Stripes | null
  /** System tags beyond the usual ones that were asked for. */
  extraTags: string[]
  /** Whether nobody said how many redirects to follow. */
  warnsOfRedirects: boolean
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
  /** File that `console.log` and friends write to instead of the log; null: none. */
  consoleOutput: string | null
  systemTags: ReadonlySet<string>
  /** Which segment of how many this generator is; null: it is alone. */
  segmentation: Segmentation | null
  /** What was given, for `exec.test.options`, reports and the machine-readable summary. */
  raw: Record<string, unknown>
}

export interface Layers {
  /** Left out: there is no configuration file. */
  config?: Record<string, unknown>
  script: Record<string, unknown>
  env: Readonly<Record<string, string | undefined>>
  flags: Record<string, unknown>
}

export interface Consolidated {
  options: RunOptions
  warnings: string[]
}

/** Merges the layers and checks them; throws LoadError with k6's exit code for what is wrong. */
export function consolidate(
  { config = {}, script, env, flags }: Layers,
  userAgent: string,
): Consolidated {
  const warnings = unknownFields(script)
  const layers: [name: string, layer: Record<string, unknown>][] = [
    ['config', cleaned(config)],
    ['script', cleaned(script)],
    ['env', environmentOptions(env)],
    ['cli', cleaned(flags)],
  ]
  let merged: Record<string, unknown> = {}
  for (const [name, layer] of layers) {
    checkLayer(layer)
    merged = overlay(merged, name, layer, warnings)
  }
  const { scenarios, ...part } = ourPart(deriveScenarios(merged), merged, env, warnings)
  const vus = scenarios.reduce((sum, scenario) => sum + maxVusOf(scenario), 0)
  if (vus > MAX_VUS)
    throw new LoadError(
      EXIT.invalidConfig,
      `the scenarios need ${vus} VUs; want at most ${MAX_VUS}`,
    )
  return { options: { ...build(merged, scenarios, userAgent, env), ...part }, warnings }
}

/** What of the scenarios this generator runs, and which VUs of the whole test are its own. */
function ourPart(
  scenarios: Scenario[],
  merged: Record<string, unknown>,
  env: Layers['env'],
  warnings: string[],
): { scenarios: Scenario[]; stripes: Stripes | null; segmentation: Segmentation | null } {
  const segmentation = readSegmentation(
    merged['executionSegment'] as string | undefined,
    merged['executionSegmentSequence'] as string | undefined,
    env,
  )
  if (segmentation === null) return { scenarios, stripes: null, segmentation }
  const ours = segmentScenarios(scenarios, segmentation)
  for (const name of ours.idle)
    warnings.push(`Executor '${name}' is disabled for this execution segment due to lack of work!`)
  return { scenarios: ours.scenarios, stripes: stripesOf(segmentation), segmentation }
}

/** Fields that belong to a scenario and do nothing among the options. */
const SCENARIO_FIELDS = new Set([
  'executor',
  'exec',
  'env',
  'startTime',
  'gracefulStop',
  'gracefulRampDown',
  'startVUs',
  'startRate',
  'rate',
  'timeUnit',
  'preAllocatedVUs',
  'maxVUs',
  'maxDuration',
])

function unknownFields(script: Record<string, unknown>): string[] {
  return Object.keys(script)
    .filter((name) => !OPTIONS.has(name))
    .map((name) =>
      SCENARIO_FIELDS.has(name)
        ? `"${name}" outside scenarios has no effect: it belongs to a scenario, as in scenarios: { mine: { ${name}: … } }`
        : `There were unknown fields in the options exported in the script: "${name}"`,
    )
}

/** Null means "not given", as in k6. */
function cleaned(layer: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(layer).filter(([, value]) => value !== null && value !== undefined),
  )
}

function checkLayer(layer: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(layer)) {
    const option = OPTIONS.get(name)
    if (option === undefined) continue
    if (!option.check(value)) {
      throw new LoadError(
        EXIT.other,
        `invalid value ${JSON.stringify(value)} for the option "${name}": want ${option.want}`,
      )
    }
    if (option.later === true && !isNeutral(value))
      throw new LoadError(EXIT.other, `the option "${name}" is not supported yet`)
  }
}

/** A layer replaces what it names, and whatever lower layers say of what to run as soon as it says some. */
function overlay(
  below: Record<string, unknown>,
  name: string,
  layer: Record<string, unknown>,
  warnings: string[],
): Record<string, unknown> {
  const merged = { ...below }
  const decides = EXECUTION_OPTIONS.some((option) => layer[option] !== undefined)
  const hadScenarios = below['scenarios'] !== undefined
  const onlyVus = !decides && layer['vus'] !== undefined && hadScenarios
  if (hadScenarios && (decides || onlyVus))
    warnings.push(`"${name}" level configuration overrode scenarios configuration entirely`)
  if (decides || onlyVus) for (const option of EXECUTION_OPTIONS) delete merged[option]
  return { ...merged, ...layer }
}

function droppedTags(kept: ReadonlySet<string>): string[] {
  return DEFAULT_SYSTEM_TAGS.filter((name) => !kept.has(name) && !STRUCTURE_TAGS.includes(name))
}

function build(
  merged: Record<string, unknown>,
  scenarios: Scenario[],
  userAgent: string,
  env: Layers['env'],
): RunOptions {
  const tagsKept = systemTags(merged['systemTags'] as string[] | undefined)
  const flag = (name: string): boolean => merged[name] === true
  const count = (name: string, otherwise: number): number =>
    Number((merged[name] as number | string | undefined) ?? otherwise)
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
    rps: count('rps', 0),
    minIterationDurationMs: ms('minIterationDuration', 0),
    network: readNetwork(merged, env, refuse),
    tags: pairs('tags'),
    stripes: null,
    systemTags: tagsKept,
    droppedTags: droppedTags(tagsKept),
    extraTags: MORE_SYSTEM_TAGS.filter((name) => tagsKept.has(name)),
    warnsOfRedirects: merged['maxRedirects'] === undefined,
    summaryTrendStats: trendStats(merged['summaryTrendStats'] as string[] | undefined),
    segmentation: null,
    summaryTimeUnit: (merged['summaryTimeUnit'] as RunOptions['summaryTimeUnit'] | undefined) ?? '',
    consoleOutput: (merged['consoleOutput'] as string | undefined) || null,
    raw: merged,
  }
}

function refuse(option: string, value: unknown, want: string): never {
  throw new LoadError(
    EXIT.other,
    `invalid value ${JSON.stringify(value)} for the option "${option}": want ${want}`,
  )
}

/** Names that are no system tags are left out, as in k6. */
function systemTags(given: string[] | undefined): ReadonlySet<string> {
  const all = [...DEFAULT_SYSTEM_TAGS, ...MORE_SYSTEM_TAGS]
  return new Set((given ?? DEFAULT_SYSTEM_TAGS).filter((name) => all.includes(name)))
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
