/** `/rules` with its filters and pages, `/alerts`. */
import { createHash } from 'node:crypto'
import type { RuleManager } from '@vigie/alerting'
import { Labels, compareNames, matchesAll, quote } from '@vigie/model'
import { printExpr } from '@vigie/promql'
import type { Vigie } from '../vigie.ts'
import { type Answer, type Call, json } from './answer.ts'
import { badParameter } from './api-error.ts'
import { FALSE, TRUE } from './booleans.ts'
import { goInteger, matchersParam } from './params.ts'

type Group = ReturnType<RuleManager['groups']>[number]
type Rule = Group['rules'][number]

export const alerts = ({ vigie }: Call): Answer => json({ alerts: vigie.rules.alerts() })

export function rules({ params, vigie }: Call): Answer {
  const isWanted = ruleFilter(params)
  const page = pageOf(params)
  const groupNames = new Set(params.getAll('rule_group[]'))
  const files = new Set(params.getAll('file[]'))
  const sorted = [...vigie.rules.groups()].sort(byFileAndName)
  const first = page.token === '' ? 0 : sorted.findIndex((one) => tokenOf(one) === page.token)
  if (first < 0)
    throw badParameter(
      'group_next_token',
      `invalid group_next_token '${page.token}'. were rule groups changed?`,
    )
  const groups = sorted
    .slice(first)
    .filter((one) => groupNames.size === 0 || groupNames.has(one.name))
    .filter((one) => files.size === 0 || files.has(one.file))
    .map((one) => ({ ...one, rules: one.rules.filter(isWanted) }))
    .filter((one) => one.rules.length > 0)
  const shown = groups.slice(0, page.size).map((one) => asPrometheus(one, vigie))
  return json({
    groups: hidesAlerts(params) ? shown.map(withoutAlerts) : shown,
    ...(groups.length > page.size ? { groupNextToken: tokenOf(groups[page.size]) } : {}),
  })
}

/** Expressions printed from what they mean, labels by name. */
const asPrometheus = (group: Group, { engine }: Vigie): Group => ({
  ...group,
  rules: group.rules.map((rule) => ({
    ...rule,
    query: printExpr(engine.parse(rule.query)),
    labels: Object.fromEntries(Object.entries(rule.labels).sort(([a], [b]) => compareNames(a, b))),
  })),
})

function byFileAndName(a: Group, b: Group): number {
  const [one, other] = a.file === b.file ? [a.name, b.name] : [a.file, b.file]
  return one < other ? -1 : one > other ? 1 : 0
}

/** Where the next page begins: a group, named so that nothing of it can be read. */
const tokenOf = (group: Group): string =>
  createHash('sha1').update(`${group.file};${group.name}`).digest('hex')

const withoutAlerts = (group: Group): object => ({
  ...group,
  rules: group.rules.map((rule) => (rule.type === 'alerting' ? { ...rule, alerts: null } : rule)),
})

function ruleFilter(params: URLSearchParams): (rule: Rule) => boolean {
  const selectors = matchersParam(params)
  const type = (params.get('type') ?? '').toLowerCase()
  if (!['', 'alert', 'record'].includes(type))
    throw badParameter('type', `not supported value ${quote(type)}`)
  const wanted = { alert: 'alerting', record: 'recording' }[type]
  const names = new Set(params.getAll('rule_name[]'))
  return (rule) =>
    (wanted === undefined || rule.type === wanted) &&
    (names.size === 0 || names.has(rule.name)) &&
    (selectors.length === 0 ||
      selectors.some((one) => matchesAll(one, Labels.fromObject(rule.labels))))
}

function hidesAlerts(params: URLSearchParams): boolean {
  const text = (params.get('exclude_alerts') ?? '').toLowerCase()
  if (text === '' || FALSE.includes(text)) return false
  if (TRUE.includes(text)) return true
  throw badParameter(
    'exclude_alerts',
    `error converting exclude_alerts: strconv.ParseBool: parsing ${quote(text)}: invalid syntax`,
  )
}

function pageOf(params: URLSearchParams): { size: number; token: string } {
  const token = params.get('group_next_token') ?? ''
  const text = params.get('group_limit') ?? ''
  if (text === '') {
    if (token === '') return { size: Infinity, token }
    throw badParameter(
      'group_next_token',
      'group_limit needs to be present in order to paginate over the groups',
    )
  }
  const size = goInteger(text, 'ParseInt')
  if (typeof size === 'string')
    throw badParameter('group_limit', `group_limit needs to be a valid number: ${size}`)
  if (size < 1) throw badParameter('group_limit', 'group_limit needs to be greater than 0')
  return { size, token }
}
