/** What is chosen of a variable's values. */
import { ALL } from '@vigie/dashboards'

/** Values named in a chip before it counts. */
const NAMED_MAX = 2

export function describeChoice(
  options: { text: string; value: string }[],
  selected: string[],
): string {
  if (selected.includes(ALL)) return options.length > 0 ? `All (${options.length})` : 'All'
  if (selected.length === 0) return 'none'
  const names = selected.map((value) => options.find((one) => one.value === value)?.text ?? value)
  if (names.length <= NAMED_MAX) return names.join(', ')
  return `${names[0]} + ${names.length - 1}`
}

/** All stands alone, and nothing chosen means that the last one stays. */
export function toggleChoice(selected: string[], value: string): string[] {
  if (value === ALL) return [ALL]
  const others = selected.filter((one) => one !== ALL)
  if (!others.includes(value)) return [...others, value]
  const left = others.filter((one) => one !== value)
  return left.length > 0 ? left : selected
}
