/** `inspect` of k6: the options that a script exports, without running it. */
import { resolve } from 'node:path'
import type { LoadIo } from './api.ts'
import { type LoadArgs } from './args.ts'
import { compileScript } from './compile/compile.ts'
import { formatGoDuration } from './duration.ts'
import { EXIT, LoadError } from './errors.ts'
import { lastMomentMs, maxVusOf } from './executors/plan.ts'
import { OPTIONS } from './option-table.ts'
import { consolidate } from './options.ts'
import { readConfigFile } from './settings.ts'
import { WorkerThread } from './worker-thread.ts'

export interface InspectOptions {
  args: LoadArgs
  /** Where the worker's JavaScript is. */
  workerUrl: URL
  /** Whether all layers are put together, and what the run would need is told. */
  executionRequirements: boolean
}

/** Prints the options as JSON, null where nothing is said; resolves with the exit code. */
export async function inspectScript(options: InspectOptions, io: LoadIo): Promise<number> {
  try {
    const shown = await inspect(options, io)
    io.stdout(`${JSON.stringify(shown, null, 2)}\n`)
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    io.stderr(`${error.message}\n`)
    return error.exitCode
  }
}

async function inspect(
  { args, workerUrl, executionRequirements }: InspectOptions,
  io: LoadIo,
): Promise<Record<string, unknown>> {
  if (args.script === null)
    throw new LoadError(EXIT.other, 'inspect needs a script: vigie inspect script.js')
  const script = await exportedOptions(args.script, args, workerUrl, io)
  const all = (given: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries([...OPTIONS.keys()].map((name) => [name, given[name] ?? null]))
  if (!executionRequirements) return all(script)
  const { options } = consolidate(
    { config: readConfigFile(args.settings, io), script, env: io.env, flags: args.options },
    '',
  )
  return {
    ...all(options.raw),
    maxVUs: options.scenarios.reduce((sum, one) => sum + maxVusOf(one), 0),
    totalDuration: formatGoDuration(lastMomentMs(options.scenarios)),
  }
}

async function exportedOptions(
  script: string,
  args: LoadArgs,
  workerUrl: URL,
  io: LoadIo,
): Promise<Record<string, unknown>> {
  const program = compileScript(resolve(io.cwd, script))
  const known = Object.entries(io.env).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  )
  const worker = new WorkerThread(workerUrl, 0, (notice) => {
    if (notice.kind === 'log') io.stderr(`${notice.message}\n`)
  })
  try {
    const env = Object.fromEntries([...known, ...args.env])
    const facts = await worker.request('inspect', { program, env })
    return facts.options === undefined ? {} : (JSON.parse(facts.options) as Record<string, unknown>)
  } finally {
    await worker.close()
  }
}
