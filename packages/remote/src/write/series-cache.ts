/**
 * Which series a reference of the log means, with its labels as they are sent. Texts are shared between
 * series; a series costs one array and one object.
 */
import { Labels } from '@vigie/model'

export class SeriesCache {
  /** Null: by the relabelling rules the series is not sent. */
  readonly #labels = new Map<number, Labels | null>()
  /** The last segment that names a series. */
  readonly #segments = new Map<number, number>()
  #texts = new Map<string, string>()
  readonly #relabel: (labels: Labels) => Labels | undefined

  constructor(relabel: (labels: Labels) => Labels | undefined) {
    this.#relabel = relabel
  }

  get size(): number {
    return this.#labels.size
  }

  /** Takes `pairs` over. */
  add(ref: number, pairs: string[], segment: number): void {
    this.#segments.set(ref, segment)
    // The log says it again in its checkpoints.
    if (this.#labels.has(ref)) return
    const labels = this.#relabel(Labels.fromSorted(pairs))
    if (labels === undefined || labels.size === 0) this.#labels.set(ref, null)
    else this.#labels.set(ref, Labels.fromSorted(labels.pairs.map((text) => this.#shared(text))))
  }

  #shared(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    this.#texts.set(text, text)
    return text
  }

  /** Null: not to be sent; undefined: unknown. */
  get(ref: number): Labels | null | undefined {
    return this.#labels.get(ref)
  }

  /** Forgets the series of segments up to `segment` that are not in `refs`. */
  keep(segment: number, refs: ReadonlySet<number>): void {
    for (const [ref, seen] of this.#segments) {
      if (seen > segment || refs.has(ref)) continue
      this.#segments.delete(ref)
      this.#labels.delete(ref)
    }
    this.#texts = new Map()
  }
}
