/** The commonest of the intervals; of two equally common ones the longer. Undefined for none. */
export function commonInterval(intervals: number[]): number | undefined {
  const counts = new Map<number, number>()
  for (const one of intervals) counts.set(one, (counts.get(one) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0]
}
