/** Go's quoted strings: double or single quotes with escapes, backquotes without. */

const SIMPLE = new Map([
  ['a', 7],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
  ['\\', 92],
  ["'", 39],
  ['"', 34],
])

const ESCAPE =
  /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\'"]))/y

/** The text of a literal, or undefined when it is not one or gives no valid UTF-8. */
export function unquoteGo(literal: string): string | undefined {
  const quote = literal[0]
  const body = literal.slice(1, -1)
  if (literal.length < 2 || literal.at(-1) !== quote) return undefined
  if (quote === '`') return body
  if (body.includes(quote) && !body.includes('\\')) return undefined
  if (!body.includes('\\')) return body.includes('\n') ? undefined : body
  const bytes: number[] = []
  for (let at = 0; at < body.length;) {
    if (body[at] === quote || body[at] === '\n') return undefined
    if (body[at] !== '\\') {
      const char = String.fromCodePoint(body.codePointAt(at)!)
      bytes.push(...Buffer.from(char))
      at += char.length
      continue
    }
    ESCAPE.lastIndex = at
    const match = ESCAPE.exec(body)
    if (match === null) return undefined
    at += match[0].length
    const [, hex, octal, short, long, simple] = match
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16))
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff)
    else if (simple !== undefined) bytes.push(SIMPLE.get(simple)!)
    else {
      const code = Number.parseInt(short ?? long, 16)
      if (code > 0x10ffff) return undefined
      bytes.push(...Buffer.from(String.fromCodePoint(code)))
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
  } catch {
    return undefined
  }
}
