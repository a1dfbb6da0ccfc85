/**
 * The command line of `vigie load`: the flags of `k6 run`, read as pflag reads them. A flag that k6 has
 * and Vigie lacks is refused by name; one that nobody has is an unknown flag. Both exit with 255, as in k6.
 */
import { parseDurationMs } from './duration.ts'
import { EXIT, LoadError } from './errors.ts'

export interface LoadArgs {
  /** Path of the script; null: none was given. */
  script: string | null
  /** Options in the script's own names and shapes, the highest layer of precedence. */
  options: Record<string, unknown>
  /** From `-e KEY=value`, over the environment in `__ENV`. */
  env: [name: string, value: string][]
  /** What is neither an option of scripts nor of Vigie alone: see settings.ts. */
  settings: FlagSettings
  /** Whether bare imports are npm packages. */
  npm: boolean
  quiet: boolean
  verbose: boolean
  help: boolean
  /** Base URL of the Vigie to report to; null: look for one. */
  vigie: string | null
  /** Shared by all generators of one run; null: an id of its own. */
  runId: string | null
  /** What to print instead of running: `kubernetes`. */
  emit: string | null
  /** Generators that `--emit` asks for. */
  parallelism: number
  /** Image of the pods that `--emit` asks for; null: Node's. */
  image: string | null
  /** Whether a data check that the run broke fails it. */
  checkAfter: boolean
  /** Whether blocking calls really block, in a thread for each VU, also where they need not. */
  realBlocking: boolean
  /** ms to wait before the data checks run; null: until the target is quiet. */
  settleMs: number | null
  /** Of `--find-limit`; null: an ordinary run. */
  findLimit: FindLimitArgs | null
  /** Whether to look for what gave first when the run fails. */
  wantsSuspects: boolean
  /** Nothing but the result as JSON on stdout. */
  json: boolean
}

export interface FindLimitArgs {
  isWanted: boolean
  /** Null: as the script counts it. */
  by: 'vus' | 'rate' | null
  /** Null: at least 30 s. */
  holdMs: number | null
  precision: number
  max: number | null
  start: number | null
}

/** Flags that have a K6_* variable but no option in the script; left out: not given. */
export interface FlagSettings {
  config?: string
  out?: string[]
  report?: string
  noThresholds?: boolean
  summaryMode?: string
  summaryExport?: string
  newMachineReadableSummary?: boolean
  includeSystemEnvVars?: boolean
  noColor?: boolean
  logOutput?: string
  logFormat?: string
  logNanoseconds?: boolean
  type?: string
  compatibilityMode?: string
  tracesOutput?: string
  linger?: boolean
  address?: string
  profilingEnabled?: boolean
  secretSource?: string[]
  features?: string[]
}

/** `optional`: a value only after `=`; without one, `bare` stands for it. */
type Arity = 'value' | 'switch' | 'optional'
type Apply = (args: LoadArgs, value: string, flag: string) => void

type KeysOf<T> = {
  [K in keyof FlagSettings]-?: FlagSettings[K] extends T ? K : never
}[keyof FlagSettings]

const number =
  (name: string): Apply =>
  (args, value, flag) => {
    if (!/^[+-]?\d+$/.test(value)) throw invalid(value, flag, 'want a whole number')
    args.options[name] = Number(value)
  }
const text =
  (name: string): Apply =>
  (args, value) => {
    args.options[name] = value
  }
const duration =
  (name: string): Apply =>
  (args, value, flag) => {
    if (!GO_DURATION.test(value))
      throw invalid(value, flag, 'want a duration like "30s" or "1h30m"')
    args.options[name] = value
  }
const yes =
  (name: string): Apply =>
  (args, value, flag) => {
    args.options[name] = truth(value, flag)
  }
/** Repeated, or several at once between commas. */
const list =
  (name: string): Apply =>
  (args, value) => {
    const known = (args.options[name] ?? []) as string[]
    args.options[name] = [...known, ...value.split(',')]
  }
