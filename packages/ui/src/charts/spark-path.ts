/** The two SVG paths of a sparkline in a box of 100 × 100, y downwards. */

/** Room above and below the line, so that a stroke at the edge is not cut. */
const MARGIN = 4

/** Undefined when there are fewer than two numbers. A gap ends one piece and starts another. */
export function sparkPaths(
  values: (number | null)[],
  min?: number,
  max?: number,
): { line: string; area: string } | undefined {
  const known = values.filter((v): v is number => v !== null && Number.isFinite(v))
  if (known.length < 2) return undefined
  const low = min ?? Math.min(...known)
  const high = max ?? Math.max(...known)
  const scale = high > low ? (100 - 2 * MARGIN) / (high - low) : 0
  const x = (i: number): string => ((i * 100) / (values.length - 1)).toFixed(2)
  const y = (v: number): string => (scale === 0 ? 50 : 100 - MARGIN - (v - low) * scale).toFixed(2)

  let line = ''
  let area = ''
  let from = -1
  const close = (end: number): void => {
    if (from >= 0) area += `L${x(end)} 100L${x(from)} 100Z`
    from = -1
  }
  for (const [i, value] of values.entries()) {
    if (value === null || !Number.isFinite(value)) {
      close(i - 1)
      continue
    }
    const point = `${from < 0 ? 'M' : 'L'}${x(i)} ${y(value)}`
    line += point
    area += point
    if (from < 0) from = i
  }
  close(values.length - 1)
  return { line, area }
}
