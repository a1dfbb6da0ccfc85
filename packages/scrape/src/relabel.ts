/**
 * Relabelling: rules that rewrite or refuse a set of labels, Prometheus's `relabel_config`.
 * Expressions are RE2, anchored on both sides, `.` matches newlines; replacements expand `$1`, `${1}`
 * and `${name}` as Go's regexp does.
 */
import { createHash } from 'node:crypto'
import {
  Labels,
  compileRegex,
  expandReplacement,
  isLegacyLabelName,
  lowerCase,
  quote,
  upperCase,
} from '@vigie/model'

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const
export type RelabelAction = (typeof RELABEL_ACTIONS)[number]

/** One rule. What is left out has Prometheus's default: `;`, `(.*)`, `$1`, `replace`. */
export interface RelabelConfig {
  sourceLabels?: readonly string[] | undefined
  separator?: string | undefined
  regex?: string | undefined
  modulus?: number | undefined
  targetLabel?: string | undefined
  replacement?: string | undefined
  action?: RelabelAction | undefined
}

/** Rewrites a label set; undefined when a rule drops it. */
export type Relabeler = (labels: Labels) => Labels | undefined

/** Labels under change. What a rule wrote comes after what was there, in the order of writing. */
class LabelBuilder {
  readonly #byName: Map<string, string>
  readonly #written = new Set<string>()

  constructor(labels: Labels) {
    this.#byName = new Map(labels)
  }

