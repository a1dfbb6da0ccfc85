/**
 * The samples of one record as columns, used again for the next: records.ts says what is in one. A log
 * is nearly all samples, and a start waits for the reading of each.
 */
import { SAMPLES_V2 } from './format.ts'
import { RecordError, readSamples } from './records.ts'

/** No sample is smaller: two numbers of a byte and a value. */
const SAMPLE_BYTES_MIN = 10
const HEADER_BYTES = 17

export class SampleRecord {
  refs: Float64Array = new Float64Array(1024)
  t: Float64Array = new Float64Array(1024)
  /** Values by their bits, [low, high] each: no register touches those of a NaN. */
  bits: Int32Array = new Int32Array(2048)
  count = 0

  /** Takes what a record of type SAMPLES or SAMPLES_V2 holds. Throws RecordError. */
  read(record: Buffer): void {
    this.count = 0
    const samples = Math.ceil(record.length / SAMPLE_BYTES_MIN)
    if (samples > this.refs.length) {
      this.refs = new Float64Array(samples * 2)
      this.t = new Float64Array(samples * 2)
      this.bits = new Int32Array(samples * 4)
    }
    if (record[0] === SAMPLES_V2) this.#readV2(record)
    else if (record.length > 1) this.#read(record)
  }

  #readV2(record: Buffer): void {
    const floats = new Float64Array(this.bits.buffer)
    readSamples(record, (ref, t, v) => {
      this.refs[this.count] = ref
      this.t[this.count] = t
      floats[this.count++] = v
    })
  }

  // oxlint-disable-next-line max-lines-per-function -- a decode loop: all state in locals
  #read(record: Buffer): void {
    const view = new DataView(record.buffer, record.byteOffset, record.length)
    const { refs, t, bits } = this
    const end = record.length
    if (end < HEADER_BYTES) throw new RecordError(`record of ${end} bytes`)
    const ref0 = view.getInt32(1) * 2 ** 32 + view.getUint32(5)
    const t0 = view.getInt32(9) * 2 ** 32 + view.getUint32(13)
    let at = HEADER_BYTES
    let count = 0
    while (at < end) {
      if (at + SAMPLE_BYTES_MIN > end) throw cutOff(end, at)
      let zigzag = record[at++]
      if (zigzag >= 0x80) {
        const byte = record[at++]
        zigzag = (zigzag & 0x7f) | ((byte & 0x7f) << 7)
        if (byte >= 0x80) {
          zigzag = restOf(record, at, zigzag)
          at = restEnd
        }
      }
      refs[count] = ref0 + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2)
      zigzag = record[at++]
      if (zigzag >= 0x80) {
        const byte = record[at++]
        zigzag = (zigzag & 0x7f) | ((byte & 0x7f) << 7)
        if (byte >= 0x80) {
          zigzag = restOf(record, at, zigzag)
          at = restEnd
        }
      }
      t[count] = t0 + (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2)
      if (at + 8 > end) throw cutOff(end, at)
      bits[2 * count + 1] = view.getInt32(at)
      bits[2 * count] = view.getInt32(at + 4)
      at += 8
      count++
    }
    this.count = count
  }
}

const cutOff = (end: number, at: number): RecordError =>
  new RecordError(`record of ${end} bytes ends within the sample before ${at}`)

/** Behind what `restOf` read. */
let restEnd = 0

/** A number of more than two bytes, of which `low` is in the first two. */
function restOf(record: Buffer, start: number, low: number): number {
  let value = low
  let factor = 2 ** 14
  for (let at = start; at < record.length && at < start + 8; at++) {
    const byte = record[at]
    value += (byte & 0x7f) * factor
    factor *= 128
    if (byte < 0x80) {
      restEnd = at + 1
      return value
    }
  }
  throw new RecordError(`number without end before ${start}`)
}
