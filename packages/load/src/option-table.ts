/**
 * The options of k6 scripts: what each value must be, and the K6_* variable that has it. An option that
 * is `later` would change what happens, and is refused until it is served.
 */
import { parseDns, parseStages, parseTruth } from './args.ts'
import { parseDurationMs } from './duration.ts'
import { EXIT, LoadError } from './errors.ts'

export interface OptionSpec {
  check: (value: unknown) => boolean
  /** What `check` wants, for people. */
  want: string
  env?: string
  /** Reads the text of the variable; undefined: it is none. */
  read?: (text: string) => unknown
  later?: boolean
}

/** k6 takes a whole number in a text, too: `vus: __ENV.VUS`. */
const isCount = (value: unknown): boolean =>
  typeof value === 'string'
    ? /^\d+$/.test(value)
    : typeof value === 'number' && Number.isInteger(value) && value >= 0
const isText = (value: unknown): boolean => typeof value === 'string'
const isList = (value: unknown): boolean => Array.isArray(value)
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readCount = (text: string): unknown => (/^[+-]?\d+$/.test(text) ? Number(text) : undefined)
const readList = (text: string): unknown => text.split(',')

const yes = (env: string): OptionSpec => ({
  check: (value) => typeof value === 'boolean',
  want: 'true or false',
  env,
  read: parseTruth,
})
const count = (env: string): OptionSpec => ({
  check: isCount,
  want: 'a whole number',
  env,
  read: readCount,
})
const duration = (env: string, example: string): OptionSpec => ({
  check: (value) => parseDurationMs(value) !== undefined,
  want: `a duration like "${example}"`,
  env,
  read: String,
})
const text = (env: string): OptionSpec => ({ check: isText, want: 'a text', env, read: String })
const texts = (env: string, want: string): OptionSpec => ({
  check: isTexts,
  want,
  env,
  read: readList,
})
const anything: OptionSpec = { check: () => true, want: '' }

