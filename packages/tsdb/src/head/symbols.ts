/**
 * Label names and values, each kept once, as UTF-8 in the arena. A symbol is the handle of its block:
 *
 *     hash <4b> | references <4b> | length <4b> | text <length>
 *
 * Strings that are asked for often are kept beside it, up to a limit.
 */
import { StorageLimitError } from '@vigie/model'
import { type Arena, BLOCK_BYTES_MAX, byteOf, wordOf } from './arena.ts'
import { HashTable } from './hash-table.ts'

/** Before the text of a symbol: its hash, its references, its length. */
export const SYMBOL_HEADER_BYTES = 12
/** Longest label name or value, in bytes of UTF-8. */
export const LABEL_BYTES_MAX: number = BLOCK_BYTES_MAX - SYMBOL_HEADER_BYTES
/** Strings kept in both directions, so that the same text is decoded and hashed once. */
const CACHED_STRINGS_MAX = 16_384

export class Symbols {
  readonly #arena: Arena
  readonly #table: HashTable
  readonly #scratch = Buffer.alloc(BLOCK_BYTES_MAX * 3)
  readonly #byText = new Map<string, number>()
  readonly #texts = new Map<number, string>()

  constructor(arena: Arena) {
    this.#arena = arena
    this.#table = new HashTable((symbol) => arena.slab(symbol).words[wordOf(symbol)])
  }

  get count(): number {
    return this.#table.count
  }

  get sizeBytes(): number {
    return this.#table.sizeBytes
  }

  /** The symbol of a text, 0 when no series uses it. */
  find(text: string): number {
    const cached = this.#byText.get(text)
    if (cached !== undefined) return cached
    const size = this.#encode(text)
    if (size > LABEL_BYTES_MAX) return 0
    const symbol = this.#lookUp(hashBytes(this.#scratch, size), size)
    if (symbol !== 0) this.#keep(symbol, text)
    return symbol
  }

  /** The symbol of a text with one reference more. Throws StorageLimitError when the text is too long. */
  take(text: string): number {
    const symbol = this.find(text) || this.#add(text)
    this.#arena.slab(symbol).words[wordOf(symbol) + 1]++
    return symbol
  }

  /** One reference less; without any the symbol is gone. */
  release(symbol: number): void {
    const { words } = this.#arena.slab(symbol)
    const at = wordOf(symbol)
    if (--words[at + 1] > 0) return
    this.#byText.delete(this.text(symbol))
    this.#texts.delete(symbol)
    this.#table.delete(symbol)
    this.#arena.free(symbol, SYMBOL_HEADER_BYTES + words[at + 2])
  }

  text(symbol: number): string {
    const cached = this.#texts.get(symbol)
    if (cached !== undefined) return cached
    const { bytes } = this.#arena.slab(symbol)
    const start = byteOf(symbol) + SYMBOL_HEADER_BYTES
    const text = bytes.toString('utf8', start, start + this.sizeOf(symbol))
    this.#keep(symbol, text)
    return text
  }

  /** Length of the text in bytes. */
  sizeOf(symbol: number): number {
    return this.#arena.slab(symbol).words[wordOf(symbol) + 2]
  }

  /** Copies the UTF-8 text to `into` at `offset`; returns its size. */
  copyText(symbol: number, into: Uint8Array, offset: number): number {
    const { bytes } = this.#arena.slab(symbol)
    const start = byteOf(symbol) + SYMBOL_HEADER_BYTES
    const size = this.sizeOf(symbol)
    into.set(bytes.subarray(start, start + size), offset)
    return size
  }

  /** UTF-8 into the scratch; its size, more than LABEL_BYTES_MAX when it is too long. */
  #encode(text: string): number {
    // A UTF-16 unit is at most three bytes.
    return text.length > LABEL_BYTES_MAX ? LABEL_BYTES_MAX + 1 : this.#scratch.write(text, 0)
  }

  #lookUp(hash: number, size: number): number {
    return this.#table.find(hash, (symbol) => {
      const { bytes, words } = this.#arena.slab(symbol)
      if (words[wordOf(symbol) + 2] !== size) return false
      const start = byteOf(symbol) + SYMBOL_HEADER_BYTES
      return this.#scratch.compare(bytes, start, start + size, 0, size) === 0
    })
  }

  #add(text: string): number {
    const size = this.#encode(text)
    if (size > LABEL_BYTES_MAX)
      throw new StorageLimitError(
        'label-bytes',
        `cannot store label: text of ${text.length} characters, want at most ${LABEL_BYTES_MAX} bytes`,
      )
    const symbol = this.#arena.allocate(SYMBOL_HEADER_BYTES + size)
    const { bytes, words } = this.#arena.slab(symbol)
    const at = wordOf(symbol)
    words[at] = hashBytes(this.#scratch, size)
    words[at + 1] = 0
    words[at + 2] = size
    this.#scratch.copy(bytes, byteOf(symbol) + SYMBOL_HEADER_BYTES, 0, size)
    this.#table.add(symbol)
    this.#keep(symbol, text)
    return symbol
  }

  #keep(symbol: number, text: string): void {
    if (this.#byText.size >= CACHED_STRINGS_MAX) this.#byText.clear()
    if (this.#texts.size >= CACHED_STRINGS_MAX) this.#texts.clear()
    this.#byText.set(text, symbol)
    this.#texts.set(symbol, text)
  }
}

/** FNV-1a with a last mix, so that the low bits depend on all of it. */
function hashBytes(bytes: Uint8Array, size: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < size; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  return mix(hash)
}

/** Spreads every bit of a 32-bit number over all others (the last step of MurmurHash 3). */
export function mix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
