/** What waits in one shard, oldest first: parallel columns around which the two ends go in a circle. */
import type { Histogram, Labels } from '@vigie/model'

export const FLOAT = 0
export const HISTOGRAM = 1
export const EXEMPLAR = 2
export type SampleKind = typeof FLOAT | typeof HISTOGRAM | typeof EXEMPLAR

/** A histogram, or the own labels of an exemplar. */
export type SampleExtra = Histogram | Labels | undefined

const SIZE_MIN = 64

export class SampleQueue {
  #ref = new Float64Array(SIZE_MIN)
  #kind = new Uint8Array(SIZE_MIN)
  #labels: Labels[] = []
  #extra: SampleExtra[] = []
  #t = new Float64Array(SIZE_MIN)
  #v = new Float64Array(SIZE_MIN)
  #seq = new Float64Array(SIZE_MIN)
  #start = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** `ref`: the series in the log; `seq`: the record of the log it comes from. */
  push(
    ref: number,
    kind: SampleKind,
    labels: Labels,
    t: number,
    v: number,
    extra: SampleExtra,
    seq: number,
  ): void {
    if (this.#size === this.#t.length) this.#grow()
    const at = this.#at(this.#size++)
    this.#ref[at] = ref
    this.#kind[at] = kind
    this.#labels[at] = labels
    this.#extra[at] = extra
    this.#t[at] = t
    this.#v[at] = v
    this.#seq[at] = seq
  }

  /** Adds a copy of what `from` has at `index`. */
  pushFrom(from: SampleQueue, index: number): void {
    const at = from.#at(index)
    this.push(
      from.#ref[at],
      from.#kind[at] as SampleKind,
      from.#labels[at],
      from.#t[at],
      from.#v[at],
      from.#extra[at],
      from.#seq[at],
    )
  }

  #at(index: number): number {
    return (this.#start + index) % this.#t.length
  }

  ref(index: number): number {
    return this.#ref[this.#at(index)]
  }

  kind(index: number): SampleKind {
    return this.#kind[this.#at(index)] as SampleKind
  }

  labels(index: number): Labels {
    return this.#labels[this.#at(index)]
  }

  extra(index: number): SampleExtra {
    return this.#extra[this.#at(index)]
  }

  t(index: number): number {
    return this.#t[this.#at(index)]
  }

  v(index: number): number {
    return this.#v[this.#at(index)]
  }

  seq(index: number): number {
    return this.#seq[this.#at(index)]
  }

  /** Removes the oldest `count`. */
  drop(count: number): void {
    this.#start = this.#at(count)
    this.#size -= count
  }

  #grow(): void {
    const size = this.#size
    const grown = <T extends Uint8Array | Float64Array>(from: T, into: T): T => {
      into.set(from.subarray(this.#start))
      into.set(from.subarray(0, this.#start), size - this.#start)
      return into
    }
    this.#ref = grown(this.#ref, new Float64Array(size * 2))
    this.#kind = grown(this.#kind, new Uint8Array(size * 2))
    this.#t = grown(this.#t, new Float64Array(size * 2))
    this.#v = grown(this.#v, new Float64Array(size * 2))
    this.#seq = grown(this.#seq, new Float64Array(size * 2))
    this.#labels = [...this.#labels.slice(this.#start), ...this.#labels.slice(0, this.#start)]
    this.#extra = [...this.#extra.slice(this.#start), ...this.#extra.slice(0, this.#start)]
    this.#start = 0
  }
}
