/** `vigie tsdb dump`: all samples of a directory, or those of some series and times, as text. */
import {
  type Labels,
  METRIC_NAME,
  Matcher,
  SampleColumns,
  type SeriesSet,
  compareLabels,
  isLegacyLabelName,
  isLegacyMetricName,
  quote,
} from '@vigie/model'
import { formatShortest, histogramText } from '@vigie/promql'
import { ReadOnlyTsdb } from '@vigie/tsdb'
import { UsageError } from '../serve-args.ts'
import { type Output, directory, parseArguments, selectors, timeFlag } from './arguments.ts'

const FLAGS = {
  match: { type: 'string' },
  'min-time': { type: 'string' },
  'max-time': { type: 'string' },
  format: { type: 'string' },
} as const

/** Text that is gathered before it is written. */
const WRITE_CHARS = 1 << 16

export async function dump(argv: readonly string[], output: Output): Promise<void> {
  const args = parseArguments(argv, FLAGS, 1)
  const format = args.values.get('format')?.at(-1) ?? 'prometheus'
  if (format !== 'prometheus' && format !== 'openmetrics')
    throw new UsageError(
      `--format: found ${JSON.stringify(format)}, expected prometheus or openmetrics`,
    )
  const minT = timeFlag(args, 'min-time', -Infinity)
  const maxT = timeFlag(args, 'max-time', Infinity)
  const wanted = selectors(args)
  if (wanted.length === 0) wanted.push([new Matcher('=~', METRIC_NAME, '.*')])
  const tsdb = await ReadOnlyTsdb.open(directory(args.positionals[0], output))
  try {
    const sets = wanted.map((matchers) => tsdb.select(matchers, minT, maxT))
    const show = format === 'openmetrics' ? openMetricsLines : lines
    const histograms = await write(inOrder(sets), minT, maxT, show, output)
    if (format !== 'openmetrics') return
    await output.stdout('# EOF\n')
    if (histograms > 0)
      output.stderr(`left out ${histograms} native histograms: OpenMetrics text has none\n`)
  } finally {
    tsdb.close()
  }
}

interface One {
  labels: Labels
  set: SeriesSet
  index: number
}

/** Series by labels; those that several selectors match once. */
function inOrder(sets: readonly SeriesSet[]): One[] {
  const byKey = new Map<string, One>()
  for (const set of sets)
    for (let index = 0; index < set.count; index++) {
      const labels = set.labels(index)
      if (!byKey.has(labels.key)) byKey.set(labels.key, { labels, set, index })
    }
  return [...byKey.values()].sort((a, b) => compareLabels(a.labels, b.labels))
}

type Show = (labels: Labels, columns: SampleColumns) => Iterable<string>

/** How many histograms there were. */
async function write(
  all: readonly One[],
  minT: number,
  maxT: number,
  show: Show,
  output: Output,
): Promise<number> {
  const columns = new SampleColumns()
  let text = ''
  let histograms = 0
  for (const { labels, set, index } of all) {
    set.samples(index, minT, maxT, columns)
    for (let i = 0; i < columns.length; i++) if (columns.h?.[i] !== undefined) histograms++
    for (const line of show(labels, columns)) {
      text += line
      if (text.length < WRITE_CHARS) continue
      await output.stdout(text)
      text = ''
    }
  }
  await output.stdout(text)
  return histograms
}

/** promtool's: `{__name__="up", job="node"} 1 1700000000000`. */
function* lines(labels: Labels, { t, v, h, length }: SampleColumns): Iterable<string> {
  const pairs = [...labels].map(([name, value]) => `${labelName(name)}=${quote(value)}`)
  const series = `{${pairs.join(', ')}}`
  for (let i = 0; i < length; i++) {
    const histogram = h?.[i]
    const value = histogram === undefined ? formatShortest(v[i]) : histogramText(histogram)
    yield `${series} ${value} ${t[i]}\n`
  }
}

function* openMetricsLines(labels: Labels, { t, v, h, length }: SampleColumns): Iterable<string> {
  const name = labels.metricName
  const pairs = [...labels]
    .filter(([one]) => one !== METRIC_NAME)
    .map(([one, value]) => `${labelName(one)}="${escaped(value)}"`)
  const series = isLegacyMetricName(name)
    ? `${name}{${pairs.join(',')}}`
    : `{${[`"${escaped(name)}"`, ...pairs].join(',')}}`
  for (let i = 0; i < length; i++)
    if (h?.[i] === undefined)
      yield `${series} ${formatShortest(v[i])} ${(t[i] / 1000).toFixed(3)}\n`
}

const labelName = (name: string): string => (isLegacyLabelName(name) ? name : `"${escaped(name)}"`)

/** Label values know three escapes. */
const escaped = (text: string): string =>
  text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))
