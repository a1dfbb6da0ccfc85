/** Stacking: each series drawn on top of the ones before it in its group; gaps count as nothing. */

/** `values` with the running sums of their group; rows whose group is undefined are left as they are. */
export function stack(
  values: (number | null)[][],
  groups: (string | undefined)[],
): { values: (number | null)[][]; below: (number | undefined)[] } {
  const sums = new Map<string, number[]>()
  const last = new Map<string, number>()
  const below: (number | undefined)[] = []
  const stacked = values.map((row, i) => {
    const group = groups[i]
    if (group === undefined) {
      below.push(undefined)
      return row
    }
    const sum = sums.get(group) ?? row.map(() => 0)
    below.push(last.get(group))
    last.set(group, i)
    sums.set(group, sum)
    return row.map((value, t) => {
      if (value === null) return null
      sum[t]! += value
      return sum[t]!
    })
  })
  return { values: stacked, below }
}
