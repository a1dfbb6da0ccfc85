/**
 * Vectors of the exposition formats, as far as they concern text.
 *
 * - textparse.json: Prometheus's own parsers, entry by entry, errors to the letter. Start timestamps
 *   (`st`) belong to an experimental flag and are not compared; the `_created` lines that the flag
 *   swallows are left out of the comparison.
 * - real/: whole scrapes, against a naive reading of the same lines.
 * - common-textparse.json: families of prometheus/common, flattened to samples; of its errors those that
 *   a scraper shares (its own wording, so only that there is an error).
 * - openmetrics-testdata: what must parse; what must not, as far as it is grammar. What is wrong in
 *   meaning only (negative counters, buckets out of order) Prometheus scrapes, and so does Vigie: those
 *   are counted beside.
 * - Classic histograms that are converted, of textparse.json; and real/ in protobuf: the series of the
 *   text that the same server gave, and native histograms that are consistent.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { Labels, histogramBuckets } from '@vigie/model'
import {
  ClassicHistogramReader,
  ProtobufReader,
  type SampleReader,
  TextReader,
  chooseFormat,
  createParser,
  type ScrapeProtocol,
  type TextFormat,
  type TextParser,
} from '@vigie/scrape'
import type { SuiteResult } from './suite.ts'

type Text = string | { bytes: number[] }

/** One entry of a body in a notation that compares as text. */
type Line = string

class Tally {
  readonly failures: SuiteResult['failures'] = []
  total = 0

  check(name: string, run: () => string | undefined): void {
    this.total++
    let reason: string | undefined
    try {
      reason = run()
    } catch (error) {
      reason = String(error)
    }
    if (reason !== undefined) this.failures.push({ name, reason })
  }
}

export function run(vectorsDir: string): Promise<SuiteResult> {
  const dir = `${vectorsDir}/exposition`
  const tally = new Tally()
  const beside = new Tally()
  runTextparse(read(`${dir}/textparse.json`), tally)
  runConverted(read<Textparse>(`${dir}/textparse.json`).nhcb, tally)
  runReal(`${dir}/real`, tally)
  runRealProtobuf(`${dir}/real`, tally)
  runCommon(read(`${dir}/common-textparse.json`), tally)
  runCommonFormats(read(`${dir}/common-formats.json`), tally)
  runOpenMetrics(`${dir}/openmetrics-testdata`, tally, beside)
  return Promise.resolve({
    suite: 'exposition',
    passed: tally.total - tally.failures.length,
    total: tally.total,
    failures: tally.failures,
    beside: [
      {
        suite: 'openmetrics: wrong in meaning only, refused (Prometheus refuses none)',
        passed: beside.total - beside.failures.length,
        total: beside.total,
      },
    ],
  })
}

const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8'))
const toBuffer = (text: Text): Buffer =>
  typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.bytes)

/** All entries of a body. */
function entries(
  body: Buffer,
  format: TextFormat,
  show: (parser: TextParser) => Line | undefined,
): Line[] {
  const parser = createParser(format)
  const bytes = Buffer.alloc(body.length + 1)
  body.copy(bytes)
  parser.reset(bytes, body.length, 0, 'unknown')
  const lines: Line[] = []
  for (let entry = parser.next(); entry !== 'end'; entry = parser.next()) {
    if (entry === 'series') {
      const line = show(parser)
      if (line !== undefined) lines.push(line)
    } else if (entry === 'comment') lines.push('comment')
    else
      lines.push(
        `${entry} ${parser.family} ${JSON.stringify(entry === 'type' ? parser.type : parser.text)}`,
      )
  }
  return lines
}

const sampleLine = (labels: Labels, value: number, timestamp: number | undefined): Line =>
  `sample ${labels.toString()} ${Object.is(value, -0) ? '-0' : value} ${timestamp ?? ''}`

const showSample = (parser: TextParser): Line =>
  sampleLine(parser.labels(), parser.value, parser.hasTimestamp ? parser.timestamp : undefined)

/** With the exemplar, and without what the flag for start timestamps takes out. */
function showSampleAndExemplar(parser: TextParser): Line | undefined {
  if (isCreated(parser)) return undefined
  const exemplar = parser.hasExemplar
    ? ` # ${parser.exemplarLabels().toString()} ${parser.exemplarValue} ${parser.exemplarTimestamp ?? ''}`
    : ''
  return showSample(parser) + exemplar
}

function isCreated(parser: TextParser): boolean {
  const name = parser.bytes.toString('utf8', parser.offsets[0], parser.offsets[1])
  return name.endsWith('_created') && /^(?:counter|summary|histogram)$/.test(parser.type)
}

