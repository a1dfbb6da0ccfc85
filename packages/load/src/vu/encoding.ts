/** The module `k6/encoding`: base64 in Go's four kinds. */
import { base64, bufferOf, bytesOf } from './bytes.ts'
import { goError } from './go-error.ts'
import { textOf } from './text.ts'

interface Kind {
  alphabet: 'std' | 'url'
  isPadded: boolean
}

const STANDARD: Kind = { alphabet: 'std', isPadded: true }
const KINDS = new Map<unknown, Kind>([
  ['std', STANDARD],
  ['rawstd', { alphabet: 'std', isPadded: false }],
  ['url', { alphabet: 'url', isPadded: true }],
  ['rawurl', { alphabet: 'url', isPadded: false }],
])

export function createEncoding(): Record<string, unknown> {
  return {
    b64encode: (input: unknown, kind?: unknown) => {
      const { alphabet, isPadded } = KINDS.get(kind) ?? STANDARD
      return base64(bytesOf(input), alphabet, isPadded)
    },
    b64decode: (input: unknown, kind?: unknown, format?: unknown) => {
      const bytes = decode(textOf(input), KINDS.get(kind) ?? STANDARD)
      return format === 's' ? Buffer.from(bytes).toString('utf8') : bufferOf(bytes)
    },
  }
}

/** Throws where Go does: at the first character that cannot stand there. */
function decode(input: string, { alphabet, isPadded }: Kind): Uint8Array {
  const text = input.replace(/[\r\n]/g, '')
  const body = isPadded ? text.replace(/={1,2}$/, '') : text
  const stray = body.search(alphabet === 'std' ? /[^A-Za-z0-9+/]/ : /[^A-Za-z0-9_-]/)
  const isWhole = isPadded ? text.length % 4 === 0 : body.length % 4 !== 1
  if (stray >= 0 || !isWhole) {
    const at = stray >= 0 ? stray : Math.floor(text.length / 4) * 4
    throw goError(`illegal base64 data at input byte ${at}`)
  }
  return Buffer.from(body, alphabet === 'std' ? 'base64' : 'base64url')
}
