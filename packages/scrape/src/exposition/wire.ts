/**
 * The protobuf wire format, read in place: a cursor over the bytes of a message. 64-bit integers come
 * as doubles, exact up to 2^53.
 *
 *     field    varint(number << 3 | type) value
 *     types    0 varint   1 eight bytes   2 varint length, so many bytes   5 four bytes
 */
import { ExpositionError } from './text-parser.ts'

export const VARINT = 0
export const EIGHT_BYTES = 1
export const BYTES = 2
const FOUR_BYTES = 5

export class WireReader {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  /** First byte after the message being read. */
  end = 0
  /** Of the last `next`. */
  field = 0
  type = 0
  #high = 0
  #low = 0

  reset(bytes: Buffer, at: number, end: number): void {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** Moves to the next field of the message; false at its end. Throws ExpositionError. */
  next(): boolean {
    if (this.at >= this.end) return false
    this.#varint()
    this.field = (this.#low >>> 3) + (this.#high & 7) * 2 ** 29
    this.type = this.#low & 7
    return true
  }

  /** A number below 2^64. */
  uint(): number {
    this.#expect(VARINT)
    this.#varint()
    return this.#high * 2 ** 32 + this.#low
  }

  /** int32 or int64. */
  int(): number {
    this.#expect(VARINT)
    this.#varint()
    return (this.#high | 0) * 2 ** 32 + this.#low
  }

  /** sint32 or sint64. */
  sint(): number {
    this.#expect(VARINT)
    return this.#zigzag()
  }

  double(): number {
    this.#expect(EIGHT_BYTES)
    return this.#double()
  }

  /** Appends a repeated double, packed or not. */
  doubles(out: number[]): void {
    if (this.type !== BYTES) out.push(this.double())
    else for (const end = this.length(); this.at < end;) out.push(this.#double())
  }

  /** Appends a repeated sint64, packed or not. */
  sints(out: number[]): void {
    if (this.type !== BYTES) out.push(this.sint())
    else for (const end = this.length(); this.at < end;) out.push(this.#zigzag())
  }

  /** Of a message, text or packed list: where it ends. `at` is then where it begins. */
  length(): number {
    this.#expect(BYTES)
    this.#varint()
    const end = this.at + this.#low
    if (this.#high !== 0 || end > this.end) throw this.error('a field ends behind its message')
    return end
  }

  skip(): void {
    if (this.type === VARINT) this.#varint()
    else if (this.type === BYTES) this.at = this.length()
    else if (this.type === EIGHT_BYTES || this.type === FOUR_BYTES)
      this.#advance(this.type === EIGHT_BYTES ? 8 : 4)
    else throw this.error(`wire type ${this.type}`)
  }

  /** Of a message behind its length, without a field: where it ends. */
  prefix(): number {
    const from = this.at
    this.#varint()
    const wants = this.at - from + this.#high * 2 ** 32 + this.#low
    const has = this.end - from
    if (wants > has)
      throw new ExpositionError(
        `clientpb: insufficient length of buffer, expected at least ${wants} bytes, got ${has} bytes`,
        0,
      )
    return from + wants
  }

  error(what: string): ExpositionError {
    return new ExpositionError(`invalid or incomplete protobuf at byte ${this.at}: ${what}`, 0)
  }

  #expect(type: number): void {
    if (this.type !== type)
      throw this.error(`field ${this.field} has wire type ${this.type}, want ${type}`)
  }

  #zigzag(): number {
    this.#varint()
    const isNegative = (this.#low & 1) !== 0
    const half = (this.#high >>> 1) * 2 ** 32 + ((this.#low >>> 1) + (this.#high & 1) * 2 ** 31)
    return isNegative ? -half - 1 : half
  }

  #double(): number {
    const at = this.at
    this.#advance(8)
    return this.bytes.readDoubleLE(at)
  }

  #advance(size: number): void {
    if (this.at + size > this.end) throw this.error('the message ends in a number')
    this.at += size
  }

  #varint(): void {
    const { bytes, end } = this
    let at = this.at
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw this.error('the message ends in a number')
      const byte = bytes[at++]
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else if (shift < 63) high |= bits << (shift - 32)
      else high |= (bits & 1) << 31
      if (byte < 0x80) {
        this.at = at
        this.#low = low >>> 0
        this.#high = high >>> 0
        return
      }
    }
    throw this.error('a number of more than ten bytes')
  }
}
