/** `vigie tsdb …`: looks at a data directory without changing it, and makes blocks of text. */
import { once } from 'node:events'
import { CorruptBlockError, DiskError, UnsupportedError } from '@vigie/tsdb'
import { UsageError } from '../serve-args.ts'
import { analyze } from './analyze.ts'
import type { Output } from './arguments.ts'
import { dump } from './dump.ts'
import { importText } from './import.ts'
import { list } from './list.ts'

export const TSDB_HELP = `Looks at a data directory of Vigie or Prometheus, also while a server has it open.
DIR is data when it is left out. Nothing in it is changed, but for what import adds.

  vigie tsdb list [-r] [DIR]             its blocks; -r, --human-readable: times and sizes for people
  vigie tsdb analyze [DIR] [BLOCK|wal]   what makes a block large: metrics, labels, pairs, and what comes
                                         and goes; the last block unless one is named, wal: the log
      --limit 20                         entries of each list
      --match SELECTOR                   only these series
      --extended                         how full its chunks are, too
  vigie tsdb dump [DIR]                  all samples, as promtool prints them
      --match SELECTOR                   only these series; may be given several times
      --min-time, --max-time TIME        ms since the epoch, or 2026-01-31T12:00:00Z
      --format openmetrics               what \`vigie tsdb import\` reads; without native histograms
  vigie tsdb import [-rq] FILE [DIR]     makes blocks of OpenMetrics text, whose samples must have
                                         timestamps; all of it or, when a line is wrong, nothing.
                                         FILE may be gzipped; - is standard input
      --max-block-duration 2h            larger blocks: 6h, 18h, 54h…, the largest that is not above it
      --label NAME=VALUE                 added to each series; may be given several times
`

type Command = (argv: readonly string[], output: Output) => Promise<void>

const COMMANDS = new Map<string, Command>([
  ['list', list],
  ['analyze', analyze],
  ['dump', dump],
  ['import', importText],
  // By the names of promtool.
  ['dump-openmetrics', (argv, output) => dump([...argv, '--format=openmetrics'], output)],
  ['create-blocks-from', createBlocks],
])

function createBlocks([kind, ...rest]: readonly string[], output: Output): Promise<void> {
  if (kind === 'openmetrics') return importText(rest, output)
  throw new UsageError(
    `create-blocks-from: found ${JSON.stringify(kind)}, expected openmetrics${kind === 'rules' ? ': rules are not evaluated over the past yet' : ''}`,
  )
}

export async function tsdbCommand(argv: readonly string[]): Promise<number> {
  // Whoever reads the output may have seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  return runTsdbCommand(argv, {
    stdout: async (text) => {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    stderr: (text) => void process.stderr.write(text),
    stdin: process.stdin,
    now: Date.now,
  })
}

/** The exit code. Throws UsageError. */
export async function runTsdbCommand(argv: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || argv.includes('--help') || argv.includes('-h') || name === 'help') {
    await output.stdout(TSDB_HELP)
    return 0
  }
  const command = COMMANDS.get(name)
  if (command === undefined)
    throw new UsageError(
      `vigie tsdb: found ${JSON.stringify(name)}, expected list, analyze, dump, import`,
    )
  try {
    await command(rest, output)
    return 0
  } catch (error) {
    if (!isForUsers(error)) throw error
    output.stderr(`${error.message}\n`)
    return 1
  }
}

const isForUsers = (error: unknown): error is Error =>
  error instanceof DiskError ||
  error instanceof CorruptBlockError ||
  error instanceof UnsupportedError
