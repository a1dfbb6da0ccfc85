/** Load runs: one JSON file per run below `<data dir>/runs`, the last report of each kept in memory. */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** Older runs go when there are more. */
const RUNS_MAX = 500
/** A running load reports every second; one silent for longer has died. */
const SILENT_MS_MAX = 15_000

const run = z.looseObject({
  id: z.string().regex(/^[\w-]{1,64}$/),
  script: z.string(),
  startedMs: z.number(),
  endedMs: z.number().nullable(),
  state: z.enum(['running', 'passed', 'failed', 'aborted', 'error']),
  vus: z.number(),
  vusMax: z.number(),
  iterations: z.number(),
  exitCode: z.number().nullable(),
  progress: z.number().nullable(),
  thresholds: z.array(z.unknown()),
})
export type Run = z.infer<typeof run>

const LIST_KEYS = [
  'id',
  'script',
  'startedMs',
  'endedMs',
  'state',
  'vus',
  'vusMax',
  'iterations',
  'exitCode',
  'progress',
  'thresholds',
] as const

export class RunsStore {
  readonly #dir: string
  readonly #now: () => number
  readonly #runs = new Map<string, Run>()
  readonly #reportedMs = new Map<string, number>()

  constructor(dir: string, now: () => number) {
    this.#dir = dir
    this.#now = now
    mkdirSync(dir, { recursive: true })
    for (const file of readdirSync(dir)
      .filter((one) => one.endsWith('.json'))
      .sort()) {
      const parsed = run.safeParse(readJson(join(dir, file)))
      if (parsed.success) this.#runs.set(parsed.data.id, parsed.data)
    }
  }

  /** Newest first, without options, summary and metrics. */
  list(): Partial<Run>[] {
    return [...this.#runs.values()]
      .sort((a, b) => b.startedMs - a.startedMs)
      .map((one) => {
        const live = this.#judged(one)
        return Object.fromEntries(LIST_KEYS.map((key) => [key, live[key]]))
      })
  }

  get(id: string): Run | undefined {
    const found = this.#runs.get(id)
    return found === undefined ? undefined : this.#judged(found)
  }

  /** Takes a report; throws when it is not one. */
  put(id: string, report: unknown): void {
    const parsed = run.safeParse(report)
    if (!parsed.success || parsed.data.id !== id)
      throw new Error(`not the report of run ${id}: ${parsed.error?.message ?? 'another id'}`)
    const isNew = !this.#runs.has(id)
    this.#runs.set(id, parsed.data)
    this.#reportedMs.set(id, this.#now())
    // While it runs only the beginning is written: what it was, should it never end.
    if (isNew || parsed.data.state !== 'running') this.#write(parsed.data)
    this.#forget()
  }

  #judged(one: Run): Run {
    if (one.state !== 'running') return one
    const reportedMs = this.#reportedMs.get(one.id) ?? one.startedMs
    return this.#now() - reportedMs > SILENT_MS_MAX
      ? { ...one, state: 'error', endedMs: reportedMs }
      : one
  }

  #write(one: Run): void {
    const path = join(this.#dir, `${one.id}.json`)
    writeFileSync(path + '.tmp', JSON.stringify(one))
    renameSync(path + '.tmp', path)
  }

  #forget(): void {
    if (this.#runs.size <= RUNS_MAX) return
    const oldest = [...this.#runs.values()].sort((a, b) => a.startedMs - b.startedMs)[0]
    this.#runs.delete(oldest.id)
    this.#reportedMs.delete(oldest.id)
    rmSync(join(this.#dir, `${oldest.id}.json`), { force: true })
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
