/**
 * Rule files: YAML to checked groups. Everything that is wrong is found in one pass and told with its
 * line. Every scalar is read as the text that it was written as, so `severity: 1` is the text "1".
 * The format, and the messages where it has one: Prometheus's rulefmt.
 */
import { parseDuration, quote } from '@vigie/model'
import { type ParseOptions, parseExpr } from '@vigie/promql'
import { parseAlertTemplate } from '../template/rule-template.ts'
import type { KeyPath } from '../problem-report.ts'
import type { RuleDefinition, RuleFileError, RuleGroup } from './rule-group.ts'
import { YamlText } from './yaml-text.ts'

const TOP_KEYS = ['groups']
const GROUP_KEYS = ['name', 'interval', 'limit', 'query_offset', 'labels', 'rules']
const RULE_KEYS = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']

/**
 * Groups of a rule file, or everything that is wrong with it; with errors there are no groups.
 * `language` says which experimental features of PromQL expressions may use.
 */
export function parseRuleFile(
  text: string,
  fileName: string,
  language: ParseOptions = {},
): { groups: RuleGroup[]; errors: RuleFileError[] } {
  const reader = new Reader(text, fileName, language)
  const groups = reader.read()
  const errors = reader.errors.sort((a, b) => a.line - b.line)
  return { groups: errors.length > 0 ? [] : groups, errors }
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

class Reader {
  readonly errors: RuleFileError[] = []
  readonly #file: string
  readonly #yaml: YamlText
  readonly #language: ParseOptions

  constructor(text: string, file: string, language: ParseOptions) {
    this.#file = file
    this.#language = language
    this.#yaml = new YamlText(text)
    for (const { line, message } of this.#yaml.errors) this.errors.push({ line, key: '', message })
  }

  read(): RuleGroup[] {
    const { value } = this.#yaml
    if (this.errors.length > 0 || value === '' || value === null || value === undefined) return []
    if (!isFields(value)) {
      this.#report([], 'a rule file is a map with the key groups')
      return []
    }
    this.#checkKeys(value, TOP_KEYS, [])
    return this.#groups(value.groups)
  }

  #groups(value: unknown): RuleGroup[] {
    const groups: RuleGroup[] = []
    const names = new Set<string>()
    this.#list(value, ['groups']).forEach((one, i) => {
      const path = ['groups', i]
      if (!isFields(one)) return this.#report(path, `a group is a map; got ${describe(one)}`)
      const name = textOf(one.name)
      if (name === '') this.#report(path, 'Groupname must not be empty')
      else if (names.has(name))
        this.#report([...path, 'name'], `groupname: ${quote(name)} is repeated in the same file`)
      names.add(name)
      groups.push(this.#group(name, one, path))
    })
    return groups
  }

  #group(name: string, group: Fields, path: KeyPath): RuleGroup {
    this.#checkKeys(group, GROUP_KEYS, path)
    const labels = this.#texts(group.labels, [...path, 'labels'])
    for (const label of labels.keys())
      if (!isLabelName(label))
        this.#report([...path, 'labels', label], `invalid label name: ${label}`)
    const limit = textOf(group.limit)
    if (!/^-?\d*$/.test(limit))
      this.#report([...path, 'limit'], `got ${quote(limit)}, want a number`)
    const rules: RuleDefinition[] = []
    this.#list(group.rules, [...path, 'rules']).forEach((rule, i) => {
      const at = [...path, 'rules', i]
      if (!isFields(rule)) return this.#report(at, `a rule is a map; got ${describe(rule)}`)
      rules.push(this.#rule(rule, at, name, i + 1, labels))
    })
    return {
      name,
      file: this.#file,
      intervalMs: this.#duration(group.interval, [...path, 'interval']) || undefined,
      limit: Math.max(0, Number(limit)),
      queryOffsetMs: this.#duration(group.query_offset, [...path, 'query_offset']),
      rules,
    }
  }

  #rule(
    rule: Fields,
    path: KeyPath,
    group: string,
    number: number,
    groupLabels: ReadonlyMap<string, string>,
  ): RuleDefinition {
    const name = textOf(rule.record) || textOf(rule.alert)
    const report = (key: string | undefined, message: string): void =>
      this.#report(
        key === undefined ? path : [...path, key],
        `group ${quote(group)}, rule ${number}, ${quote(name)}: ${message}`,
      )
    this.#checkKeys(rule, RULE_KEYS, path)
    const labels = this.#texts(rule.labels, [...path, 'labels'])
    const annotations = this.#texts(rule.annotations, [...path, 'annotations'])
    const isRecording = textOf(rule.record) !== ''
    if (isRecording && textOf(rule.alert) !== '')
      report('alert', "only one of 'record' and 'alert' must be set")
    if (name === '') report(undefined, "one of 'record' or 'alert' must be set")
    const expr = textOf(rule.expr)
    if (expr === '') report(undefined, "field 'expr' must be set in rule")
    else this.#checkExpr(expr, report)
    for (const label of labels.keys())
      if (!isLabelName(label)) report('labels', `invalid label name: ${label}`)
    for (const annotation of annotations.keys())
      if (annotation === '') report('annotations', `invalid annotation name: ${annotation}`)
    const merged = new Map([...groupLabels, ...labels])
    if (isRecording) {
      this.#checkRecording(rule, report)
      return { type: 'recording', name, expr, labels: merged }
    }
    this.#checkTemplates(name, labels, 'label', report)
    this.#checkTemplates(name, annotations, 'annotation', report)
    return {
      type: 'alerting',
      name,
      expr,
      forMs: this.#duration(rule.for, [...path, 'for']) ?? 0,
      keepFiringForMs: this.#duration(rule.keep_firing_for, [...path, 'keep_firing_for']) ?? 0,
      labels: merged,
      annotations,
    }
  }

  #checkRecording(rule: Fields, report: (key: string | undefined, message: string) => void): void {
    const name = textOf(rule.record)
    for (const key of ['annotations', 'for', 'keep_firing_for'])
      if (rule[key] !== undefined) report(key, `invalid field '${key}' in recording rule`)
    if (/[{}]/.test(name))
      report('record', `braces present in the recording rule name; should it be in expr?: ${name}`)
  }

  #checkExpr(expr: string, report: (key: string, message: string) => void): void {
    try {
      parseExpr(expr, this.#language)
    } catch (error) {
      report('expr', `could not parse expression: ${(error as Error).message}`)
    }
  }

  #checkTemplates(
    name: string,
    texts: ReadonlyMap<string, string>,
    what: string,
    report: (key: string, message: string) => void,
  ): void {
    for (const [key, text] of texts) {
      try {
        parseAlertTemplate(name, text)
      } catch (error) {
        report(`${what}s`, `${what} ${quote(key)}: ${(error as Error).message}`)
      }
    }
  }

  #texts(value: unknown, path: KeyPath): Map<string, string> {
    const texts = new Map<string, string>()
    if (value === undefined || value === '' || value === null) return texts
    if (!isFields(value)) {
      this.#report(path, `got ${describe(value)}, want a map of texts`)
      return texts
    }
    for (const [key, one] of Object.entries(value)) {
      if (typeof one === 'string') texts.set(key, one)
      else this.#report([...path, key], `got ${describe(one)}, want text`)
    }
    return texts
  }

  #list(value: unknown, path: KeyPath): readonly unknown[] {
    if (value === undefined || value === '' || value === null) return []
    if (Array.isArray(value)) return value
    this.#report(path, `got ${describe(value)}, want a list`)
    return []
  }

  #duration(value: unknown, path: KeyPath): number | undefined {
    if (value === undefined || value === '' || value === null) return undefined
    const ms = parseDuration(textOf(value))
    if (ms === undefined)
      this.#report(
        path,
        `not a valid duration string: ${typeof value === 'string' ? quote(value) : describe(value)}`,
      )
    return ms
  }

  #checkKeys(fields: Fields, known: readonly string[], path: KeyPath): void {
    for (const key of Object.keys(fields))
      if (!known.includes(key))
        this.#report([...path, key], `unknown key; want one of ${known.join(', ')}`)
  }

  #report(path: KeyPath, message: string): void {
    this.errors.push({ line: this.#yaml.lineOf(path), key: path.join('.'), message })
  }
}

const isLabelName = (name: string): boolean => name !== '' && name !== '__name__'

const describe = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : isFields(value) ? 'a map' : JSON.stringify(value)
