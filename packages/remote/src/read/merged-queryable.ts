/** The own storage together with what others have: series by their labels, samples by their times. */
import {
  type LabelQuery,
  type Labels,
  type Matcher,
  type Queryable,
  SampleColumns,
  type SeriesSet,
} from '@vigie/model'

export class MergedQueryable implements Queryable {
  readonly #primary: Queryable
  readonly #others: readonly Pick<Queryable, 'select'>[]

  /**
   * Where two have a sample of one time, that of the first one counts. What fails in one of `others` is
   * a warning, and the rest is the answer; only series can be asked of them.
   */
  constructor(primary: Queryable, others: readonly Pick<Queryable, 'select'>[]) {
    this.#primary = primary
    this.#others = others
  }

  async select(matchers: readonly Matcher[], minT: number, maxT: number): Promise<SeriesSet> {
    const sets = await Promise.all([
      this.#primary.select(matchers, minT, maxT),
      ...this.#others.map((one) => bestEffort(one, matchers, minT, maxT)),
    ])
    const warnings = [...new Set(sets.flatMap((set) => set.warnings ?? []))]
    const filled = sets.filter((set) => set.count > 0)
    return filled.length === 1 && warnings.length === 0
      ? filled[0]
      : new MergedSet(filled, warnings)
  }

  labelNames(query: LabelQuery): string[] | Promise<string[]> {
    return this.#primary.labelNames(query)
  }

  labelValues(name: string, query: LabelQuery): string[] | Promise<string[]> {
    return this.#primary.labelValues(name, query)
  }
}

async function bestEffort(
  from: Pick<Queryable, 'select'>,
  matchers: readonly Matcher[],
  minT: number,
  maxT: number,
): Promise<SeriesSet> {
  try {
    return await from.select(matchers, minT, maxT)
  } catch (error) {
    return new MergedSet([], [error instanceof Error ? error.message : String(error)])
  }
}

interface Place {
  set: SeriesSet
  index: number
}

class MergedSet implements SeriesSet {
  readonly #series: { labels: Labels; places: Place[] }[]
  readonly #scratch = new SampleColumns()
  readonly warnings: readonly string[]

  constructor(sets: readonly SeriesSet[], warnings: readonly string[]) {
    this.warnings = warnings
    const byKey = new Map<string, { labels: Labels; places: Place[] }>()
    for (const set of sets)
      for (let index = 0; index < set.count; index++) {
        const labels = set.labels(index)
        const known = byKey.get(labels.key)
        if (known === undefined) byKey.set(labels.key, { labels, places: [{ set, index }] })
        else known.places.push({ set, index })
      }
    this.#series = [...byKey.values()]
  }

  get count(): number {
    return this.#series.length
  }

  labels(index: number): Labels {
    return this.#series[index].labels
  }

  samples(index: number, minT: number, maxT: number, out: SampleColumns): void {
    const [first, ...others] = this.#series[index].places
    first.set.samples(first.index, minT, maxT, out)
    for (const place of others) {
      const before = copyOf(out)
      place.set.samples(place.index, minT, maxT, this.#scratch)
      merge(before, this.#scratch, out)
    }
  }
}

function copyOf(columns: SampleColumns): SampleColumns {
  const copy = new SampleColumns(Math.max(1, columns.length))
  for (let i = 0; i < columns.length; i++) pushFrom(columns, i, copy)
  return copy
}

function merge(a: SampleColumns, b: SampleColumns, out: SampleColumns): void {
  out.clear()
  let j = 0
  for (let i = 0; i < a.length; i++) {
    for (; j < b.length && b.t[j] < a.t[i]; j++) pushFrom(b, j, out)
    if (j < b.length && b.t[j] === a.t[i]) j++
    pushFrom(a, i, out)
  }
  for (; j < b.length; j++) pushFrom(b, j, out)
}

function pushFrom(from: SampleColumns, index: number, out: SampleColumns): void {
  const h = from.h?.[index]
  if (h === undefined) out.push(from.t[index], from.v[index])
  else out.pushHistogram(from.t[index], h)
}
