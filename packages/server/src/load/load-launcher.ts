/** Starts and stops load runs for the browser. Who makes the processes is given from outside. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { RunsStore } from '../stores/runs-store.ts'
import { type LoadScript, listScripts, resolveScript } from './load-scripts.ts'

/** A process that runs a script and reports to this Vigie. */
export interface LoadProcess {
  /** Asks it to stop: teardown, summary and the last report still happen. */
  interrupt(): void
  kill(): void
  /** Never rejects. `code` is null when a signal ended it, or it could not be started. */
  ended: Promise<{ code: number | null; reason: string }>
}

export interface LoadRequest {
  runId: string
  /** The Vigie to report to. */
  vigieUrl: string
  /** Absolute path. */
  script: string
  /** Further flags of `vigie load`. */
  flags: readonly string[]
  onOutput: (text: string) => void
}

export type StartLoad = (request: LoadRequest) => LoadProcess

/** `load` of the configuration. */
export interface LoadConfig {
  scriptsDir: string
  /** Runs started from the browser that go on at the same time. */
  atOnce: number
}

/** A start or stop that is refused, with the HTTP status to say so. */
export class LaunchError extends Error {
  readonly statusCode: number
  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

/** A run that was asked to stop and has not after this is killed. */
const STOP_MS_MAX = 60_000
/** The same when Vigie itself ends. */
const CLOSE_MS_MAX = 8000
/** A process that is there counts as a report, this often: a large script takes its time to begin. */
const TOUCH_EVERY_MS = 5000
/** Of what a process prints the end is kept. */
const OUTPUT_LENGTH_MAX = 16_384
const ENV_COUNT_MAX = 50
const ENV_LENGTH_MAX = 4096

const duration = z
  .string()
  .regex(/^(\d+(\.\d+)?(ms|s|m|h))+$/, { error: 'expected a duration such as 30s or 5m' })
  .max(32)

const startBody = z.strictObject({
  script: z.string().min(1).max(1024),
  vus: z.int().min(1).max(100_000).optional(),
  duration: duration.optional(),
  iterations: z.int().min(1).max(1_000_000_000).optional(),
  env: z
    .record(z.string(), z.string().max(ENV_LENGTH_MAX))
    .refine((env) => Object.keys(env).every((name) => /^[A-Za-z_]\w{0,127}$/.test(name)), {
      error: 'expected names of letters, digits and _',
    })
    .refine((env) => Object.keys(env).length <= ENV_COUNT_MAX, {
      error: `expected at most ${ENV_COUNT_MAX} variables`,
    })
    .optional(),
  findLimit: z.boolean().optional(),
  /** With `findLimit`: how long each load is held. */
  hold: duration.optional(),
  checkAfter: z.boolean().optional(),
})
type StartBody = z.infer<typeof startBody>

interface Launched {
  process: LoadProcess
  output: () => string
  killTimer: NodeJS.Timeout | undefined
  touchTimer: NodeJS.Timeout
}

export interface LauncherOptions {
  start: StartLoad | undefined
  runs: RunsStore
  config: () => LoadConfig | undefined
  /** Where the configuration is; null: none. */
  configFile: string | null
  vigieUrl: () => string
  /** A load process has no password to report with. */
  hasUsers: boolean
  now: () => number
}

export interface ScriptsAnswer {
  /** Null: nothing can be started here. */
  folder: string | null
  /** Why nothing can be started, or the folder not be read. */
  problem: string | null
  atOnce: number
  runningIds: string[]
  scripts: LoadScript[]
}

export class LoadLauncher {
  readonly #options: LauncherOptions
  readonly #launched = new Map<string, Launched>()
  #isClosed = false

  constructor(options: LauncherOptions) {
    this.#options = options
  }

