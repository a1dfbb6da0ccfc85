/** Errors of the parser, with positions as Prometheus prints them. */

/** One thing that is wrong. `start` and `end` are UTF-16 offsets into the query. */
export interface ParseProblem {
  message: string
  start: number
  end: number
}

/** A query that is not valid PromQL. `message` is Prometheus's text for the first problem. */
export class ParseError extends Error {
  readonly query: string
  readonly problems: readonly ParseProblem[]

  constructor(query: string, problems: readonly ParseProblem[]) {
    super(`${positionText(query, problems[0].start)}: parse error: ${problems[0].message}`)
    this.name = 'ParseError'
    this.query = query
    this.problems = problems
  }
}

/** `line:column` of an offset, both from 1, columns in bytes. An empty query has no positions. */
export function positionText(query: string, offset: number): string {
  if (query === '' || offset > query.length)
    return query === '' ? 'unknown position' : 'invalid position'
  const lineStart = offset === 0 ? 0 : query.lastIndexOf('\n', offset - 1) + 1
  let line = 1
  for (let at = query.indexOf('\n'); at >= 0 && at < lineStart; at = query.indexOf('\n', at + 1))
    line++
  return `${line}:${utf8Length(query, lineStart, offset) + 1}`
}

/** Bytes that `text.slice(start, end)` takes in UTF-8. */
export function utf8Length(text: string, start: number, end: number): number {
  let bytes = 0
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}
