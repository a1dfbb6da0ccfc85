/**
 * `vigie load compare A B` and `vigie load --runs n script.js`.
 *
 * Exit codes of a comparison: 0 when B is as fast as A, faster, or nobody can tell; 1 when it is slower or
 * has more errors; 255 when there is nothing to compare. A run that breaks ends with that run's code.
 */
import { readFileSync } from 'node:fs'
import {
  type ComparedRun,
  type Comparison,
  type RunSummary,
  compareRuns,
  comparedRun,
  spreadOfRuns,
} from '@vigie/insight'
import { EXIT } from '@vigie/load'
import { findAddress } from '../address.ts'
import { VigieClient } from '../vigie-client.ts'
import { type Ran, RunsError, runOnce, takeFlag, takeRuns, takeSwitch } from './repeat.ts'
import { type StoredRun, type StoredRuns, compareStored } from './stored-runs.ts'
import { comparisonText, figureText, spreadText } from './text.ts'

const SLOWER = 1
/** Runs on one side. */
const SIDE_MAX = 50
const SCRIPT = /\.[cm]?[jt]s$/

export const COMPARE_USAGE = `Is B faster than A?

  vigie load compare A B                        runs that a Vigie has stored, by their ids, or files that
                                                --summary-export or --json wrote; several on a side with
                                                commas between: a1,a2,a3 b1,b2,b3
  vigie load compare --runs 3 A.js B.js         run both, three times each, in turns: A B A B A B
  vigie load compare --runs 3 --env-a URL=http://old --env-b URL=http://new script.js

  --runs N            how often each; every other flag of vigie load goes to all runs
  --env-a, --env-b    NAME=value for one side only
  --json              the comparison as JSON
  --vigie URL         where the runs are stored

The unit is the run: three of each find +15 %, one of each only hints at large differences.
Exit code 0: as fast, faster or unsure; 1: slower, or more errors; 255: nothing to compare.
`

export async function compareCommand(argv: readonly string[]): Promise<number> {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(COMPARE_USAGE)
    return argv.length === 0 ? EXIT.other : 0
  }
  return saying(async () => {
    const json = takeSwitch(argv, '--json')
    const repeated = takeRuns(json.rest)
    const comparison =
      repeated === null ? await compareKnown(json.rest) : await compareScripts(repeated)
    process.stdout.write(
      json.isGiven ? `${JSON.stringify(comparison, null, 2)}\n` : comparisonText(comparison),
    )
    return comparison.verdict === 'slower' || comparison.hasMoreErrors ? SLOWER : 0
  })
}

/** `vigie load --runs n …`: every run's line, then the spread. Ends with the first code that is not 0. */
export async function repeatCommand(argv: readonly string[]): Promise<number> {
  return saying(async () => {
    const json = takeSwitch(argv, '--json')
    const { runs, rest } = takeRuns(json.rest)!
    const done: Ran[] = []
    for (let i = 0; i < runs; i++) done.push(await tell(`run ${i + 1} of ${runs}`, rest))
    const spread = spreadOfRuns(done.map(({ report }) => comparedRun(report)))
    const ids = done.map(({ report }) => report.id)
    process.stdout.write(
      json.isGiven
        ? `${JSON.stringify({ runs: ids, figures: spread }, null, 2)}\n`
        : `\n${spreadText(spread, runs)}\nThese runs as one side of a comparison: ${ids.join(',')}\n`,
    )
    return done.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0
  })
}

async function saying(work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RunsError)) throw error
    process.stderr.write(`${error.message}\n`)
    return error.exitCode
  }
}

/** A B A B A B: what changes slowly on the machine changes for both. */
async function compareScripts(given: { runs: number; rest: string[] }): Promise<Comparison> {
  const a = takeEnv(given.rest, '--env-a')
  const b = takeEnv(a.rest, '--env-b')
  const scripts = b.rest.filter((one) => SCRIPT.test(one) && !one.startsWith('-'))
  const isOne = scripts.length === 1 && a.env.length + b.env.length > 0
  if (scripts.length !== 2 && !isOne)
    throw usage(`found ${scripts.length} scripts, expected two (or one with --env-a or --env-b)`)
  const flags = b.rest.filter((one) => !scripts.includes(one))
  const sides = { A: [...a.env, scripts[0]!], B: [...b.env, scripts.at(-1)!] }
  const done: Record<'A' | 'B', ComparedRun[]> = { A: [], B: [] }
  for (let i = 0; i < given.runs; i++) {
    for (const side of ['A', 'B'] as const) {
      const name = `${side} ${i + 1} of ${given.runs}`
      const { report } = await tell(name, [...flags, ...sides[side]])
      done[side].push(comparedRun(report))
    }
  }
  return compareRuns(done.A, done.B)
}

