/**
 * Classic histograms as native ones with custom buckets: a reader over another one that gathers the
 * series of a classic histogram and gives them as one sample. What counts as one histogram, when it is
 * given up, and that empty buckets in between stay where they are few, is Prometheus's.
 */
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, METRIC_NAME, makeHistogram } from '@vigie/model'
import type { MetricType } from '../status.ts'
import { BucketsBuilder } from './compact-buckets.ts'
import { parseGoFloat } from './number.ts'
import type { ReadExemplar, SampleReader } from './sample-reader.ts'

const SUFFIXES = ['_bucket', '_count', '_sum'] as const
type Suffix = (typeof SUFFIXES)[number]

/** Empty buckets in a row that are kept in histograms of integers. */
const EMPTY_MAX = 2

/** One series of a classic histogram. */
interface ClassicPart {
  suffix: Suffix
  /** Upper bound of a bucket. */
  le: number
  /** The same for all series of one histogram. */
  group: string
  /** Name and labels of the histogram. */
  labels: Map<string, string>
}

export class ClassicHistogramReader implements SampleReader {
  readonly #reader: SampleReader
  readonly #keepsClassic: boolean
  /** The histogram being gathered. */
  #open: Gathered | undefined
  /** The one that was just given. */
  #given: { gathered: Gathered; histogram: Histogram } | undefined
  /** What the reader stands on, to be given next. */
  #held: ReturnType<SampleReader['next']> | undefined
  #typedFamily = ''
  /** The group of the last native histogram: its classic buckets stay what they are. */
  #nativeGroup = ''

  constructor(reader: SampleReader, keepsClassic: boolean) {
    this.#reader = reader
    this.#keepsClassic = keepsClassic
  }

  next(): ReturnType<SampleReader['next']> {
    this.#given = undefined
    for (;;) {
      const entry = this.#held ?? this.#reader.next()
      this.#held = undefined
      const part = entry === 'sample' ? this.#partHere() : undefined
      if (this.#open !== undefined && part?.group !== this.#open.group) {
        if (this.#give()) {
          this.#held = entry
          return 'sample'
        }
      }
      if (entry === 'type') this.#typedFamily = this.#reader.family
      if (part === undefined) return entry
      this.#open ??= new Gathered(part)
      this.#open.add(part, this.#reader)
      if (this.#keepsClassic) return entry
    }
  }

  /** Whether there is a histogram in what was gathered. */
  #give(): boolean {
    const gathered = this.#open!
    this.#open = undefined
    const histogram = gathered.histogram()
    if (histogram === undefined) return false
    this.#given = { gathered, histogram }
    return true
  }

  #partHere(): ClassicPart | undefined {
    const reader = this.#reader
    if (reader.histogram !== undefined) {
      this.#nativeGroup = groupOf(reader.labelMap())
      return undefined
    }
    if (reader.type !== 'histogram') return undefined
    const labels = reader.labelMap()
    const name = labels.get(METRIC_NAME)!
    const suffix = SUFFIXES.find((one) => name.endsWith(one))
    if (suffix === undefined || name.slice(0, -suffix.length) !== this.#typedFamily)
      return undefined
    const bound = labels.get('le')
    const le = suffix === '_bucket' ? parseGoFloat(bound ?? '') : 0
    if (typeof le !== 'number' || le !== le) return undefined
    labels.delete('le')
    labels.set(METRIC_NAME, this.#typedFamily)
    const group = groupOf(labels)
    return group === this.#nativeGroup ? undefined : { suffix, le, group, labels }
  }

  get key(): string {
    return this.#given === undefined ? this.#reader.key : `custom\n${this.#given.gathered.group}`
  }

  get value(): number {
    return this.#reader.value
  }

  get histogram(): Histogram | undefined {
    return this.#given === undefined ? this.#reader.histogram : this.#given.histogram
  }

  get timestamp(): number | undefined {
    return this.#given === undefined ? this.#reader.timestamp : this.#given.gathered.timestamp
  }

  labelMap(): Map<string, string> {
    return this.#given === undefined ? this.#reader.labelMap() : this.#given.gathered.labels
  }

  exemplars(): ReadExemplar[] {
    return this.#given === undefined ? this.#reader.exemplars() : this.#given.gathered.exemplars
  }

  get family(): string {
    return this.#reader.family
  }

  get text(): string {
    return this.#reader.text
  }

  get type(): MetricType {
    return this.#reader.type
  }
}

const groupOf = (labels: ReadonlyMap<string, string>): string =>
  JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)))

/** What is known of one classic histogram. */
class Gathered {
  readonly group: string
  readonly labels: Map<string, string>
  readonly exemplars: ReadExemplar[] = []
  timestamp: number | undefined
  readonly #buckets: { le: number; count: number }[] = []
  #count: number | undefined
  #sum = 0
  /** Something was said that no histogram can say. */
  #isBroken = false

  constructor({ group, labels }: ClassicPart) {
    this.group = group
    this.labels = labels
  }

  add({ suffix, le }: ClassicPart, reader: SampleReader): void {
    const { value } = reader
    this.timestamp = reader.timestamp
    this.exemplars.push(...reader.exemplars())
    if (suffix === '_sum') this.#sum = value
    else if (value < 0) this.#isBroken = true
    else if (suffix === '_count') this.#count = value
    else this.#addBucket(le, value)
  }

  /** Buckets come in any order; a bound that comes again is ignored. */
  #addBucket(le: number, count: number): void {
    const buckets = this.#buckets
    let i = buckets.length
    while (i > 0 && buckets[i - 1].le > le) i--
    if (i > 0 && buckets[i - 1].le === le) return
    const isFalling =
      (i > 0 && count < buckets[i - 1].count) || (i < buckets.length && count > buckets[i].count)
    if (isFalling) this.#isBroken = true
    else buckets.splice(i, 0, { le, count })
  }

  /** Undefined when it makes none. */
  histogram(): Histogram | undefined {
    const buckets = this.#buckets
    const count = this.#count ?? buckets.at(-1)?.count
    if (this.#isBroken || count === undefined) return undefined
    if (buckets.at(-1)?.le !== Infinity) buckets.push({ le: Infinity, count })
    if (buckets.at(-1)!.count !== count) return undefined
    const isInteger = Number.isInteger(count) && buckets.every((one) => Number.isInteger(one.count))
    const builder = new BucketsBuilder(isInteger ? EMPTY_MAX : 0)
    let before = 0
    for (const [i, one] of buckets.entries()) {
      builder.add(i, one.count - before)
      before = one.count
    }
    const { spans, counts } = builder.finish()
    return makeHistogram({
      isInteger,
      schema: CUSTOM_BUCKETS_SCHEMA,
      count,
      sum: this.#sum,
      positiveSpans: spans,
      positiveCounts: counts,
      customBounds: Float64Array.from(buckets.slice(0, -1), ({ le }) => le),
    })
  }
}
