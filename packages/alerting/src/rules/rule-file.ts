/** Rule files. */
import type { RuleFileError, RuleGroup } from './rule-group.ts'

/** Groups of a rule file, or everything that is wrong with it; with errors there are no groups. */
export function parseRuleFile(
  _text: string,
  _fileName: string,
): { groups: RuleGroup[]; errors: RuleFileError[] } {
  throw new Error('not yet')
}