  scripts(): ScriptsAnswer {
    const config = this.#options.config()
    const runningIds = [...this.#launched.keys()]
    const refusal = this.#refusal()
    if (config === undefined || refusal !== undefined)
      return { folder: null, problem: refusal ?? '', atOnce: 0, runningIds, scripts: [] }
    const { scriptsDir: folder, atOnce } = config
    try {
      return { folder, problem: null, atOnce, runningIds, scripts: listScripts(folder) }
    } catch (error) {
      const problem = `cannot read the folder of the load scripts, ${folder}: ${(error as Error).message}`
      return { folder, problem, atOnce, runningIds, scripts: [] }
    }
  }

  /** Starts a run and returns its id. Throws LaunchError. */
  start(body: unknown): string {
    const { start, runs, now } = this.#options
    const config = this.#options.config()
    const refusal = this.#refusal()
    if (config === undefined || start === undefined || refusal !== undefined)
      throw new LaunchError(409, refusal ?? '')
    const asked = readBody(body)
    const script = resolveScript(config.scriptsDir, asked.script)
    if (script === undefined)
      throw new LaunchError(
        400,
        `there is no script ${JSON.stringify(asked.script)} in ${config.scriptsDir}`,
      )
    if (this.#launched.size >= config.atOnce)
      throw new LaunchError(
        409,
        `${this.#launched.size === 1 ? 'a run goes on already' : `${this.#launched.size} runs go on already`}: stop it or wait (load.at_once is ${config.atOnce})`,
      )
    const runId = newRunId(now())
    runs.put(runId, firstReport(runId, asked, now()))
    let output = ''
    const process = start({
      runId,
      script,
      vigieUrl: this.#options.vigieUrl(),
      flags: flagsOf(asked),
      onOutput: (text) => {
        output = (output + text).slice(-OUTPUT_LENGTH_MAX)
      },
    })
    const launched: Launched = {
      process,
      output: () => output,
      killTimer: undefined,
      touchTimer: setInterval(() => runs.touch(runId), TOUCH_EVERY_MS).unref(),
    }
    this.#launched.set(runId, launched)
    void process.ended.then(({ code, reason }) => this.#onEnd(runId, code, reason))
    return runId
  }

  /** What the run's process has printed, while it goes on. */
  output(runId: string): string | undefined {
    return this.#launched.get(runId)?.output()
  }

  /** Asks a run to stop; asked again, it is killed when it was started here. */
  stop(runId: string): void {
    const { runs } = this.#options
    const head = runs.head(runId)
    if (head === undefined) throw new LaunchError(404, `there is no run ${JSON.stringify(runId)}`)
    const launched = this.#launched.get(runId)
    if (launched === undefined) {
      // Somebody started it elsewhere: it hears of this when it reports next.
      if (!runs.requestStop(runId))
        throw new LaunchError(409, `run ${runId} has ended already (${head.state})`)
      return
    }
    if (launched.killTimer !== undefined) return launched.process.kill()
    launched.killTimer = setTimeout(() => launched.process.kill(), STOP_MS_MAX).unref()
    launched.process.interrupt()
  }

  /** Ends every run that was started here, while the API still takes their last reports. */
  async close(): Promise<void> {
    this.#isClosed = true
    const all = [...this.#launched.values()]
    const timer = setTimeout(() => all.forEach((one) => one.process.kill()), CLOSE_MS_MAX)
    for (const one of all) if (one.killTimer === undefined) one.process.interrupt()
    await Promise.all(all.map((one) => one.process.ended))
    clearTimeout(timer)
  }

  #onEnd(runId: string, code: number | null, reason: string): void {
    const launched = this.#launched.get(runId)
    if (launched === undefined) return
    clearTimeout(launched.killTimer)
    clearInterval(launched.touchTimer)
    this.#launched.delete(runId)
    const { runs } = this.#options
    runs.fail(runId, `the load process ended without a verdict: ${reason}`, code)
    runs.keepOutput(runId, launched.output())
  }

  /** Why nothing can be started from here, and what to do about it. */
  #refusal(): string | undefined {
    const { start, config, configFile, hasUsers } = this.#options
    if (this.#isClosed) return 'Vigie is ending'
    if (hasUsers)
      return 'no load tests are started from here: this Vigie asks for users (--web.config.file), and a load process has no password to report with'
    if (start !== undefined && config() !== undefined) return undefined
    const where =
      configFile === null
        ? 'in vigie.yml ("Save" on the overview writes one), then start Vigie again'
        : `in ${configFile}, then reload`
    return `no load tests are started from here: name the folder of your scripts, load: { scripts: ./load }, ${where}`
  }
}

function readBody(body: unknown): StartBody {
  const parsed = startBody.safeParse(body)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  )
  throw new LaunchError(400, `cannot start a run: ${problems.join('; ')}`)
}

function flagsOf(asked: StartBody): string[] {
  const { vus, duration, iterations, env = {}, findLimit, hold, checkAfter } = asked
  return [
    ...(vus === undefined ? [] : ['--vus', String(vus)]),
    ...(duration === undefined ? [] : ['--duration', duration]),
    ...(iterations === undefined ? [] : ['--iterations', String(iterations)]),
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...(findLimit === true ? ['--find-limit'] : []),
    ...(findLimit === true && hold !== undefined ? ['--hold', hold] : []),
    ...(checkAfter === true ? ['--check-after'] : []),
  ]
}

/** What is known before the process says anything: it shall be seen, whatever becomes of it. */
function firstReport(id: string, asked: StartBody, now: number): object {
  const { script, env: _env, ...options } = asked
  return {
    id,
    script: script.split('/').at(-1),
    startedMs: now,
    endedMs: null,
    state: 'running',
    vus: 0,
    vusMax: 0,
    iterations: 0,
    exitCode: null,
    progress: null,
    thresholds: [],
    options,
    summaryText: '',
    metrics: {},
    scenarios: [],
  }
}

/** As `vigie load` makes them: `<utc yyyymmddThhmmssZ>-<6 hex>`. */
function newRunId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${randomBytes(3).toString('hex')}`
}
