/** Text as Go's libraries change it: letters one by one, and references to groups in replacements. */

const DOTTED_I = '\u0130'

/** Go's strings.ToLower: each character alone, so that a sigma at the end stays one. */
export function lowerCase(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase()
  let out = ''
  for (const char of text) out += char === DOTTED_I ? 'i' : char.toLowerCase()
  return out
}

/** Go's strings.ToUpper: never more characters than there were. */
export function upperCase(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text.toUpperCase()
  let out = ''
  for (const char of text) {
    const upper = char.toUpperCase()
    out += upper.length > char.length ? oneUpper(char) : upper
  }
  return out
}

/** Greek letters with iota below have an upper case of one character; ß, ŉ and the like have none. */
function oneUpper(char: string): string {
  const code = char.codePointAt(0)!
  if (code >= 0x1f80 && code <= 0x1faf && (code & 8) === 0) return String.fromCodePoint(code + 8)
  const isLong = code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3
  return isLong ? String.fromCodePoint(code + 9) : char
}

const REFERENCE = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu

/**
 * Go's Regexp.Expand: `$name` takes the longest run of word characters, `${name}` is exact, `$$` is a
 * dollar; a malformed reference stays as it stands. `group` gives the text of a group by number or
 * name, '' where there is none; a number with a leading zero is a name.
 */
export function expandReplacement(
  template: string,
  group: (reference: number | string) => string,
): string {
  if (!template.includes('$')) return template
  return template.replace(
    REFERENCE,
    (_all, dollar?: string, bare?: string, braced?: string): string => {
      if (dollar !== undefined) return '$'
      const name = (bare ?? braced)!
      return group(/^(?:0|[1-9]\d{0,8})$/.test(name) ? Number(name) : name)
    },
  )
}
