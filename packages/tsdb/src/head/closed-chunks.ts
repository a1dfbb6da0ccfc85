/** The full chunks of one series: linked from new to old, wanted from old to new. */
import type { ChunkReader, SlabPlaces } from './chunk-slabs.ts'

export class ClosedChunks {
  readonly #reader: ChunkReader
  #links = new Uint32Array(64)

  constructor(reader: ChunkReader) {
    this.#reader = reader
  }

  /** Shows those that may have samples in [minT, maxT], from `newest` back, oldest first. */
  visit(
    places: SlabPlaces,
    newest: number,
    minT: number,
    maxT: number,
    see: (chunk: ChunkReader) => void,
  ): void {
    const reader = this.#reader
    let count = 0
    for (let link = newest; reader.seek(places, link); link = reader.previous) {
      if (reader.maxT < minT) break
      if (reader.minT > maxT) continue
      if (count === this.#links.length) this.#grow()
      this.#links[count++] = link
    }
    while (count > 0) {
      reader.seek(places, this.#links[--count])
      see(reader)
    }
  }

  #grow(): void {
    const links = new Uint32Array(this.#links.length * 2)
    links.set(this.#links)
    this.#links = links
  }
}