function takeEnv(argv: readonly string[], name: string): { env: string[]; rest: string[] } {
  const env: string[] = []
  let rest = [...argv]
  for (let taken = takeFlag(rest, name); taken !== null; taken = takeFlag(rest, name)) {
    env.push('-e', taken.value)
    rest = taken.rest
  }
  return { env, rest }
}

/** Runs once and says in a line how it went, beside the result on stdout. */
async function tell(name: string, argv: readonly string[]): Promise<Ran> {
  const ran = await runOnce(argv)
  const { figures } = comparedRun(ran.report)
  const shown = ['http_req_duration p(95)', 'http_reqs', 'http_req_failed'].flatMap((wanted) =>
    figures
      .filter((figure) => figure.name === wanted)
      .map(({ value, kind }) => `${wanted} ${figureText(value, kind)}`),
  )
  process.stderr.write(
    `${name}: ${ran.exitCode === 0 ? 'passed' : 'thresholds failed'}   ${shown.join('   ')}\n`,
  )
  return ran
}

/** Sides of stored runs and files. */
async function compareKnown(argv: readonly string[]): Promise<Comparison> {
  const taken = takeFlag(argv, '--vigie')
  const rest = taken?.rest ?? [...argv]
  const unknown = rest.find((one) => one.startsWith('-'))
  if (unknown !== undefined) throw usage(`unknown flag ${unknown}`)
  if (rest.length !== 2) throw usage(`found ${rest.length} sides, expected two`)
  const scripts = rest.filter((one) => SCRIPT.test(one))
  if (scripts.length > 0) throw usage(`${scripts[0]} is a script: say how often, with --runs 3`)
  const [a, b] = rest.map(sideOf) as [string[], string[]]
  const url = taken?.value ?? process.env.VIGIE_URL ?? findAddress(process.cwd())?.url ?? null
  return compareStored(a, b, new KnownRuns(url))
}

function sideOf(text: string): string[] {
  const names = [...new Set(text.split(',').filter((one) => one !== ''))]
  if (names.length === 0 || names.length > SIDE_MAX)
    throw usage(`found ${names.length} runs on a side, expected 1 to ${SIDE_MAX}`)
  return names
}

/** Files by their names, everything else in a Vigie. */
class KnownRuns implements StoredRuns {
  readonly #client: VigieClient | null

  constructor(url: string | null) {
    this.#client = url === null ? null : new VigieClient(url)
  }

  async run(name: string): Promise<StoredRun> {
    if (name.endsWith('.json')) return readSummary(name)
    if (this.#client === null)
      throw new RunsError(
        `there is no Vigie to ask for run ${name}: start one, name it with --vigie, or give files`,
        EXIT.other,
      )
    const run = await this.#asked(this.#client.run<StoredRun>(name))
    if (run.endedMs === null)
      throw new RunsError(`run ${name} goes on: compare it when it has ended`, EXIT.other)
    return run
  }

  async range(
    expr: string,
    range: { startMs: number; endMs: number; stepMs: number },
  ): Promise<readonly number[] | null> {
    // The run itself is known: without its series a single pair says less.
    const series = await this.#client?.queryRange(expr, range).catch(() => null)
    return series?.length === 1 ? series[0]!.v : null
  }

  /** Not there, or no answer: nothing to compare. */
  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      throw new RunsError((error as Error).message, EXIT.other)
    }
  }
}

/** What `--summary-export` wrote, `handleSummary` was given, or `--json` printed. */
function readSummary(file: string): StoredRun {
  let summary: Partial<RunSummary & StoredRun>
  try {
    summary = JSON.parse(readFileSync(file, 'utf8')) as Partial<RunSummary & StoredRun>
  } catch (error) {
    throw new RunsError(`cannot read ${file}: ${(error as Error).message}`, EXIT.other)
  }
  if (typeof summary.metrics !== 'object' || summary.metrics === null)
    throw new RunsError(`${file}: found no "metrics", expected a summary of a run`, EXIT.other)
  const { startedMs = 0, endedMs = null, id } = summary
  return id === undefined
    ? { id: file, startedMs: 0, endedMs: null, metrics: summary.metrics }
    : { id, startedMs, endedMs, metrics: summary.metrics }
}

const usage = (problem: string): RunsError =>
  new RunsError(`${problem}\n\n${COMPARE_USAGE}`, EXIT.other)
