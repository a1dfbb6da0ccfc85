/** Bodies of requests: texts, bytes, forms and multipart forms, as Go's net/url and mime/multipart write them. */
import { randomBytes } from 'node:crypto'
import { HttpFailure } from '../http/failure.ts'
import { goNumber, goType, goValue } from '../http/go-text.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'

export interface RequestBody {
  bytes: string | Uint8Array
  /** Content-Type that goes with it; null: none. */
  type: string | null
  /** Content-Encoding of what `compression` made of it; null: none. */
  encoding: string | null
}

/** What `http.file` gives: a part of a multipart form. */
export class FileData {
  data: Uint8Array
  filename: string
  content_type: string

  constructor(data: unknown, filename: unknown, contentType: unknown) {
    const bytes = typeof data === 'string' ? Buffer.from(data) : bytesOf(data)
    if (bytes === null) {
      throw goError(`invalid type ${goType(data)}, expected string, []byte or ArrayBuffer`)
    }
    this.data = bytes
    this.filename = filename === undefined ? `${Date.now()}000000` : textOf(filename)
    this.content_type = contentType === undefined ? 'application/octet-stream' : textOf(contentType)
  }
}

function bytesOf(value: unknown): Uint8Array | null {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return null
}

/** Throws HttpFailure for what is no body; `warn` hears of values that a form cannot hold. */
export function readBody(value: unknown, warn: (message: string) => void): RequestBody | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return { bytes: value, type: null, encoding: null }
  if (value instanceof String) return { bytes: String(value), type: null, encoding: null }
  const bytes = bytesOf(value)
  if (bytes !== null) return { bytes, type: null, encoding: null }
  if (goType(value) !== 'map[string]interface {}')
    throw new HttpFailure(0, `unknown request body type ${goType(value)}`)
  const fields = value as Record<string, unknown>
  for (const name in fields) {
    if (fields[name] instanceof FileData) return multipart(fields, warn)
  }
  return {
    bytes: encodeForm(fields, warn),
    type: 'application/x-www-form-urlencoded',
    encoding: null,
  }
}

/** As Go's url.Values.Encode: names sorted, a space is `+`, a list repeats its name. */
export function encodeForm(
  fields: Readonly<Record<string, unknown>>,
  warn: (message: string) => void,
): string {
  const parts: string[] = []
  for (const name of Object.keys(fields).sort(byBytes)) {
    const value = fields[name]
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value])
      parts.push(`${queryEscape(name)}=${queryEscape(fieldText(name, one, warn))}`)
  }
  return parts.join('&')
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function fieldText(name: string, value: unknown, warn: (message: string) => void): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return goNumber(value)
  if (typeof value !== 'object') return textOf(value)
  warn(
    `the form field ${JSON.stringify(name)} is ${goType(value)}, which a form cannot hold; it is sent empty`,
  )
  return ''
}

/** Go's url.QueryEscape. */
export function queryEscape(text: string): string {
  // A lone surrogate has no UTF-8; Go would have had U+FFFD in its place.
  const valid = /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text
  return encodeURIComponent(valid)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+')
}

function multipart(
  fields: Readonly<Record<string, unknown>>,
  warn: (message: string) => void,
): RequestBody {
  const boundary = randomBytes(30).toString('hex')
  const chunks: Buffer[] = []
  let lead = `--${boundary}\r\n`
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof FileData) {
      chunks.push(
        Buffer.from(
          `${lead}Content-Disposition: form-data; name="${name}"; filename="${escapeQuotes(value.filename)}"\r\nContent-Type: ${value.content_type}\r\n\r\n`,
        ),
        Buffer.from(value.data),
      )
    } else {
      const text = Array.isArray(value) ? goValue(value) : fieldText(name, value, warn)
      chunks.push(
        Buffer.from(
          `${lead}Content-Disposition: form-data; name="${escapeQuotes(name)}"\r\n\r\n${text}`,
        ),
      )
    }
    lead = `\r\n--${boundary}\r\n`
  }
  chunks.push(Buffer.from(`\r\n--${boundary}--\r\n`))
  return {
    bytes: Buffer.concat(chunks),
    type: `multipart/form-data; boundary=${boundary}`,
    encoding: null,
  }
}

function escapeQuotes(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replace(/\r/g, '%0D').replace(/\n/g, '%0A')
}
