#!/usr/bin/env node
/** The command `vigie`: finds the sub-command and its exit code. */
import { ConfigError } from '@vigie/server'
import { checkCommand } from './check-command.ts'
import { demoCommand } from './demo-command.ts'
import { HELP } from './help.ts'
import { loadCommand } from './load-command.ts'
import { UsageError } from './serve-args.ts'
import { serveCommand } from './serve-command.ts'
import { VERSION } from './version.ts'

type Command = (argv: readonly string[]) => Promise<number>

const COMMANDS = new Map<string, Command>([
  ['serve', serveCommand],
  ['demo', demoCommand],
  ['load', loadCommand],
  ['run', loadCommand],
  ['check', checkCommand],
  ['version', printVersion],
  ['help', printHelp],
])

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  const [first] = argv
  const command = COMMANDS.get(first)
  try {
    if (command !== undefined) return await command(argv.slice(1))
    if (first === '--version') return await printVersion()
    if (argv.includes('--help') || argv.includes('-h')) return await printHelp()
    return await serveCommand(argv)
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

function printVersion(): Promise<number> {
  process.stdout.write(`vigie ${VERSION} (node ${process.version})\n`)
  return Promise.resolve(0)
}

function printHelp(): Promise<number> {
  process.stdout.write(HELP)
  return Promise.resolve(0)
}
