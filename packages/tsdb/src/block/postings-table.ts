/**
 * Where the postings of each label pair are: the table as bytes, and every 32nd value of each name, so
 * that a value is found without a string for each of them.
 */
import { ByteReader } from './byte-buffer.ts'
import { CorruptBlockError } from './meta.ts'

const SAMPLED = 32
/** Every entry names two texts. */
const TEXTS = 2

interface Values {
  count: number
  /** Offsets in the table of every 32nd entry. */
  samples: number[]
}

export class PostingsTable {
  readonly #bytes: Buffer
  readonly #byName = new Map<string, Values>()

  /** Throws CorruptBlockError. */
  constructor(bytes: Buffer, path: string) {
    this.#bytes = bytes
    const count = bytes.readUInt32BE(0)
    const reader = new ByteReader(bytes, 4)
    let nameStart = 0
    let nameEnd = 0
    let values: Values | undefined
    for (let i = 0; i < count; i++) {
      const at = reader.at
      const texts = reader.uvarint()
      if (texts !== TEXTS)
        throw new CorruptBlockError(path, `postings table: entry ${i} has ${texts} texts, want 2`)
      const size = reader.uvarint()
      if (!(reader.at + size < bytes.length)) throw tooShort(path, i, count)
      const isSameName =
        values !== undefined &&
        size === nameEnd - nameStart &&
        bytes.compare(bytes, nameStart, nameEnd, reader.at, reader.at + size) === 0
      if (!isSameName || values === undefined) {
        nameStart = reader.at
        nameEnd = reader.at + size
        values = { count: 0, samples: [] }
        this.#byName.set(bytes.toString('utf8', nameStart, nameEnd), values)
      }
      if (values.count++ % SAMPLED === 0) values.samples.push(at)
      reader.at += size
      reader.skipText()
      reader.uvarint()
      if (reader.at > bytes.length) throw tooShort(path, i, count)
    }
  }

  /** Names that some series has, in order. */
  names(): string[] {
    return [...this.#byName.keys()].filter((name) => name !== '')
  }

  countOf(name: string): number {
    return this.#byName.get(name)?.count ?? 0
  }

  /** Offset in the file of the postings of a pair. */
  find(name: string, value: string): number | undefined {
    const values = this.#byName.get(name)
    if (values === undefined) return undefined
    const wanted = Buffer.from(value)
    const low = this.#sampleBefore(values, wanted)
    const reader = new ByteReader(this.#bytes, values.samples[low])
    const entries = Math.min(SAMPLED, values.count - low * SAMPLED)
    for (let i = 0; i < entries; i++) {
      const order = this.#compare(reader.at, wanted)
      if (order > 0) return undefined
      skipTexts(reader)
      const at = reader.uvarint()
      if (order === 0) return at
    }
    return undefined
  }

  /** The last sample whose value is not above `wanted`, or the first. */
  #sampleBefore(values: Values, wanted: Buffer): number {
    let low = 0
    let high = values.samples.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#compare(values.samples[middle], wanted) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The value of the entry at an offset of the table against bytes. */
  #compare(at: number, wanted: Buffer): number {
    const reader = new ByteReader(this.#bytes, at)
    reader.uvarint()
    reader.skipText()
    const size = reader.uvarint()
    return this.#bytes.compare(wanted, 0, wanted.length, reader.at, reader.at + size)
  }

  /**
   * Calls `visit` with each value of a name that begins with `prefix`, in order, and the offset in the file
   * of its postings.
   */
  forEach(name: string, visit: (value: string, at: number) => void, prefix = ''): void {
    const values = this.#byName.get(name)
    if (values === undefined) return
    const first = prefix === '' ? 0 : this.#sampleBefore(values, Buffer.from(prefix))
    const reader = new ByteReader(this.#bytes, values.samples[first])
    let isInside = false
    for (let i = first * SAMPLED; i < values.count; i++) {
      reader.uvarint()
      reader.skipText()
      const size = reader.uvarint()
      const value = this.#bytes.toString('utf8', reader.at, reader.at + size)
      reader.at += size
      const at = reader.uvarint()
      // Those with the prefix follow each other.
      if (value.startsWith(prefix)) visit(value, at)
      else if (isInside) return
      isInside ||= value.startsWith(prefix)
    }
  }
}

const tooShort = (path: string, entries: number, want: number): CorruptBlockError =>
  new CorruptBlockError(path, `postings table: it ends after ${entries} of ${want} entries`)

function skipTexts(reader: ByteReader): void {
  reader.uvarint()
  reader.skipText()
  reader.skipText()
}
