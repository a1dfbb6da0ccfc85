/** `templating.list` to variables. */
import type { VariableDef, VariableType } from './dashboard.ts'
import {
  type Json,
  flagOf,
  isObject,
  listOf,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
} from './json.ts'

const TYPES: readonly VariableType[] = [
  'query',
  'custom',
  'interval',
  'datasource',
  'textbox',
  'constant',
  'adhoc',
]

export function readVariables(list: readonly Json[]): VariableDef[] {
  return list.flatMap((one) => {
    const type = TYPES.find((known) => known === one.type)
    const name = textOf(one.name)
    return type === undefined || name === '' ? [] : [readVariable(one, name, type)]
  })
}

function readVariable(one: Json, name: string, type: VariableType): VariableDef {
  const isAuto = type === 'interval' && flagOf(one.auto)
  const auto = { count: numberOf(one.auto_count) ?? 30, min: textOf(one.auto_min, '10s') }
  return {
    name,
    label: textOf(one.label) || name,
    type,
    query: queryOf(one, type),
    regex: textOf(one.regex),
    sort: numberOf(one.sort) ?? 0,
    isMulti: flagOf(one.multi),
    hasAll: flagOf(one.includeAll),
    allValue: textOf(one.allValue),
    hide: numberOf(one.hide) ?? 0,
    current: currentOf(one),
    ...(isAuto ? { auto } : {}),
    isRefreshedByTime: isAuto || numberOf(one.refresh) === 2,
  }
}

/** Text, or an object whose `query` (by `qryType` at times) says the same. */
function queryOf(one: Json, type: VariableType): string {
  const { query } = one
  if (typeof query === 'string') return query
  if (isObject(query)) return classicQuery(query)
  if (type === 'custom' || type === 'interval')
    return objectsOf(one.options)
      .map((option) => textOf(option.value))
      .filter((value) => value !== '$__all')
      .join(',')
  return ''
}

function classicQuery(query: Json): string {
  const text = textOf(query.query)
  if (text !== '') return text
  const [label, metric] = [textOf(query.label), textOf(query.metric)]
  switch (textOf(query.qryType)) {
    case '0':
      return 'label_names()'
    case '1':
      return metric === '' ? `label_values(${label})` : `label_values(${metric}, ${label})`
    case '2':
      return `metrics(${metric || '.*'})`
    case '3':
      return `query_result(${textOf(query.varQuery)})`
    default:
      return textOf(query.varQuery)
  }
}

function currentOf(one: Json): string[] {
  const value = objectOf(one.current).value
  const values = Array.isArray(value) ? listOf(value) : [value]
  return values.map((each) => textOf(each)).filter((each) => each !== '')
}