/** Options by name, in k6's order. */
export const OPTIONS: ReadonlyMap<string, OptionSpec> = new Map<string, OptionSpec>([
  ['paused', { ...yes('K6_PAUSED'), later: true }],
  ['vus', count('K6_VUS')],
  ['duration', duration('K6_DURATION', '30s')],
  ['iterations', count('K6_ITERATIONS')],
  [
    'stages',
    { check: isList, want: 'a list of stages', env: 'K6_STAGES', read: (t) => parseStages(t) },
  ],
  ['scenarios', { check: isObject, want: 'an object of scenarios by name' }],
  ['executionSegment', { ...text('K6_EXECUTION_SEGMENT'), want: 'a text like "0:1/2"' }],
  [
    'executionSegmentSequence',
    { ...text('K6_EXECUTION_SEGMENT_SEQUENCE'), want: 'a text like "0,1/2,1"' },
  ],
  ['noSetup', yes('K6_NO_SETUP')],
  ['setupTimeout', duration('K6_SETUP_TIMEOUT', '60s')],
  ['noTeardown', yes('K6_NO_TEARDOWN')],
  ['teardownTimeout', duration('K6_TEARDOWN_TIMEOUT', '60s')],
  ['handleSummaryTimeout', duration('K6_HANDLE_SUMMARY_TIMEOUT', '120s')],
  ['rps', count('K6_RPS')],
  [
    'dns',
    {
      check: isObject,
      want: 'an object with ttl, select and policy',
      env: 'K6_DNS',
      read: (t) => parseDns(t),
    },
  ],
  ['maxRedirects', count('K6_MAX_REDIRECTS')],
  ['userAgent', text('K6_USER_AGENT')],
  ['batch', count('K6_BATCH')],
  ['batchPerHost', count('K6_BATCH_PER_HOST')],
  ['httpDebug', text('K6_HTTP_DEBUG')],
  ['insecureSkipTLSVerify', yes('K6_INSECURE_SKIP_TLS_VERIFY')],
  ['tlsCipherSuites', { check: isTexts, want: 'a list of cipher suites' }],
  [
    'tlsVersion',
    {
      check: (value) => isText(value) || isObject(value),
      want: 'a version or an object with min and max',
    },
  ],
  ['tlsAuth', { check: isList, want: 'a list of certificates' }],
  ['throw', yes('K6_THROW')],
  [
    'thresholds',
    {
      check: isObject,
      want: 'an object of thresholds by metric',
      env: 'K6_THRESHOLDS',
      read: readJson,
    },
  ],
  ['blacklistIPs', texts('K6_BLACKLIST_IPS', 'a list of address ranges')],
  ['blockHostnames', texts('K6_BLOCK_HOSTNAMES', 'a list of host names')],
  [
    'hosts',
    { check: isObject, want: 'an object of addresses by host', env: 'K6_HOSTS', read: readJson },
  ],
  ['noConnectionReuse', yes('K6_NO_CONNECTION_REUSE')],
  ['noVUConnectionReuse', yes('K6_NO_VU_CONNECTION_REUSE')],
  ['minIterationDuration', duration('K6_MIN_ITERATION_DURATION', '1s')],
  // Understood by k6 and harmless to leave out.
  ['cloud', anything],
  ['ext', anything],
  ['summaryTrendStats', texts('K6_SUMMARY_TREND_STATS', 'a list of statistics like "p(95)"')],
  [
    'summaryTimeUnit',
    {
      check: (value) => ['', 's', 'ms', 'us'].includes(value as string),
      want: '"s", "ms" or "us"',
      env: 'K6_SUMMARY_TIME_UNIT',
      read: String,
    },
  ],
  ['systemTags', texts('K6_SYSTEM_TAGS', 'a list of tag names')],
  ['tags', { check: isObject, want: 'an object of texts', env: 'K6_TAGS', read: readPairs }],
  ['metricSamplesBufferSize', { ...count('K6_METRIC_SAMPLES_BUFFER_SIZE'), check: () => true }],
  ['noCookiesReset', yes('K6_NO_COOKIES_RESET')],
  ['discardResponseBodies', yes('K6_DISCARD_RESPONSE_BODIES')],
  ['consoleOutput', text('K6_CONSOLE_OUTPUT')],
  ['localIPs', text('K6_LOCAL_IPS')],
])

function readJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** `{"a":"b"}` or `a:b,c:d`. */
function readPairs(value: string): unknown {
  if (value.startsWith('{')) return readJson(value)
  const parts = value.split(',').map((part) => [part, part.indexOf(':')] as const)
  if (parts.some(([, colon]) => colon < 1)) return undefined
  return Object.fromEntries(
    parts.map(([part, colon]) => [part.slice(0, colon), part.slice(colon + 1)]),
  )
}

/** The options that the environment sets. Throws LoadError (104) for a value that cannot be read. */
export function environmentOptions(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const layer: Record<string, unknown> = {}
  for (const [option, { env: name, read, want, check }] of OPTIONS) {
    const value = name === undefined ? undefined : env[name]
    if (value === undefined || value === '') continue
    const parsed = readOr104(read!, value)
    if (parsed === undefined || !check(parsed))
      throw new LoadError(EXIT.invalidConfig, `invalid value "${value}" for ${name}: want ${want}`)
    layer[option] = parsed
  }
  return layer
}

function readOr104(read: (text: string) => unknown, value: string): unknown {
  try {
    return read(value)
  } catch (error) {
    if (error instanceof LoadError) throw new LoadError(EXIT.invalidConfig, error.message)
    throw error
  }
}

/** Values that mean the default, so that nothing is lost by not serving the option. */
export function isNeutral(value: unknown): boolean {
  return (
    value === false || value === 0 || value === '' || (Array.isArray(value) && value.length === 0)
  )
}
