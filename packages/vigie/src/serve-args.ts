/** The command line of `vigie [target…]`: Prometheus's flags where one exists. */
import { compileAnchored, parseDuration } from '@vigie/model'
import { parseSize } from '@vigie/server'
import { parseArgs } from 'node:util'
import { PROMETHEUS_FLAGS } from './prometheus-flags.ts'

interface Flag {
  type: 'string' | 'boolean'
  /** Shown by --help and /api/v1/status/flags. */
  value: string
  help: string
}

/** Every flag with its default; '' is none. */
export const SERVE_FLAGS: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  [
    'config.file',
    {
      type: 'string',
      value: '',
      help: 'vigie.yml or prometheus.yml; found in this folder when not given',
    },
  ],
  [
    'data.dir',
    {
      type: 'string',
      value: 'data',
      help: 'where everything is kept; --storage.tsdb.path when that is given and this folder cannot be written',
    },
  ],
  [
    'storage.tsdb.path',
    {
      type: 'string',
      value: '',
      help: 'where series are kept; tsdb in the data directory when not given',
    },
  ],
  [
    'storage.tsdb.retention.time',
    {
      type: 'string',
      value: '15d',
      help: 'how long samples are kept; without end when only a size is given',
    },
  ],
  [
    'storage.tsdb.retention.size',
    {
      type: 'string',
      value: '0B',
      help: 'how much is kept on disk, such as 50GiB, the oldest blocks go first; 0B: no limit',
    },
  ],
  [
    'storage.tsdb.min-block-duration',
    { type: 'string', value: '2h', help: 'how long the first blocks are: 2h, nothing else' },
  ],
  [
    'storage.tsdb.max-block-duration',
    {
      type: 'string',
      value: '',
      help: 'how long merged blocks may be; 2h merges none, as Thanos wants it; a tenth of the retention when not given',
    },
  ],
  [
    'storage.tsdb.wal-compression',
    { type: 'boolean', value: 'true', help: 'compress the write-ahead log' },
  ],
  [
    'storage.tsdb.wal-segment-size',
    {
      type: 'string',
      value: '0B',
      help: 'size of a file of the write-ahead log, 10MB to 256MB; 0B: 128MB',
    },
  ],
  [
    'web.listen-address',
    { type: 'string', value: '127.0.0.1:9090', help: 'host:port to listen on' },
  ],
  [
    'web.external-url',
    { type: 'string', value: '', help: 'the address people use, for links in notifications' },
  ],
  ['web.config.file', { type: 'string', value: '', help: 'TLS and users, as in Prometheus' }],
  [
    'web.open',
    {
      type: 'boolean',
      value: 'false',
      help: 'listen beyond this machine without --web.config.file',
    },
  ],
  [
    'web.cors.origin',
    {
      type: 'string',
      value: '',
      help: "pages of which origins may read Prometheus's API, an anchored regex; of none when not given",
    },
  ],
  ['web.enable-lifecycle', { type: 'boolean', value: 'false', help: 'POST /-/reload and /-/quit' }],
  [
    'web.enable-admin-api',
    {
      type: 'boolean',
      value: 'false',
      help: 'deletion and snapshots of series: /api/v1/admin/tsdb/…',
    },
  ],
  [
    'web.enable-remote-write-receiver',
    {
      type: 'boolean',
      value: 'true',
      help: 'POST /api/v1/write; --no-web.enable-remote-write-receiver refuses it',
    },
  ],
  [
    'web.enable-otlp-receiver',
    {
      type: 'boolean',
      value: 'false',
      help: 'POST /api/v1/otlp/v1/metrics: metrics of OpenTelemetry',
    },
  ],
  [
    'enable-feature',
    {
      type: 'string',
      value: '',
      help: "names of Prometheus's experimental features, separated by commas",
    },
  ],
  [
    'query.lookback-delta',
    { type: 'string', value: '5m', help: 'how long a sample stands for its series' },
  ],
  ['query.timeout', { type: 'string', value: '2m', help: 'how long a query may take' }],
  ['query.max-concurrency', { type: 'string', value: '20', help: 'queries at once' }],
  ['query.max-samples', { type: 'string', value: '50000000', help: 'samples one query may hold' }],
  [
    'dashboards.path',
    { type: 'string', value: 'dashboards', help: 'folder of Grafana dashboards' },
  ],
  [
    'discover',
    {
      type: 'boolean',
      value: 'true',
      help: 'look for /metrics endpoints on this machine; --no-discover does not',
    },
  ],
  ['log.level', { type: 'string', value: 'info', help: 'debug, info, warn or error' }],
  [
    'log.format',
    { type: 'string', value: '', help: 'logfmt or json; lines to read when not given' },
  ],
])

