import { Labels } from '@vigie/model'
import { expect, test } from 'vitest'
import * as pb from '../../test/protobuf-body.ts'
import { ClassicHistogramReader } from './classic-histogram.ts'
import { createParser } from './parser.ts'
import { ProtobufReader } from './protobuf.ts'
import { type SampleReader, TextReader } from './sample-reader.ts'

/** One line for each entry. */
function read(reader: SampleReader): string[] {
  const lines: string[] = []
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    if (entry !== 'sample') {
      lines.push(`${entry} ${reader.family} ${reader.text}`)
      continue
    }
    const { histogram: h, timestamp } = reader
    const shown =
      h === undefined
        ? `${reader.value}`
        : `${h.isInteger ? 'int' : 'float'} schema ${h.schema} count ${h.count} sum ${h.sum}` +
          ` zero ${h.zeroCount}@${h.zeroThreshold} +[${h.positiveSpans.join()}]:[${h.positiveCounts.join()}]` +
          ` -[${h.negativeSpans.join()}]:[${h.negativeCounts.join()}] hint ${h.counterResetHint}` +
          (h.customBounds.length > 0 ? ` bounds ${h.customBounds.join()}` : '')
    const exemplars = reader
      .exemplars()
      .map(({ labels, v, t }) => ` # ${labels.get('id')} ${v} ${t ?? '-'}`)
    const at = timestamp === undefined ? '' : ` @${timestamp}`
    lines.push(`${Labels.fromMap(reader.labelMap()).toString()} ${shown}${at}${exemplars.join('')}`)
  }
  return lines
}

const readProtobuf = (
  body: Buffer,
  { ignoresNative = false, keepsClassic = false } = {},
): string[] => read(new ProtobufReader(body, body.length, { ignoresNative, keepsClassic }))

test('counters, gauges, untyped values and summaries', () => {
  const body = pb.body(
    pb.family(
      'hits_total',
      pb.COUNTER,
      'Hits.',
      pb.metric(
        pb.label('code', '200'),
        pb.label('a', 'ü'),
        pb.message(3, pb.double(1, 5), pb.exemplar(2, 'x', 0.5, [100, 5e6])),
        pb.uint(6, 1234),
      ),
      pb.metric(pb.label('code', '500'), pb.message(3, pb.double(1, 1), pb.exemplar(2, 'y', 1))),
      pb.metric(),
    ),
    pb.family('empty', pb.GAUGE, 'Says nothing.'),
    pb.family('heat_celsius', pb.GAUGE, '', pb.text(5, 'celsius'), pb.metric(pb.message(2))),
    pb.family(
      'any',
      pb.UNTYPED,
      '',
      pb.metric(pb.message(5, pb.double(1, -Infinity)), pb.uint(6, -2n)),
    ),
    pb.family(
      'lat',
      pb.SUMMARY,
      'L',
      pb.metric(
        pb.message(
          4,
          pb.uint(1, 2n ** 40n),
          pb.double(2, 1.5),
          pb.message(3, pb.double(1, 0.5), pb.double(2, 3)),
          pb.message(3, pb.double(1, 1), pb.double(2, NaN)),
        ),
      ),
    ),
  )
  expect(readProtobuf(body)).toEqual([
    'help hits_total Hits.',
    'type hits_total counter',
    'hits_total{a="ü", code="200"} 5 @1234 # x 0.5 100005',
    'hits_total{code="500"} 1 # y 1 -',
    'hits_total 0',
    'help heat_celsius ',
    'unit heat_celsius celsius',
    'type heat_celsius gauge',
    'heat_celsius 0',
    'help any ',
    'type any unknown',
    'any -Infinity @-2',
    'help lat L',
    'type lat summary',
    'lat_count 1099511627776',
    'lat_sum 1.5',
    'lat{quantile="0.5"} 3',
    'lat{quantile="1.0"} NaN',
  ])
})

