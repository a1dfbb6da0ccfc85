/** `vigie tsdb analyze`: what makes a block large, and what comes and goes in it. */
import type { ChunkShapes, Distribution, NamedCount, SeriesSpan } from '@vigie/tsdb'
import { ReadOnlyTsdb, analyze as analyzeSeries, chunkShapes, openBlocks } from '@vigie/tsdb'
import { UsageError } from '../serve-args.ts'
import { type Output, directory, parseArguments, selectors } from './arguments.ts'
import { goDuration } from './go-text.ts'

const LIMIT_DEFAULT = '20'
/** Stands for what is in the log, where the name of a block is expected. */
const LOG = 'wal'

const FLAGS = {
  limit: { type: 'string' },
  match: { type: 'string' },
  extended: { type: 'boolean' },
} as const

/** What is said about all series when only some are looked at. */
interface Matched {
  selector: string
  of: number
}

export async function analyze(argv: readonly string[], output: Output): Promise<void> {
  const args = parseArguments(argv, FLAGS, 2)
  const limitText = args.values.get('limit')?.at(-1) ?? LIMIT_DEFAULT
  if (!/^\d+$/.test(limitText))
    throw new UsageError(`--limit: found ${JSON.stringify(limitText)}, expected a whole number`)
  const limit = Number(limitText)
  const [matchers = [], more] = selectors(args)
  if (more !== undefined) throw new UsageError('--match: expected one selector')
  const selector = args.values.get('match')?.at(-1)
  const matched = (of: number): Matched | undefined =>
    selector === undefined ? undefined : { selector, of }
  const options = directory(args.positionals[0], output)
  const id = args.positionals[1]
  const blocks = openBlocks(options)
  try {
    const chosen = id === undefined ? blocks.at(-1) : blocks.find(({ meta }) => meta.ulid === id)
    if (chosen !== undefined) {
      const { block, meta } = chosen
      const { ulid, minTime, maxTime } = meta
      const title = `Block ID: ${ulid}\nDuration: ${goDuration(maxTime - minTime)}\n`
      const spans = block.spans(matchers)
      const among = matched(meta.stats.numSeries ?? 0)
      await output.stdout(title + report(spans, minTime, maxTime, limit, among))
      if (args.has('extended'))
        await output.stdout(fullness(chunkShapes(block.chunkShapes(matchers))))
      return
    }
  } finally {
    for (const { block } of blocks) block.close()
  }
  if (id !== undefined && id !== LOG)
    throw new UsageError(
      `cannot find block ${id} in ${options.dir}; \`vigie tsdb list\` names them`,
    )
  if (args.has('extended'))
    throw new UsageError('--extended: expected a block: chunks of the log are not full yet')
  const tsdb = await ReadOnlyTsdb.open(options)
  try {
    const spans = [...tsdb.logSpans(matchers)]
    if (spans.length === 0) throw new UsageError(`cannot find a series in ${options.dir}`)
    const minT = spans.reduce((min, span) => Math.min(min, span.minT), Infinity)
    const maxT = spans.reduce((max, span) => Math.max(max, span.maxT), -Infinity)
    const title = `Samples that are in the log only\nDuration: ${goDuration(maxT - minT)}\n`
    const among = selector === undefined ? undefined : matched([...tsdb.logSpans([])].length)
    await output.stdout(title + report(spans, minT, maxT, limit, among))
  } finally {
    tsdb.close()
  }
}

function report(
  series: Iterable<SeriesSpan>,
  minT: number,
  maxT: number,
  limit: number,
  among: Matched | undefined,
): string {
  const found = analyzeSeries(series, minT, maxT, limit)
  const list = (title: string, counts: readonly NamedCount[]): string =>
    `\n${title}:\n${counts.map(({ name, value }) => `${value} ${name}\n`).join('')}`
  return [
    `Total Series: ${among?.of ?? found.series}\n`,
    among === undefined ? '' : `Matcher: ${among.selector}\n`,
    `Label names: ${found.names}\n`,
    among === undefined ? '' : `Matched series: ${found.series}\n`,
    `Postings (unique label pairs): ${found.pairs}\n`,
    `Postings entries (total label pairs): ${found.entries}\n`,
    list('Label pairs most involved in churning', found.churnByPair),
    list('Label names most involved in churning', found.churnByName),
    list('Most common label pairs', found.seriesByPair),
    list('Label names with highest cumulative label value length', found.valueBytesByName),
    list('Highest cardinality labels', found.valuesByName),
    list('Highest cardinality metric names', found.seriesByMetric),
  ].join('')
}

const fullness = ({ chunks, distributions }: ChunkShapes): string =>
  `\nCompaction analysis:\n\n${distributions.map((one) => bars(one, chunks)).join('')}`

/** A bar has a mark for each percent of all chunks. */
function bars({ name, found }: Distribution, chunks: number): string {
  if (found === undefined) return `${name}: N/A\n\n`
  const { min, avg, max, buckets } = found
  const [fromWidth, toWidth, countWidth] = [
    buckets.at(-1)!.from,
    buckets.at(-1)!.to,
    buckets.reduce((most, { count }) => Math.max(most, count), 0),
  ].map((widest) => String(widest).length)
  const rows = buckets.map(
    ({ from, to, count }) =>
      `[${String(from + 1).padStart(fromWidth)}, ${String(to).padStart(toWidth)}]: ` +
      `${String(count).padStart(countWidth)} ${'#'.repeat(Math.floor((100 * count) / chunks))}\n`,
  )
  return `${name} (min/avg/max): ${min}/${avg}/${max}\n${rows.join('')}\n`
}
