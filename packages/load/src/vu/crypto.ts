/** The module `k6/crypto`: digests, message authentication, random bytes. */
import { type Hash, type Hmac, createHash, createHmac, randomBytes } from 'node:crypto'
import { base64, bufferOf, bytesOf } from './bytes.ts'
import { md4 } from './md4.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'

/** Bytes that one call of randomBytes() may give. */
const MAX_RANDOM_BYTES = 64 << 20
const MD4_BLOCK_BYTES = 64

/** k6's names and OpenSSL's. */
const ALGORITHMS = new Map([
  ['md4', 'md4'],
  ['md5', 'md5'],
  ['sha1', 'sha1'],
  ['sha256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha512', 'sha512'],
  ['sha512_224', 'sha512-224'],
  ['sha512_256', 'sha512-256'],
  ['ripemd160', 'ripemd160'],
])

interface Digester {
  update(bytes: Uint8Array): void
  /** May be called again, and updated further. */
  sum(): Uint8Array
}

class Hasher {
  readonly #digester: Digester

  constructor(digester: Digester) {
    this.#digester = digester
  }

  update(input: unknown): void {
    this.#digester.update(bytesOf(input))
  }

  digest(encoding: unknown): string | ArrayBuffer {
    return encode(this.#digester.sum(), encoding)
  }
}

export function createCrypto(): Record<string, unknown> {
  const shortcuts = [...ALGORITHMS.keys()].map((name) => [
    name,
    (input: unknown, encoding: unknown) => {
      const digester = digesterOf(name)
      digester.update(bytesOf(input))
      return encode(digester.sum(), encoding)
    },
  ])
  return {
    ...(Object.fromEntries(shortcuts) as Record<string, unknown>),
    createHash: (name: unknown) => new Hasher(digesterOf(name)),
    createHMAC: (name: unknown, key: unknown) => new Hasher(digesterOf(name, bytesOf(key))),
    hmac: (name: unknown, key: unknown, input: unknown, encoding: unknown) => {
      const digester = digesterOf(name, bytesOf(key))
      digester.update(bytesOf(input))
      return encode(digester.sum(), encoding)
    },
    hexEncode: (input: unknown) => Buffer.from(bytesOf(input)).toString('hex'),
    randomBytes: (size: unknown) => {
      const count = Math.trunc(Number(size))
      if (!(count >= 1 && count <= MAX_RANDOM_BYTES)) throw goError('invalid size')
      return bufferOf(randomBytes(count))
    },
  }
}

function encode(bytes: Uint8Array, encoding: unknown): string | ArrayBuffer {
  switch (encoding) {
    case 'hex':
      return Buffer.from(bytes).toString('hex')
    case 'base64':
      return base64(bytes, 'std', true)
    case 'base64url':
      return base64(bytes, 'url', true)
    case 'base64rawurl':
      return base64(bytes, 'url', false)
    case 'binary':
      return bufferOf(bytes)
    default:
      throw goError(`invalid output encoding: ${textOf(encoding ?? '')}`)
  }
}

function digesterOf(name: unknown, key?: Uint8Array): Digester {
  const algorithm = ALGORITHMS.get(String(name))
  if (algorithm === undefined) throw goError(`invalid algorithm: ${textOf(name)}`)
  if (algorithm === 'md4') return key === undefined ? md4Digester() : md4Hmac(key)
  if (key !== undefined) return hmacDigester(createHmac(algorithm, key), algorithm, key)
  const hash: Hash = createHash(algorithm)
  return { update: (bytes) => void hash.update(bytes), sum: () => hash.copy().digest() }
}

/** Node's Hmac cannot be copied: what came before is kept, and added again after a digest. */
function hmacDigester(first: Hmac, algorithm: string, key: Uint8Array): Digester {
  const parts: Uint8Array[] = []
  let hmac: Hmac | null = first
  return {
    update: (bytes) => {
      parts.push(Uint8Array.from(bytes))
      hmac?.update(bytes)
    },
    sum: () => {
      const current =
        hmac ?? parts.reduce((one, part) => one.update(part), createHmac(algorithm, key))
      hmac = null
      return current.digest()
    },
  }
}

function md4Digester(): Digester {
  const parts: Uint8Array[] = []
  return {
    update: (bytes) => void parts.push(Uint8Array.from(bytes)),
    sum: () => md4(Buffer.concat(parts)),
  }
}

function md4Hmac(key: Uint8Array): Digester {
  const block = new Uint8Array(MD4_BLOCK_BYTES)
  block.set(key.length > MD4_BLOCK_BYTES ? md4(key) : key)
  const inner = md4Digester()
  inner.update(block.map((byte) => byte ^ 0x36))
  return {
    update: (bytes) => inner.update(bytes),
    sum: () => md4(Buffer.concat([block.map((byte) => byte ^ 0x5c), inner.sum()])),
  }
}
