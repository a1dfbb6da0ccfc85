/** `vigie tsdb analyze`: what makes a block large, and what comes and goes in it. */
import type { NamedCount, SeriesSpan } from '@vigie/tsdb'
import { ReadOnlyTsdb, analyze as analyzeSeries, openBlocks } from '@vigie/tsdb'
import { UsageError } from '../serve-args.ts'
import { type Output, directory, parseArguments, selectors } from './arguments.ts'
import { goDuration } from './go-text.ts'

const LIMIT_DEFAULT = '20'
/** Stands for what is in the log, where the name of a block is expected. */
const LOG = 'wal'

export async function analyze(argv: readonly string[], output: Output): Promise<void> {
  const args = parseArguments(argv, { limit: { type: 'string' }, match: { type: 'string' } }, 2)
  const limitText = args.values.get('limit')?.at(-1) ?? LIMIT_DEFAULT
  if (!/^\d+$/.test(limitText))
    throw new UsageError(`--limit: found ${JSON.stringify(limitText)}, expected a whole number`)
  const limit = Number(limitText)
  const [matchers = [], more] = selectors(args)
  if (more !== undefined) throw new UsageError('--match: expected one selector')
  const options = directory(args.positionals[0], output)
  const id = args.positionals[1]
  const blocks = openBlocks(options)
  try {
    const chosen = id === undefined ? blocks.at(-1) : blocks.find(({ meta }) => meta.ulid === id)
    if (chosen !== undefined) {
      const { ulid, minTime, maxTime } = chosen.meta
      const title = `Block ID: ${ulid}\nDuration: ${goDuration(maxTime - minTime)}\n`
      await output.stdout(title + report(chosen.block.spans(matchers), minTime, maxTime, limit))
      return
    }
  } finally {
    for (const { block } of blocks) block.close()
  }
  if (id !== undefined && id !== LOG)
    throw new UsageError(
      `cannot find block ${id} in ${options.dir}; \`vigie tsdb list\` names them`,
    )
  const tsdb = await ReadOnlyTsdb.open(options)
  try {
    const spans = [...tsdb.logSpans(matchers)]
    if (spans.length === 0) throw new UsageError(`cannot find a series in ${options.dir}`)
    const minT = spans.reduce((min, span) => Math.min(min, span.minT), Infinity)
    const maxT = spans.reduce((max, span) => Math.max(max, span.maxT), -Infinity)
    const title = `Samples that are in the log only\nDuration: ${goDuration(maxT - minT)}\n`
    await output.stdout(title + report(spans, minT, maxT, limit))
  } finally {
    tsdb.close()
  }
}

function report(series: Iterable<SeriesSpan>, minT: number, maxT: number, limit: number): string {
  const found = analyzeSeries(series, minT, maxT, limit)
  const list = (title: string, counts: readonly NamedCount[]): string =>
    `\n${title}:\n${counts.map(({ name, value }) => `${value} ${name}\n`).join('')}`
  return [
    `Total Series: ${found.series}\n`,
    `Label names: ${found.names}\n`,
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
