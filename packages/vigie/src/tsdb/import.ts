/** `vigie tsdb import`: OpenMetrics text as blocks, as `promtool tsdb create-blocks-from openmetrics`. */
import { Labels, isLegacyLabelName, parseDuration } from '@vigie/model'
import { ExpositionError, type TextParser } from '@vigie/scrape'
import { BLOCK_MS_MIN, BlockImport, ImportError, blockRange, nodeDisk } from '@vigie/tsdb'
import { UsageError } from '../serve-args.ts'
import { type Arguments, type Output, parseArguments, seriesDirectory } from './arguments.ts'
import { blockTable } from './list.ts'
import { type Source, openText, readOpenMetrics } from './open-metrics-file.ts'
import { importProgress } from './progress.ts'

const FLAGS = {
  'max-block-duration': { type: 'string' },
  label: { type: 'string' },
  'human-readable': { type: 'boolean', short: 'r' },
  quiet: { type: 'boolean', short: 'q' },
} as const

export async function importText(argv: readonly string[], output: Output): Promise<void> {
  const args = parseArguments(argv, FLAGS, 2)
  const [path, named = 'data'] = args.positionals
  if (path === undefined) throw new UsageError('expected `vigie tsdb import FILE [DIR]`')
  const dir = seriesDirectory(named)
  const blocks = new BlockImport({
    dir,
    disk: nodeDisk(),
    blockMs: blockMsOf(args),
    now: () => output.now(),
  })
  try {
    const progress = importProgress(path, args.has('quiet'), output)
    const text = openText(path, output.stdin, (bytes) => progress.read(bytes))
    await fill(blocks, text, extraLabels(args), progress)
    progress.write()
    const made = blocks.finish()
    if (!args.has('quiet')) await output.stdout(blockTable(made, args.has('human-readable')))
  } catch (error) {
    blocks.abandon()
    if (!(error instanceof ExpositionError || error instanceof ImportError)) throw error
    const shown = path === '-' ? 'standard input' : path
    throw new UsageError(`${shown}:${error.line}: ${error.message}; nothing was imported`)
  }
}

/** Numbers of series that are kept by the bytes of their text. */
const KNOWN_MAX = 1_000_000

async function fill(
  blocks: BlockImport,
  text: Source,
  extra: ReadonlyMap<string, string>,
  progress: { samples: number },
): Promise<void> {
  // The bounds of histograms are normalised, so the type is a part of it.
  const known = new Map<string, number>()
  const numberOf = (parser: TextParser): number => {
    const { bytes, seriesStart, seriesEnd } = parser
    const key = `${parser.type} ${bytes.toString('latin1', seriesStart, seriesEnd)}`
    let number = known.get(key)
    if (number === undefined) {
      const labels = parser.labelMap()
      for (const [name, value] of extra) labels.set(name, value)
      number = blocks.series(Labels.fromMap(labels))
      if (known.size < KNOWN_MAX) known.set(key, number)
    }
    return number
  }
  await readOpenMetrics(text, (parser, line) => {
    if (!parser.hasTimestamp) throw new ImportError('expected timestamp for series got none', line)
    blocks.add(numberOf(parser), parser.timestamp, parser.value, line)
    progress.samples++
  })
}

function blockMsOf(args: Arguments): number {
  const text = args.values.get('max-block-duration')?.at(-1)
  const ms = text === undefined ? BLOCK_MS_MIN : parseDuration(text)
  if (ms === undefined || ms < BLOCK_MS_MIN)
    throw new UsageError(
      `--max-block-duration: found ${JSON.stringify(text)}, expected a duration of 2h or more`,
    )
  return blockRange(ms)
}

function extraLabels(args: Arguments): Map<string, string> {
  const labels = new Map<string, string>()
  for (const text of args.values.get('label') ?? []) {
    const at = text.indexOf('=')
    if (at <= 0 || !isLegacyLabelName(text.slice(0, at)))
      throw new UsageError(`--label: found ${JSON.stringify(text)}, expected name=value`)
    labels.set(text.slice(0, at), text.slice(at + 1))
  }
  return labels
}
