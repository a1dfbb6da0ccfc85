/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), eight bytes at a time. */

const POLYNOMIAL = 0x82f63b78

/** TABLES[256 * k + b]: the checksum of byte `b` followed by `k` zero bytes. */
const TABLES: Int32Array = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(256 * 8)
  for (let b = 0; b < 256; b++) {
    let crc = b
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[b] = crc
  }
  for (let i = 256; i < tables.length; i++)
    tables[i] = (tables[i - 256] >>> 8) ^ tables[tables[i - 256] & 0xff]
  return tables
}

/** Checksum of bytes[start, end), as an unsigned number. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const T = TABLES
  let crc = ~0
  let i = start
  for (; i + 8 <= end; i += 8) {
    crc =
      T[1792 + ((crc ^ bytes[i]) & 0xff)] ^
      T[1536 + (((crc >>> 8) ^ bytes[i + 1]) & 0xff)] ^
      T[1280 + (((crc >>> 16) ^ bytes[i + 2]) & 0xff)] ^
      T[1024 + ((crc >>> 24) ^ bytes[i + 3])] ^
      T[768 + bytes[i + 4]] ^
      T[512 + bytes[i + 5]] ^
      T[256 + bytes[i + 6]] ^
      T[bytes[i + 7]]
  }
  for (; i < end; i++) crc = T[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}
