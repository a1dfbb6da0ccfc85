/** All rule groups, their schedules, and what they say now. */
import type { Labels, Storage } from '@vigie/model'
import type { Alert, SampleRows } from '../alert.ts'
import type { Logger } from '../logger.ts'
import type { OwnMetric } from '../own-metric.ts'
import { type GroupContext, type GroupCounts, GroupRunner } from './group-runner.ts'
import type { QueryFn } from './query.ts'
import type { RuleGroup } from './rule-group.ts'
import type { AlertStatus, GroupStatus } from './rule-status.ts'

export interface RuleManagerOptions {
  query: QueryFn
  storage: Storage
  now: () => number
  log: Logger
  /** Where alerts go. Called with those that are to be sent now, resolved ones included. */
  onAlerts: (alerts: Alert[]) => void
  externalLabels: ReadonlyMap<string, string>
  /** Of Vigie itself, no slash at the end. */
  externalUrl: string
  evaluationIntervalMs: number
  /** Firing alerts are handed over again after this long. */
  resendDelayMs?: number
  /** Rows to hand over with an alert. */
  sampleOf?: (labels: Labels) => SampleRows | null
}

/** What a reload may change besides the groups. */
export interface RuleSettings {
  evaluationIntervalMs: number
  externalLabels: ReadonlyMap<string, string>
}

const RESEND_DELAY_MS = 60_000

export class RuleManager {
  readonly #options: RuleManagerOptions
  #settings: RuleSettings
  #runners: GroupRunner[] = []

  constructor(options: RuleManagerOptions) {
    this.#options = options
    const { evaluationIntervalMs, externalLabels } = options
    this.#settings = { evaluationIntervalMs, externalLabels }
  }

  /** Replaces the groups that run. What stays the same keeps its state. */
  apply(groups: readonly RuleGroup[], settings: RuleSettings = this.#settings): void {
    const isSame = show(settings) === show(this.#settings)
    this.#settings = settings
    const context = this.#context()
    const before = new Map(this.#runners.map((runner) => [identity(runner.definition), runner]))
    this.#runners = groups.map((group) => {
      const old = before.get(identity(group))
      before.delete(identity(group))
      if (old !== undefined && isSame && show(old.definition) === show(group)) return old
      void old?.stop()
      const runner = new GroupRunner(
        group,
        group.intervalMs ?? settings.evaluationIntervalMs,
        context,
        old,
      )
      runner.start()
      return runner
    })
    for (const runner of before.values()) void runner.stop().then(() => runner.endSeries())
  }

  /** Stops evaluating; resolves once nothing is running. */
  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()))
  }

  #context(): GroupContext {
    const { query, storage, now, log, onAlerts, externalUrl, resendDelayMs, sampleOf } =
      this.#options
    return {
      query,
      storage,
      now,
      log,
      onAlerts,
      externalUrl,
      externalLabels: this.#settings.externalLabels,
      resendDelayMs: resendDelayMs ?? RESEND_DELAY_MS,
      sampleOf: sampleOf ?? (() => null),
    }
  }

  groups(): GroupStatus[] {
    return this.#runners.map((runner) => runner.status())
  }

  /** Pending and firing. */
  alerts(): AlertStatus[] {
    return this.#runners.flatMap((runner) =>
      runner.alertingRules().flatMap((rule) => rule.alerts()),
    )
  }

  metrics(): OwnMetric[] {
    const rows = this.#runners.map((runner) => ({
      labels: { rule_group: `${runner.definition.file};${runner.definition.name}` },
      counts: runner.counts(),
    }))
    const metric = (
      name: string,
      help: string,
      type: OwnMetric['type'],
      value: (counts: GroupCounts) => number,
    ): OwnMetric => ({
      name,
      help,
      type,
      samples: rows.map(({ labels, counts }) => ({ labels, value: value(counts) })),
    })
    return [
      metric(
        'prometheus_rule_evaluations_total',
        'Rule evaluations.',
        'counter',
        (c) => c.evaluations,
      ),
      metric(
        'prometheus_rule_evaluation_failures_total',
        'Rule evaluations that failed.',
        'counter',
        (c) => c.failures,
      ),
      metric(
        'prometheus_rule_group_iterations_missed_total',
        'Evaluations of a group that were missed because it was slow.',
        'counter',
        (c) => c.missed,
      ),
      metric(
        'prometheus_rule_group_last_duration_seconds',
        'Duration of the last evaluation of a group.',
        'gauge',
        (c) => c.durationMs / 1000,
      ),
      metric(
        'prometheus_rule_group_iterations_total',
        'Scheduled evaluations of a group, executed or missed.',
        'counter',
        (c) => c.iterations,
      ),
      metric(
        'prometheus_rule_group_last_evaluation_timestamp_seconds',
        'When the last evaluation of a group began.',
        'gauge',
        (c) => c.lastEvaluationMs / 1000,
      ),
      metric(
        'prometheus_rule_group_last_evaluation_samples',
        'Samples that the last evaluation of a group returned.',
        'gauge',
        (c) => c.samples,
      ),
      metric(
        'prometheus_rule_group_interval_seconds',
        'Interval of a group.',
        'gauge',
        (c) => c.intervalMs / 1000,
      ),
      metric('prometheus_rule_group_rules', 'Rules of a group.', 'gauge', (c) => c.rules),
    ]
  }
}

const identity = (group: RuleGroup): string => JSON.stringify([group.file, group.name])

/** Everything of a definition as text, maps included. */
const show = (value: RuleGroup | RuleSettings): string =>
  JSON.stringify(value, (_, one: unknown) =>
    one instanceof Map ? [...(one as Map<string, string>)] : one,
  )
