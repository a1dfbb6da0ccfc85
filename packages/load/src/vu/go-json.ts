/** What Go's encoding/json says of text that is no JSON, and how far it read; V8 words it differently. */

interface Problem {
  message: string
  /** Bytes read, the offending one included. */
  offset: number
}

/** Nesting that Go reads. */
const MAX_DEPTH = 10_000

/** The first problem of `text`; only for text that `JSON.parse` refused. */
export function jsonProblem(text: string): Problem {
  const problem = new Scanner(text).scan()
  return problem ?? { message: 'unexpected end of JSON input', offset: text.length }
}

/** `line 1, character 2 , error: …` as k6 counts: lines from 1, characters of the line up to the offset. */
export function describeJsonProblem(text: string): string {
  const { message, offset } = jsonProblem(text)
  let line = 1
  let character = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\n') {
      line++
      character = 0
    }
    character++
    if (i === offset) break
  }
  return `line ${line}, character ${character} , error: ${message}`
}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  scan(): Problem | null {
    return this.#value(0) ?? this.#top()
  }

  #top(): Problem | null {
    this.#blanks()
    return this.#at < this.#text.length ? this.#bad('after top-level value') : null
  }

  #blanks(): void {
    while (/^[ \t\r\n]$/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #bad(context: string): Problem {
    if (this.#at >= this.#text.length) return this.#end()
    const letter = String.fromCodePoint(this.#text.codePointAt(this.#at)!)
    return { message: `invalid character ${quoted(letter)} ${context}`, offset: this.#at + 1 }
  }

  #end(): Problem {
    return { message: 'unexpected end of JSON input', offset: this.#text.length }
  }

  #value(depth: number): Problem | null {
    this.#blanks()
    if (depth > MAX_DEPTH) return { message: 'exceeded max depth', offset: this.#at + 1 }
    const letter = this.#text[this.#at]
    if (letter === undefined) return this.#end()
    if (letter === '{') return this.#object(depth)
    if (letter === '[') return this.#array(depth)
    if (letter === '"') return this.#string()
    if (letter === '-' || (letter >= '0' && letter <= '9')) return this.#number()
    for (const word of ['true', 'false', 'null']) if (word[0] === letter) return this.#word(word)
    return this.#bad('looking for beginning of value')
  }

  #word(word: string): Problem | null {
    for (let i = 1; i < word.length; i++) {
      this.#at++
      if (this.#text[this.#at] !== word[i])
        return this.#bad(`in literal ${word} (expecting '${word[i]}')`)
    }
    this.#at++
    return null
  }

  #object(depth: number): Problem | null {
    this.#at++
    this.#blanks()
    if (this.#text[this.#at] === '}') return this.#step()
    for (;;) {
      this.#blanks()
      if (this.#text[this.#at] !== '"')
        return this.#bad('looking for beginning of object key string')
      const key = this.#string()
      if (key !== null) return key
      this.#blanks()
      if (this.#text[this.#at] !== ':') return this.#bad('after object key')
      this.#at++
      const value = this.#value(depth + 1)
      if (value !== null) return value
      this.#blanks()
      if (this.#text[this.#at] === '}') return this.#step()
      if (this.#text[this.#at] !== ',') return this.#bad('after object key:value pair')
      this.#at++
    }
  }

  #array(depth: number): Problem | null {
    this.#at++
    this.#blanks()
    if (this.#text[this.#at] === ']') return this.#step()
    for (;;) {
      const value = this.#value(depth + 1)
      if (value !== null) return value
      this.#blanks()
      if (this.#text[this.#at] === ']') return this.#step()
      if (this.#text[this.#at] !== ',') return this.#bad('after array element')
      this.#at++
    }
  }

  #step(): null {
    this.#at++
    return null
  }

  #string(): Problem | null {
    for (this.#at++; ; this.#at++) {
      const letter = this.#text[this.#at]
      if (letter === undefined) return this.#end()
      if (letter === '"') return this.#step()
      if (letter < ' ') return this.#bad('in string literal')
      if (letter !== '\\') continue
      this.#at++
      const escape = this.#text[this.#at]
      if (escape === undefined) return this.#end()
      if (escape === 'u') {
        for (let i = 0; i < 4; i++) {
          this.#at++
          if (!/^[0-9a-fA-F]$/.test(this.#text[this.#at] ?? ''))
            return this.#bad('in \\u hexadecimal character escape')
        }
      } else if (!'bfnrt\\/"'.includes(escape)) {
        return this.#bad('in string escape code')
      }
    }
  }

  #number(): Problem | null {
    if (this.#text[this.#at] === '-') this.#at++
    if (this.#text[this.#at] === '0') this.#at++
    else if (!this.#digits()) return this.#bad('in numeric literal')
    if (this.#text[this.#at] === '.') {
      this.#at++
      if (!this.#digits()) return this.#bad('after decimal point in numeric literal')
    }
    if (this.#text[this.#at] === 'e' || this.#text[this.#at] === 'E') {
      this.#at++
      if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++
      if (!this.#digits()) return this.#bad('in exponent of numeric literal')
    }
    return null
  }

  #digits(): boolean {
    const start = this.#at
    while (/^\d$/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#at > start
  }
}

/** A byte as Go quotes it. */
function quoted(letter: string): string {
  if (letter === "'") return `'\\''`
  if (letter === '"') return `'"'`
  const code = letter.codePointAt(0)!
  const escaped = new Map([
    ['\n', '\\n'],
    ['\r', '\\r'],
    ['\t', '\\t'],
    ['\\', '\\\\'],
  ]).get(letter)
  if (escaped !== undefined) return `'${escaped}'`
  return code < 32 || code === 127 ? `'\\x${code.toString(16).padStart(2, '0')}'` : `'${letter}'`
}