function difference(got: Line[], want: Line[]): string | undefined {
  const index = want.findIndex((line, i) => line !== got[i])
  if (index >= 0) return `entry ${index}: got ${got[index]}, want ${want[index]}`
  return got.length > want.length ? `${got.length - want.length} entries too many` : undefined
}

// textparse.json

interface ExpectedEntry {
  m?: string
  help?: string
  typ?: string
  unit?: string
  comment?: string
  lset?: Record<string, unknown>
  v?: unknown
  t?: number
  shs?: CustomHistogram
  es?: { Labels: Record<string, string>; Value: number; HasTs?: boolean; Ts?: number }[]
}

interface Textparse {
  promText: Record<string, unknown>
  openMetrics: Record<string, unknown>
  nhcb: Record<string, unknown>
  contentTypeSelection: Record<string, { _key: string; _value: ContentTypeCase }[]>
}

interface ContentTypeCase {
  contentType?: string
  fallbackScrapeProtocol?: string
  err?: string
  validateParser: string
}

function runTextparse(vectors: Textparse, tally: Tally): void {
  for (const [section, format] of [
    ['promText', 'prometheus'],
    ['openMetrics', 'openmetrics'],
  ] as const)
    for (const [name, value] of Object.entries(vectors[section])) {
      const base = name.replace(/\.\w+$/, '')
      if (name.endsWith('.cases'))
        (value as { input: Text; err: string }[]).forEach((one, index) =>
          tally.check(`${section} ${base} ${index}`, () => checkError(one.input, one.err, format)),
        )
      else if (name.endsWith('.input')) {
        const expected = vectors[section][`${base}.exp`] as ExpectedEntry[]
        tally.check(`${section} ${base}`, () => checkEntries(value as Text, expected, format))
      } else if (name.endsWith('.range'))
        (value as { input: Text; expected: ExpectedEntry[] }[]).forEach((one, index) =>
          tally.check(`${section} ${base} ${index}`, () =>
            checkSeriesOf(one.input, one.expected, format),
          ),
        )
    }
  for (const { _key, _value } of vectors.contentTypeSelection['TestNewParser.range'])
    tally.check(`content type ${_key}`, () => checkContentType(_value))
}

function checkError(input: Text, want: string, format: TextFormat): string | undefined {
  let got = format === 'openmetrics' && want === 'EOF' ? 'EOF' : ''
  try {
    entries(toBuffer(input), format, showSample)
  } catch (error) {
    got = (error as Error).message
  }
  return got === want ? undefined : `got error <${got}>, want <${want}>`
}

function checkEntries(
  input: Text,
  expected: ExpectedEntry[],
  format: TextFormat,
): string | undefined {
  return difference(
    entries(toBuffer(input), format, showSampleAndExemplar),
    expected.map(expectedLine),
  )
}

function expectedLine(entry: ExpectedEntry): Line {
  if (entry.comment !== undefined) return 'comment'
  if (entry.help !== undefined) return `help ${entry.m} ${JSON.stringify(entry.help)}`
  if (entry.typ !== undefined) return `type ${entry.m} ${JSON.stringify(entry.typ)}`
  if (entry.unit !== undefined) return `unit ${entry.m} ${JSON.stringify(entry.unit)}`
  const labels = (entry.lset?.plain ?? entry.lset) as Record<string, string>
  const value = entry.v === undefined ? 0 : typeof entry.v === 'number' ? entry.v : NaN
  const exemplars = (entry.es ?? []).map(
    (one) =>
      ` # ${Labels.fromObject(one.Labels).toString()} ${one.Value} ${one.HasTs ? one.Ts : ''}`,
  )
  return sampleLine(Labels.fromObject(labels), value, entry.t) + exemplars.join('')
}

/** These vectors give each series as it is written. */
function checkSeriesOf(
  input: Text,
  expected: ExpectedEntry[],
  format: TextFormat,
): string | undefined {
  const raw = (parser: TextParser): Line | undefined =>
    isCreated(parser)
      ? undefined
      : `series ${parser.bytes.toString('utf8', parser.start, parser.seriesEnd)}`
  const want = expected.map((one) =>
    (one.help ?? one.typ ?? one.unit) ? expectedLine(one) : `series ${one.m}`,
  )
  return difference(entries(toBuffer(input), format, raw), want)
}