const CLASSIC = [
  pb.message(3, pb.uint(1, 1), pb.double(2, 0.5), pb.exemplar(3, 'b', 0.25)),
  pb.message(3, pb.uint(1, 3), pb.double(2, 1), pb.exemplar(3, 'c', 0.75, [7, 0])),
]
const NATIVE = [
  pb.uint(1, 8),
  pb.double(2, 2.5),
  pb.sint(5, -1),
  pb.double(6, 0.001),
  pb.uint(7, 2),
  pb.span(9, 0, 1),
  pb.sint(10, 1),
  pb.span(12, -2, 3),
  pb.span(12, 1, 1),
  pb.packedSints(13, 2, -2, 1, 1),
]
const NATIVE_SHOWN =
  'int schema -1 count 8 sum 2.5 zero 2@0.001 +[-2,1,1,1,1,1]:[2,1,2] -[0,1]:[1] hint 0'

test('histograms: native, classic, both, floats, gauges', () => {
  const check = (
    options: { ignoresNative?: boolean; keepsClassic?: boolean },
    fields: Uint8Array[],
    want: string[],
    type = pb.HISTOGRAM,
  ): void => {
    const body = pb.body(pb.family('h', type, '', pb.metric(pb.message(7, ...fields))))
    expect(readProtobuf(body, options).slice(2)).toEqual(want)
  }
  const classic = (count: number, sum: number): string[] => [
    `h_count ${count}`,
    `h_sum ${sum}`,
    'h_bucket{le="0.5"} 1 # b 0.25 -',
    'h_bucket{le="1.0"} 3 # c 0.75 7000',
    `h_bucket{le="+Inf"} ${count}`,
  ]
  check({}, [pb.uint(1, 4), pb.double(2, 9), ...CLASSIC], classic(4, 9))
  check({}, NATIVE, [`h ${NATIVE_SHOWN}`])
  // Exemplars of buckets count for the native histogram when it has none, if they say when.
  check({}, [...NATIVE, ...CLASSIC], [`h ${NATIVE_SHOWN} # c 0.75 7000`])
  check(
    {},
    [...NATIVE, ...CLASSIC, pb.exemplar(16, 'n', 1, [8, 0]), pb.exemplar(16, 'o', 1)],
    [`h ${NATIVE_SHOWN} # n 1 8000`],
  )
  check(
    { keepsClassic: true },
    [...NATIVE, ...CLASSIC],
    [`h ${NATIVE_SHOWN} # c 0.75 7000`, ...classic(8, 2.5)],
  )
  check({ ignoresNative: true }, [...NATIVE, ...CLASSIC], classic(8, 2.5))
  check({ ignoresNative: true }, NATIVE, ['h_count 8', 'h_sum 2.5', 'h_bucket{le="+Inf"} 8'])
  check(
    {},
    [pb.double(4, 1.5), pb.double(8, 0.5), pb.span(12, 0, 2), pb.packedDoubles(14, 1, 0)],
    ['h float schema 0 count 1.5 sum 0 zero 0.5@0 +[0,1]:[1] -[]:[] hint 3'],
    pb.GAUGE_HISTOGRAM,
  )
  // A span of nothing says that it is native, with nothing in it yet.
  check({}, [pb.span(12, 0, 0)], ['h int schema 0 count 0 sum 0 zero 0@0 +[]:[] -[]:[] hint 0'])
})

