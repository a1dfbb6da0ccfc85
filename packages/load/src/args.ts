/**
 * The command line of `vigie load`: the flags of `k6 run`. A flag that k6 has and Vigie lacks is
 * refused by name; one that nobody has is an unknown flag. Both exit with 255, as in k6.
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
  noThresholds: boolean
  /** Null: the environment decides. */
  summaryMode: string | null
  summaryExport: string | null
  quiet: boolean
  noColor: boolean
  verbose: boolean
  help: boolean
  /** Base URL of the Vigie to report to; null: look for one. */
  vigie: string | null
  /** Whether a data check that the run broke fails it. */
  checkAfter: boolean
  /** ms to wait before the data checks run; null: until the target is quiet. */
  settleMs: number | null
}

type Arity = 'value' | 'switch'
type Apply = (args: LoadArgs, value: string, flag: string) => void

const number =
  (name: string): Apply =>
  (args, value, flag) => {
    if (!/^\d+$/.test(value))
      throw usage(`invalid argument "${value}" for "${flag}": want a whole number`)
    args.options[name] = Number(value)
  }
const text =
  (name: string): Apply =>
  (args, value) => {
    args.options[name] = value
  }
const yes =
  (name: string): Apply =>
  (args, value, flag) => {
    args.options[name] = truth(value, flag)
  }

/** long name -> { short, arity, what it does }. */
const FLAGS = new Map<string, { short?: string; arity: Arity; apply: Apply }>([
  ['vus', { short: 'u', arity: 'value', apply: number('vus') }],
  ['duration', { short: 'd', arity: 'value', apply: text('duration') }],
  ['iterations', { short: 'i', arity: 'value', apply: number('iterations') }],
  ['stage', { short: 's', arity: 'value', apply: addStages }],
  ['execution-segment', { arity: 'value', apply: text('executionSegment') }],
  ['execution-segment-sequence', { arity: 'value', apply: text('executionSegmentSequence') }],
  ['env', { short: 'e', arity: 'value', apply: addEnv }],
  ['tag', { arity: 'value', apply: addTag }],
  ['no-setup', { arity: 'switch', apply: yes('noSetup') }],
  ['no-teardown', { arity: 'switch', apply: yes('noTeardown') }],
  ['no-thresholds', { arity: 'switch', apply: (a, v, f) => void (a.noThresholds = truth(v, f)) }],
  ['summary-mode', { arity: 'value', apply: (a, v) => void (a.summaryMode = v) }],
  ['summary-export', { arity: 'value', apply: (a, v) => void (a.summaryExport = v) }],
  [
    'summary-trend-stats',
    { arity: 'value', apply: (a, v) => void (a.options['summaryTrendStats'] = v.split(',')) },
  ],
  ['summary-time-unit', { arity: 'value', apply: text('summaryTimeUnit') }],
  ['quiet', { short: 'q', arity: 'switch', apply: (a, v, f) => void (a.quiet = truth(v, f)) }],
  ['verbose', { short: 'v', arity: 'switch', apply: (a, v, f) => void (a.verbose = truth(v, f)) }],
  ['no-color', { arity: 'switch', apply: (a, v, f) => void (a.noColor = truth(v, f)) }],
  ['help', { short: 'h', arity: 'switch', apply: (a, v, f) => void (a.help = truth(v, f)) }],
  ['throw', { short: 'w', arity: 'switch', apply: yes('throw') }],
  ['batch', { arity: 'value', apply: number('batch') }],
  ['batch-per-host', { arity: 'value', apply: number('batchPerHost') }],
  ['max-redirects', { arity: 'value', apply: number('maxRedirects') }],
  ['user-agent', { arity: 'value', apply: text('userAgent') }],
  ['insecure-skip-tls-verify', { arity: 'switch', apply: yes('insecureSkipTLSVerify') }],
  ['no-connection-reuse', { arity: 'switch', apply: yes('noConnectionReuse') }],
  ['no-vu-connection-reuse', { arity: 'switch', apply: yes('noVUConnectionReuse') }],
  ['min-iteration-duration', { arity: 'value', apply: text('minIterationDuration') }],
  ['discard-response-bodies', { arity: 'switch', apply: yes('discardResponseBodies') }],
  ['no-usage-report', { arity: 'switch', apply: () => {} }],
  ['check-after', { arity: 'switch', apply: (a, v, f) => void (a.checkAfter = truth(v, f)) }],
  ['settle', { arity: 'value', apply: (a, v, f) => void (a.settleMs = duration(v, f)) }],
  ['vigie', { arity: 'value', apply: (a, v) => void (a.vigie = v) }],
])

