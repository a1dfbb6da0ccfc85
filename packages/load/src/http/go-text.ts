/** How Go prints texts and numbers in its errors: `%q`, `%v`, `%T`. */

/** `%q`: double quotes, with Go's escapes. */
export function goQuote(text: string): string {
  let quoted = '"'
  for (const letter of text) {
    const code = letter.codePointAt(0)!
    if (letter === '"' || letter === '\\') quoted += `\\${letter}`
    else if (code < 32 || code === 127) quoted += controlEscape(code)
    else quoted += letter
  }
  return `${quoted}"`
}

const SHORT = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
])

function controlEscape(code: number): string {
  return SHORT.get(code) ?? `\\x${code.toString(16).padStart(2, '0')}`
}

/** `%v` of a number: whole ones as they are, others with the exponents that Go writes. */
export function goNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value)
  const exponent = Math.floor(Math.log10(Math.abs(value)))
  if (exponent >= -4 && exponent < 21) return plainNumber(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}

function plainNumber(value: number): string {
  const text = String(value)
  if (!text.includes('e')) return text
  const [digits, exponent] = text.split('e') as [string, string]
  return value.toFixed(Math.min(100, digits.replace(/^-?\d\.?/, '').length - Number(exponent)))
}

/** `%v` of a value that a script handed over. */
export function goValue(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'number') return goNumber(value)
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, one]) => `${key}:${goValue(one)}`).join(' ')}]`
  }
  return String(value as string | boolean | bigint | symbol)
}

/** `%T` of a value that a script handed over. */
export function goType(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'function') return 'func(sobek.FunctionCall) sobek.Value'
  if (Array.isArray(value)) return '[]interface {}'
  if (value instanceof Date) return 'time.Time'
  return 'map[string]interface {}'
}
