/** The lists of /api/v1/status/tsdb: which names and values make the storage large. */
import { METRIC_NAME } from '@vigie/model'
import type { Head } from './head/head.ts'

export interface NamedCount {
  name: string
  value: number
}

/** Each list is sorted, largest first. */
export interface Cardinality {
  seriesCountByMetricName: NamedCount[]
  labelValueCountByLabelName: NamedCount[]
  /** Bytes of the values of a label, counted once per series. */
  memoryInBytesByLabelName: NamedCount[]
  /** Names are `label=value`. */
  seriesCountByLabelValuePair: NamedCount[]
  /** Number of distinct label pairs. */
  numLabelPairs: number
}

export function cardinality(head: Head, limit: number): Cardinality {
  const { postings, symbols } = head
  const metrics = new Largest(limit)
  const valueCounts = new Largest(limit)
  const bytes = new Largest(limit)
  const pairs = new Largest(limit)
  const metricName = symbols.find(METRIC_NAME)
  for (const name of postings.names()) {
    let sum = 0
    for (const value of postings.valuesOf(name)) {
      const count = postings.countOf(name, value)
      sum += count * symbols.sizeOf(value)
      if (name === metricName) metrics.offer(count, () => symbols.text(value))
      pairs.offer(count, () => `${symbols.text(name)}=${symbols.text(value)}`)
    }
    valueCounts.offer(postings.valueCountOf(name), () => symbols.text(name))
    bytes.offer(sum, () => symbols.text(name))
  }
  return {
    seriesCountByMetricName: metrics.list,
    labelValueCountByLabelName: valueCounts.list,
    memoryInBytesByLabelName: bytes.list,
    seriesCountByLabelValuePair: pairs.list,
    numLabelPairs: postings.pairs,
  }
}

/** The `limit` largest of what it is offered; a name is only made for what gets in. */
class Largest {
  readonly list: NamedCount[] = []
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  offer(value: number, name: () => string): void {
    const { list } = this
    if (list.length >= this.#limit && (list.at(-1)?.value ?? Infinity) >= value) return
    const at = list.findIndex((one) => one.value < value)
    list.splice(at < 0 ? list.length : at, 0, { name: name(), value })
    if (list.length > this.#limit) list.pop()
  }
}
