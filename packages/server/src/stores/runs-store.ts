/**
 * Load runs, one folder each below `<data dir>/runs`:
 *
 *   <id>/head.json     what lists show: all of these are read at start and kept in memory
 *   <id>/report.json   the last report: options, verdict, summary, metrics
 *   <id>/script.json   the files of the script as it was run
 *   <id>/output.txt    the end of what the process printed, when it was started from here
 *
 * The series of a run are in the storage like any others, under the label `testid`.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Run, type RunHead, type RunSource, readReport, runHead } from './run-report.ts'

/** A running load reports every second; one silent for longer has died. */
const SILENT_MS_MAX = 15_000
/** While a run goes on its report is written this often: what is known should Vigie be killed. */
const WRITE_EVERY_MS = 10_000
/** Of one report and of one script, as JSON. */
const REPORT_SIZE_BYTES_MAX = 4 * 2 ** 20
const SOURCE_SIZE_BYTES_MAX = 4 * 2 ** 20

export interface RunsLimits {
  /** Ended runs past these go, the oldest first. */
  countMax: number
  sizeBytesMax: number
}
const LIMITS: RunsLimits = { countMax: 500, sizeBytesMax: 512 * 2 ** 20 }

export interface RunsQuery {
  /** At most this many. */
  limit?: number
  /** Only those that began before this run. */
  before?: string
  /** Only scripts whose name has this text, in any case. */
  script?: string
  /** Only runs that went on at some time between these, ms since the epoch. */
  fromMs?: number
  toMs?: number
}

interface Entry {
  head: RunHead
  /** While it goes on; afterwards the file has it. */
  live: Run | undefined
  writtenMs: number
  sizeBytes: number
  hasSource: boolean
  isStopWanted: boolean
}

export class RunsStore {
  readonly #dir: string
  readonly #now: () => number
  readonly #limits: RunsLimits
  readonly #entries = new Map<string, Entry>()

  constructor(dir: string, now: () => number, limits: RunsLimits = LIMITS) {
    this.#dir = dir
    this.#now = now
    this.#limits = limits
    mkdirSync(dir, { recursive: true })
    adoptFlatFiles(dir)
    for (const id of readdirSync(dir)) {
      const entry = this.#read(id)
      if (entry !== undefined) this.#entries.set(id, entry)
    }
  }

