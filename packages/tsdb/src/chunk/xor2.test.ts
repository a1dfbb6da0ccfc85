import fc from 'fast-check'
import { STALE_NAN, SampleColumns, isStale } from '@vigie/model'
import { expect, test } from 'vitest'
import { BitWriter, ChunkError } from './bits.ts'
import { decodeXor2 } from './xor2.ts'

const float = new Float64Array(1)
const words = new BigUint64Array(float.buffer)
const bitsOf = (v: number): bigint => {
  float[0] = v
  return isStale(v) ? 0x7ff0000000000002n : words[0]
}

/** Writes bits as the format's description says, one text a field. */
class Text {
  bits = ''

  add(value: bigint, size: number): void {
    this.bits += BigInt.asUintN(size, value).toString(2).padStart(size, '0')
  }

  uvarint(value: bigint): void {
    for (let rest = value; ; rest >>= 7n) {
      const isLast = rest < 128n
      this.add((rest & 0x7fn) | (isLast ? 0n : 0x80n), 8)
      if (isLast) return
    }
  }

  varint(value: bigint): void {
    this.uvarint(value < 0n ? -value * 2n - 1n : value * 2n)
  }

  /** The varbit of histogram chunks, by its own writer. */
  varbit(value: number): void {
    const writer = new BitWriter(16)
    writer.varint(value)
    writer.bits(1, 1)
    const all = [...writer.bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    this.bits += all.slice(0, all.lastIndexOf('1'))
  }

  get bytes(): Uint8Array {
    const padded = this.bits.padEnd(Math.ceil(this.bits.length / 8) * 8, '0')
    return Uint8Array.from(padded.match(/.{8}/g) ?? [], (one) => Number.parseInt(one, 2))
  }
}

interface Sample {
  t: number
  v: number
  /** Its start timestamp. */
  st: number
}

function encode(samples: readonly Sample[], startsAt: number, isStartKnown: boolean): Uint8Array {
  const out = new Text()
  out.add(BigInt(samples.length), 16)
  out.add(BigInt(startsAt | (isStartKnown ? 0x80 : 0)), 8)
  let base = 0n
  let window: [leading: number, trailing: number] | undefined
  let delta = 0
  const change = (v: number, isNew: string, isOld: string): void => {
    const xor = bitsOf(v) ^ base
    const text = xor.toString(2).padStart(64, '0')
    const leading = Math.min(31, text.indexOf('1'))
    const trailing = 63 - text.lastIndexOf('1')
    if (window !== undefined && window[0] <= leading && window[1] <= trailing) out.bits += isOld
    else {
      window = [leading, trailing]
      out.bits += isNew
      out.add(BigInt(leading), 5)
      out.add(BigInt((64 - leading - trailing) & 63), 6)
    }
    out.bits += text.slice(window[0], 64 - window[1])
    base = bitsOf(v)
  }
  const value = (v: number): void => {
    if (isStale(v)) out.bits += '111'
    else if (bitsOf(v) === base) out.bits += '0'
    else change(v, '110', '10')
  }
  samples.forEach(({ t, v, st }, i) => {
    const step = i === 0 ? 0 : t - samples[i - 1].t
    const dod = step - delta
    if (i === 0) {
      out.varint(BigInt(t))
      out.add(bitsOf(v), 64)
      if (!isStale(v)) base = bitsOf(v)
      if (isStartKnown) out.varint(BigInt(t - st))
    } else if (i === 1) {
      out.uvarint(BigInt(step))
      value(v)
    } else if (dod === 0) {
      if (isStale(v)) out.bits += '11111'
      else if (bitsOf(v) === base) out.bits += '0'
      else {
        out.bits += '10'
        change(v, '1', '0')
      }
    } else {
      const size = dod >= -4096 && dod <= 4095 ? 13 : dod >= -524_288 && dod <= 524_287 ? 20 : 64
      out.bits += size === 13 ? '110' : size === 20 ? '1110' : '11110'
      out.add(BigInt(dod), size)
      value(v)
    }
    delta = step
    if (startsAt > 0 && i >= startsAt) out.varbit(st)
  })
  return out.bytes
}

test('any samples come back bit for bit, whatever start timestamps stand between them', () => {
  const v = fc.oneof(fc.constantFrom(1, 1, 2, STALE_NAN), fc.integer(), fc.double())
  const step = fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 2 ** 33 }), fc.nat(6000))
  const st = fc.oneof(fc.constant(0), fc.integer())
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, v, st), { minLength: 1, maxLength: 130 }),
      fc.nat(127),
      fc.boolean(),
      (given, startsAt, isStartKnown) => {
        let t = -(2 ** 40)
        const samples = given.map(([gap, value, start]) => ({
          t: (t += gap + 1),
          v: value,
          st: start,
        }))
        const bytes = encode(samples, startsAt, isStartKnown)
        const out = new SampleColumns()
        decodeXor2(bytes, 0, bytes.length, samples.length, -Infinity, Infinity, out)
        expect([...out.t.subarray(0, out.length)]).toEqual(samples.map((one) => one.t))
        expect([...out.v.subarray(0, out.length)].map(bitsOf)).toEqual(
          samples.map((one) => bitsOf(one.v)),
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('between bounds, and a chunk that ends too early', () => {
  const samples = [10, 20, 30, 41].map((t) => ({ t, v: t, st: 0 }))
  const bytes = encode(samples, 0, false)
  const out = new SampleColumns()
  decodeXor2(bytes, 0, bytes.length, 4, 11, 40, out)
  expect([...out.v.subarray(0, out.length)]).toEqual([20, 30])
  expect(() => decodeXor2(bytes, 0, bytes.length - 2, 4, 0, 99, out)).toThrow(ChunkError)
})
