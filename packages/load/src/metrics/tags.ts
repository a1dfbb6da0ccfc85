/** Interned tag sets: one object per combination of tags, so that a series is found by one lookup. */

/** Immutable and unique within its TagTable: equal tags mean the same object. */
export interface TagSet {
  /** Sorted by name. */
  readonly pairs: readonly (readonly [name: string, value: string])[]
  /** Whatever its users hang on a tag set: series, bundles of series. */
  readonly slots: Map<string, unknown>
}

export class TagTable {
  readonly #sets = new Map<string, TagSet>()
  #isDropped: (name: string) => boolean = () => false

  /** From now on, tags for which `isDropped` holds are left out of every set. */
  drop(isDropped: (name: string) => boolean): void {
    this.#isDropped = isDropped
  }

  /** The set with exactly these tags; the last value of a repeated name counts. */
  of(pairs: Iterable<readonly [string, string]>): TagSet {
    const kept = [...new Map(pairs)].filter(([name]) => !this.#isDropped(name))
    const sorted = kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    const key = sorted.map(([name, value]) => `${name}\u0000${value}`).join('\u0001')
    let set = this.#sets.get(key)
    if (set === undefined) this.#sets.set(key, (set = { pairs: sorted, slots: new Map() }))
    return set
  }

  /** `base` with more tags, or with other values. */
  with(base: TagSet, pairs: Iterable<readonly [string, string]>): TagSet {
    // Fast path: a script mostly adds the tags that it added before.
    let key = ''
    for (const [name, value] of pairs) key += `\u0001${name}\u0000${value}`
    let set = base.slots.get(key) as TagSet | undefined
    if (set === undefined) base.slots.set(key, (set = this.of([...base.pairs, ...pairs])))
    return set
  }
}
