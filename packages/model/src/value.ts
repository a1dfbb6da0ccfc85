/**
 * Sample values. A stale marker is a NaN with its own bits, as in Prometheus: it says that a series
 * has ended. JavaScript engines may set the quiet bit of a NaN on its way through a register, so a
 * marker is recognised by its low word alone and written with its exact bits.
 */

const scratch = new Float64Array(1)
const words = new Uint32Array(scratch.buffer) // little-endian: [low, high]; every platform of Node is

const STALE_LOW = 0x00000002
const STALE_HIGH = 0x7ff00000

words[0] = STALE_LOW
words[1] = STALE_HIGH

/** Value of a stale marker, 0x7ff0000000000002 in Prometheus's formats. */
export const STALE_NAN: number = scratch[0]

export function isStale(v: number): boolean {
  // Fast path: everything but NaN equals itself.
  if (v === v) return false
  scratch[0] = v
  return words[0] === STALE_LOW
}

/** Writes `v` as 8 bytes, a stale marker with its exact bits. */
export function writeFloat64(
  view: DataView,
  offset: number,
  v: number,
  isLittleEndian: boolean,
): void {
  if (isStale(v)) {
    view.setUint32(offset, isLittleEndian ? STALE_LOW : STALE_HIGH, isLittleEndian)
    view.setUint32(offset + 4, isLittleEndian ? STALE_HIGH : STALE_LOW, isLittleEndian)
  } else {
    view.setFloat64(offset, v, isLittleEndian)
  }
}

/** A value as Prometheus's JSON and text formats write it: shortest form, `NaN`, `+Inf`, `-Inf`. */
export function formatValue(v: number): string {
  if (v !== v) return 'NaN'
  if (v === Infinity) return '+Inf'
  if (v === -Infinity) return '-Inf'
  if (v === 0) return 1 / v < 0 ? '-0' : '0'
  const text = String(v)
  const exponentAt = text.indexOf('e')
  if (exponentAt < 0) {
    // Go's 'f' form never uses exponents between 1e-6 and 1e21, where JavaScript agrees.
    return text
  }
  const sign = text[exponentAt + 1]
  const digits = text.slice(exponentAt + 2)
  return `${text.slice(0, exponentAt)}e${sign}${digits.padStart(2, '0')}`
}