  /** Newest first. */
  list(query: RunsQuery = {}): RunHead[] {
    const { before, script, fromMs = -Infinity, toMs = Infinity, limit = Infinity } = query
    const beforeMs = before === undefined ? Infinity : this.#entries.get(before)?.head.startedMs
    const wanted = script?.toLowerCase()
    return [...this.#entries.values()]
      .map((entry) => this.#judged(entry.head))
      .filter(
        (head) =>
          head.startedMs < (beforeMs ?? Infinity) &&
          head.startedMs <= toMs &&
          (head.endedMs ?? Infinity) >= fromMs &&
          (wanted === undefined || head.script.toLowerCase().includes(wanted)),
      )
      .sort((a, b) => b.startedMs - a.startedMs)
      .slice(0, limit)
  }

  head(id: string): RunHead | undefined {
    const entry = this.#entries.get(id)
    return entry === undefined ? undefined : this.#judged(entry.head)
  }

  /** The whole report; undefined when there is no such run. */
  get(id: string): Run | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    const kept = readJson(join(this.#dir, id, 'report.json'))
    // What is left of a run whose report cannot be read any more is what lists show.
    const run = entry.live ?? readReport(id, kept ?? entry.head).run
    const { limit: _inShort, ...head } = this.#judged(entry.head)
    return { ...run, ...head }
  }

  /** Null: the run is there and its script was never sent; undefined: there is no such run. */
  source(id: string): RunSource | null | undefined {
    if (!this.#entries.has(id)) return undefined
    return (readJson(join(this.#dir, id, 'script.json')) as RunSource | undefined) ?? null
  }

  /** The end of what the process printed, when it was kept. */
  output(id: string): string | null {
    const path = join(this.#dir, id, 'output.txt')
    return this.#entries.has(id) && existsSync(path) ? readFileSync(path, 'utf8') : null
  }

  /** Takes a report; throws when it is not one. Says whether somebody wants the run to stop. */
  put(id: string, report: unknown): { isStopWanted: boolean } {
    const { run, source } = readReport(id, report)
    const now = this.#now()
    const sizeBytes = Buffer.byteLength(JSON.stringify(run))
    if (sizeBytes > REPORT_SIZE_BYTES_MAX)
      throw new Error(
        `the report of run ${id} has ${sizeBytes} bytes, want at most ${REPORT_SIZE_BYTES_MAX}`,
      )
    const entry = this.#entries.get(id) ?? this.#create(id, run, now)
    entry.head = runHead(run, now)
    entry.live = run
    if (source !== undefined && !entry.hasSource) this.#keepSource(id, entry, source)
    if (run.state !== 'running' || now - entry.writtenMs >= WRITE_EVERY_MS) this.#write(id, entry)
    if (run.state !== 'running') this.#prune()
    return { isStopWanted: entry.isStopWanted && run.state === 'running' }
  }

  /** Says that a run's process is there, although it may have nothing to report yet. */
  touch(id: string): void {
    const entry = this.#entries.get(id)
    if (entry?.head.state === 'running') entry.head = { ...entry.head, reportedMs: this.#now() }
  }

  /** A running process is told with its next report; false when the run is not going on. */
  requestStop(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined || this.#judged(entry.head).state !== 'running') return false
    entry.isStopWanted = true
    return true
  }

  /** Ends a run whose process is gone without a last report. Does nothing to one that has ended. */
  fail(id: string, error: string, exitCode: number | null): void {
    const entry = this.#entries.get(id)
    if (entry === undefined || entry.head.state !== 'running') return
    const end = { state: 'error' as const, endedMs: this.#now(), error, exitCode }
    entry.head = { ...entry.head, ...end }
    entry.live = { ...this.get(id)!, ...end }
    this.#write(id, entry)
  }

  /** Keeps the end of what a run's process printed. */
  keepOutput(id: string, text: string): void {
    if (!this.#entries.has(id) || text === '') return
    writeFileSync(join(this.#dir, id, 'output.txt'), text)
  }

  /** False when there is no such run. The series stay until storage drops them by age. */
  delete(id: string): boolean {
    if (!this.#entries.delete(id)) return false
    rmSync(join(this.#dir, id), { recursive: true, force: true })
    return true
  }

  #create(id: string, run: Run, now: number): Entry {
    mkdirSync(join(this.#dir, id), { recursive: true })
    const entry: Entry = {
      head: runHead(run, now),
      live: run,
      writtenMs: 0,
      sizeBytes: 0,
      hasSource: false,
      isStopWanted: false,
    }
    this.#entries.set(id, entry)
    return entry
  }

  #read(id: string): Entry | undefined {
    const dir = join(this.#dir, id)
    const head =
      (readJson(join(dir, 'head.json')) as RunHead | undefined) ??
      headOf(id, readJson(join(dir, 'report.json')))
    if (head === undefined) return undefined
    return {
      head,
      live: undefined,
      writtenMs: 0,
      sizeBytes: sizeOf(dir),
      hasSource: existsSync(join(dir, 'script.json')),
      isStopWanted: false,
    }
  }

  /** A run that says it goes on, and has said nothing for long, does not. */
  #judged(head: RunHead): RunHead {
    if (head.state !== 'running' || this.#now() - head.reportedMs <= SILENT_MS_MAX) return head
    return {
      ...head,
      state: 'error',
      endedMs: head.reportedMs,
      error: `the generator vanished: its last report came ${new Date(head.reportedMs).toISOString()}`,
    }
  }

  #keepSource(id: string, entry: Entry, source: RunSource): void {
    const text = JSON.stringify(source)
    entry.hasSource = true
    if (Buffer.byteLength(text) > SOURCE_SIZE_BYTES_MAX) return
    replaceFile(join(this.#dir, id, 'script.json'), text)
  }

  #write(id: string, entry: Entry): void {
    const dir = join(this.#dir, id)
    if (entry.live !== undefined) replaceFile(join(dir, 'report.json'), JSON.stringify(entry.live))
    replaceFile(join(dir, 'head.json'), JSON.stringify(entry.head))
    entry.writtenMs = this.#now()
    entry.sizeBytes = sizeOf(dir)
    if (entry.head.state !== 'running') entry.live = undefined
  }

  #prune(): void {
    const ended = [...this.#entries.values()]
      .filter(({ head }) => this.#judged(head).state !== 'running')
      .sort((a, b) => a.head.startedMs - b.head.startedMs)
    let count = this.#entries.size
    let sizeBytes = [...this.#entries.values()].reduce((sum, one) => sum + one.sizeBytes, 0)
    for (const entry of ended) {
      if (count <= this.#limits.countMax && sizeBytes <= this.#limits.sizeBytesMax) return
      count--
      sizeBytes -= entry.sizeBytes
      this.delete(entry.head.id)
    }
  }
}

/** Runs of before there was a folder for each were one file `<id>.json`. */
function adoptFlatFiles(dir: string): void {
  for (const file of readdirSync(dir)) {
    if (!file.endsWith('.json')) continue
    const folder = join(dir, file.slice(0, -'.json'.length))
    mkdirSync(folder, { recursive: true })
    renameSync(join(dir, file), join(folder, 'report.json'))
  }
}

function headOf(id: string, report: unknown): RunHead | undefined {
  try {
    const { run } = readReport(id, report)
    return runHead(run, run.endedMs ?? run.startedMs)
  } catch {
    return undefined
  }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(path + '.tmp', text)
  renameSync(path + '.tmp', path)
}

function sizeOf(dir: string): number {
  return readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0)
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
