/**
 * k6's output `csv`: one row per sample, a column for every system tag that is on, the other tags in one
 * column as `name=value&…`, and the VU and iteration in another where those are asked for.
 */
import { parseDurationMs } from '../duration.ts'
import { EXIT, LoadError } from '../errors.ts'
import type { RunSeries } from '../metrics/engine.ts'
import { SYSTEM_TAGS } from '../options.ts'
import type { FileWriter } from './file-writer.ts'
import type { Output } from './output.ts'
import { formatTime } from './sample-time.ts'

const TIME_FORMATS = new Map<string, (timeMs: number) => string>([
  ['unix', (ms) => String(Math.floor(ms / 1000))],
  ['unix_milli', (ms) => String(Math.floor(ms))],
  ['unix_micro', (ms) => String(BigInt(Math.floor(ms * 1000)))],
  ['unix_nano', (ms) => `${BigInt(Math.floor(ms * 1000))}000`],
  ['rfc3339', (ms) => formatTime(ms, false)],
  ['rfc3339_nano', (ms) => formatTime(ms)],
])

export interface CsvSettings {
  path: string
  timeFormat: string
  saveIntervalMs: number
}

/** Reads `file.csv`, or `fileName=file.csv,timeFormat=…,saveInterval=…`, over K6_CSV_*. Throws LoadError. */
export function csvSettings(
  argument: string,
  env: Readonly<Record<string, string | undefined>>,
): CsvSettings {
  const given = new Map([
    ['fileName', env['K6_CSV_FILENAME'] ?? ''],
    ['timeFormat', env['K6_CSV_TIME_FORMAT'] || 'unix'],
    ['saveInterval', env['K6_CSV_SAVE_INTERVAL'] || '1s'],
  ])
  if (!argument.includes('=')) given.set('fileName', argument || given.get('fileName')!)
  else {
    for (const part of argument.split(',')) {
      const equals = part.indexOf('=')
      const name = part.slice(0, equals).replace(/^file_name$/, 'fileName')
      if (!given.has(name)) throw new LoadError(EXIT.other, `unknown setting "${part}" of csv`)
      given.set(name, part.slice(equals + 1))
    }
  }
  const timeFormat = given.get('timeFormat')!
  if (!TIME_FORMATS.has(timeFormat))
    throw new LoadError(
      EXIT.other,
      `unknown time format "${timeFormat}" of csv: want ${[...TIME_FORMATS.keys()].join(', ')}`,
    )
  const saveIntervalMs = parseDurationMs(given.get('saveInterval'))
  if (saveIntervalMs === undefined || saveIntervalMs <= 0)
    throw new LoadError(
      EXIT.other,
      `invalid save interval "${given.get('saveInterval')}" of csv: want a duration like "1s"`,
    )
  return { path: given.get('fileName')!, timeFormat, saveIntervalMs }
}

export class CsvOutput implements Output {
  readonly description: string
  readonly #writer: FileWriter
  readonly #columns: readonly string[]
  readonly #metadata: readonly string[]
  readonly #time: (timeMs: number) => string
  readonly #timer: NodeJS.Timeout
  /** What comes after the value, by series. */
  readonly #tags = new Map<RunSeries, string>()

  constructor(settings: CsvSettings, writer: FileWriter, systemTags: ReadonlySet<string>) {
    const { path, timeFormat, saveIntervalMs } = settings
    this.description = path === '' || path === '-' ? 'csv (stdout)' : `csv (${path})`
    this.#writer = writer
    this.#columns = [...systemTags].filter((name) => name !== 'vu' && name !== 'iter').sort()
    this.#metadata = ['vu', 'iter'].filter((name) => systemTags.has(name))
    this.#time = TIME_FORMATS.get(timeFormat)!
    this.#timer = setInterval(() => writer.flush(), saveIntervalMs)
    const header = ['metric_name', 'timestamp', 'metric_value', ...this.#columns]
    writer.write(`${[...header, 'extra_tags', 'metadata'].join(',')}\n`)
  }

  sample(series: RunSeries, timeMs: number, value: number, vu: number, iteration: number): void {
    let tags = this.#tags.get(series)
    if (tags === undefined) this.#tags.set(series, (tags = this.#tagColumns(series)))
    const metadata =
      vu < 0
        ? ''
        : this.#metadata.map((name) => `${name}=${name === 'vu' ? vu : iteration}`).join('&')
    this.#writer.write(
      `${series.metric.name},${this.#time(timeMs)},${value.toFixed(6)},${tags},${metadata}\n`,
    )
  }

  #tagColumns({ tags }: RunSeries): string {
    const byName = new Map(tags)
    const extra = tags.filter(([name]) => !SYSTEM_TAGS.has(name))
    return [
      ...this.#columns.map((name) => byName.get(name) ?? ''),
      extra.map(([name, value]) => `${name}=${value}`).join('&'),
    ]
      .map(quoted)
      .join(',')
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writer.close()
  }
}

/** As Go's csv writer quotes: also a space at the start. */
function quoted(text: string): string {
  if (text === '' || !(text === '\\.' || /[",\r\n]|^\s/.test(text))) return text
  return `"${text.replaceAll('"', '""')}"`
}
