/** MD4 (RFC 1320), which OpenSSL 3 no longer has. */

const ROTATIONS = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
] as const
const ORDERS = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
] as const
const CONSTANTS = [0, 0x5a827999, 0x6ed9eba1] as const
const MIX: ((x: number, y: number, z: number) => number)[] = [
  (x, y, z) => (x & y) | (~x & z),
  (x, y, z) => (x & y) | (x & z) | (y & z),
  (x, y, z) => x ^ y ^ z,
]

/** The 16 bytes of the digest. */
export function md4(message: Uint8Array): Uint8Array {
  const size = ((message.length + 8) >> 6) * 64 + 64
  const padded = new Uint8Array(size)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(size - 8, message.length << 3, true)
  view.setUint32(size - 4, Math.floor(message.length / 2 ** 29), true)
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  for (let at = 0; at < size; at += 64) addBlock(state, view, at)
  const out = new DataView(new ArrayBuffer(16))
  state.forEach((word, i) => out.setUint32(4 * i, word >>> 0, true))
  return new Uint8Array(out.buffer)
}

function addBlock(state: number[], view: DataView, at: number): void {
  let [a, b, c, d] = state as [number, number, number, number]
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 16; i++) {
      const word = view.getUint32(at + 4 * ORDERS[round]![i]!, true)
      const sum = (a + MIX[round]!(b, c, d) + word + CONSTANTS[round]!) | 0
      const turn = ROTATIONS[round]![i & 3]!
      ;[a, b, c, d] = [d, (sum << turn) | (sum >>> (32 - turn)), b, c]
    }
  }
  ;[a, b, c, d].forEach((word, i) => (state[i] = (state[i]! + word) | 0))
}
