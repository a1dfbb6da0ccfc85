/** The storage's side of one reader in another thread: answers what it selects, and remembers what it was given. */
import type { Matcher } from '@vigie/model'
import type { SlabPlace, SlabPlaces } from '../head/chunk-slabs.ts'
import type { Head } from '../head/head.ts'
import { selectSlots } from '../head/select.ts'
import { Selection } from '../head/selection.ts'
import type { SharedAnswer, SharedBlock, SharedMemory, SharedPlace } from './shared-selection.ts'

export interface SharedSelect {
  matchers: readonly Matcher[]
  /** ms, inclusive. */
  minT: number
  maxT: number
}

export class StorageShare {
  readonly #head: Head
  readonly #blocks: (minT: number, maxT: number) => SharedBlock[]
  #arenaGiven = 0
  #placesGiven: SlabPlaces | undefined

  /** `blocks` gives those with samples in [minT, maxT], oldest first. */
  constructor(head: Head, blocks: (minT: number, maxT: number) => SharedBlock[]) {
    this.#head = head
    this.#blocks = blocks
  }

  /** All selections are of this moment. */
  select(selects: readonly SharedSelect[]): SharedAnswer {
    const head = this.#head
    const selections = selects.map(({ matchers, minT, maxT }) => ({
      head: new Selection(head, selectSlots(head, matchers, minT, maxT)).share(minT),
      blocks: this.#blocks(minT, maxT),
    }))
    return { memory: this.#memory(), selections }
  }

  #memory(): SharedMemory {
    const { arena, chunks, seriesFreed } = this.#head
    const arenaFrom = this.#arenaGiven
    const slabs = arena.slabs.slice(arenaFrom).map(({ words }) => words.buffer as SharedArrayBuffer)
    this.#arenaGiven += slabs.length
    const isNew = this.#placesGiven !== chunks.places
    this.#placesGiven = chunks.places
    return {
      arenaFrom,
      arena: slabs,
      places: isNew ? chunks.places.map(sharedPlace) : undefined,
      generation: seriesFreed,
    }
  }
}

function sharedPlace(place: SlabPlace | undefined): SharedPlace | undefined {
  if (place === undefined) return undefined
  const { memory, file, position, fileNumber } = place
  return {
    memory: memory?.buffer as SharedArrayBuffer | undefined,
    path: file?.path ?? '',
    position,
    fileNumber,
  }
}
