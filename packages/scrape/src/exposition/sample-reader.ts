/**
 * A body as samples, one after the other, whatever its format: what can carry native histograms. Text
 * without them has a faster way (see ingest/template.ts).
 */
import type { Histogram, Labels } from '@vigie/model'
import type { MetricType } from '../status.ts'
import type { TextParser } from './text-parser.ts'

export interface ReadExemplar {
  labels: Labels
  v: number
  /** ms; undefined: that of its sample. */
  t: number | undefined
}

export interface SampleReader {
  /** Reads on. Throws ExpositionError. */
  next(): 'end' | 'sample' | 'type' | 'help' | 'unit'
  /** Of a sample: the same for the same series within a target, in every body of this format. */
  readonly key: string
  readonly value: number
  /** Instead of `value`. */
  readonly histogram: Histogram | undefined
  /** ms; undefined: when it was scraped. */
  readonly timestamp: number | undefined
  /** Name and labels of the sample, the caller's to keep. Throws ExpositionError. */
  labelMap(): Map<string, string>
  exemplars(): ReadExemplar[]
  /** Of `type`, `help` and `unit`: the family and what is said of it. The type stays in force. */
  readonly family: string
  readonly text: string
  readonly type: MetricType
}

/** A text body as samples. */
export class TextReader implements SampleReader {
  readonly histogram: undefined
  readonly #parser: TextParser

  constructor(parser: TextParser) {
    this.#parser = parser
  }

  next(): 'end' | 'sample' | 'type' | 'help' | 'unit' {
    for (;;) {
      const entry = this.#parser.next()
      if (entry === 'series') return 'sample'
      if (entry !== 'comment') return entry
    }
  }

  get key(): string {
    const { bytes, seriesStart, seriesEnd, type } = this.#parser
    return `${type}\n${bytes.toString('latin1', seriesStart, seriesEnd)}`
  }

  get value(): number {
    return this.#parser.value
  }

  get timestamp(): number | undefined {
    return this.#parser.hasTimestamp ? this.#parser.timestamp : undefined
  }

  labelMap(): Map<string, string> {
    return this.#parser.labelMap()
  }

  exemplars(): ReadExemplar[] {
    const parser = this.#parser
    if (!parser.hasExemplar) return []
    return [
      { labels: parser.exemplarLabels(), v: parser.exemplarValue, t: parser.exemplarTimestamp },
    ]
  }

  get family(): string {
    return this.#parser.family
  }

  get text(): string {
    return this.#parser.text
  }

  get type(): MetricType {
    return this.#parser.type
  }
}
