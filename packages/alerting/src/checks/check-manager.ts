/**
 * Runs data checks on their schedules, one at a time per database, and turns what they find into series
 * (`invariant_ok`, `invariant_violations`, …), into the rules that alert on them, and into the rows that
 * go along with those alerts.
 */
import type { Labels, Storage } from '@vigie/model'
import type { SampleRows } from '../alert.ts'
import type { Logger } from '../logger.ts'
import type { OwnMetric } from '../own-metric.ts'
import type { QueryFn } from '../rules/query.ts'
import type { RuleGroup } from '../rules/rule-group.ts'
import type { CheckConfig, Datasource } from './check-config.ts'
import type { CheckState } from './check-state.ts'
import { CheckRunner } from './check-runner.ts'
import { CHECKS_FILE, checkRules } from './check-rules.ts'

export interface CheckManagerOptions {
  storage: Storage
  query: QueryFn
  now: () => number
  log: Logger
}

/** What a check found is written again this often, so that it does not go out of sight between two runs. */
const REFRESH_MS = 15_000

export class CheckManager {
  readonly #options: CheckManagerOptions
  #runners = new Map<string, CheckRunner>()
  #refresh: NodeJS.Timeout | undefined
  /** The last check that waits for a database, by its name. */
  readonly #queues = new Map<string, Promise<void>>()
  /** Runs of all checks at once: the one under way, and the one that waits for it. */
  #round: Promise<void> | undefined
  #nextRound: Promise<void> | undefined

  constructor(options: CheckManagerOptions) {
    this.#options = options
  }

  /** Replaces the checks that run. One that stays the same keeps its state. */
  apply(datasources: readonly Datasource[], checks: readonly CheckConfig[]): void {
    const sources = new Map(datasources.map((one) => [one.name, one]))
    const before = this.#runners
    this.#runners = new Map()
    for (const config of checks) {
      const datasource =
        config.source.kind === 'sql' ? sources.get(config.source.datasource) : undefined
      const old = before.get(config.name)
      if (old !== undefined && old.isSame(config, datasource)) {
        before.delete(config.name)
        this.#runners.set(config.name, old)
        continue
      }
      const runner = new CheckRunner({
        ...this.#options,
        config,
        datasource,
        enqueue: this.#enqueue,
      })
      this.#runners.set(config.name, runner)
    }
    for (const runner of before.values())
      void runner.stop().then(() => runner.endSeries(this.#runners))
    for (const runner of this.#runners.values()) runner.start()
    this.#refresh ??= setInterval(() => {
      for (const runner of this.#runners.values()) runner.write()
    }, REFRESH_MS)
  }

  readonly #enqueue = (source: string, job: () => Promise<void>): Promise<void> => {
    const turn = (this.#queues.get(source) ?? Promise.resolve()).then(job)
    this.#queues.set(source, turn)
    return turn
  }

  /** Runs every check now; resolves with what is then known. Callers that come meanwhile share the next round. */
  runAll(): Promise<CheckState[]> {
    this.#nextRound ??= (this.#round ?? Promise.resolve()).then(async () => {
      this.#round = this.#nextRound
      this.#nextRound = undefined
      await Promise.all([...this.#runners.values()].map((runner) => runner.runNow()))
      this.#round = undefined
    })
    return this.#nextRound.then(() => this.states())
  }

  /** Resolves once nothing is running. */
  async stop(): Promise<void> {
    clearInterval(this.#refresh)
    this.#refresh = undefined
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()))
  }

  states(): CheckState[] {
    return [...this.#runners.values()].map((runner) => runner.state())
  }

  /** InvariantViolated and InvariantNotChecked, to run in a RuleManager whose `sampleOf` is ours. */
  rules(): RuleGroup[] {
    const configs = [...this.#runners.values()].map((runner) => runner.config)
    if (configs.length === 0) return []
    return [
      {
        name: 'checks',
        file: CHECKS_FILE,
        intervalMs: undefined,
        limit: 0,
        queryOffsetMs: undefined,
        rules: checkRules(configs),
      },
    ]
  }

  /** Rows behind an InvariantViolated alert, found by its label `name`. */
  sampleOf(labels: Labels): SampleRows | null {
    if (labels.get('alertname') !== 'InvariantViolated') return null
    return this.#runners.get(labels.get('name'))?.state().sample ?? null
  }

  metrics(): OwnMetric[] {
    return [
      {
        name: 'vigie_checks',
        help: 'Data checks that are configured, by state.',
        type: 'gauge',
        samples: (['ok', 'violated', 'error', 'pending'] as const).map((state) => ({
          labels: { state },
          value: this.states().filter((one) => one.state === state).length,
        })),
      },
    ]
  }
}