test('what is no such body', () => {
  const fails = (body: Uint8Array, reason: string): void => {
    expect(() => readProtobuf(Buffer.from(body))).toThrow(reason)
  }
  const good = pb.family('a', pb.GAUGE, '', pb.metric(pb.message(2, pb.double(1, 1))))
  for (let size = 1; size < good.length; size++)
    fails(
      good.slice(0, size),
      `insufficient length of buffer, expected at least ${good.length} bytes, got ${size} bytes`,
    )
  fails(pb.family('', pb.GAUGE, '', pb.metric()), 'invalid metric name: ')
  fails(pb.family('a', 9, '', pb.metric()), 'unknown metric type for metric "a": 9')
  fails(
    pb.family('a', pb.GAUGE, '', pb.text(5, 'b'), pb.metric()),
    'unit "b" not a suffix of metric "a"',
  )
  fails(
    pb.family('a', pb.GAUGE, '', pb.metric(pb.label('x', '1'), pb.label('x', '2'))),
    'label name "x" is not unique',
  )
  fails(
    pb.family(
      'a',
      pb.HISTOGRAM,
      '',
      pb.metric(pb.label('le', '1'), pb.message(7, pb.message(3, pb.double(2, 1)))),
    ),
    'label name "le" is not unique',
  )
  const empty = pb.metric(pb.label('x', '1'), pb.label('x', ''), pb.label('y', '2'))
  expect(readProtobuf(Buffer.from(pb.family('a', pb.GAUGE, '', empty)))).toContain('a{y="2"} 0')
  fails(
    pb.family('a', pb.GAUGE, '', pb.metric(pb.message(1, pb.bytes(1, Uint8Array.of(255))))),
    'invalid label name',
  )
  fails(
    pb.family('a', pb.HISTOGRAM, '', pb.metric(pb.message(7, pb.span(12, 0, 2), pb.sint(13, 1)))),
    'a histogram with spans for 2 buckets has 1',
  )
})

function convert(text: string, keepsClassic = false): string[] {
  const parser = createParser('openmetrics')
  const body = Buffer.from(`${text}# EOF\n\n`)
  parser.reset(body, body.length - 1, 0, 'unknown')
  return read(new ClassicHistogramReader(new TextReader(parser), keepsClassic))
}

test('classic histograms become native ones with custom buckets', () => {
  const samples = (text: string, keepsClassic = false): string[] =>
    convert(text, keepsClassic).filter((line) => !/^(type|help|unit) /.test(line))
  const shown = (counts: string, count: number, sum: number, bounds = '', spans = ''): string =>
    `int schema -53 count ${count} sum ${sum} zero 0@0 +[${spans}]:[${counts}] -[]:[] hint 0${bounds}`
  const H = '# TYPE h histogram\n'
  const buckets = (labels: string, ...counts: number[]): string =>
    ['1', '2', '+Inf'].map((le, i) => `h_bucket{${labels}le="${le}"} ${counts[i]}\n`).join('')
  expect(samples(`${H}${buckets('', 1, 1, 4)}h_count 4\nh_sum 9\n`)).toEqual([
    `h ${shown('1,0,3', 4, 9, ' bounds 1,2', '0,3')}`,
  ])
  // Another label set, another histogram; what is none passes through.
  expect(
    samples(`${H}${buckets('a="x",', 0, 0, 1)}${buckets('a="y",', 2, 2, 2)}h_other 5\n`),
  ).toEqual([
    `h{a="x"} ${shown('1', 1, 0, ' bounds 1,2', '2,1')}`,
    `h{a="y"} ${shown('2', 2, 0, ' bounds 1,2', '0,1')}`,
    'h_other 5',
  ])
  expect(samples(`${H}h_count 4\nh_sum 9\n`)).toEqual([`h ${shown('4', 4, 9, '', '0,1')}`])
  expect(samples(`${H}h_bucket{le="1"} 2\nh_count 3\n`, true)).toEqual([
    'h_bucket{le="1.0"} 2',
    'h_count 3',
    `h ${shown('2,1', 3, 0, ' bounds 1', '0,2')}`,
  ])
  // Falling counts, a count that is another, a negative one: no histogram, and no series either.
  expect(samples(`${H}${buckets('', 3, 2, 4)}`)).toEqual([])
  expect(samples(`${H}${buckets('', 1, 2, 4)}h_count 5\n`)).toEqual([])
  expect(samples(`${H}h_count -1\n`)).toEqual([])
  expect(samples('# TYPE h gaugehistogram\nh_bucket{le="+Inf"} 1\n')).toEqual([
    'h_bucket{le="+Inf"} 1',
  ])
})
