/** Rules that are on when nobody wrote any. */
import type { RuleGroup } from './rule-group.ts'

export interface DefaultRulesOptions {
  scrapeIntervalMs: number
  evaluationIntervalMs: number
  /** Names of rules that are switched off. */
  disabled?: readonly string[]
}

export function defaultRules(_options: DefaultRulesOptions): RuleGroup[] {
  throw new Error('not yet')
}

/** What `disabled` may hold. */
export const DEFAULT_RULE_NAMES: readonly string[] = [
  'TargetDown',
  'KeepsRestarting',
  'ManyErrors',
  'SlowResponses',
  'MetricVanished',
]
