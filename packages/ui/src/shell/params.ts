/** The query part of an address, changed by name. */

export type ParamChange = Record<string, string | string[] | null>

/** `search` with the named parameters replaced; null or [] removes. Keeps the order of the others. */
export function withParams(search: string, change: ParamChange): string {
  const params = new URLSearchParams(search)
  for (const [name, value] of Object.entries(change)) {
    params.delete(name)
    if (value === null) continue
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, one)
  }
  return params.toString()
}
