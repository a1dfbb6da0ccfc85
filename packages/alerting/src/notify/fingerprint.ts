/** The fingerprint of a label set, as Prometheus's libraries compute it: FNV-1a, 64 bits. */
import type { Labels } from '@vigie/model'

const OFFSET = 14695981039346656037n
const PRIME = 1099511628211n
const SEPARATOR = 0xff

/** 16 hex digits. */
export function fingerprint(labels: Labels): string {
  let hash = OFFSET
  const add = (byte: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME)
  }
  for (const text of labels.pairs) {
    for (const byte of Buffer.from(text)) add(byte)
    add(SEPARATOR)
  }
  return hash.toString(16).padStart(16, '0')
}
