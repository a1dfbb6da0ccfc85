/** The names of blocks: ULIDs, 48 bits of time in ms and 80 random ones, in Crockford's base 32. */
import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_CHARS = 10
const RANDOM_CHARS = 16
const PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** A new name; those made later sort behind those made before, ms by ms. */
export function newUlid(nowMs: number): string {
  let time = ''
  let rest = nowMs
  for (let i = 0; i < TIME_CHARS; i++) {
    time = ALPHABET[rest % 32] + time
    rest = Math.floor(rest / 32)
  }
  let random = ''
  for (const byte of randomBytes(RANDOM_CHARS)) random += ALPHABET[byte % 32]
  return time + random
}

export const isUlid = (name: string): boolean => PATTERN.test(name)
