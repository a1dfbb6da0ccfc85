/**
 * The protobuf format: MetricFamily messages, each behind its length. The only one that carries native
 * histograms. Decoded where it lies; a series becomes text only when somebody asks for its labels.
 *
 *     MetricFamily { string name = 1; string help = 2; MetricType type = 3; Metric metric = 4; string unit = 5 }
 *     Metric       { LabelPair label = 1; Gauge gauge = 2; Counter counter = 3; Summary summary = 4;
 *                    Untyped untyped = 5; int64 timestamp_ms = 6; Histogram histogram = 7 }
 *     LabelPair    { string name = 1; string value = 2 }
 *     Gauge, Untyped { double value = 1 }    Counter { double value = 1; Exemplar exemplar = 2 }
 *     Summary      { uint64 count = 1; double sum = 2; Quantile { double quantile = 1; double value = 2 } = 3 }
 *     Exemplar     { LabelPair label = 1; double value = 2; Timestamp { int64 s = 1; int32 ns = 2 } = 3 }
 *
 * Created timestamps are skipped. Source: prometheus/client_model, metrics.proto.
 */
import { isUtf8 } from 'node:buffer'
import { type Histogram, Labels, METRIC_NAME, quote } from '@vigie/model'
import type { MetricType } from '../status.ts'
import { openMetricsFloat } from './float-label.ts'
import { HistogramMessage } from './histogram-message.ts'
import type { ReadExemplar, SampleReader } from './sample-reader.ts'
import { addLabel } from './scraped-labels.ts'
import { ExpositionError } from './text-parser.ts'
import { WireReader } from './wire.ts'

/** By the number of MetricType. */
const TYPES: readonly MetricType[] = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'gaugehistogram',
]
/** Fields of Metric that hold a value. */
const HISTOGRAM_FIELD = 7

/** One sample of a metric: itself, or one of the series that a summary or classic histogram is. */
interface Part {
  /** Behind the family's name. */
  suffix: '' | '_count' | '_sum' | '_bucket'
  /** Name and value of the label that tells it from its siblings; '' for none. */
  label: '' | 'le' | 'quantile'
  bound: string
  value: number
  histogram: Histogram | undefined
  /** [start, end) of Exemplar messages. */
  exemplars: readonly number[]
}

export class ProtobufReader implements SampleReader {
  readonly #wire = new WireReader()
  readonly #message = new HistogramMessage()
  readonly #ignoresNative: boolean
  readonly #keepsClassic: boolean
  #bytes: Buffer
  #size: number
  /** Where the next family begins. */
  #at = 0
  /** [start, end) of the family's metrics. */
  readonly #metrics: number[] = []
  #metric = 0
  /** What is said of the family before its first metric. */
  #said: ('help' | 'unit' | 'type')[] = []
  #help = ''
  #unit = ''
  /** [start, end) of the labels of the metric, and its samples. */
  readonly #labels: number[] = []
  #parts: Part[] = []
  #part = 0
  #labelsKey = ''
  family = ''
  text = ''
  type: MetricType = 'unknown'
  timestamp: number | undefined

  /** `ignoresNative`: of histograms that are both, and all others, only the classic buckets are read. */
  constructor(
    bytes: Buffer,
    size: number,
    options: { ignoresNative: boolean; keepsClassic: boolean },
  ) {
    this.#bytes = bytes
    this.#size = size
    this.#ignoresNative = options.ignoresNative
    this.#keepsClassic = options.keepsClassic
  }