const setText =
  (name: KeysOf<string | undefined>): Apply =>
  ({ settings }, value) => {
    settings[name] = value
  }
const setYes =
  (name: KeysOf<boolean | undefined>): Apply =>
  ({ settings }, value, flag) => {
    settings[name] = truth(value, flag)
  }
const setTexts =
  (name: KeysOf<string[] | undefined>): Apply =>
  ({ settings }, value) => {
    settings[name] = [...(settings[name] ?? []), value]
  }

/** Durations of flags need a unit, and have no days, unlike those of scripts. */
const GO_DURATION = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/

/** long name -> { short, arity, what it does }. */
const FLAGS = new Map<string, { short?: string; arity: Arity; bare?: string; apply: Apply }>([
  ['vus', { short: 'u', arity: 'value', apply: number('vus') }],
  ['duration', { short: 'd', arity: 'value', apply: duration('duration') }],
  ['iterations', { short: 'i', arity: 'value', apply: number('iterations') }],
  ['stage', { short: 's', arity: 'value', apply: addStages }],
  ['env', { short: 'e', arity: 'value', apply: addEnv }],
  ['tag', { arity: 'value', apply: addTag }],
  ['paused', { short: 'p', arity: 'switch', apply: yes('paused') }],
  ['execution-segment', { arity: 'value', apply: text('executionSegment') }],
  ['execution-segment-sequence', { arity: 'value', apply: text('executionSegmentSequence') }],
  ['no-setup', { arity: 'switch', apply: yes('noSetup') }],
  ['no-teardown', { arity: 'switch', apply: yes('noTeardown') }],
  ['rps', { arity: 'value', apply: number('rps') }],
  ['dns', { arity: 'value', apply: addDns }],
  ['throw', { short: 'w', arity: 'switch', apply: yes('throw') }],
  ['batch', { arity: 'value', apply: number('batch') }],
  ['batch-per-host', { arity: 'value', apply: number('batchPerHost') }],
  ['max-redirects', { arity: 'value', apply: number('maxRedirects') }],
  ['user-agent', { arity: 'value', apply: text('userAgent') }],
  ['http-debug', { arity: 'optional', bare: 'headers', apply: text('httpDebug') }],
  ['insecure-skip-tls-verify', { arity: 'switch', apply: yes('insecureSkipTLSVerify') }],
  ['no-connection-reuse', { arity: 'switch', apply: yes('noConnectionReuse') }],
  ['no-vu-connection-reuse', { arity: 'switch', apply: yes('noVUConnectionReuse') }],
  ['min-iteration-duration', { arity: 'value', apply: duration('minIterationDuration') }],
  ['blacklist-ip', { arity: 'value', apply: list('blacklistIPs') }],
  ['block-hostnames', { arity: 'value', apply: list('blockHostnames') }],
  ['local-ips', { arity: 'value', apply: text('localIPs') }],
  ['discard-response-bodies', { arity: 'switch', apply: yes('discardResponseBodies') }],
  ['summary-trend-stats', { arity: 'value', apply: list('summaryTrendStats') }],
  ['summary-time-unit', { arity: 'value', apply: text('summaryTimeUnit') }],
  ['system-tags', { arity: 'value', apply: list('systemTags') }],
  ['console-output', { arity: 'value', apply: text('consoleOutput') }],
  ['out', { short: 'o', arity: 'value', apply: setTexts('out') }],
  ['report', { arity: 'value', apply: setText('report') }],
  ['config', { short: 'c', arity: 'value', apply: setText('config') }],
  ['no-thresholds', { arity: 'switch', apply: setYes('noThresholds') }],
  ['summary-mode', { arity: 'value', apply: setText('summaryMode') }],
  ['summary-export', { arity: 'value', apply: setText('summaryExport') }],
  ['new-machine-readable-summary', { arity: 'switch', apply: setYes('newMachineReadableSummary') }],
  ['include-system-env-vars', { arity: 'switch', apply: setYes('includeSystemEnvVars') }],
  ['compatibility-mode', { arity: 'value', apply: setText('compatibilityMode') }],
  ['type', { short: 't', arity: 'value', apply: setText('type') }],
  ['traces-output', { arity: 'value', apply: setText('tracesOutput') }],
  ['linger', { short: 'l', arity: 'switch', apply: setYes('linger') }],
  ['address', { short: 'a', arity: 'value', apply: setText('address') }],
  ['profiling-enabled', { arity: 'switch', apply: setYes('profilingEnabled') }],
  ['secret-source', { arity: 'value', apply: setTexts('secretSource') }],
  ['features', { arity: 'value', apply: setTexts('features') }],
  ['log-output', { arity: 'value', apply: setText('logOutput') }],
  ['log-format', { arity: 'value', apply: setText('logFormat') }],
  ['log-ns-timestamps', { arity: 'switch', apply: setYes('logNanoseconds') }],
  ['no-color', { arity: 'switch', apply: setYes('noColor') }],
  ['no-usage-report', { arity: 'switch', apply: (_, v, f) => void truth(v, f) }],
  ['npm', { arity: 'switch', apply: (a, v, f) => void (a.npm = truth(v, f)) }],
  ['quiet', { short: 'q', arity: 'switch', apply: (a, v, f) => void (a.quiet = truth(v, f)) }],
  ['verbose', { short: 'v', arity: 'switch', apply: (a, v, f) => void (a.verbose = truth(v, f)) }],
  ['help', { short: 'h', arity: 'switch', apply: (a, v, f) => void (a.help = truth(v, f)) }],
  ['check-after', { arity: 'switch', apply: (a, v, f) => void (a.checkAfter = truth(v, f)) }],
  ['real-blocking', { arity: 'switch', apply: (a, v, f) => void (a.realBlocking = truth(v, f)) }],
  ['settle', { arity: 'value', apply: (a, v, f) => void (a.settleMs = durationMs(v, f)) }],
  ['find-limit', { arity: 'switch', apply: (a, v, f) => void (limit(a).isWanted = truth(v, f)) }],
  ['find-limit-by', { arity: 'value', apply: (a, v, f) => void (limit(a).by = limitUnit(v, f)) }],
  ['hold', { arity: 'value', apply: (a, v, f) => void (limit(a).holdMs = hold(v, f)) }],
  ['precision', { arity: 'value', apply: (a, v, f) => void (limit(a).precision = share(v, f)) }],
  ['max', { arity: 'value', apply: (a, v, f) => void (limit(a).max = amount(v, f)) }],
  ['start', { arity: 'value', apply: (a, v, f) => void (limit(a).start = amount(v, f)) }],
  ['no-suspects', { arity: 'switch', apply: (a, v, f) => void (a.wantsSuspects = !truth(v, f)) }],
  ['json', { arity: 'switch', apply: (a, v, f) => void (a.json = truth(v, f)) }],
  ['run-id', { arity: 'value', apply: (a, v, f) => void (a.runId = runId(v, f)) }],
  ['emit', { arity: 'value', apply: (a, v, f) => void (a.emit = emitted(v, f)) }],
  ['parallelism', { arity: 'value', apply: (a, v, f) => void (a.parallelism = parallel(v, f)) }],
  ['image', { arity: 'value', apply: (a, v) => void (a.image = v) }],
  ['vigie', { arity: 'value', apply: (a, v) => void (a.vigie = v) }],
])

