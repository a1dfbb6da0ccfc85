/** Runs of `vigie load`, one after the other, each a process of its own as any other run. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EXIT, type RunReport } from '@vigie/load'

/** More runs than this are a mistake. */
const RUNS_MAX = 100
/** So that every side has the percentiles that are compared. */
const STATS = 'avg,min,med,max,p(90),p(95),p(99)'
const REPORT_SIZE_MAX = 64 * 2 ** 20

export interface Ran {
  report: RunReport
  exitCode: number
}

/** What ended the series of runs before it was complete. */
export class RunsError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Takes `--runs n` out of arguments; null: it is not there. */
export function takeRuns(argv: readonly string[]): { runs: number; rest: string[] } | null {
  const taken = takeFlag(argv, '--runs')
  if (taken === null) return null
  const runs = Number(taken.value)
  if (!Number.isInteger(runs) || runs < 1 || runs > RUNS_MAX)
    throw new RunsError(
      `--runs: found ${JSON.stringify(taken.value)}, expected 1 to ${RUNS_MAX}`,
      EXIT.other,
    )
  return { runs, rest: taken.rest }
}

/** Takes `--name value` or `--name=value` out of arguments. */
export function takeFlag(
  argv: readonly string[],
  name: string,
): { value: string; rest: string[] } | null {
  const at = argv.findIndex((one) => one === name || one.startsWith(`${name}=`))
  if (at < 0) return null
  const [flag] = argv.slice(at)
  const isJoined = flag!.includes('=')
  const value = isJoined ? flag!.slice(name.length + 1) : (argv[at + 1] ?? '')
  return { value, rest: argv.toSpliced(at, isJoined ? 1 : 2) }
}

/** Takes `--name` out of arguments. */
export function takeSwitch(
  argv: readonly string[],
  name: string,
): { isGiven: boolean; rest: string[] } {
  const rest = argv.filter((one) => one !== name)
  return { isGiven: rest.length < argv.length, rest }
}

/**
 * One run with these arguments. Thresholds that fail are a result (99); anything else that goes wrong
 * rejects with a RunsError.
 */
export async function runOnce(argv: readonly string[]): Promise<Ran> {
  const stats = argv.some((one) => one.startsWith('--summary-trend-stats'))
    ? []
    : ['--summary-trend-stats', STATS]
  const cli = fileURLToPath(new URL('./cli.js', import.meta.url))
  const child = spawn(process.execPath, [cli, 'load', '--json', '--quiet', ...stats, ...argv], {
    // Its end of the pipe closes with this process, however that ends.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, VIGIE_END_WITH_STDIN: '1' },
  })
  child.stdin.on('error', () => {})
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < REPORT_SIZE_MAX) text += chunk
  })
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? EXIT.other))
  })
  if (exitCode !== 0 && exitCode !== EXIT.thresholdsFailed)
    throw new RunsError(`a run ended with exit code ${exitCode}`, exitCode)
  try {
    return { report: JSON.parse(text) as RunReport, exitCode }
  } catch (error) {
    throw new RunsError(
      `a run gave no report: ${(error as Error).message}; got ${JSON.stringify(text.slice(0, 200))}`,
      EXIT.other,
    )
  }
}
