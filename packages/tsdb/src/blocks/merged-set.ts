/**
 * What a selector matched in several places, as one: a series that is in more than one comes once,
 * its samples in order of time, and those that two places have come once.
 */
import { type Labels, SampleColumns, type SeriesSet, compareNames } from '@vigie/model'
import { mergeColumns } from './columns.ts'

/** `sets` should come in order of time: that is fastest. */
export function mergeSets(sets: readonly SeriesSet[]): SeriesSet {
  const filled = sets.filter((set) => set.count > 0)
  return filled.length === 1 ? filled[0] : new MergedSet(filled)
}

/** Not in a set. */
const NONE = -1

class MergedSet implements SeriesSet {
  readonly count: number
  readonly #sets: readonly SeriesSet[]
  readonly #labels: Labels[] = []
  /** By series and set, the index in the set. */
  readonly #indexes: Int32Array
  readonly #one = new SampleColumns()
  readonly #scratch = new SampleColumns()

  constructor(sets: readonly SeriesSet[]) {
    this.#sets = sets
    const total = sets.reduce((sum, set) => sum + set.count, 0)
    const indexes = new Int32Array(total * sets.length).fill(NONE)
    const byKey = new Map<string, number>()
    for (const [s, set] of sets.entries())
      for (let i = 0; i < set.count; i++) {
        const labels = set.labels(i)
        let index = byKey.get(labels.key)
        if (index === undefined) {
          index = this.#labels.length
          byKey.set(labels.key, index)
          this.#labels.push(labels)
        }
        indexes[index * sets.length + s] = i
      }
    this.count = this.#labels.length
    this.#indexes = indexes.slice(0, this.count * sets.length)
  }

  labels(index: number): Labels {
    return this.#labels[index]
  }

  samples(index: number, minT: number, maxT: number, out: SampleColumns): void {
    out.clear()
    let isFirst = true
    for (let s = 0; s < this.#sets.length; s++) {
      const inSet = this.#indexes[index * this.#sets.length + s]
      if (inSet === NONE) continue
      if (isFirst) this.#sets[s].samples(inSet, minT, maxT, out)
      else {
        this.#sets[s].samples(inSet, minT, maxT, this.#one)
        mergeColumns(out, this.#one, this.#scratch)
      }
      isFirst = false
    }
  }
}

/** Sorted lists of names as one. */
export function mergeNames(lists: readonly (readonly string[])[]): string[] {
  const filled = lists.filter((list) => list.length > 0)
  if (filled.length === 1) return [...filled[0]]
  return [...new Set(filled.flat())].sort(compareNames)
}
