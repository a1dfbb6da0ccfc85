/**
 * JSON as bytes, for answers that are mostly numbers: a text would be put together from a piece per
 * number, and then be encoded.
 */
import { formatValue } from '@vigie/model'

const SIZE_INITIAL = 64 * 1024
/** No number and no timestamp takes more. */
const NUMBER_BYTES_MAX = 32
const ZERO = 0x30
const POINT = 0x2e
const MINUS = 0x2d
/** What the last four digits of a timestamp are less than. */
const HIGH_FACTOR = 10_000
/** Integers up to this are written digit by digit. */
const DIGITS_EXACT_MAX = 1e15

export class JsonBytes {
  #bytes: Buffer = Buffer.allocUnsafeSlow(SIZE_INITIAL)
  #size = 0
  /** The digits of the last timestamp but for its last four. */
  #high = -1
  #highDigits = new Uint8Array(0)

  get size(): number {
    return this.#size
  }

  /** What was written. The writer may not be used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  #reserve(count: number): void {
    if (this.#size + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#size + count))
    this.#bytes.copy(larger, 0, 0, this.#size)
    this.#bytes = larger
  }

  /** Any text, as it is. */
  text(text: string): void {
    this.#reserve(text.length * 3)
    this.#size += this.#bytes.write(text, this.#size)
  }

  /** `[t,"v"]`: Unix seconds with up to three decimals, and a sample value. */
  point(ms: number, v: number): void {
    this.#reserve(2 * NUMBER_BYTES_MAX)
    this.#bytes[this.#size++] = 0x5b // [
    this.#timestamp(ms)
    // Fields in locals: this is the loop that large answers are made in.
    const bytes = this.#bytes
    let at = this.#size
    bytes[at++] = 0x2c // ,
    bytes[at++] = 0x22 // "
    if (v === Math.trunc(v) && Math.abs(v) < DIGITS_EXACT_MAX && !Object.is(v, -0)) {
      if (v < 0) bytes[at++] = MINUS
      this.#size = at
      this.#digits(Math.abs(v))
      at = this.#size
    } else {
      const text = formatValue(v)
      for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
    }
    bytes[at++] = 0x22
    bytes[at++] = 0x5d // ]
    this.#size = at
  }

  comma(): void {
    this.#reserve(1)
    this.#bytes[this.#size++] = 0x2c
  }

  #timestamp(ms: number): void {
    if (ms < 0) this.#bytes[this.#size++] = MINUS
    const distance = Math.abs(ms)
    const seconds = Math.floor(distance / 1000)
    if (seconds >= HIGH_FACTOR) this.#seconds(seconds)
    else this.#digits(seconds)
    const rest = distance - seconds * 1000
    if (rest === 0) return
    this.#bytes[this.#size++] = POINT
    this.#bytes[this.#size++] = ZERO + Math.floor(rest / 100)
    this.#bytes[this.#size++] = ZERO + (Math.floor(rest / 10) % 10)
    this.#bytes[this.#size++] = ZERO + (rest % 10)
  }

  /** Like digits; all but the last four are kept from one timestamp to the next. */
  #seconds(seconds: number): void {
    const high = Math.floor(seconds / HIGH_FACTOR)
    const start = this.#size
    if (high === this.#high) {
      const digits = this.#highDigits
      const bytes = this.#bytes
      for (let i = 0; i < digits.length; i++) bytes[start + i] = digits[i]
      this.#size = start + digits.length
    } else {
      this.#digits(high)
      this.#high = high
      this.#highDigits = Uint8Array.prototype.slice.call(this.#bytes, start, this.#size)
    }
    const bytes = this.#bytes
    const low = seconds - high * HIGH_FACTOR
    const [thousands, hundreds, tens] = [(low / 1000) | 0, (low / 100) | 0, (low / 10) | 0]
    let at = this.#size
    bytes[at++] = ZERO + thousands
    bytes[at++] = ZERO + hundreds - thousands * 10
    bytes[at++] = ZERO + tens - hundreds * 10
    bytes[at++] = ZERO + low - tens * 10
    this.#size = at
  }

  /** A non-negative integer. */
  #digits(value: number): void {
    let count = 1
    for (let power = 10; power <= value; power *= 10) count++
    let at = this.#size + count
    this.#size = at
    let rest = value
    // Integer arithmetic as soon as it fits.
    while (rest > 0x7fffffff) {
      const next = Math.floor(rest / 10)
      this.#bytes[--at] = ZERO + (rest - next * 10)
      rest = next
    }
    for (let i = at - (this.#size - count); i > 0; i--) {
      const next = (rest / 10) | 0
      this.#bytes[--at] = ZERO + (rest - next * 10)
      rest = next
    }
  }
}
