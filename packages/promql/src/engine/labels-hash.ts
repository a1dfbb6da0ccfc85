/**
 * Prometheus's hash of a label set, by which limit_ratio chooses series: xxHash64, seed 0, over each
 * label's name and value with their lengths in bytes before them (one byte; from 255 on the byte 255
 * and three more, little-endian). Source: the xxHash specification.
 */
import type { Labels } from '@vigie/model'

const MASK = (1n << 64n) - 1n
const PRIME_1 = 0x9e3779b185ebca87n
const PRIME_2 = 0xc2b2ae3d27d4eb4fn
const PRIME_3 = 0x165667b19e3779f9n
const PRIME_4 = 0x85ebca77c2b2ae63n
const PRIME_5 = 0x27d4eb2f165667c5n

const rotate = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & MASK
const round = (lane: bigint, input: bigint): bigint =>
  (rotate((lane + input * PRIME_2) & MASK, 31n) * PRIME_1) & MASK
const mergeRound = (hash: bigint, lane: bigint): bigint =>
  ((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4) & MASK

export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = bytes
  let at = 0
  let hash = PRIME_5
  if (length >= 32) {
    const lanes = [(PRIME_1 + PRIME_2) & MASK, PRIME_2, 0n, -PRIME_1 & MASK]
    for (; at + 32 <= length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], view.getBigUint64(at + i * 8, true))
    const [a, b, c, d] = lanes
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & MASK
    for (const lane of lanes) hash = mergeRound(hash, lane)
  }
  hash = (hash + BigInt(length)) & MASK
  for (; at + 8 <= length; at += 8)
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * PRIME_1 + PRIME_4) & MASK
  if (at + 4 <= length) {
    const word = (BigInt(view.getUint32(at, true)) * PRIME_1) & MASK
    hash = (rotate(hash ^ word, 23n) * PRIME_2 + PRIME_3) & MASK
    at += 4
  }
  for (; at < length; at++)
    hash = (rotate(hash ^ ((BigInt(bytes[at]) * PRIME_5) & MASK), 11n) * PRIME_1) & MASK
  hash = ((hash ^ (hash >> 33n)) * PRIME_2) & MASK
  hash = ((hash ^ (hash >> 29n)) * PRIME_3) & MASK
  return hash ^ (hash >> 32n)
}

const LONG = 255

function encodeLabels({ pairs }: Labels): Uint8Array {
  const parts: Uint8Array[] = []
  for (const text of pairs) {
    const bytes = new TextEncoder().encode(text)
    const { length } = bytes
    const size =
      length < LONG ? [length] : [LONG, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff]
    parts.push(Uint8Array.from(size), bytes)
  }
  return Buffer.concat(parts)
}

/** The hash as a number from 0 to 1. */
export const hashShare = (labels: Labels): number =>
  Number(xxHash64(encodeLabels(labels))) / 2 ** 64
