/** The outputs that `--out` names, by type. What k6 has and Vigie lacks is refused by name. */
import type { LoadIo } from '../api.ts'
import { EXIT, LoadError } from '../errors.ts'
import type { MetricsEngine } from '../metrics/engine.ts'
import type { ThresholdGroup } from '../metrics/threshold.ts'
import { CsvOutput, csvSettings } from './csv.ts'
import { FileWriter } from './file-writer.ts'
import { JsonLinesOutput } from './json-lines.ts'
import type { Output } from './output.ts'
import { RemoteWriteOutput } from './remote-write.ts'
import { remoteWriteSettings } from './remote-write-settings.ts'

export interface OutputWorld {
  io: LoadIo
  engine: MetricsEngine
  thresholds: readonly ThresholdGroup[]
  systemTags: ReadonlySet<string>
  warn: (message: string) => void
  fail: (message: string) => void
}

type Open = (argument: string, world: OutputWorld) => Output

const OUTPUTS = new Map<string, Open>([
  [
    'json',
    (path, { io, engine, thresholds, systemTags, fail }) =>
      new JsonLinesOutput({
        path,
        writer: new FileWriter(path, io, fail),
        engine,
        thresholds,
        metadata: new Set(['vu', 'iter'].filter((name) => systemTags.has(name))),
      }),
  ],
  [
    'csv',
    (argument, { io, systemTags, fail }) => {
      const settings = csvSettings(argument, io.env)
      return new CsvOutput(settings, new FileWriter(settings.path, io, fail), systemTags)
    },
  ],
  [
    'experimental-prometheus-rw',
    (_, { io, warn }) =>
      new RemoteWriteOutput({ ...remoteWriteSettings(io.env), now: () => io.now(), warn }),
  ],
])

const REFUSED = new Map([
  ['opentelemetry', ''],
  ['experimental-opentelemetry', ''],
  ['influxdb', ''],
  ['cloud', ''],
  ['web-dashboard', ': --report FILE writes a report, and a running Vigie shows the run live'],
  ['kafka', ', nor by k6 any more'],
  ['statsd', ', nor by k6 any more'],
  ['datadog', ', nor by k6 any more'],
])

/** Opens `type[=argument]`. Throws LoadError for a type that nobody serves, or settings that cannot be. */
export function openOutput(given: string, world: OutputWorld): Output {
  const equals = given.indexOf('=')
  const type = equals < 0 ? given : given.slice(0, equals)
  const open = OUTPUTS.get(type)
  if (open !== undefined) return open(equals < 0 ? '' : given.slice(equals + 1), world)
  const known = [...OUTPUTS.keys()].join(', ')
  const why = REFUSED.get(type)
  throw new LoadError(
    EXIT.other,
    why === undefined
      ? `invalid output type '${type}', available types are: ${known}`
      : `the output "${type}" is not supported${why}; available are ${known}`,
  )
}
