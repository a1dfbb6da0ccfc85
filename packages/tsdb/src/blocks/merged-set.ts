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
/** Series that are compared before one is looked up. */
const NEAR = 4

class MergedSet implements SeriesSet {
  readonly count: number
  readonly #sets: readonly SeriesSet[]
  readonly #labels: Labels[] = []
  /** By series and set, the index in the set. */
  readonly #indexes: Int32Array
  // Made when a series is not where it is expected.
  #byKey: Map<string, number> | undefined
  readonly #one = new SampleColumns()
  readonly #scratch = new SampleColumns()

  constructor(sets: readonly SeriesSet[]) {
    this.#sets = sets
    const total = sets.reduce((sum, set) => sum + set.count, 0)
    const indexes = new Int32Array(total * sets.length).fill(NONE)
    for (const [s, set] of sets.entries()) {
      // Most places have the same series in the same order: each is looked for where the last one led.
      let next = 0
      for (let i = 0; i < set.count; i++) {
        const labels = set.labels(i)
        let index = s === 0 ? NONE : this.#near(labels, next)
        if (index === NONE) index = this.#find(labels, s === 0)
        indexes[index * sets.length + s] = i
        next = index + 1
      }
    }
    this.count = this.#labels.length
    this.#indexes = indexes.slice(0, this.count * sets.length)
  }

  /** Where a series is among the next few, NONE when it is not. */
  #near(labels: Labels, from: number): number {
    const to = Math.min(from + NEAR, this.#labels.length)
    for (let k = from; k < to; k++) if (isSame(this.#labels[k], labels)) return k
    return NONE
  }

  /** Where a series is, at the end if it is new. Within one set all are. */
  #find(labels: Labels, isFirstSet: boolean): number {
    const all = this.#labels
    if (!isFirstSet) {
      this.#byKey ??= new Map(all.map((one, index) => [one.key, index]))
      const known = this.#byKey.get(labels.key)
      if (known !== undefined) return known
      this.#byKey.set(labels.key, all.length)
    }
    all.push(labels)
    return all.length - 1
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

/** Without a key for either. */
function isSame({ pairs: a }: Labels, { pairs: b }: Labels): boolean {
  if (a.length !== b.length) return false
  // Neighbours differ in their last labels.
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return false
  return true
}

/** Sorted lists of names as one. */
export function mergeNames(lists: readonly (readonly string[])[]): string[] {
  const filled = lists.filter((list) => list.length > 0)
  if (filled.length === 1) return [...filled[0]]
  return [...new Set(filled.flat())].sort(compareNames)
}
