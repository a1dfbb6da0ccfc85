/** Bytes that a script hands over, and the texts that they become. */
import { goError } from './go-error.ts'

/** Bytes of a text (UTF-8), an ArrayBuffer, a view of one, or a list of numbers. Throws for anything else. */
export function bytesOf(value: unknown): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    return new Uint8Array(value)
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (Array.isArray(value)) return Uint8Array.from(value as number[])
  throw goError(
    `invalid type ${value === null || value === undefined ? '<nil>' : typeof value}, expected string, []byte or ArrayBuffer`,
  )
}

/** A buffer of its own with these bytes. */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

export function base64(bytes: Uint8Array, alphabet: 'std' | 'url', isPadded: boolean): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString(alphabet === 'std' ? 'base64' : 'base64url').replace(/=+$/, '')
  return isPadded ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text
}
