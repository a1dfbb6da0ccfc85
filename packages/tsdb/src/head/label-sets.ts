/**
 * Label sets in the arena: `count <4b>` and as many pairs of symbols, name and value, sorted by name.
 * Labels objects are made of them when somebody asks, and the last ones are kept.
 */
import { Labels, StorageLimitError } from '@vigie/model'
import { type Arena, wordOf } from './arena.ts'
import { type Symbols, mix } from './symbols.ts'

/** Labels of one series. */
export const LABELS_PER_SERIES_MAX = 4096
/** Labels objects kept, so that a dashboard that asks again finds them. */
const CACHED_LABELS_MAX = 8192

export class LabelSets {
  readonly #arena: Arena
  readonly #symbols: Symbols
  readonly #cache = new Map<number, Labels>()

  constructor(arena: Arena, symbols: Symbols) {
    this.#arena = arena
    this.#symbols = symbols
  }

  /**
   * The symbols of a label set as flat pairs, in a new array; undefined when one of them is not
   * known, so that no series can have these labels.
   */
  find(labels: Labels): Uint32Array | undefined {
    const { pairs } = labels
    const symbols = new Uint32Array(pairs.length)
    for (let i = 0; i < pairs.length; i++) {
      symbols[i] = this.#symbols.find(pairs[i])
      if (symbols[i] === 0) return undefined
    }
    return symbols
  }

  /** Stores a label set. Throws StorageLimitError. */
  add(labels: Labels): number {
    const { pairs } = labels
    if (labels.size > LABELS_PER_SERIES_MAX)
      throw new StorageLimitError(
        'labels-per-series',
        `cannot store series: ${labels.size} labels, want at most ${LABELS_PER_SERIES_MAX}`,
      )
    const taken: number[] = []
    try {
      for (const text of pairs) taken.push(this.#symbols.take(text))
    } catch (error) {
      for (const symbol of taken) this.#symbols.release(symbol)
      throw error
    }
    const handle = this.#arena.allocate(sizeBytes(labels.size))
    const { words } = this.#arena.slab(handle)
    const at = wordOf(handle)
    words[at] = labels.size
    words.set(taken, at + 1)
    return handle
  }

  remove(handle: number): void {
    this.#cache.delete(handle)
    const { words } = this.#arena.slab(handle)
    const at = wordOf(handle)
    const count = words[at]
    for (let i = 1; i <= 2 * count; i++) this.#symbols.release(words[at + i])
    this.#arena.free(handle, sizeBytes(count))
  }

  countOf(handle: number): number {
    return this.#arena.slab(handle).words[wordOf(handle)]
  }

  name(handle: number, index: number): number {
    return this.#arena.slab(handle).words[wordOf(handle) + 1 + 2 * index]
  }

  value(handle: number, index: number): number {
    return this.#arena.slab(handle).words[wordOf(handle) + 2 + 2 * index]
  }

  /** The value symbol of a name symbol, 0 when the set has no such label. */
  valueOf(handle: number, name: number): number {
    const { words } = this.#arena.slab(handle)
    const at = wordOf(handle)
    const end = at + 2 * words[at]
    for (let i = at + 1; i <= end; i += 2) if (words[i] === name) return words[i + 1]
    return 0
  }

  isEqual(handle: number, symbols: Uint32Array): boolean {
    const { words } = this.#arena.slab(handle)
    const at = wordOf(handle)
    if (words[at] * 2 !== symbols.length) return false
    for (let i = 0; i < symbols.length; i++) if (words[at + 1 + i] !== symbols[i]) return false
    return true
  }

  hash(handle: number): number {
    const { words } = this.#arena.slab(handle)
    const at = wordOf(handle)
    return hashSymbols(words.subarray(at + 1, at + 1 + 2 * words[at]))
  }

  labels(handle: number): Labels {
    const cached = this.#cache.get(handle)
    if (cached !== undefined) return cached
    const { words } = this.#arena.slab(handle)
    const at = wordOf(handle)
    const pairs: string[] = []
    for (let i = 1; i <= 2 * words[at]; i++) pairs.push(this.#symbols.text(words[at + i]))
    const labels = Labels.fromSorted(pairs)
    if (this.#cache.size >= CACHED_LABELS_MAX) this.#cache.clear()
    this.#cache.set(handle, labels)
    return labels
  }
}

const sizeBytes = (count: number): number => 4 + 8 * count

export function hashSymbols(symbols: Uint32Array): number {
  let hash = symbols.length
  for (let i = 0; i < symbols.length; i++)
    hash = Math.imul(hash ^ symbols[i], 0x9e3779b1) ^ (hash >>> 15)
  return mix(hash)
}
