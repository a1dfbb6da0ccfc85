/** What the variables of a dashboard can be and are: options by asking the data source, in the order of their dependence. */
import type { VariableDef } from './dashboard.ts'
import { type VariableValue, type Variables, interpolateQuery } from './interpolate.ts'
import { formatInterval, intervalMs, rateIntervalMs } from './interval.ts'

/** The value that stands for All, in addresses and files alike. */
export const ALL = '$__all'

export interface VariableOption {
  text: string
  value: string
}

/** A variable with its options and what is selected of them. */
export interface ResolvedVariable {
  def: VariableDef
  options: VariableOption[]
  /** Values; `[ALL]` for All. */
  selected: string[]
  /** Why there are no options, '' when there are. */
  error: string
}

/** The questions variables ask; the range is the dashboard's. */
export interface VariableSource {
  labelNames(): Promise<string[]>
  /** `selector` '' for all series. */
  labelValues(label: string, selector: string): Promise<string[]>
  /** An instant query: series as `name{labels} value timestamp` texts, as query_result gives them. */
  queryResult(expr: string): Promise<string[]>
  /** Selectors of the series themselves. */
  series(selector: string): Promise<string[]>
}

/** A dropdown with more is no help. */
const OPTIONS_MAX = 5000

/** Those that another needs come first; circles keep the order of the file. */
export function variableOrder(defs: readonly VariableDef[]): VariableDef[] {
  const out: VariableDef[] = []
  const visit = (def: VariableDef, path: ReadonlySet<VariableDef>): void => {
    if (out.includes(def) || path.has(def)) return
    for (const other of defs)
      if (other !== def && mentions(def, other.name)) visit(other, new Set([...path, def]))
    out.push(def)
  }
  for (const def of defs) visit(def, new Set())
  return out
}

const mentions = (def: VariableDef, name: string): boolean =>
  new RegExp(`\\$${name}\\b|\\$\\{${name}[.:}]|\\[\\[${name}[:\\]]`).test(def.query + def.regex)

/**
 * Options and selection of every variable. `chosen` (from the address) wins over the file; what is no
 * longer among the options gives way to the first.
 */
export async function resolveVariables(
  defs: readonly VariableDef[],
  chosen: ReadonlyMap<string, readonly string[]>,
  source: VariableSource,
  builtins: Variables,
): Promise<ResolvedVariable[]> {
  const resolved = new Map<string, ResolvedVariable>()
  const known = new Map(builtins)
  for (const def of variableOrder(defs)) {
    const one = await resolveOne(def, chosen.get(def.name), source, known)
    resolved.set(def.name, one)
    known.set(def.name, variableValue(one))
  }
  return defs.map((def) => resolved.get(def.name)!)
}

async function resolveOne(
  def: VariableDef,
  chosen: readonly string[] | undefined,
  source: VariableSource,
  known: Variables,
): Promise<ResolvedVariable> {
  let options: VariableOption[] = []
  let error = ''
  try {
    options = (await optionsOf(def, source, known)).slice(0, OPTIONS_MAX)
  } catch (cause) {
    error = (cause as Error).message
  }
  return { def, options, selected: selection(def, options, chosen), error }
}

function selection(
  def: VariableDef,
  options: readonly VariableOption[],
  chosen: readonly string[] | undefined,
): string[] {
  if (def.type === 'textbox' || def.type === 'constant')
    return [
      ...(chosen ?? (def.type === 'textbox' && def.current.length > 0 ? def.current : [def.query])),
    ]
  const values = new Set(options.map((one) => one.value))
  const isKnown = (value: string): boolean => values.has(value) || (value === ALL && def.hasAll)
  const normal = (list: readonly string[]): string[] =>
    list.map((value) => (value === 'All' && def.hasAll ? ALL : value)).filter(isKnown)
  for (const wanted of [chosen ?? [], def.current]) {
    const kept = normal(wanted)
    if (kept.length > 0) return def.isMulti ? kept : kept.slice(0, 1)
  }
  if (def.hasAll) return [ALL]
  return options.length > 0 ? [options[0].value] : []
}

async function optionsOf(
  def: VariableDef,
  source: VariableSource,
  known: Variables,
): Promise<VariableOption[]> {
  switch (def.type) {
    case 'query':
      return sorted(
        filtered(
          await ask(interpolateQuery(def.query, known), source),
          interpolateQuery(def.regex, known),
        ),
        def.sort,
      )
    case 'custom':
      return splitCustom(def.query)
    case 'interval':
      return splitCustom(def.query)
    case 'datasource':
      return [{ text: 'Vigie', value: 'vigie' }]
    case 'textbox':
    case 'constant':
    case 'adhoc':
      return []
  }
}