/** Flags of k6 that are understood and refused, and those short names that belong to them. */
const REFUSED = new Set([
  'out',
  'o',
  'paused',
  'p',
  'rps',
  'blacklist-ip',
  'block-hostnames',
  'compatibility-mode',
  'config',
  'c',
  'console-output',
  'dns',
  'http-debug',
  'include-system-env-vars',
  'linger',
  'l',
  'local-ips',
  'log-format',
  'log-output',
  'type',
  't',
  'traces-output',
  'system-tags',
  'address',
  'a',
  'profiling-enabled',
  'secret-source',
  'features',
  'new-machine-readable-summary',
  'no-summary',
  'no-cookies-reset',
])

function usage(message: string): LoadError {
  return new LoadError(EXIT.other, message)
}

function truth(value: string, flag: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw usage(`invalid argument "${value}" for "${flag}": want true or false`)
}

function duration(value: string, flag: string): number {
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

function addEnv(args: LoadArgs, value: string, flag: string): void {
  const equals = value.indexOf('=')
  if (equals === 0) throw usage(`invalid argument "${value}" for "${flag}": want NAME=value`)
  args.env.push(equals < 0 ? [value, ''] : [value.slice(0, equals), value.slice(equals + 1)])
}

function addTag(args: LoadArgs, value: string, flag: string): void {
  const equals = value.indexOf('=')
  if (equals < 1) throw usage(`invalid argument "${value}" for "${flag}": want name=value`)
  const tags = (args.options['tags'] ??= {}) as Record<string, string>
  tags[value.slice(0, equals)] = value.slice(equals + 1)
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
    noThresholds: false,
    summaryMode: null,
    summaryExport: null,
    quiet: false,
    noColor: false,
    verbose: false,
    help: false,
    vigie: null,
    checkAfter: false,
    settleMs: null,
  }
  const shorts = new Map(
    [...FLAGS].flatMap(([name, { short }]) => (short ? [[short, name]] : [])) as [string, string][],
  )
  const queue = [...argv]
  const apply = (name: string, shown: string, inline: string | undefined): void => {
    if (REFUSED.has(name))
      throw usage(`${shown} is a flag of k6 that vigie load does not support yet`)
    const flag = FLAGS.get(name)
    if (flag === undefined) throw usage(`unknown flag: ${shown}`)
    if (flag.arity === 'switch') return flag.apply(args, inline ?? 'true', shown)
    const value = inline ?? queue.shift()
    if (value === undefined) throw usage(`flag needs an argument: ${shown}`)
    flag.apply(args, value, shown)
  }
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg.startsWith('--') && arg.length > 2) {
      const equals = arg.indexOf('=')
      const name = arg.slice(2, equals < 0 ? undefined : equals)
      apply(name, `--${name}`, equals < 0 ? undefined : arg.slice(equals + 1))
    } else if (arg.startsWith('-') && arg.length > 1 && arg !== '--') {
      applyShort(arg, shorts, apply)
    } else if (arg !== '--') {
      if (args.script !== null)
        throw usage(`one script at a time; got "${args.script}" and "${arg}"`)
      args.script = arg
    }
  }
  return args
}

/** `-u5`, `-u=5`, `-u 5`, and switches run together as in `-qw`. */
function applyShort(
  arg: string,
  shorts: ReadonlyMap<string, string>,
  apply: (name: string, shown: string, inline: string | undefined) => void,
): void {
  for (let i = 1; i < arg.length; i++) {
    const letter = arg[i]!
    const name = shorts.get(letter) ?? letter
    const rest = arg.slice(i + 1)
    if (FLAGS.get(name)?.arity === 'switch') {
      apply(name, `-${letter}`, undefined)
      continue
    }
    return apply(name, `-${letter}`, rest === '' ? undefined : rest.replace(/^=/, ''))
  }
}
