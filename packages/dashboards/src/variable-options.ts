/** From what a variable's query gives to the options of its dropdown: picked, without doubles, sorted. */
import { isGlobal, toRegex } from './pattern.ts'

export interface VariableOption {
  text: string
  value: string
}

/**
 * A regex without groups keeps the values it finds; with a group it picks that part, with groups named
 * `text` and `value` both. With the flag `g` every find is an option.
 */
export function pickOptions(values: readonly string[], regex: string): VariableOption[] {
  const expression = toRegex(regex)
  const isAll = isGlobal(regex)
  const seen = new Set<string>()
  return values
    .flatMap((value) =>
      expression === undefined ? [plainOption(value)] : pick(value, expression, isAll),
    )
    .filter((option) => !seen.has(option.value) && seen.add(option.value))
}

const plainOption = (value: string): VariableOption => ({ text: value, value })

function pick(value: string, expression: RegExp, isAll: boolean): VariableOption[] {
  const first = expression.exec(value)
  if (first === null) return []
  const { text, value: named } = first.groups ?? {}
  if (text !== undefined || named !== undefined)
    return [{ text: text ?? named ?? '', value: named ?? text ?? '' }]
  if (first.length === 1) return [plainOption(value)]
  const finds = isAll
    ? [...value.matchAll(new RegExp(expression, expression.flags + 'g'))]
    : [first]
  return finds.map((find) => plainOption(find[1] ?? ''))
}

const COLLATE = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
const firstNumber = (text: string): number => Number(/\d+/.exec(text)?.[0] ?? -1)
const plainOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const ORDERS: readonly ((a: string, b: string) => number)[] = [
  plainOrder,
  (a, b) => firstNumber(a) - firstNumber(b),
  (a, b) => plainOrder(a.toLowerCase(), b.toLowerCase()),
  (a, b) => COLLATE.compare(a, b),
]

/** By `VariableDef.sort`. */
export function sortOptions(options: VariableOption[], sort: number): VariableOption[] {
  const order = ORDERS[Math.ceil(sort / 2) - 1]
  if (sort === 0 || order === undefined) return options
  const rising = [...options].sort((a, b) => order(a.text, b.text))
  return sort % 2 === 0 ? rising.reverse() : rising
}

/** `a, b, shown : value`, a comma inside a value written `\,`. */
export function splitCustom(query: string): VariableOption[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? [])
    .map((part) => part.replace(/\\,/g, ',').trim())
    .filter((text) => text !== '')
    .map((text) => {
      const pair = /^(.+?)\s:\s(.+)$/s.exec(text)
      return pair === null ? plainOption(text) : { text: pair[1].trim(), value: pair[2].trim() }
    })
}
