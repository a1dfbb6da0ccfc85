// Password hashes in Django's text form: `pbkdf2_sha256$<rounds>$<salt>$<hash>`.
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(pbkdf2)
const hashBytes = 32
/** Django 3.1's rounds, and the time they take in Node on the machine that HASH_MS refers to. */
const referenceRounds = 216_000
const referenceMs = 69

/** Rounds that take about `hashMs`. */
export function roundsFor(hashMs: number): number {
  return Math.max(1, Math.round((referenceRounds * hashMs) / referenceMs))
}

export async function hashPassword(password: string, rounds: number): Promise<string> {
  const salt = randomBytes(9).toString('base64url')
  const hash = await derive(password, salt, rounds, hashBytes, 'sha256')
  return `pbkdf2_sha256$${rounds}$${salt}$${hash.toString('base64')}`
}

export async function checkPassword(password: string, stored: string): Promise<boolean> {
  const [, rounds, salt, hash] = stored.split('$')
  if (rounds === undefined || salt === undefined || hash === undefined) return false
  const found = await derive(password, salt, Number(rounds), hashBytes, 'sha256')
  const wanted = Buffer.from(hash, 'base64')
  return wanted.length === found.length && timingSafeEqual(wanted, found)
}
