/**
 * What a run is told besides the script's options: flags and K6_* variables that say where results and
 * log lines go, what is skipped, and where the configuration file is. A flag counts over its variable.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { LoadIo } from './api.ts'
import { type FlagSettings, parseTruth } from './args.ts'
import { EXIT, LoadError } from './errors.ts'
import type { SummaryMode } from './summary/text.ts'

type Env = Readonly<Record<string, string | undefined>>

export interface RunSettings {
  noThresholds: boolean
  summaryMode: SummaryMode
  summaryExport: string | null
  /** Whether `--summary-export` and `handleSummary` get the shape that k6 2 brought. */
  newMachineReadableSummary: boolean
  /** Whether the process stays after the run until Ctrl+C. */
  linger: boolean
  /** Whether `__ENV` holds the environment besides what `-e` says. */
  includeSystemEnvVars: boolean
  /** Whether the script sees `global` besides `globalThis`. */
  compatibilityMode: 'extended' | 'base'
  noColor: boolean
  log: LogTarget
  /** `type[=argument]` of each output; null: the configuration file or nobody says. */
  out: string[] | null
  /** Where the HTML report goes; null: nowhere. */
  report: string | null
  features: string[]
}

/** Where log lines go, and how they look. */
export interface LogTarget {
  to: 'stderr' | 'stdout' | 'none' | { file: string }
  /** Lines less serious than this are left out of a file; null: none are. */
  level: 'debug' | 'info' | 'warning' | 'error' | null
  format: 'text' | 'json' | 'raw'
  /** Whether times show nanoseconds. */
  hasNanoseconds: boolean
}

/** Throws LoadError for values that cannot be. */
export function resolveSettings(flags: FlagSettings, env: Env): RunSettings {
  const text = (given: string | undefined, name: string): string | undefined =>
    given ?? (env[name] === '' ? undefined : env[name])
  const yes = (given: boolean | undefined, name: string, otherwise: boolean): boolean =>
    given ?? truthOf(env, name) ?? otherwise
  refuse(flags, env)
  return {
    noThresholds: yes(flags.noThresholds, 'K6_NO_THRESHOLDS', false),
    summaryMode: oneOf(
      text(flags.summaryMode, 'K6_SUMMARY_MODE') ?? 'compact',
      ['compact', 'full', 'disabled'],
      'summary mode',
    ),
    summaryExport: text(flags.summaryExport, 'K6_SUMMARY_EXPORT') ?? null,
    newMachineReadableSummary: yes(
      flags.newMachineReadableSummary,
      'K6_NEW_MACHINE_READABLE_SUMMARY',
      false,
    ),
    linger: yes(flags.linger, 'K6_LINGER', false),
    includeSystemEnvVars: yes(flags.includeSystemEnvVars, 'K6_INCLUDE_SYSTEM_ENV_VARS', true),
    compatibilityMode: oneOf(
      text(flags.compatibilityMode, 'K6_COMPATIBILITY_MODE') ?? 'extended',
      ['extended', 'base'],
      'compatibility mode',
    ),
    noColor: flags.noColor ?? [env['K6_NO_COLOR'], env['NO_COLOR']].some(Boolean),
    log: logTarget(
      text(flags.logOutput, 'K6_LOG_OUTPUT') ?? 'stderr',
      text(flags.logFormat, 'K6_LOG_FORMAT') ?? '',
      yes(flags.logNanoseconds, 'K6_LOG_NS_TIMESTAMPS', false),
    ),
    out: flags.out ?? env['K6_OUT']?.split(',').filter((one) => one !== '') ?? null,
    report: text(flags.report, 'VIGIE_REPORT') ?? dashboardExport(env),
    features: (flags.features ?? [env['K6_FEATURES'] ?? ''])
      .flatMap((one) => one.split(','))
      .filter((one) => one !== ''),
  }
}

