/** The samples of one request. */
import type { Histogram, Labels } from '@vigie/model'
import {
  type WriteExemplar,
  type WriteMetadata,
  encodeWriteRequest,
} from '@vigie/model/remote-write'
import { type WriteSeriesV2, encodeWriteRequestV2 } from '../wire/write-v2.ts'
import { PROTOCOL_V2, type WriteProtocol } from './config.ts'
import type { PerKind } from './counters.ts'
import { EXEMPLAR, FLOAT, HISTOGRAM, type SampleKind, type SampleQueue } from './sample-queue.ts'

/** What is known of a metric by its name. */
export type MetadataOf = (metric: string) => Omit<WriteMetadata, 'metric'> | undefined

interface Entry {
  kind: SampleKind
  t: number
  series: WriteSeriesV2
}

export class Batch {
  readonly entries: readonly Entry[]
  /** Of those in it. */
  readonly counts: PerKind = [0, 0, 0]
  /** ms; -Infinity when there is none. */
  readonly newestMs: number

  constructor(entries: readonly Entry[]) {
    this.entries = entries
    let newestMs = -Infinity
    for (const { kind, t } of entries) {
      this.counts[kind]++
      if (kind !== EXEMPLAR && t > newestMs) newestMs = t
    }
    this.newestMs = newestMs
  }

  /** The oldest `count` of a queue, which keeps them. */
  static of(queue: SampleQueue, count: number): Batch {
    const entries: Entry[] = []
    for (let i = 0; i < count; i++) entries.push(entryOf(queue, i))
    return new Batch(entries)
  }

  get size(): number {
    return this.entries.length
  }

  /** The same in at most `count` parts, in their order. */
  parts(count: number): Batch[] {
    const size = Math.ceil(this.size / count)
    const parts: Batch[] = []
    for (let at = 0; at < this.size; at += size)
      parts.push(new Batch(this.entries.slice(at, at + size)))
    return parts
  }

  /** The body of its request. */
  encode(protocol: WriteProtocol, metadataOf: MetadataOf): Uint8Array {
    const series = this.entries.map((entry) => entry.series)
    if (protocol !== PROTOCOL_V2) return encodeWriteRequest({ series })
    for (const one of series) one.metadata ??= metadataOf(one.labels.metricName)
    return encodeWriteRequestV2(series)
  }
}

function entryOf(queue: SampleQueue, index: number): Entry {
  const kind = queue.kind(index)
  const t = queue.t(index)
  return { kind, t, series: seriesOf(queue, index, kind, t) }
}

function seriesOf(queue: SampleQueue, index: number, kind: SampleKind, t: number): WriteSeriesV2 {
  const labels = queue.labels(index)
  const v = queue.v(index)
  if (kind === FLOAT) return { labels, t: [t], v: [v] }
  const extra = queue.extra(index)
  if (kind === HISTOGRAM) return { labels, t: [t], v: [v], h: [extra as Histogram] }
  const exemplar: WriteExemplar = { labels: extra as Labels, t, v }
  return { labels, t: [], v: [], exemplars: [exemplar] }
}
