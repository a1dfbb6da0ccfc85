/**
 * `--check-after`: the data checks of a running Vigie before and after a run. After it, work that the
 * load has left behind must be done first: what looks like a queue has to be where it was before, or
 * stand still.
 */
import { type CheckReport, type DataChecks, EXIT, LoadError, type PromqlQuery } from '@vigie/load'
import type { CheckState, VigieClient } from './vigie-client.ts'

/** Longest wait for quiet. */
const QUIET_MS_MAX = 30_000
const LOOK_EVERY_MS = 500
/** The target is quiet when nothing has moved for this long. */
const STILL_MS = 3000
/** Gauges that say how much is still to be done, by the words of their names. */
const WORK = `{__name__=~"(?i:.*(lag|backlog|queue|pending|waiting|waiters|in_?flight|in_use|outstanding|unacked).*)",__name__!~"k6_.*|vigie_.*|prometheus_.*|.*(_total|_sum|_count|_bucket|_max|_limit|_capacity|eventloop.*)",testid=""}`
/** Above where it was by less than this much counts as back. */
const SLACK = 1.1

type Work = Map<string, number>

export class DataChecksOver implements DataChecks {
  readonly #client: VigieClient
  readonly #settleMs: number | null
  #violatedBefore: ReadonlySet<string> = new Set()
  #workBefore: Work = new Map()

  /** `settleMs`: wait exactly so long; null: until the target is quiet. */
  constructor(client: VigieClient, settleMs: number | null) {
    this.#client = client
    this.#settleMs = settleMs
  }

  async before(): Promise<void> {
    const states = await this.#run()
    if (states.length === 0)
      throw new LoadError(
        EXIT.invalidConfig,
        `--check-after: ${this.#client.url} has no data checks; write some under checks: in its configuration`,
      )
    this.#violatedBefore = new Set(states.filter(isBroken).map(({ name }) => name))
    this.#workBefore = await this.#work()
  }

  async after(say: (text: string) => void): Promise<CheckReport[]> {
    if (this.#settleMs !== null) {
      say(`waiting ${this.#settleMs / 1000} s before the data checks run`)
      await pause(this.#settleMs)
      return this.#broken()
    }
    say(`waiting until the target is quiet, ${QUIET_MS_MAX / 1000} s at most`)
    const untilMs = performance.now() + QUIET_MS_MAX
    const isKnown = await this.#quiet(untilMs)
    let broken = await this.#broken()
    // Work that no series shows may still be under way: then only time tells.
    while (broken.length > 0 && !isKnown && performance.now() < untilMs) {
      await pause(LOOK_EVERY_MS)
      broken = await this.#broken()
    }
    return broken
  }

  async #broken(): Promise<CheckReport[]> {
    const states = await this.#run()
    return states
      .filter((one) => isBroken(one) && !this.#violatedBefore.has(one.name))
      .map(({ name, severity, description, violations, error, sample }) => ({
        name,
        severity,
        description,
        violations: error === null ? violations : null,
        error,
        sample: error === null ? sample : null,
      }))
  }

  async #run(): Promise<CheckState[]> {
    try {
      return await this.#client.runChecks()
    } catch (error) {
      throw new LoadError(EXIT.other, `--check-after: ${(error as Error).message}`)
    }
  }

  /** Resolves when the target is quiet or time is up; false: nothing shows how much is to be done. */
  async #quiet(untilMs: number): Promise<boolean> {
    const sinceSec = await this.#ask('time()')
    let last: Work = new Map()
    let stillSinceMs = performance.now()
    for (;;) {
      const work = await this.#work()
      if (work.size === 0) return false
      // What was scraped before the load ended says nothing.
      const isFresh = (await this.#ask('min(timestamp(up))')) >= sinceSec
      const isBack = [...work].every(
        ([key, value]) => value <= (this.#workBefore.get(key) ?? 0) * SLACK,
      )
      const nowMs = performance.now()
      if (![...work].every(([key, value]) => last.get(key) === value)) stillSinceMs = nowMs
      const isStill = nowMs - stillSinceMs >= STILL_MS
      if ((isFresh && (isBack || isStill)) || nowMs >= untilMs) return true
      last = work
      await pause(LOOK_EVERY_MS)
    }
  }

  /** What is still to be done, by series. */
  async #work(): Promise<Work> {
    const rows = await this.#rows(WORK)
    return new Map(rows.map(({ labels, value }) => [JSON.stringify(labels), value]))
  }

  /** The value of the only series; 0: there is none. */
  async #ask(expr: string): Promise<number> {
    return (await this.#rows(expr))[0]?.value ?? 0
  }

  async #rows(expr: string): Promise<Awaited<ReturnType<PromqlQuery>>> {
    try {
      return await this.#client.query(expr)
    } catch (error) {
      throw new LoadError(EXIT.other, `--check-after: ${(error as Error).message}`)
    }
  }
}

const isBroken = ({ state }: CheckState): boolean => state === 'violated' || state === 'error'

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
