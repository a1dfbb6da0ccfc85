/** `vigie [target…]`: reads the command line, finds the configuration, runs until a signal. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Demo, type Vigie, isLoopback, parseWebConfig, startVigie } from '@vigie/server'
import { makeFolders } from '@vigie/tsdb'
import { removeAddress, writeAddress } from './address.ts'
import { createLogger, isLogFormat, isLogLevel } from './log.ts'
import { PROMETHEUS_FEATURES } from './prometheus-flags.ts'
import {
  type ServeArgs,
  UsageError,
  countFlag,
  durationFlag,
  featuresFlag,
  originsFlag,
  listenAddress,
  parseServeArgs,
  sizeFlag,
} from './serve-args.ts'
import { maxBlock, retentionTime, segmentSize } from './storage-flags.ts'
import { startLoadWith } from './start-load.ts'
import { VERSION } from './version.ts'

/** Looked for in this order in the folder Vigie is started in. */
const CONFIG_FILES = ['vigie.yml', 'vigie.yaml', 'prometheus.yml']

export async function serveCommand(argv: readonly string[]): Promise<number> {
  const args = parseServeArgs(argv)
  const vigie = await serve(args)
  // Signals are heard before anybody is told that there is something to send them to.
  const ended = untilSignal(vigie)
  process.stdout.write(greeting(vigie, args))
  await ended
  return 0
}

const greeting = (vigie: Vigie, args: ServeArgs): string =>
  `Vigie is at ${vigie.url}\n` +
  (vigie.configFile !== null
    ? `  watching what ${vigie.configFile} says\n`
    : args.targets.length > 0
      ? `  watching ${args.targets.join(', ')}; "Save" in the browser writes vigie.yml\n`
      : '  watching itself and this machine; name what to watch (vigie localhost:3000) or click it in the browser\n')

export interface ServeExtras {
  demo?: Demo
  /** Environment of load runs that are started from the browser, over Vigie's own. */
  loadEnv?: Readonly<Record<string, string>>
}

/** Starts a Vigie as the command line says. Throws UsageError or ConfigError. */
export async function serve(args: ServeArgs, extras: ServeExtras = {}): Promise<Vigie> {
  const { demo, loadEnv } = extras
  const flag = (name: string): string => args.flags.get(name)!
  const level = flag('log.level')
  if (!isLogLevel(level))
    throw new UsageError(
      `--log.level: found ${JSON.stringify(level)}, expected debug, info, warn or error`,
    )
  const format = flag('log.format')
  if (!isLogFormat(format))
    throw new UsageError(`--log.format: found ${JSON.stringify(format)}, expected logfmt or json`)
  const log = createLogger(level, format, (line) => void process.stderr.write(line), Date.now)
  for (const { name, says } of args.unused)
    log.warn(`--${name} has no meaning here`, { because: says })
  for (const name of featuresFlag(args)) {
    const because = PROMETHEUS_FEATURES.has(name)
      ? PROMETHEUS_FEATURES.get(name)
      : 'there is no such feature'
    if (because !== undefined) log.warn(`--enable-feature=${name} changes nothing`, { because })
  }
  const listen = listenAddress(flag('web.listen-address'))
  checkOpen(args, listen.host)
  const dataDir = dataDirOf(args)
  const webFile = flag('web.config.file')
  const vigie: Vigie = await startVigie({
    version: VERSION,
    configFile: findConfig(args),
    targets: args.targets,
    dataDir,
    tsdbDir:
      flag('storage.tsdb.path') === '' ? join(dataDir, 'tsdb') : resolve(flag('storage.tsdb.path')),
    retentionMs: retentionTime(args),
    retentionBytes: sizeFlag(args, 'storage.tsdb.retention.size'),
    maxBlockMs: maxBlock(args),
    segmentBytes: segmentSize(args),
    walCompression: flag('storage.tsdb.wal-compression') === 'true' ? 'snappy' : 'none',
    blockWorkerUrl: new URL('./tsdb-worker.js', import.meta.url),
    listen: { ...listen, orNext: !args.given.has('web.listen-address') },
    externalUrl: flag('web.external-url') || null,
    web: webFile === '' ? undefined : parseWebConfig(webFile, readText(webFile)),
    isReadableFrom: originsFlag(args),
    enableLifecycle: flag('web.enable-lifecycle') === 'true',
    enableAdminApi: flag('web.enable-admin-api') === 'true',
    enableRemoteWrite: flag('web.enable-remote-write-receiver') === 'true',
    enableOtlp: flag('web.enable-otlp-receiver') === 'true',
    features: featuresFlag(args),
    dashboardsDir: resolve(flag('dashboards.path')),
    queryWorkerUrl: new URL('./query-worker.js', import.meta.url),
    uiDir: fileURLToPath(new URL('./ui', import.meta.url)),
    discover: flag('discover') === 'true',
    query: {
      lookbackMs: durationFlag(args, 'query.lookback-delta'),
      timeoutMs: durationFlag(args, 'query.timeout'),
      maxConcurrency: countFlag(args, 'query.max-concurrency'),
      maxSamples: countFlag(args, 'query.max-samples'),
    },
    flags: args.flags,
    env: process.env,
    now: Date.now,
    log,
    startLoad: startLoadWith({ ...process.env, ...loadEnv }),
    compareRuns: async (a, b) => {
      const { compareStored } = await import('./compare/stored-runs.ts')
      const { runsOf } = await import('./compare/runs-of-vigie.ts')
      return compareStored(a, b, runsOf(vigie))
    },
    ...(demo === undefined ? {} : { demo }),
  })
  writeAddress(dataDir, { url: vigie.url, pid: process.pid })
  return vigie
}