/** Flags of k6 that would change what happens and are refused. */
const REFUSED = new Set([
  'js-profiling-enabled',
  'js-profiling-scope',
  'js-cpu-profile-output',
  'js-runtime-trace-output',
  'js-profile-id',
])

function usage(message: string): LoadError {
  return new LoadError(EXIT.other, message)
}

/** Generators of one run. */
const MAX_PARALLELISM = 1000

function runId(value: string, flag: string): string {
  if (/^[\w.-]{1,100}$/.test(value)) return value
  throw usage(`invalid argument "${value}" for "${flag}": want up to 100 letters, digits, . _ -`)
}

function emitted(value: string, flag: string): string {
  if (value === 'kubernetes') return value
  throw usage(`invalid argument "${value}" for "${flag}": want kubernetes`)
}

function parallel(value: string, flag: string): number {
  const count = Number(value)
  if (Number.isInteger(count) && count >= 1 && count <= MAX_PARALLELISM) return count
  throw usage(`invalid argument "${value}" for "${flag}": want 1 to ${MAX_PARALLELISM}`)
}

function invalid(value: string, flag: string, want: string): LoadError {
  return usage(`invalid argument "${value}" for "${flag}" flag: ${want}`)
}

/** As Go reads booleans. */
export function parseTruth(text: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : undefined
}