  next(): 'end' | 'sample' | 'type' | 'help' | 'unit' {
    if (this.#part + 1 < this.#parts.length) {
      this.#part++
      return 'sample'
    }
    while (this.#said.length === 0 && this.#metric >= this.#metrics.length) {
      if (this.#at >= this.#size) return 'end'
      this.#readFamily()
    }
    const said = this.#said.shift()
    if (said !== undefined) {
      this.text = said === 'help' ? this.#help : said === 'unit' ? this.#unit : this.type
      return said
    }
    this.#readMetric()
    return 'sample'
  }

  #readFamily(): void {
    const wire = this.#wire
    wire.reset(this.#bytes, this.#at, this.#size)
    const end = (wire.end = wire.prefix())
    let type = 0
    let name = ''
    this.#help = this.#unit = ''
    this.#metrics.length = this.#metric = 0
    while (wire.next()) {
      if (wire.field === 1) name = this.#text(wire, 'metric name')
      else if (wire.field === 2) this.#help = this.#text(wire, 'help')
      else if (wire.field === 3) type = wire.uint()
      else if (wire.field === 5) this.#unit = this.#text(wire, 'unit')
      else if (wire.field === 4) {
        const metricEnd = wire.length()
        this.#metrics.push(wire.at, metricEnd)
        wire.at = metricEnd
      } else wire.skip()
    }
    this.#at = end
    // A family without metrics says nothing.
    if (this.#metrics.length === 0) return
    if (name === '') throw invalid('invalid metric name: ')
    if (type >= TYPES.length)
      throw invalid(`unknown metric type for metric ${quote(name)}: ${type}`)
    this.family = name
    this.type = TYPES[type]
    this.#checkUnit()
    this.#said = this.#unit === '' ? ['help', 'type'] : ['help', 'unit', 'type']
  }

  #checkUnit(): void {
    const { family } = this
    const unit = this.#unit
    if (unit === '') return
    const isCounter = this.type === 'counter' && family.endsWith('_total')
    const base = isCounter ? family.slice(0, -'_total'.length) : family
    if (!base.endsWith(`_${unit}`))
      throw invalid(
        `unit ${quote(unit)} not a suffix of ${isCounter ? 'counter' : 'metric'} ${quote(family)}`,
      )
  }

  #readMetric(): void {
    const wire = this.#wire
    wire.reset(this.#bytes, this.#metrics[this.#metric], this.#metrics[this.#metric + 1])
    this.#metric += 2
    this.#labels.length = 0
    this.#part = 0
    let [field, start, end] = [0, 0, 0]
    let timestamp = 0
    while (wire.next()) {
      if (wire.field === 6) timestamp = wire.int()
      else if (wire.field > HISTOGRAM_FIELD || wire.type !== 2) wire.skip()
      else {
        const partEnd = wire.length()
        if (wire.field === 1) this.#labels.push(wire.at, partEnd)
        else [field, start, end] = [wire.field, wire.at, partEnd]
        wire.at = partEnd
      }
    }
    // In proto3 what was not sent is 0.
    this.timestamp = timestamp === 0 ? undefined : timestamp
    this.#labelsKey = this.#keyOfLabels()
    const isMissing = field !== VALUE_FIELDS[this.type]
    wire.reset(this.#bytes, isMissing ? 0 : start, isMissing ? 0 : end)
    this.#parts = this.#partsOf()
  }

  #keyOfLabels(): string {
    let key = this.family
    for (let i = 0; i < this.#labels.length; i += 2)
      key += `\n${this.#bytes.toString('latin1', this.#labels[i], this.#labels[i + 1])}`
    return key
  }

  #partsOf(): Part[] {
    if (this.type === 'histogram' || this.type === 'gaugehistogram') return this.#histogramParts()
    return this.type === 'summary' ? this.#summaryParts() : [this.#valuePart()]
  }

  /** A counter, gauge or untyped value. */
  #valuePart(): Part {
    const wire = this.#wire
    const isCounter = this.type === 'counter'
    let value = 0
    let exemplars: readonly number[] = []
    while (wire.next()) {
      if (wire.field === 1) value = wire.double()
      else if (wire.field === 2 && isCounter) {
        const end = wire.length()
        exemplars = [wire.at, end]
        wire.at = end
      } else wire.skip()
    }
    return { ...PLAIN, value, exemplars }
  }

  #summaryParts(): Part[] {
    const wire = this.#wire
    let [count, sum] = [0, 0]
    const quantiles: Part[] = []
    while (wire.next()) {
      if (wire.field === 1) count = wire.uint()
      else if (wire.field === 2) sum = wire.double()
      else if (wire.field === 3) quantiles.push(this.#quantilePart())
      else wire.skip()
    }
    return [
      { ...PLAIN, suffix: '_count', value: count },
      { ...PLAIN, suffix: '_sum', value: sum },
      ...quantiles,
    ]
  }