async function ask(query: string, source: VariableSource): Promise<string[]> {
  const text = query.trim()
  if (text === '') return []
  if (/^label_names\(\s*\)$/.test(text)) return source.labelNames()
  const metrics = /^metrics\((.*)\)$/s.exec(text)
  if (metrics !== null) {
    const pattern = new RegExp(metrics[1].trim().replace(/^["']|["']$/g, ''))
    return (await source.labelValues('__name__', '')).filter((name) => pattern.test(name))
  }
  const values = /^label_values\((?:(.*),)?\s*([^,()\s]+)\s*\)$/s.exec(text)
  if (values !== null)
    return source.labelValues(values[2].replace(/^["']|["']$/g, ''), (values[1] ?? '').trim())
  const result = /^query_result\((.*)\)$/s.exec(text)
  return result === null ? source.series(text) : source.queryResult(result[1])
}

/** The regex picks by its group, by its groups named `text` and `value`, or by the whole match. */
function filtered(values: readonly string[], regex: string): VariableOption[] {
  const seen = new Set<string>()
  const expression = toRegex(regex)
  const out: VariableOption[] = []
  for (const value of values) {
    const option = expression === undefined ? { text: value, value } : pick(value, expression)
    if (option === undefined || seen.has(option.value)) continue
    seen.add(option.value)
    out.push(option)
  }
  return out
}

function pick(value: string, expression: RegExp): VariableOption | undefined {
  const match = expression.exec(value)
  if (match === null) return undefined
  const { text, value: named } = match.groups ?? {}
  if (text !== undefined || named !== undefined)
    return { text: text ?? named ?? '', value: named ?? text ?? '' }
  const picked = match[1] ?? match[0]
  return { text: picked, value: picked }
}

/** `/…/flags` or a bare expression; undefined for none. */
export function toRegex(text: string): RegExp | undefined {
  if (text.trim() === '') return undefined
  const match = /^\/(.*)\/([a-z]*)$/s.exec(text.trim())
  try {
    return match === null
      ? new RegExp(`^(?:${text})$`)
      : new RegExp(match[1], match[2].replace('g', ''))
  } catch {
    return undefined
  }
}

/** `a, b, shown : value`, a comma inside a value written `\,`. */
function splitCustom(query: string): VariableOption[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? []).map((part) => {
    const text = part.replace(/\\,/g, ',').trim()
    const pair = /^(.+?)\s:\s(.+)$/s.exec(text)
    return pair === null ? { text, value: text } : { text: pair[1].trim(), value: pair[2].trim() }
  })
}

const COLLATE = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
const firstNumber = (text: string): number => Number(/-?\d+(?:\.\d+)?/.exec(text)?.[0] ?? -1)
const plainOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const ORDERS: readonly ((a: string, b: string) => number)[] = [
  plainOrder,
  (a, b) => firstNumber(a) - firstNumber(b),
  (a, b) => plainOrder(a.toLowerCase(), b.toLowerCase()),
  (a, b) => COLLATE.compare(a, b),
]

function sorted(options: VariableOption[], sort: number): VariableOption[] {
  const order = ORDERS[Math.ceil(sort / 2) - 1]
  if (sort === 0 || order === undefined) return options
  const rising = [...options].sort((a, b) => order(a.text, b.text))
  return sort % 2 === 0 ? rising.reverse() : rising
}

/** What a resolved variable inserts into queries. */
export function variableValue(one: ResolvedVariable): VariableValue {
  const { def, options, selected } = one
  const isAll = selected.includes(ALL)
  const values = isAll ? options.map((option) => option.value) : selected
  const texts = values.map(
    (value) => options.find((option) => option.value === value)?.text ?? value,
  )
  if (!isAll) return { values, texts, isMulti: def.isMulti || def.hasAll, text: texts.join(' + ') }
  const raw = def.allValue === '' ? {} : { raw: def.allValue }
  return { values, texts, ...raw, isMulti: true, text: 'All' }
}

/** `$__interval`, `$__rate_interval`, `$__range` and their kin, and `$interval` set to auto. */
export function builtinVariables(times: {
  fromMs: number
  toMs: number
  stepMs: number
  scrapeMs: number
}): Map<string, VariableValue> {
  const rangeMs = times.toMs - times.fromMs
  const rangeS = Math.max(1, Math.round(rangeMs / 1000))
  const stepS = Math.max(1, Math.round(times.stepMs / 1000))
  const entries: [string, string | number][] = [
    ['__interval', formatInterval(times.stepMs)],
    ['__interval_ms', times.stepMs],
    ['__interval_s', stepS],
    ['__auto', formatInterval(times.stepMs)],
    ['__rate_interval', formatInterval(rateIntervalMs(times.stepMs, times.scrapeMs))],
    ['__rate_interval_ms', rateIntervalMs(times.stepMs, times.scrapeMs)],
    ['__range', `${rangeS}s`],
    ['__range_s', rangeS],
    ['__range_ms', rangeMs],
    ['__from', times.fromMs],
    ['__to', times.toMs],
  ]
  return new Map(
    entries.map(([name, value]) => [name, { values: [String(value)], isMulti: false }]),
  )
}

/** The value of an interval variable set to `auto`: the range in thirty parts. */
export const autoInterval = (fromMs: number, toMs: number, parts = 30): string =>
  formatInterval(intervalMs(toMs - fromMs, parts, 10_000))
