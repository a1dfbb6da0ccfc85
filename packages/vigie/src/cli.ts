#!/usr/bin/env node
/** The command `vigie`: finds the sub-command and its exit code. */
import { VERSION } from './version.ts'

type Command = (argv: readonly string[]) => Promise<number>

/** Each is loaded when it is asked for: a load run must not wait for the server's code, nor the reverse. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['serve', async () => (await import('./serve-command.ts')).serveCommand],
  ['demo', async () => (await import('./demo-command.ts')).demoCommand],
  ['load', async () => (await import('./load-command.ts')).loadCommand],
  ['run', async () => (await import('./load-command.ts')).loadCommand],
  ['inspect', async () => (await import('./inspect-command.ts')).inspectCommand],
  ['new', async () => (await import('./new-command.ts')).newCommand],
  ['check', async () => (await import('./check-command.ts')).checkCommand],
  ['tsdb', async () => (await import('./tsdb/command.ts')).tsdbCommand],
  ['version', async () => printVersion],
  ['help', async () => printHelp],
])

/** Errors that tell a user what to do; any other is a bug and keeps its stack. */
const FOR_USERS = [
  'UsageError',
  'ConfigError',
  'LockedError',
  'ListenError',
  'DiskError',
  'UnsupportedError',
]

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  try {
    const [command, rest] = await find(argv)
    return await command(rest)
  } catch (error) {
    if (!(error instanceof Error && FOR_USERS.includes(error.name))) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

async function find(argv: readonly string[]): Promise<[Command, readonly string[]]> {
  const [first] = argv
  const open = first === undefined ? undefined : COMMANDS.get(first)
  if (open !== undefined) return [await open(), argv.slice(1)]
  if (first === '--version') return [printVersion, []]
  if (argv.includes('--help') || argv.includes('-h')) return [printHelp, []]
  return [await COMMANDS.get('serve')!(), argv]
}

function printVersion(): Promise<number> {
  process.stdout.write(`vigie ${VERSION} (node ${process.version})\n`)
  return Promise.resolve(0)
}

async function printHelp(): Promise<number> {
  process.stdout.write((await import('./help.ts')).HELP)
  return 0
}