  #quantilePart(): Part {
    const wire = this.#wire
    const { end: outer } = wire
    wire.end = wire.length()
    let [quantile, value] = [0, 0]
    while (wire.next()) {
      if (wire.field === 1) quantile = wire.double()
      else if (wire.field === 2) value = wire.double()
      else wire.skip()
    }
    wire.end = outer
    return { ...PLAIN, label: 'quantile', bound: openMetricsFloat(quantile), value }
  }

  #histogramParts(): Part[] {
    const message = this.#message
    message.read(this.#wire)
    if (this.#ignoresNative || !message.isNative) return this.#classicParts()
    const isGauge = this.type === 'gaugehistogram'
    const native: Part = {
      ...PLAIN,
      histogram: message.histogram(this.#wire, isGauge),
      exemplars:
        message.exemplars.length > 0
          ? message.exemplars.slice()
          : message.bucketExemplars.filter((at) => at >= 0),
    }
    const isBoth = this.#keepsClassic && message.bounds.length > 0
    return isBoth ? [native, ...this.#classicParts()] : [native]
  }

  #classicParts(): Part[] {
    const { bounds, cumulative, bucketExemplars, sum, totalCount } = this.#message
    const parts: Part[] = [
      { ...PLAIN, suffix: '_count', value: totalCount },
      { ...PLAIN, suffix: '_sum', value: sum },
    ]
    const bucket = (bound: number, value: number, exemplars: readonly number[]): void => {
      const label = { suffix: '_bucket', label: 'le', bound: openMetricsFloat(bound) } as const
      parts.push({ ...PLAIN, ...label, value, exemplars })
    }
    for (let i = 0; i < bounds.length; i++) {
      const exemplars = bucketExemplars.slice(2 * i, 2 * i + 2).filter((at) => at >= 0)
      bucket(bounds[i], cumulative[i], exemplars)
      if (bounds[i] === Infinity) return parts
    }
    bucket(Infinity, totalCount, [])
    return parts
  }

  get key(): string {
    const { suffix, bound, histogram } = this.#parts[this.#part]
    return `${this.#labelsKey}\n${histogram === undefined ? suffix : 'native'} ${bound}`
  }

  get value(): number {
    return this.#parts[this.#part].value
  }

  get histogram(): Histogram | undefined {
    return this.#parts[this.#part].histogram
  }

  labelMap(): Map<string, string> {
    const { suffix, label, bound } = this.#parts[this.#part]
    const byName = new Map([[METRIC_NAME, this.family + suffix]])
    const add = (name: string, value: string): void => addLabel(byName, name, value, invalid)
    this.#readLabels(this.#labels, add)
    if (label !== '') add(label, bound)
    return byName
  }

  /** Those of a native histogram must bring their time. */
  exemplars(): ReadExemplar[] {
    const { exemplars, histogram } = this.#parts[this.#part]
    const found: ReadExemplar[] = []
    for (let i = 0; i < exemplars.length; i += 2) {
      const one = this.#readExemplar(exemplars[i], exemplars[i + 1])
      if (histogram === undefined || one.t !== undefined) found.push(one)
    }
    return found
  }

  #readExemplar(start: number, end: number): ReadExemplar {
    const wire = this.#wire
    wire.reset(this.#bytes, start, end)
    const labels: number[] = []
    let v = 0
    let t: number | undefined
    while (wire.next()) {
      if (wire.field === 2) v = wire.double()
      else if (wire.field === 1 || wire.field === 3) {
        const partEnd = wire.length()
        if (wire.field === 1) labels.push(wire.at, partEnd)
        else t = this.#readTime(partEnd)
        wire.at = partEnd
      } else wire.skip()
    }
    const pairs: string[] = []
    this.#readLabels(labels, (name, value) => pairs.push(name, value))
    return { labels: Labels.fromPairs(pairs), v, t }
  }

  /** ms of the Timestamp from the cursor to `end`. */
  #readTime(end: number): number {
    const wire = this.#wire
    const { end: outer } = wire
    wire.end = end
    let [seconds, nanos] = [0, 0]
    while (wire.next()) {
      if (wire.field === 1) seconds = wire.int()
      else if (wire.field === 2) nanos = wire.int()
      else wire.skip()
    }
    wire.end = outer
    return seconds * 1000 + Math.trunc(nanos / 1e6)
  }

  #readLabels(at: readonly number[], take: (name: string, value: string) => void): void {
    const wire = this.#wire
    for (let i = 0; i < at.length; i += 2) {
      wire.reset(this.#bytes, at[i], at[i + 1])
      let [name, value] = ['', '']
      while (wire.next()) {
        if (wire.field === 1) name = this.#text(wire, 'label name')
        else if (wire.field === 2) value = this.#text(wire, 'label value')
        else wire.skip()
      }
      if (name === '') throw invalid('invalid label name: ')
      take(name, value)
    }
  }

  #text(wire: WireReader, what: string): string {
    const end = wire.length()
    const bytes = this.#bytes.subarray(wire.at, end)
    wire.at = end
    if (!isUtf8(bytes)) throw invalid(`invalid ${what}: ${bytes.toString('utf8')}`)
    return bytes.toString('utf8')
  }
}

const PLAIN: Part = {
  suffix: '',
  label: '',
  bound: '',
  value: 0,
  histogram: undefined,
  exemplars: [],
}

/** The field of Metric that holds the value of a type. */
const VALUE_FIELDS: Readonly<Partial<Record<MetricType, number>>> = {
  gauge: 2,
  counter: 3,
  summary: 4,
  unknown: 5,
  histogram: HISTOGRAM_FIELD,
  gaugehistogram: HISTOGRAM_FIELD,
}

const invalid = (message: string): ExpositionError => new ExpositionError(message, 0)
