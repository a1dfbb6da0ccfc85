/** Runs data checks and turns what they find into series. */
import type { Labels, Storage } from '@vigie/model'
import type { SampleRows } from '../alert.ts'
import type { Logger } from '../logger.ts'
import type { OwnMetric } from '../own-metric.ts'
import type { RuleGroup } from '../rules/rule-group.ts'
import type { QueryFn } from '../rules/query.ts'
import type { CheckConfig, CheckSource, Datasource } from './check-config.ts'

export interface CheckManagerOptions {
  storage: Storage
  query: QueryFn
  now: () => number
  log: Logger
}

/** As `/api/vigie/checks` serves it. */
export interface CheckState {
  name: string
  kind: CheckSource['kind']
  severity: string
  state: 'ok' | 'violated' | 'error' | 'pending'
  value: number | null
  violations: number | null
  expectation: string
  lastRunMs: number | null
  lastOkMs: number | null
  durationMs: number | null
  error: string | null
  sample: SampleRows | null
}

export class CheckManager {
  constructor(_options: CheckManagerOptions) {}
  apply(_datasources: readonly Datasource[], _checks: readonly CheckConfig[]): void {
    throw new Error('not yet')
  }
  /** Resolves once nothing is running and connections are closed. */
  stop(): Promise<void> {
    throw new Error('not yet')
  }
  states(): CheckState[] {
    throw new Error('not yet')
  }
  /** InvariantViolated and InvariantNotChecked, to run in a RuleManager whose `sampleOf` is ours. */
  rules(): RuleGroup[] {
    throw new Error('not yet')
  }
  /** Rows behind an InvariantViolated alert, found by its label `name`. */
  sampleOf(_labels: Labels): SampleRows | null {
    throw new Error('not yet')
  }
  metrics(): OwnMetric[] {
    throw new Error('not yet')
  }
}
