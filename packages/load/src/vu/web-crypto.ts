/** The global `crypto`: Node's Web Crypto; what it computes in the background keeps the iteration open. */
import { randomUUID, webcrypto } from 'node:crypto'
import type { Vu } from './vu.ts'

const SUBTLE = [
  'digest',
  'encrypt',
  'decrypt',
  'sign',
  'verify',
  'generateKey',
  'importKey',
  'exportKey',
  'deriveKey',
  'deriveBits',
  'wrapKey',
  'unwrapKey',
] as const

type Operation = (...args: unknown[]) => Promise<unknown>

export function createWebCrypto(vu: Vu): object {
  const operation = (name: (typeof SUBTLE)[number]): Operation => {
    return (...args) =>
      vu.pend((done, fail) => {
        const { subtle } = webcrypto
        ;(subtle[name] as Operation).apply(subtle, args).then(done, fail)
        return () => {}
      })
  }
  return Object.freeze({
    getRandomValues: <T extends Uint8Array>(array: T): T => webcrypto.getRandomValues(array),
    randomUUID: (): string => randomUUID(),
    CryptoKey: webcrypto.CryptoKey,
    subtle: Object.freeze(Object.fromEntries(SUBTLE.map((name) => [name, operation(name)]))),
  })
}
