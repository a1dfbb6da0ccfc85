/**
 * Positions of compiled code back in the file as written. Two maps may follow each other: the
 * compiler's own edits, then (for TypeScript) the stripping of types.
 */

/** Per generated line, segments [generated column, original line, original column], all 0-based, ascending. */
export type LineMap = readonly (readonly [column: number, line: number, sourceColumn: number])[][]

const DIGITS = new Map(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    .split('')
    .map((c, i) => [c, i]),
)

/** Decodes the `mappings` of a source map with one source (base64 VLQ, source map revision 3). */
export function decodeMappings(mappings: string): LineMap {
  const state = [0, 0, 0, 0]
  return mappings.split(';').map((line) => {
    state[0] = 0
    return line
      .split(',')
      .filter((segment) => segment !== '')
      .flatMap((segment) => {
        decodeSegment(segment).forEach((delta, i) => (state[i] = (state[i] ?? 0) + delta))
        return segment.length > 1 ? [[state[0]!, state[2]!, state[3]!] as const] : []
      })
  })
}

/** The numbers of one segment. */
export function decodeSegment(segment: string): number[] {
  const numbers: number[] = []
  let value = 0
  let shift = 0
  for (const letter of segment) {
    const digit = DIGITS.get(letter) ?? 0
    value |= (digit & 31) << shift
    shift += 5
    if ((digit & 32) !== 0) continue
    numbers.push(value & 1 ? -(value >> 1) : value >> 1)
    value = 0
    shift = 0
  }
  return numbers
}

/** Where 0-based `line`, `column` came from; itself when the map does not know. */
export function originalPosition(
  map: LineMap,
  line: number,
  column: number,
): [line: number, column: number] {
  const segments = map[line]
  if (segments === undefined || segments.length === 0) return [line, column]
  const [, sourceLine, sourceColumn] = segments[lastAtOrBefore(segments, column)]!
  return [sourceLine, sourceColumn]
}

/**
 * Index of the last segment that starts at `column` or before. What stands before the first is
 * indentation: it belongs to what follows it.
 */
export function lastAtOrBefore(
  segments: readonly (readonly [column: number, ...rest: number[]])[],
  column: number,
): number {
  let low = 0
  let high = segments.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (segments[middle]![0] <= column) low = middle
    else high = middle - 1
  }
  return low
}

/** 0-based line and column of `offset` in `text`. */
export function lineAndColumn(text: string, offset: number): [line: number, column: number] {
  let line = 0
  let start = 0
  for (
    let next = text.indexOf('\n');
    next >= 0 && next < offset;
    next = text.indexOf('\n', next + 1)
  ) {
    line++
    start = next + 1
  }
  return [line, offset - start]
}