  /** A copy, so that rules may write while they read. */
  entries(): [name: string, value: string][] {
    return Array.from(this.#byName)
  }

  get(name: string): string {
    return this.#byName.get(name) ?? ''
  }

  /** A value of '' deletes. */
  set(name: string, value: string): void {
    if (!this.#written.has(name) || value === '') this.#byName.delete(name)
    if (value === '') this.#written.delete(name)
    else {
      this.#written.add(name)
      this.#byName.set(name, value)
    }
  }

  finish(): Labels {
    return Labels.fromMap(this.#byName)
  }
}

type Rule = (labels: LabelBuilder) => boolean

/** Compiles rules once. Throws RegexError. No rules: undefined, so that callers can skip the call. */
export function compileRelabel(configs: readonly RelabelConfig[]): Relabeler | undefined {
  if (configs.length === 0) return undefined
  const rules = configs.map(compileRule)
  return (labels) => {
    const builder = new LabelBuilder(labels)
    for (const rule of rules) if (!rule(builder)) return undefined
    return builder.finish()
  }
}

function compileRule(config: RelabelConfig): Rule {
  const action = config.action ?? 'replace'
  return ACTIONS[action]({
    sourceLabels: config.sourceLabels ?? [],
    separator: config.separator ?? ';',
    match: anchored(config.regex ?? '(.*)'),
    modulus: config.modulus ?? 0,
    targetLabel: config.targetLabel ?? '',
    replacement: config.replacement ?? '$1',
  })
}

interface Compiled {
  sourceLabels: readonly string[]
  separator: string
  match: (value: string) => Groups | undefined
  modulus: number
  targetLabel: string
  replacement: string
}

const ACTIONS: Readonly<Record<RelabelAction, (rule: Compiled) => Rule>> = {
  replace: replaceRule,
  keep: (rule) => (labels) => rule.match(joined(rule, labels)) !== undefined,
  drop: (rule) => (labels) => rule.match(joined(rule, labels)) === undefined,
  keepequal: (rule) => (labels) => joined(rule, labels) === labels.get(rule.targetLabel),
  dropequal: (rule) => (labels) => joined(rule, labels) !== labels.get(rule.targetLabel),
  hashmod: (rule) => (labels) =>
    assign(labels, rule.targetLabel, hashModulo(joined(rule, labels), rule.modulus)),
  labelmap: labelMapRule,
  labeldrop: (rule) => filterNames((name) => rule.match(name) === undefined),
  labelkeep: (rule) => filterNames((name) => rule.match(name) !== undefined),
  lowercase: (rule) => (labels) =>
    assign(labels, rule.targetLabel, lowerCase(joined(rule, labels))),
  uppercase: (rule) => (labels) =>
    assign(labels, rule.targetLabel, upperCase(joined(rule, labels))),
}

function joined(rule: Compiled, labels: LabelBuilder): string {
  return rule.sourceLabels.map((name) => labels.get(name)).join(rule.separator)
}

function assign(labels: LabelBuilder, name: string, value: string): true {
  labels.set(name, value)
  return true
}

function replaceRule(rule: Compiled): Rule {
  return (labels) => {
    const groups = rule.match(joined(rule, labels))
    if (groups === undefined) return true
    const target = expandReplacement(rule.targetLabel, groups)
    // A name that expands to nothing usable leaves the labels as they are.
    if (target === '') return true
    return assign(labels, target, expandReplacement(rule.replacement, groups))
  }
}

function labelMapRule(rule: Compiled): Rule {
  return (labels) => {
    for (const [name, value] of labels.entries()) {
      const groups = rule.match(name)
      if (groups !== undefined) labels.set(expandReplacement(rule.replacement, groups), value)
    }
    return true
  }
}

function filterNames(isKept: (name: string) => boolean): Rule {
  return (labels) => {
    for (const [name] of labels.entries()) if (!isKept(name)) labels.set(name, '')
    return true
  }
}

/** MD5, its last eight bytes as a big-endian number, modulo `modulus`. */
function hashModulo(text: string, modulus: number): string {
  const digest = createHash('md5').update(text).digest()
  return String(digest.readBigUInt64BE(8) % BigInt(modulus))
}

/** The text of a capture group by number or name; '' when it took no part or does not exist. */
type Groups = (group: number | string) => string

/** Matches whole values. Plain expressions, which are most, need no machine. */
function anchored(expression: string): (value: string) => Groups | undefined {
  if (expression === '(.*)') {
    return (value) => (group) => (group === 0 || group === 1 ? value : '')
  }
  if (/^[\w:/-]+$/.test(expression)) {
    return (value) => (value === expression ? (group) => (group === 0 ? value : '') : undefined)
  }
  const pattern = compileRegex(`^(?s:${expression})$`)
  const names = pattern.namedGroups()
  return (value) => {
    const matcher = pattern.matcher(value)
    if (!matcher.find()) return undefined
    return (group) => {
      const index = typeof group === 'number' ? group : names[group]
      if (index === undefined || index > matcher.groupCount()) return ''
      return matcher.group(index) ?? ''
    }
  }
}

export type NameScheme = 'utf8' | 'legacy'

/** What is wrong with a rule in Prometheus's words, undefined when nothing is. */
export function relabelProblem(
  config: Omit<RelabelConfig, 'action'> & { action?: string | undefined },
  scheme: NameScheme = 'utf8',
): string | undefined {
  const action = config.action ?? 'replace'
  const target = config.targetLabel ?? ''
  const replacement = config.replacement ?? '$1'
  if (action === '') return 'relabel action cannot be empty'
  if (!(RELABEL_ACTIONS as readonly string[]).includes(action))
    return `unknown relabel action ${quote(action)}`
  if (action === 'hashmod' && !config.modulus)
    return 'relabel configuration for hashmod requires non-zero modulus'
  if (NEEDS_TARGET.has(action) && target === '')
    return `relabel configuration for ${action} action requires 'target_label' value`
  if (action === 'replace' && !target.includes('$') && !isLabelName(target, scheme))
    return `${quote(target)} is invalid 'target_label' for ${action} action`
  if (
    action === 'replace' &&
    target.includes('$') &&
    scheme === 'legacy' &&
    !isLegacyTargetLabel(target)
  )
    return `${quote(target)} is invalid 'target_label' for ${action} action`
  if (PLAIN_TARGET.has(action) && !isLabelName(target, scheme))
    return `${quote(target)} is invalid 'target_label' for ${action} action`
  if (PLAIN_TARGET.has(action) && action !== 'hashmod' && replacement !== '$1')
    return `'replacement' can not be set for ${action} action`
  const isReplacement = scheme === 'legacy' ? isLegacyTargetLabel : isUtf8LabelName
  if (action === 'labelmap' && !isReplacement(replacement))
    return `${quote(replacement)} is invalid 'replacement' for ${action} action`
  return unusedProblem(config, action)
}

const NEEDS_TARGET: ReadonlySet<string> = new Set([
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
])
const PLAIN_TARGET: ReadonlySet<string> = new Set([
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
])

function isLabelName(name: string, scheme: NameScheme): boolean {
  return scheme === 'legacy' ? isLegacyLabelName(name) : isUtf8LabelName(name)
}

const isUtf8LabelName = (name: string): boolean => name !== '' && !/\p{Cs}/u.test(name)

/** Actions that use few keys refuse the others, so that a slip is not silently without effect. */
function unusedProblem(config: Omit<RelabelConfig, 'action'>, action: string): string | undefined {
  const isSet = (value: unknown, standard: unknown): boolean =>
    value !== undefined && value !== standard
  const hasOther =
    isSet(config.separator, ';') || isSet(config.modulus, 0) || isSet(config.replacement, '$1')
  if (action === 'labeldrop' || action === 'labelkeep') {
    const hasSources = (config.sourceLabels?.length ?? 0) > 0
    if (hasSources || (config.targetLabel ?? '') !== '' || hasOther)
      return `${action} action requires only 'regex', and no other fields`
  }
  if (action === 'keepequal' || action === 'dropequal') {
    if (isSet(config.regex, '(.*)') || hasOther)
      return `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`
  }
  return undefined
}

/** A label name of the classic set in which `$1` and `${name}` may stand for parts. */
export function isLegacyTargetLabel(text: string): boolean {
  return /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/.test(text)
}
