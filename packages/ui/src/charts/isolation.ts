/** Which series of a chart are hidden after a click on a legend. */

/**
 * A click shows one alone, a second click on it shows all again; with `isToggle` it hides or shows
 * just that one. The last visible one cannot be hidden: all come back.
 */
export function pickSeries(
  all: string[],
  hidden: ReadonlySet<string>,
  picked: string,
  isToggle: boolean,
): Set<string> {
  if (isToggle) {
    const next = new Set(hidden)
    if (!next.delete(picked)) next.add(picked)
    return all.every((id) => next.has(id)) ? new Set() : next
  }
  const isAlone = all.every((id) => id === picked || hidden.has(id)) && !hidden.has(picked)
  if (isAlone && all.length > 1) return new Set()
  return new Set(all.filter((id) => id !== picked))
}

/** An id per series: its name, with a number where a name occurs again. */
export function seriesIds(names: string[]): string[] {
  const seen = new Map<string, number>()
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name} (${count})`
  })
}