/** k6's web dashboard leaves its report where K6_WEB_DASHBOARD_EXPORT says. */
function dashboardExport(env: Env): string | null {
  return truthOf(env, 'K6_WEB_DASHBOARD') === true ? env['K6_WEB_DASHBOARD_EXPORT'] || null : null
}

/** What Vigie has no part of, by name, before anything starts. */
function refuse(flags: FlagSettings, env: Env): void {
  const refused = (what: string, why = 'is not supported'): LoadError =>
    new LoadError(EXIT.other, `${what} ${why}`)
  const type = flags.type ?? env['K6_TYPE'] ?? ''
  if (type !== '' && type !== 'js')
    throw refused(`the test type "${type}"`, 'is not supported: want js')
  const traces = flags.tracesOutput ?? env['K6_TRACES_OUTPUT'] ?? 'none'
  if (traces !== 'none' && traces !== '') throw refused(`the traces output "${traces}"`)
  if (flags.secretSource !== undefined || env['K6_SECRET_SOURCE']) throw refused('--secret-source')
  if (flags.address ?? env['K6_ADDRESS']) throw refused('--address', 'is not supported yet')
}

function truthOf(env: Env, name: string): boolean | undefined {
  const text = env[name]
  if (text === undefined || text === '') return undefined
  const parsed = parseTruth(text)
  if (parsed === undefined)
    throw new LoadError(
      EXIT.invalidConfig,
      `env var '${name}' is not a valid boolean value; got "${text}"`,
    )
  return parsed
}

function oneOf<T extends string>(text: string, known: readonly T[], what: string): T {
  const found = known.find((one) => one === text)
  if (found === undefined)
    throw new LoadError(EXIT.other, `invalid ${what} "${text}": want ${known.join(', ')}`)
  return found
}

/** `stderr`, `stdout`, `none` or `file=path[,level=…]`. */
function logTarget(output: string, format: string, hasNanoseconds: boolean): LogTarget {
  const shared = { format: logFormat(format), hasNanoseconds, level: null }
  if (output === 'stderr' || output === 'stdout' || output === 'none')
    return { ...shared, to: output }
  const [kind, ...settings] = output.split(',')
  if (!kind!.startsWith('file='))
    throw new LoadError(
      EXIT.other,
      `unsupported log output '${output}': want stderr, stdout, none or file=path`,
    )
  const target: LogTarget = { ...shared, to: { file: kind!.slice('file='.length) } }
  for (const setting of settings) {
    if (!setting.startsWith('level='))
      throw new LoadError(EXIT.other, `unknown setting "${setting}" of the log output file`)
    const level = setting.slice('level='.length).replace(/^warn$/, 'warning')
    target.level = oneOf(level, ['debug', 'info', 'warning', 'error'] as const, 'log level')
  }
  return target
}

function logFormat(text: string): LogTarget['format'] {
  if (text === '' || text === 'text') return 'text'
  if (text === 'json' || text === 'raw') return text
  throw new LoadError(
    EXIT.invalidConfig,
    `unsupported log format "${text}", must be one of: text, json, raw`,
  )
}

/** The configuration file, the lowest layer of the options; `{}` when nobody names one and k6's own is not there. */
export function readConfigFile(
  flags: FlagSettings,
  { env, cwd }: Pick<LoadIo, 'env' | 'cwd'>,
): Record<string, unknown> {
  const named = flags.config ?? (env['K6_CONFIG'] || undefined)
  const folder = env['XDG_CONFIG_HOME'] || (env['HOME'] ? join(env['HOME'], '.config') : null)
  if (named === undefined && folder === null) return {}
  const path = resolve(cwd, named ?? join(folder!, 'k6', 'config.json'))
  const fail = (verb: string, error: unknown): LoadError =>
    new LoadError(
      EXIT.invalidConfig,
      `cannot ${verb} the configuration from "${path}": ${(error as Error).message}`,
    )
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (named === undefined) return {}
    throw fail('load', error)
  }
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new Error('want an object of options')
    return parsed as Record<string, unknown>
  } catch (error) {
    throw fail('parse', error)
  }
}