/**
 * Where everything is kept. A service is often started in a folder that it may not write, as / is for a unit
 * of Prometheus: what is not said goes to the directory that is. Makes it; throws UsageError.
 */
function dataDirOf(args: ServeArgs): string {
  const named = resolve(args.flags.get('data.dir')!)
  const tsdbPath = args.flags.get('storage.tsdb.path')!
  const refusal = makeWritable(named)
  if (refusal === undefined) return named
  if (!args.given.has('data.dir') && tsdbPath !== '') {
    const beside = resolve(tsdbPath)
    const also = makeWritable(beside)
    if (also === undefined) return beside
    throw new UsageError(
      `cannot write ${beside}: ${also}; name another directory by --storage.tsdb.path`,
    )
  }
  throw new UsageError(`cannot write ${named}: ${refusal}; name another directory by --data.dir`)
}

/** What is in the way, undefined when the folder is there and may be written. */
function makeWritable(dir: string): string | undefined {
  try {
    makeFolders(dir)
    accessSync(dir, constants.W_OK)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Runs until SIGINT, SIGTERM or /-/quit; SIGHUP reloads. Everything is closed when it resolves. */
export async function untilSignal(vigie: Vigie): Promise<void> {
  const onHangup = (): void => void vigie.reload()
  process.on('SIGHUP', onHangup)
  await new Promise<void>((done) => {
    const end = (): void => done()
    process.once('SIGINT', end).once('SIGTERM', end)
    void vigie.quitRequested.then(end)
  })
  process.off('SIGHUP', onHangup)
  removeAddress(vigie.dataDir)
  await vigie.stop()
}

function findConfig(args: ServeArgs): string | null {
  const given = args.flags.get('config.file')!
  if (given !== '') {
    if (args.targets.length > 0)
      throw new UsageError(
        `found targets (${args.targets.join(' ')}) and --config.file: put the targets into the file`,
      )
    readText(given)
    return given
  }
  if (args.targets.length > 0) return null
  return CONFIG_FILES.find((file) => existsSync(file)) ?? null
}

/** Beyond this machine anybody could read everything: that takes users, or a flag that says so. */
function checkOpen(args: ServeArgs, host: string): void {
  if (
    isLoopback(host) ||
    args.flags.get('web.config.file') !== '' ||
    args.flags.get('web.open') === 'true'
  )
    return
  throw new UsageError(
    `--web.listen-address=${args.flags.get('web.listen-address')!} listens beyond this machine, where anybody could read everything. ` +
      'Give --web.config.file with TLS and users, or say --web.open if that is meant.',
  )
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`)
  }
}