function checkContentType(one: ContentTypeCase): string | undefined {
  const fallback = one.fallbackScrapeProtocol
    ?.replace('config.', '')
    .replace(/(\d)_(\d)_(\d)/, '$1.$2.$3') as ScrapeProtocol | undefined
  const { format, problem } = chooseFormat(one.contentType ?? '', fallback)
  const want = new Map([
    ['requirePromParser', 'prometheus'],
    ['requireOpenMetricsParser', 'openmetrics'],
    ['requireProtobufParser', 'protobuf'],
  ]).get(one.validateParser)
  if (format !== want) return `got format ${format}, want ${want}`
  if (!(problem ?? '').includes(one.err ?? '')) return `got problem ${problem}, want ${one.err}`
  return undefined
}

// Converted histograms.

interface CustomHistogram {
  Count: number
  Sum: number
  CustomValues?: number[]
  /** Each less the one before it. */
  PositiveBuckets: number[]
  PositiveSpans: { Offset: number; Length: number }[]
}

/** Without the lines that the flag for start timestamps takes out. */
class WithoutCreated extends TextReader {
  readonly #text: TextParser

  constructor(parser: TextParser) {
    super(parser)
    this.#text = parser
  }

  override next(): ReturnType<TextReader['next']> {
    for (;;) {
      const entry = super.next()
      if (entry !== 'sample' || !isCreated(this.#text)) return entry
    }
  }
}

function runConverted(vectors: Record<string, unknown>, tally: Tally): void {
  for (const [name, input] of Object.entries(vectors)) {
    if (!name.endsWith('.input')) continue
    const expected = vectors[name.replace(/input$/, 'exp')] as ExpectedEntry[]
    tally.check(`converted ${name}`, () =>
      difference(convertedEntries(toBuffer(input as Text)), expected.map(convertedLine)),
    )
  }
}

function convertedEntries(body: Buffer): Line[] {
  const parser = createParser('openmetrics')
  parser.reset(Buffer.concat([body, Buffer.alloc(1)]), body.length, 0, 'unknown')
  const reader = new ClassicHistogramReader(new WithoutCreated(parser), false)
  const lines: Line[] = []
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    if (entry !== 'sample') {
      const said = entry === 'type' ? reader.type : reader.text
      lines.push(`${entry} ${reader.family} ${JSON.stringify(said)}`)
      continue
    }
    const { histogram: h, timestamp, value } = reader
    const labels = Labels.fromMap(reader.labelMap())
    const line =
      h === undefined
        ? sampleLine(labels, value, timestamp)
        : histogramLine(labels, h.count, h.sum, [
            [...h.customBounds],
            [...h.positiveSpans],
            [...h.positiveCounts],
          ])
    const exemplars = reader
      .exemplars()
      .map((one) => ` # ${one.labels.toString()} ${one.v} ${one.t ?? ''}`)
    lines.push(line + exemplars.join(''))
  }
  return lines
}

const histogramLine = (labels: Labels, count: number, sum: number, parts: number[][]): Line =>
  `histogram ${labels.toString()} ${count} ${sum} ${JSON.stringify(parts)}`

function convertedLine(entry: ExpectedEntry): Line {
  const { shs, lset, es = [] } = entry
  if (shs === undefined) return expectedLine(entry)
  let count = 0
  const line = histogramLine(
    Labels.fromObject(lset as Record<string, string>),
    shs.Count,
    shs.Sum,
    [
      shs.CustomValues ?? [],
      shs.PositiveSpans.flatMap(({ Offset, Length }) => [Offset, Length]),
      shs.PositiveBuckets.map((delta) => (count += delta)),
    ],
  )
  const exemplars = es.map(
    (one) =>
      ` # ${Labels.fromObject(one.Labels).toString()} ${one.Value} ${one.HasTs ? one.Ts : ''}`,
  )
  return line + exemplars.join('')
}

// real/

function runRealProtobuf(dir: string, tally: Tally): void {
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.pb'))) {
    const body = readFileSync(`${dir}/${file}`)
    const reader = (ignoresNative: boolean): ProtobufReader =>
      new ProtobufReader(body, body.length, { ignoresNative, keepsClassic: false })
    tally.check(`real/${file}`, () => {
      const text = readFileSync(`${dir}/${file.replace(/pb$/, 'txt')}`)
      const seen = /^sample (.*?) \S+ \S*$/
      const names = entries(text, 'prometheus', showSample).map((line) => seen.exec(line)?.[1])
      const want = names.filter((name) => name !== undefined).sort()
      return difference(labelsOf(reader(true)).sort(), want)
    })
    tally.check(`real/${file}: native histograms`, () => nativeProblem(reader(false)))
  }
}

function labelsOf(reader: SampleReader): Line[] {
  const lines: Line[] = []
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next())
    if (entry === 'sample') lines.push(Labels.fromMap(reader.labelMap()).toString())
  return lines
}

