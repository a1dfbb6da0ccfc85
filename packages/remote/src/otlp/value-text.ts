/** Attributes as the text of a label, as OpenTelemetry's collector writes them. */
import type { AnyValue } from './metrics.ts'

export function valueText(value: AnyValue): string {
  switch (value.kind) {
    case 'empty':
      return ''
    case 'string':
    case 'int':
      return value.value
    case 'bool':
      return String(value.value)
    case 'double':
      return Number.isFinite(value.value)
        ? numberText(value.value)
        : `json: unsupported value: ${notFiniteText(value.value)}`
    case 'bytes':
      return Buffer.from(value.value).toString('base64')
    case 'array':
    case 'map':
      // What JSON cannot say leaves nothing.
      return jsonText(value) ?? ''
  }
}

const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

const notFiniteText = (value: number): string =>
  Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'

/** As Go writes JSON: keys sorted, the last of equal ones counts. Undefined: a number that JSON has not. */
function jsonText(value: AnyValue): string | undefined {
  switch (value.kind) {
    case 'empty':
      return 'null'
    case 'string':
      return quoted(value.value)
    case 'bytes':
      return quoted(valueText(value))
    case 'bool':
    case 'int':
      return String(value.value)
    case 'double':
      return Number.isFinite(value.value) ? numberText(value.value) : undefined
    case 'array': {
      const items = value.values.map(jsonText)
      return items.includes(undefined) ? undefined : `[${items.join(',')}]`
    }
    case 'map': {
      const entries = [...new Map(value.entries.map((one) => [one.key, jsonText(one.value)]))]
      if (entries.some(([, text]) => text === undefined)) return undefined
      entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      return `{${entries.map(([key, text]) => `${quoted(key)}:${text}`).join(',')}}`
    }
  }
}

/** Go also escapes what would matter in HTML and in JavaScript. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
