/** `vigie load` (and `vigie run`): joins a load run with a running Vigie, if there is one. */
import { text } from 'node:stream/consumers'
import {
  EXIT,
  type FindLimitArgs,
  type LoadArgs,
  type LoadController,
  LoadError,
  type RunReport,
  SteeredRun,
  type SuspectFinder,
  parseLoadArgs,
  runLoad,
} from '@vigie/load'
import { findAddress } from './address.ts'
import { DataChecksOver } from './check-after.ts'
import { VigieClient } from './vigie-client.ts'

export async function loadCommand(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'compare')
    return (await import('./compare/command.ts')).compareCommand(argv.slice(1))
  if (argv.some((one) => one === '--runs' || one.startsWith('--runs=')))
    return (await import('./compare/command.ts')).repeatCommand(argv)
  const stderr = (text: string): void => void process.stderr.write(text)
  let args: ReturnType<typeof parseLoadArgs>
  try {
    args = parseLoadArgs([...argv])
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    stderr(`${error.message}\n`)
    return error.exitCode
  }
  // `--vigie ''` is how to want none although one runs.
  const vigieUrl = (args.vigie ?? process.env.VIGIE_URL ?? findAddress(process.cwd())?.url) || null
  if (vigieUrl === null && args.checkAfter) {
    stderr(
      '--check-after needs a running Vigie with data checks: start one, or name it with --vigie\n',
    )
    return EXIT.invalidConfig
  }
  const client = vigieUrl === null ? null : new VigieClient(vigieUrl)
  const interrupt = new AbortController()
  let interrupts = 0
  const onSignal = (): void => {
    // The second one means it.
    if (++interrupts > 1) process.exit(105)
    interrupt.abort()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  endWithStdin()
  if (args.json) args.quiet = true
  const controller = args.findLimit === null ? null : await findLimit(args, args.findLimit, client)
  return runLoad(
    {
      args,
      argv,
      workerUrl: new URL('./load-worker.js', import.meta.url),
      vigieUrl,
      ...(process.env.VIGIE_RUN_ID === undefined ? {} : { runId: process.env.VIGIE_RUN_ID }),
      ...(client === null ? {} : { promql: client.query }),
      ...(client === null || !args.checkAfter
        ? {}
        : { dataChecks: new DataChecksOver(client, args.settleMs) }),
      ...(controller === null ? {} : { controller }),
      ...(client === null || !args.wantsSuspects ? {} : { findSuspects: suspectFinder(client) }),
      ...(args.json ? { onReport: printJson } : {}),
    },
    {
      stdout: args.json ? () => {} : (text) => void process.stdout.write(text),
      stderr,
      isTTY: process.stdout.isTTY === true,
      ...(process.stdout.columns === undefined ? {} : { columns: process.stdout.columns }),
      env: process.env,
      cwd: process.cwd(),
      stdin: () => text(process.stdin),
      now: Date.now,
      signal: interrupt.signal,
    },
  )
}

/** Loaded when it is asked for: a run must not wait for it. */
async function findLimit(
  args: LoadArgs,
  { by, holdMs, precision, max, start }: FindLimitArgs,
  client: VigieClient | null,
): Promise<LoadController> {
  const { FindLimit } = await import('./find-limit/drive.ts')
  return new SteeredRun(
    new FindLimit({
      by,
      holdMs,
      precision,
      max,
      start,
      client,
      wantsSuspects: args.wantsSuspects,
      isQuiet: args.quiet,
    }),
  )
}

/** Loaded when thresholds have failed. */
const suspectFinder =
  (client: VigieClient): SuspectFinder =>
  async (windows, unit) => {
    const { findSuspects } = await import('./suspects/find-suspects.ts')
    const { suspectsText } = await import('./suspects/text.ts')
    const levels = windows.map((one) => ({ ...one, p95: one.p95Ms ?? NaN }))
    const suspects = await findSuspects(client, levels, unit)
    return { suspects, text: suspectsText(suspects) }
  }

/** `--json`: the report without what is only there to be drawn. */
function printJson(report: RunReport): void {
  const { summaryText: _text, options: _options, ...result } = report
  process.stdout.write(JSON.stringify(result, null, 2) + '\n')
}

/** A run that another process started for itself ends when that one is gone. */
function endWithStdin(): void {
  if (process.env.VIGIE_END_WITH_STDIN !== '1') return
  // A run that is over does not wait for that.
  process.stdin
    .on('end', () => process.exit(105))
    .resume()
    .unref()
}
