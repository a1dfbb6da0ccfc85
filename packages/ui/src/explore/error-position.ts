/** Where a query is wrong: Prometheus says `1:12: parse error: …` (or `2:1`), columns in bytes. */

export interface PositionedError {
  message: string
  /** The line of the query that is wrong, and a line with a caret under the place. */
  excerpt: { line: string; caret: string } | undefined
}

export function positionedError(query: string, message: string): PositionedError {
  const match = /(?:^|: )(?:invalid parameter "query": )?(\d+):(\d+): (parse error: .*)$/s.exec(
    message,
  )
  if (!match) return { message, excerpt: undefined }
  const line = query.split('\n')[Number(match[1]) - 1]
  if (line === undefined) return { message, excerpt: undefined }
  return {
    message,
    excerpt: { line, caret: ' '.repeat(charactersBefore(line, Number(match[2]) - 1)) + '^' },
  }
}

/** Characters that the first `bytes` bytes of the line's UTF-8 make up. */
function charactersBefore(line: string, bytes: number): number {
  let left = bytes
  let count = 0
  for (const char of line) {
    if (left <= 0) break
    left -= new TextEncoder().encode(char).length
    count++
  }
  return count + Math.max(0, left)
}
