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