function truth(value: string, flag: string): boolean {
  const parsed = parseTruth(value)
  if (parsed === undefined) throw invalid(value, flag, 'want true or false')
  return parsed
}

function limit(args: LoadArgs): FindLimitArgs {
  return (args.findLimit ??= {
    isWanted: false,
    by: null,
    holdMs: null,
    precision: 0.1,
    max: null,
    start: null,
  })
}

function limitUnit(value: string, flag: string): 'vus' | 'rate' {
  if (value === 'vus' || value === 'rate') return value
  throw usage(`invalid argument "${value}" for "${flag}": want vus or rate`)
}

/** A level shorter than this shows nothing. */
const MIN_HOLD_MS = 1000

function hold(value: string, flag: string): number {
  const ms = durationMs(value, flag)
  if (ms >= MIN_HOLD_MS) return ms
  throw usage(`invalid argument "${value}" for "${flag}": want at least ${MIN_HOLD_MS / 1000}s`)
}

function share(value: string, flag: string): number {
  const number = Number(value)
  if (number >= 0.005 && number <= 1) return number
  throw usage(`invalid argument "${value}" for "${flag}": want a number from 0.005 to 1`)
}

function amount(value: string, flag: string): number {
  const number = Number(value)
  if (number > 0 && Number.isFinite(number)) return number
  throw usage(`invalid argument "${value}" for "${flag}": want a number above 0`)
}

function durationMs(value: string, flag: string): number {
  const ms = parseDurationMs(value)
  if (ms === undefined || ms < 0)
    throw usage(`invalid argument "${value}" for "${flag}": want a duration like "30s"`)
  return ms
}

function addStages(args: LoadArgs, value: string): void {
  const stages = (args.options['stages'] ??= []) as { duration: string; target: number }[]
  stages.push(...parseStages(value))
}

/** `5s:10,1m:20` as k6's stages. */
export function parseStages(value: string): { duration: string; target: number }[] {
  return value.split(',').map((stage) => {
    const colon = stage.indexOf(':')
    const target = colon < 0 ? NaN : Number(stage.slice(colon + 1))
    if (!Number.isInteger(target) || target < 0) {
      throw usage(`invalid stage "${stage}": want duration:target, as in 30s:10`)
    }
    return { duration: stage.slice(0, colon), target }
  })
}

function addEnv(args: LoadArgs, value: string): void {
  const [name, text] = cut(value, '=')
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
    throw usage(`invalid environment variable name '${name}'`)
  args.env.push([name, text ?? ''])
}

function addTag(args: LoadArgs, value: string): void {
  const [name, text] = cut(value, '=')
  if (name === '') throw usage(`error parsing tag '${value}': invalid tag, empty name`)
  if (!text) throw usage(`error parsing tag '${value}': invalid tag, empty value`)
  const tags = (args.options['tags'] ??= {}) as Record<string, string>
  tags[name] = text
}

function addDns(args: LoadArgs, value: string): void {
  args.options['dns'] = parseDns(value)
}

