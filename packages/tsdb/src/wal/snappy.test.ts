import { compressSync } from 'snappy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SnappyError, SnappyReader } from './snappy.ts'

const LIMIT = 1 << 20

test('whatever snappy packs comes back', () => {
  const reader = new SnappyReader()
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5000 }))
      .map(([bytes, times]) => Buffer.alloc(bytes.length * times, bytes)),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const bytes = Buffer.concat(parts)
      expect(reader.decompress(compressSync(bytes), LIMIT).equals(bytes)).toBe(true)
    }),
  )
})

test('damaged blocks give an error or other bytes, never anything else', () => {
  const reader = new SnappyReader()
  const block = compressSync(Buffer.from('the quick brown fox '.repeat(50)))
  const outcomeOf = (damaged: Uint8Array): string => {
    try {
      return `${reader.decompress(damaged, LIMIT).length <= LIMIT}`
    } catch (error) {
      return error instanceof SnappyError ? 'refused' : String(error)
    }
  }
  for (let at = 0; at < block.length; at++)
    for (const change of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(block)
      damaged[at] ^= change
      expect(outcomeOf(damaged)).toMatch(/^true|refused$/)
    }
  for (let end = 0; end < block.length; end++)
    expect(outcomeOf(block.subarray(0, end))).toBe('refused')
  expect(() => reader.decompress(block, 10)).toThrow(/1000 bytes, want 10/)
})
