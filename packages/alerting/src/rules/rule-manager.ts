/** All rule groups, their schedules, and what they say now. */
import type { Labels, Storage } from '@vigie/model'
import type { Alert, SampleRows } from '../alert.ts'
import type { Logger } from '../logger.ts'
import type { OwnMetric } from '../own-metric.ts'
import type { RuleGroup } from './rule-group.ts'
import type { AlertStatus, GroupStatus } from './rule-status.ts'

/** Evaluates an instant query. A scalar is one element without labels. Rejects with a readable message. */
export type QueryFn = (expr: string, timeMs: number) => Promise<QueryElement[]>

export interface QueryElement {
  labels: Labels
  v: number
}

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

export class RuleManager {
  constructor(_options: RuleManagerOptions) {}
  /** Replaces the groups that run. What stays the same keeps its state. */
  apply(
    _groups: readonly RuleGroup[],
    _settings?: { evaluationIntervalMs: number; externalLabels: ReadonlyMap<string, string> },
  ): void {
    throw new Error('not yet')
  }
  /** Stops evaluating; resolves once nothing is running. */
  stop(): Promise<void> {
    throw new Error('not yet')
  }
  groups(): GroupStatus[] {
    throw new Error('not yet')
  }
  /** Pending and firing. */
  alerts(): AlertStatus[] {
    throw new Error('not yet')
  }
  metrics(): OwnMetric[] {
    throw new Error('not yet')
  }
}