/** `ttl=5m,select=random,policy=preferIPv4` as the option `dns`. */
export function parseDns(value: string): Record<string, string> {
  const dns: Record<string, string> = {}
  for (const part of value.split(',')) {
    const [name, setting] = cut(part, '=')
    if (!['ttl', 'select', 'policy'].includes(name.trim()) || setting === undefined)
      throw usage(`invalid DNS setting "${part}": want ttl=, select= or policy=`)
    dns[name.trim()] = setting.trim()
  }
  return dns
}

function cut(value: string, at: string): [before: string, after: string | undefined] {
  const index = value.indexOf(at)
  return index < 0 ? [value, undefined] : [value.slice(0, index), value.slice(index + at.length)]
}

/**
 * Reads the arguments after `load`. Throws LoadError (exit code 255) for anything that is not a
 * flag of `vigie load`, naming it.
 */
export function parseLoadArgs(argv: readonly string[]): LoadArgs {
  const args: LoadArgs = {
    script: null,
    options: {},
    env: [],
    settings: {},
    npm: false,
    quiet: false,
    verbose: false,
    help: false,
    vigie: null,
    runId: null,
    emit: null,
    parallelism: 2,
    image: null,
    checkAfter: false,
    realBlocking: false,
    settleMs: null,
    findLimit: null,
    wantsSuspects: true,
    json: false,
  }
  const shorts = new Map(
    [...FLAGS].flatMap(([name, { short }]) => (short ? [[short, name]] : [])) as [string, string][],
  )
  const queue = [...argv]
  const positional = (arg: string): void => {
    if (args.script !== null) throw usage(`one script at a time; got "${args.script}" and "${arg}"`)
    args.script = arg
  }
  const apply = (name: string, shown: string, inline: string | undefined): void => {
    if (REFUSED.has(name))
      throw usage(`${shown} is a flag of k6 that vigie load does not support yet`)
    const flag = FLAGS.get(name)
    if (flag === undefined) throw usage(`unknown flag: ${shown}`)
    const title = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`
    if (flag.arity === 'switch') return flag.apply(args, inline ?? 'true', title)
    if (flag.arity === 'optional') return flag.apply(args, inline ?? flag.bare!, title)
    const value = inline ?? queue.shift()
    if (value === undefined) throw usage(`flag needs an argument: ${shown}`)
    flag.apply(args, value, title)
  }
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '--') {
      for (const rest of queue.splice(0)) positional(rest)
    } else if (arg.startsWith('--')) {
      const equals = arg.indexOf('=')
      const name = arg.slice(2, equals < 0 ? undefined : equals)
      apply(name, `--${name}`, equals < 0 ? undefined : arg.slice(equals + 1))
    } else if (arg.startsWith('-') && arg.length > 1) applyShort(arg, shorts, apply)
    else positional(arg)
  }
  if (args.findLimit?.isWanted === false)
    throw usage('--find-limit-by, --hold, --precision, --max and --start need --find-limit')
  return args
}

/** `-u5`, `-u=5`, `-u 5`, and switches run together as in `-qw` or `-qw=false`. */
function applyShort(
  arg: string,
  shorts: ReadonlyMap<string, string>,
  apply: (name: string, shown: string, inline: string | undefined) => void,
): void {
  for (let i = 1; i < arg.length; i++) {
    const letter = arg[i]!
    const name = shorts.get(letter)
    if (name === undefined) throw usage(`unknown shorthand flag: '${letter}' in ${arg}`)
    const rest = arg.slice(i + 1)
    const isSwitch = FLAGS.get(name)!.arity === 'switch'
    if (isSwitch && !rest.startsWith('=')) {
      apply(name, `'${letter}' in ${arg}`, undefined)
      continue
    }
    return apply(name, `'${letter}' in ${arg}`, rest === '' ? undefined : rest.replace(/^=/, ''))
  }
}