/** All observations are in some bucket. */
function nativeProblem(reader: SampleReader): string | undefined {
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    const histogram = entry === 'sample' ? reader.histogram : undefined
    if (histogram === undefined) continue
    let sum = 0
    for (const { count } of histogramBuckets(histogram)) sum += count
    if (sum !== histogram.count) return `${reader.key}: ${sum} in buckets of ${histogram.count}`
  }
  return undefined
}

function runReal(dir: string, tally: Tally): void {
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.txt')))
    tally.check(`real/${file}`, () => {
      const headers = readFileSync(`${dir}/${file}.headers`, 'utf8')
      const contentType = /^Content-Type: (.*?)\r?$/im.exec(headers)?.[1] ?? ''
      const { format } = chooseFormat(contentType, undefined)
      if (format === undefined || format === 'protobuf') return `chose ${format} for ${contentType}`
      const body = readFileSync(`${dir}/${file}`)
      return difference(entries(body, format, showSample), naiveEntries(body.toString()))
    })
}

/** A body read line by line with regular expressions: slow, obvious, and enough for real bodies. */
function naiveEntries(body: string): Line[] {
  let type = ''
  const lines: Line[] = []
  for (const line of body.split('\n').filter((one) => one !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, kind, family, text] = comment
      if (kind === 'TYPE') type = text
      const shown =
        kind === 'TYPE' ? text.replace('untyped', 'unknown') : text.replaceAll('\\\\', '\\')
      lines.push(`${kind.toLowerCase()} ${family} ${JSON.stringify(shown)}`)
      continue
    }
    const [, name, labels, value, timestamp] = /^([\w:]+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/.exec(
      line,
    )!
    const pairs = ['__name__', name]
    for (const [, label, quoted] of (labels ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      pairs.push(label, bound(type, label, JSON.parse(`"${quoted}"`)))
    const number = Number(value.replace('Inf', 'Infinity'))
    lines.push(
      sampleLine(Labels.fromPairs(pairs), number, timestamp ? Number(timestamp) : undefined),
    )
  }
  return lines
}

function bound(type: string, label: string, value: string): string {
  const isBound =
    (type === 'histogram' && label === 'le') || (type === 'summary' && label === 'quantile')
  return isBound && /^[-\d]+$/.test(value) ? `${value}.0` : value
}

// common-textparse.json

interface Call {
  _call?: string
  args?: unknown[]
  go?: { _op: string }
}

interface CommonVectors {
  'testTextParse.scenarios': { in: Text; out: Record<string, unknown>[] }[]
  'testTextParseError.scenarios': { in: Text; errUTF8: string }[]
}

function runCommon(vectors: CommonVectors, tally: Tally): void {
  vectors['testTextParse.scenarios'].forEach((one, index) =>
    tally.check(`common ${index}`, () => {
      const got = entries(toBuffer(one.in), 'prometheus', showSample)
      const want = one.out.flatMap(familySamples)
      // A family's object has one timestamp for all lines of a summary or histogram.
      const compound = one.out
        .filter((family) => /SUMMARY|HISTOGRAM/.test(JSON.stringify(family.Type)))
        .map((family) => String(unwrap(family.Name)))
      const plain = (line: Line): Line =>
        compound.some((name) => line.startsWith(`sample ${name}`))
          ? line.replace(/ \S*$/, ' ')
          : line
      return difference(
        got
          .filter((line) => line.startsWith('sample'))
          .map(plain)
          .sort(),
        want.map(plain).sort(),
      )
    }),
  )
  vectors['testTextParseError.scenarios'].forEach((one, index) => {
    // A scraper neither requires a last line break nor knows families: their vectors are not for it.
    if (one.errUTF8 === '' || FAMILY_ERRORS.test(one.errUTF8)) return
    tally.check(`common error ${index}: ${one.errUTF8}`, () => {
      try {
        entries(toBuffer(one.in), 'prometheus', showSample)
      } catch {
        return undefined
      }
      return 'got no error'
    })
  })
}

const FAMILY_ERRORS =
  /unexpected end of input stream|second (?:HELP|TYPE) line|for '(?:le|quantile)' label|for histogram|unescaped new-line|invalid escape sequence/

const unwrap = (value: unknown): unknown => {
  const call = value as Call | null
  if (typeof call !== 'object' || call === null || call._call === undefined) return value
  if (call._call === 'math.Inf') {
    const [sign] = call.args as (number | Call)[]
    const isNegative = typeof sign === 'number' ? sign < 0 : (sign.go?._op ?? '') === '-'
    return isNegative ? -Infinity : Infinity
  }
  if (call._call === 'math.NaN') return NaN
  return unwrap(call.args?.[0] ?? 0)
}

function toNumber(value: unknown): number {
  const plain = unwrap(value)
  if (plain === '-Inf') return -Infinity
  return plain === '+Inf' ? Infinity : Number(plain ?? 0)
}

type Fields = Record<string, unknown>

/** The samples that the text of a family holds. */
function familySamples(family: Fields): Line[] {
  const name = String(unwrap(family.Name))
  // Prometheus normalises `le` of histograms only.
  const isGauge = JSON.stringify(family.Type).includes('GAUGE_HISTOGRAM')
  return ((family.Metric ?? []) as Fields[]).flatMap((metric) => {
    const base: string[] = []
    for (const pair of (metric.Label ?? []) as Fields[])
      base.push(String(unwrap(pair.Name)), String(unwrap(pair.Value)))
    const timestamp = metric.TimestampMs === undefined ? undefined : toNumber(metric.TimestampMs)
    const line = (suffix: string, value: unknown, ...more: string[]): Line =>
      sampleLine(
        Labels.fromPairs([...base, ...more, '__name__', name + suffix]),
        toNumber(value),
        timestamp,
      )
    for (const kind of ['Counter', 'Gauge', 'Untyped'])
      if (metric[kind] !== undefined) return [line('', (metric[kind] as Fields).Value)]
    const lines: Line[] = []
    const body = (metric.Summary ?? metric.Histogram) as Fields
    if (body.SampleCount !== undefined) lines.push(line('_count', body.SampleCount))
    if (body.SampleCountFloat !== undefined) lines.push(line('_count', body.SampleCountFloat))
    if (body.SampleSum !== undefined) lines.push(line('_sum', body.SampleSum))
    for (const one of (body.Quantile ?? []) as Fields[])
      lines.push(line('', one.Value, 'quantile', floatLabel(toNumber(one.Quantile))))
    for (const one of (body.Bucket ?? []) as Fields[])
      lines.push(
        line(
          '_bucket',
          one.CumulativeCount ?? one.CumulativeCountFloat,
          'le',
          isGauge
            ? String(toNumber(one.UpperBound)).replace('Infinity', '+Inf')
            : floatLabel(toNumber(one.UpperBound)),
        ),
      )
    return lines
  })
}

function floatLabel(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

// common-formats.json: only bodies in a text format that ours are asked for; what is written must be read.

interface FormatVectors {
  'TestCreate.scenarios': { in: Fields; out: string }[]
  'TestCreateOpenMetrics.scenarios': { in: Fields; out: string }[]
}

function runCommonFormats(vectors: FormatVectors, tally: Tally): void {
  vectors['TestCreate.scenarios'].forEach((one, index) =>
    tally.check(`written text ${index}`, () => {
      const got = entries(Buffer.from(one.out), 'prometheus', showSample)
      return got.length > 0 ? undefined : 'no entries'
    }),
  )
  vectors['TestCreateOpenMetrics.scenarios'].forEach((one, index) => {
    // Written without its suffix on request, which every reader refuses.
    if (one.out.includes('# UNIT some_measure seconds')) return
    tally.check(`written openmetrics ${index}`, () => {
      const got = entries(Buffer.from(`${one.out}# EOF\n`), 'openmetrics', showSample)
      return got.length > 0 ? undefined : 'no entries'
    })
  })
}

// openmetrics-testdata/

/** Families of bad bodies whose lines are all well-formed: only their meaning is wrong. */
const MEANING =
  /^bad_(?:clashing_names|counter_values|exemplar_complex_chars|exemplars_6|exemplars_on_unallowed|grouping_or_ordering|histograms|info_and_stateset|metadata_in_wrong_place|missing_or_invalid_labels_for_a_type|stateset_info_values|repeated_metadata|unit_[67]|missing_or_extra_commas_2)/

function runOpenMetrics(dir: string, tally: Tally, beside: Tally): void {
  for (const name of readdirSync(dir)) {
    const { shouldParse, file } = read<{ shouldParse: boolean; file: string }>(
      `${dir}/${name}/test.json`,
    )
    const body = readFileSync(`${dir}/${name}/${file}`)
    const target = MEANING.test(name) ? beside : tally
    target.check(`openmetrics ${name}`, () => {
      try {
        entries(body, 'openmetrics', showSampleAndExemplar)
      } catch (error) {
        return shouldParse ? String(error) : undefined
      }
      return shouldParse ? undefined : 'got no error'
    })
  }
}
