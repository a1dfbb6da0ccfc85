/** String literals of PromQL: Go's, with single quotes as well. */

const SIMPLE = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^]))/g

/**
 * The text of a literal that the lexer accepted. Bytes written as `\xNN` or octal are read together
 * as UTF-8, as Go does; bytes that are not UTF-8 become U+FFFD.
 */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1)
  if (literal[0] === '`' || !body.includes('\\')) return body
  const bytes: number[] = []
  let out = ''
  const flush = (): void => {
    if (bytes.length > 0) out += new TextDecoder().decode(Uint8Array.from(bytes.splice(0)))
  }
  let at = 0
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, byte, short, long, octal, other] = match
    if (match.index > at) {
      flush()
      out += body.slice(at, match.index)
    }
    at = match.index + whole.length
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16))
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff)
    else {
      flush()
      const code = short ?? long
      out +=
        code === undefined
          ? (SIMPLE.get(other) ?? other)
          : String.fromCodePoint(Number.parseInt(code, 16))
    }
  }
  flush()
  return out + body.slice(at)
}