export interface ServeArgs {
  /** Every flag by name, defaults filled in. */
  flags: Map<string, string>
  /** Flags that were given. */
  given: ReadonlySet<string>
  targets: string[]
  /** Flags of Prometheus without a meaning here that were given, with what is to be said of each. */
  unused: { name: string; says: string }[]
}

/** A command line that cannot be used; printed without a stack, exit code 1. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export function parseServeArgs(argv: readonly string[]): ServeArgs {
  const options = Object.fromEntries(
    [...PROMETHEUS_FLAGS, ...SERVE_FLAGS].map(([name, flag]) => [
      name,
      { type: flag.type, multiple: name === 'enable-feature' },
    ]),
  )
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, allowNegative: true })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}. \`vigie --help\` lists the flags.`)
  }
  const flags = new Map([...SERVE_FLAGS].map(([name, flag]) => [name, flag.value]))
  const given = new Set<string>()
  const unused: ServeArgs['unused'] = []
  for (const [name, value] of Object.entries(parsed.values)) {
    const foreign = PROMETHEUS_FLAGS.get(name)
    if (foreign === undefined) {
      flags.set(name, String(value))
      given.add(name)
    } else if (foreign.onlyValue === undefined) unused.push({ name, says: foreign.says })
    else if (foreign.onlyValue !== String(value))
      throw new UsageError(`--${name}: found ${JSON.stringify(value)}: ${foreign.says}`)
  }
  return { flags, given, targets: parsed.positionals, unused }
}

export function durationFlag(args: ServeArgs, name: string): number {
  const text = args.flags.get(name)!
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0)
    throw new UsageError(
      `--${name}: found ${JSON.stringify(text)}, expected a duration such as 24h`,
    )
  return ms
}

/** 0 stands for no limit. */
export function sizeFlag(args: ServeArgs, name: string): number {
  const text = args.flags.get(name)!
  const bytes = /^0B?$/.test(text) ? 0 : parseSize(text)
  if (bytes === undefined)
    throw new UsageError(`--${name}: found ${JSON.stringify(text)}, expected a size such as 1GiB`)
  return bytes
}

export function countFlag(args: ServeArgs, name: string): number {
  const text = args.flags.get(name)!
  if (!/^[1-9]\d*$/.test(text))
    throw new UsageError(
      `--${name}: found ${JSON.stringify(text)}, expected a whole number of 1 or more`,
    )
  return Number(text)
}

/** Whether pages of an origin may read the API; undefined: of none. */
export function originsFlag(args: ServeArgs): ((origin: string) => boolean) | undefined {
  const text = args.flags.get('web.cors.origin')!
  if (text === '') return undefined
  try {
    return compileAnchored(text)
  } catch (error) {
    throw new UsageError(
      `--web.cors.origin: found ${JSON.stringify(text)}, expected a regex such as https?://(a|b)\\.com: ${(error as Error).message}`,
    )
  }
}

/** The names given by --enable-feature, however often it came. */
export const featuresFlag = (args: ServeArgs): Set<string> =>
  new Set(
    args.flags
      .get('enable-feature')!
      .split(',')
      .filter((name) => name !== ''),
  )

/** `host:port`, `:port` or `port`. */
export function listenAddress(text: string): { host: string; port: number } {
  const match = /^(?:(\[[0-9a-fA-F:]+\]|[^:]*):)?(\d{1,5})$/.exec(text)
  const port = match === null ? Number.NaN : Number(match[2])
  if (match === null || port > 65_535)
    throw new UsageError(
      `--web.listen-address: found ${JSON.stringify(text)}, expected host:port such as 127.0.0.1:9090`,
    )
  const host = (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, '')
  return { host: host === '' ? '0.0.0.0' : host, port }
}
