/** What the variables of a dashboard can be and are: options by asking the data source, in the order of their dependence. */
import type { VariableDef } from './dashboard.ts'
import {
  type VariableValue,
  type Variables,
  interpolateQuery,
  interpolateText,
} from './interpolate.ts'
import { formatInterval, intervalMs, parseInterval, rateIntervalMs } from './interval.ts'
import { type VariableOption, pickOptions, sortOptions, splitCustom } from './variable-options.ts'
import { type VariableSource, askVariable } from './variable-query.ts'

/** The value that stands for All, in addresses and files alike. */
export const ALL = '$__all'

/** A variable with its options and what is selected of them. */
export interface ResolvedVariable {
  def: VariableDef
  options: VariableOption[]
  /** Values; `[ALL]` for All. */
  selected: string[]
  /** What `auto` of an interval variable stands for in this range. */
  autoValue?: string
  /** Why there are no options, '' when there are. */
  error: string
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
  const auto = def.auto === undefined ? {} : { autoValue: autoInterval(def.auto, known) }
  return { def, options, selected: selection(def, options, chosen), ...auto, error }
}

/** As files and addresses name the choice `auto`. */
const autoName = (def: VariableDef): string => `$__auto_interval_${def.name}`

/** The range in so many parts, and not below the least. */
function autoInterval(auto: NonNullable<VariableDef['auto']>, known: Variables): string {
  const rangeMs = Number(known.get('__range_ms')?.values[0] ?? 0)
  return formatInterval(intervalMs(rangeMs, auto.count, parseInterval(auto.min) ?? 1))
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
    list.map((value) => alias(def, value)).filter(isKnown)
  for (const wanted of [chosen ?? [], def.current]) {
    const kept = normal(wanted)
    if (kept.length > 0) return def.isMulti ? kept : kept.slice(0, 1)
  }
  if (def.hasAll) return [ALL]
  return options.length > 0 ? [options[0].value] : []
}

/** Other spellings of All and auto. */
function alias(def: VariableDef, value: string): string {
  if (value === 'All' && def.hasAll) return ALL
  return value === 'auto' && def.auto !== undefined ? autoName(def) : value
}

async function optionsOf(
  def: VariableDef,
  source: VariableSource,
  known: Variables,
): Promise<VariableOption[]> {
  switch (def.type) {
    case 'query': {
      const values = await askVariable(interpolateQuery(def.query, known), source)
      return sortOptions(pickOptions(values, interpolateText(def.regex, known)), def.sort)
    }
    case 'custom':
      return splitCustom(def.query)
    case 'interval':
      return [
        ...(def.auto === undefined ? [] : [{ text: 'auto', value: autoName(def) }]),
        ...splitCustom(def.query),
      ]
    case 'datasource':
      return [{ text: 'Vigie', value: 'vigie' }]
    case 'textbox':
    case 'constant':
    case 'adhoc':
      return []
  }
}

/** What a resolved variable inserts into queries. */
export function variableValue(one: ResolvedVariable): VariableValue {
  const { def, options, selected, autoValue } = one
  if (autoValue !== undefined && selected[0] === autoName(def))
    return { values: [autoValue], isMulti: false, text: 'auto' }
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
