/** A storage in a line of text: `up{job="a"} 1000:1 2000:stale`, one series a line. */
import {
  APPENDED,
  type Appender,
  Labels,
  Matcher,
  type MatchType,
  STALE_NAN,
  SampleColumns,
  type SeriesSet,
  compareLabels,
  isStale,
} from '@vigie/model'
import { type Disk, type Tsdb, type TsdbOptions, openTsdb } from '../src/index.ts'
import { MemoryDisk } from './memory-disk.ts'

export interface LogLine {
  message: string
  fields: Record<string, unknown>
}

/** A log that remembers what went wrong. */
export function recordingLog(): TsdbOptions['log'] & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const keep = (message: string, fields: Record<string, unknown> = {}): void =>
    void lines.push({ message, fields })
  return { debug() {}, info() {}, warn: keep, error: keep, lines }
}

/** Opens a storage on a disk in memory, at a time long after all samples of a test. */
export function open(options: Partial<TsdbOptions> = {}): Promise<Tsdb> {
  const disk: Disk = options.disk ?? new MemoryDisk()
  return openTsdb({ dir: 'data', now: () => 1e12, log: recordingLog(), ...options, disk })
}

export function parseLabels(text: string): Labels {
  const [, name, inner = ''] = /^([^{]*)(?:\{(.*)\})?$/.exec(text)!
  const pairs = ['__name__', name]
  for (const [, label, value] of inner.matchAll(/([^=,]+)="([^"]*)"/g)) pairs.push(label, value)
  return Labels.fromPairs(pairs)
}

/** Appends one line; the results of its samples. */
export function append(appender: Appender, line: string): number[] {
  const [series, ...samples] = line.split(' ')
  const ref = appender.series(parseLabels(series))
  return samples.map((sample) => {
    const [t, v] = sample.split(':')
    return appender.append(ref, Number(t), v === 'stale' ? STALE_NAN : Number(v))
  })
}

/** Commits lines as one batch. Throws when a sample is refused. */
export function write(tsdb: Tsdb, ...lines: string[]): void {
  const appender = tsdb.appender()
  for (const line of lines)
    if (append(appender, line).some((result) => result !== APPENDED))
      throw new Error(`refused: ${line}`)
  appender.commit()
}

/** `a="1",b=~"x.*"` */
export const parseMatchers = (text: string): Matcher[] =>
  [...text.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(
    ([, name, type, value]) => new Matcher(type as MatchType, name, value),
  )

/** All of a snapshot as lines, sorted by series. */
export function show(set: SeriesSet, minT = -Infinity, maxT = Infinity): string[] {
  const columns = new SampleColumns(1)
  const lines: { labels: Labels; text: string }[] = []
  for (let i = 0; i < set.count; i++) {
    set.samples(i, minT, maxT, columns)
    const labels = set.labels(i)
    const samples: string[] = []
    for (let j = 0; j < columns.length; j++)
      samples.push(`${columns.t[j]}:${isStale(columns.v[j]) ? 'stale' : columns.v[j]}`)
    lines.push({ labels, text: [labels.toString(), ...samples].join(' ') })
  }
  return lines.sort((a, b) => compareLabels(a.labels, b.labels)).map(({ text }) => text)
}

/** All samples there are between two times. */
export const dump = (tsdb: Tsdb, minT = -Infinity, maxT = Infinity): string[] =>
  show(tsdb.select(parseMatchers('__name__=~".*"'), minT, maxT), minT, maxT)

/** A number for each sample of `tsdb`, by its metric's name. */
export const metric = (tsdb: Tsdb, name: string): number =>
  tsdb.metrics().find((family) => family.name === name)!.samples[0].value
