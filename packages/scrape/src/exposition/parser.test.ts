import { describe, expect, test } from 'vitest'
import { chooseFormat } from './content-type.ts'
import { openMetricsFloat } from './float-label.ts'
import { createParser, type TextFormat } from './parser.ts'

/** Entries of a body, one text each: `labels value [timestamp]`, `type a counter`, `comment`. */
function entries(body: string | Uint8Array, format: TextFormat): string[] {
  const text = Buffer.from(body)
  const bytes = Buffer.concat([text, Buffer.from('x')])
  const parser = createParser(format)
  parser.reset(bytes, text.length, 0, 'unknown')
  const found: string[] = []
  for (let entry = parser.next(); entry !== 'end'; entry = parser.next()) {
    if (entry === 'series') {
      const stamp = parser.hasTimestamp ? ` ${parser.timestamp}` : ''
      const exemplar = parser.hasExemplar ? ` # ${parser.exemplarLabels().toString()}` : ''
      found.push(`${parser.labels().toString()} ${parser.value}${stamp}${exemplar}`)
    } else if (entry === 'comment') found.push('comment')
    else found.push(`${entry} ${parser.family} ${entry === 'type' ? parser.type : parser.text}`)
  }
  return found
}

describe('prometheus text', () => {
  const check = (body: string, want: string[]): void =>
    expect(entries(body, 'prometheus')).toEqual(want)
  const fails = (body: string | Uint8Array, want: string, line = 1): void => {
    try {
      entries(body, 'prometheus')
    } catch (error) {
      expect(error).toMatchObject({ message: want, line })
      return
    }
    expect.unreachable(`accepted ${Buffer.from(body).toString()}`)
  }

  test('samples', () => {
    check('a 1', ['a 1'])
    check('a 1\n\n\t b{} 2 1395066363000\n', ['a 1', 'b 2 1395066363000'])
    check('a { x = "1" , y="2", } -1.5e3\n', ['a{x="1", y="2"} -1500'])
    check('a{x="q\\"b\\\\n\\nl\\t"} 1\n', ['a{x="q\\"b\\\\n\\nl\\\\t"} 1'])
    check('{"u.n","l.n"="é"} 1\n', ['{"u.n", "l.n"="é"} 1'])
  })

  test('metadata and comments', () => {
    check('# HELP a One\\nTwo \\\\ "x"\n#TYPE a counter\n#\n', [
      'help a One\nTwo \\ "x"',
      'comment',
      'comment',
    ])
    check('#  TYPE\ta counter\n# HELP "u.n" x\n# HELP b\n', [
      'type a counter',
      'help u.n x',
      'help b ',
    ])
    check('# HELPx\n# TYPE\n', ['comment', 'comment'])
  })

  test('bounds are written one way', () => {
    check('# TYPE h histogram\nh_bucket{le="1"} 1\n', ['type h histogram', 'h_bucket{le="1.0"} 1'])
    check('# TYPE s summary\ns{quantile=".5"} 1\n', ['type s summary', 's{quantile="0.5"} 1'])
    check('# TYPE g gauge\ng{le="1"} 1\n', ['type g gauge', 'g{le="1"} 1'])
    const float = (v: number, want: string): void => expect(openMetricsFloat(v)).toBe(want)
    float(100000, '100000.0')
    float(1e6, '1e+06')
    float(1234567, '1.234567e+06')
    float(0.0001, '0.0001')
    float(0.00001, '1e-05')
    float(-0, '-0.0')
    float(Infinity, '+Inf')
  })

  test('errors say what was there, and in which line', () => {
    fails('a\n', 'expected value after metric, got "\\n" ("INVALID") while parsing: "a\\n"')
    fails('a 1\nb{x=1} 2\n', 'expected label value, got "1" ("INVALID") while parsing: "b{x=1"', 2)
    fails(
      'a 1 2 3\n',
      'expected next entry after timestamp, got "3\\n" ("TIMESTAMP") while parsing: "a 1 2 3\\n"',
    )
    fails('<html>', 'expected a valid start token, got "<" ("INVALID") while parsing: "<"')
    fails('# TYPE a sum\n', 'invalid metric type "sum"')
    fails('a{x="1",x="2"} 1\n', 'label name "x" is not unique: invalid sample')
    fails(
      Buffer.from([0x61, 0x7b, 0x62, 0x3d, 0x22, 0xff, 0x22, 0x7d]),
      'invalid UTF-8 label value: "\\"\\xff\\""',
    )
    fails(
      'a 1 99999999999999999999\n',
      'strconv.ParseInt: parsing "99999999999999999999": value out of range while parsing: "a 1 99999999999999999999"',
    )
    fails('a é\n', 'strconv.ParseFloat: parsing "é": invalid syntax while parsing: "a é"')
    fails('{"a","b"} 1\n', 'metric name already set while parsing: "{\\"a\\",\\"b\\"}"')
  })
})

describe('open metrics', () => {
  const check = (body: string, want: string[]): void =>
    expect(entries(body, 'openmetrics')).toEqual(want)
  const fails = (body: string, want: string): void =>
    expect(() => entries(body, 'openmetrics')).toThrow(want)

  test('samples, units, seconds and exemplars', () => {
    check('# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1 1.5\n# EOF\n', [
      'type a_seconds counter',
      'unit a_seconds seconds',
      'a_seconds_total 1 1500',
    ])
    check('a_bucket{le="1"} 1 # {trace_id="x"} 0.5 1.25\n# EOF', [
      'a_bucket{le="1"} 1 # {trace_id="x"}',
    ])
    check('a_created 1\n# EOF\n', ['a_created 1'])
  })

  test('what a strict format refuses', () => {
    fails('a 1\n', 'data does not end with # EOF')
    fails('a 1\n# EOF\nb 1\n', 'unexpected data after # EOF')
    fails('a  1\n# EOF\n', 'expected value after metric')
    fails('a 1 \n# EOF\n', 'expected a valid start token')
    fails('a 1  1\n# EOF\n', 'expected a valid start token, got " 1\\n" ("TIMESTAMP")')
    fails('a 1 1 # b\n# EOF\n', 'expected next entry after timestamp, got " # b" ("INVALID")')
    fails('\na 1\n# EOF\n', 'expected a valid start token')
    fails('# UNIT a seconds\n# EOF\n', 'unit "seconds" not a suffix of metric "a"')
    fails('a 1 NaN\n# EOF\n', 'invalid timestamp NaN')
    fails('a 1 # {x="y"}\n# EOF\n', 'expected value after exemplar labels')
  })
})

test('the content type chooses the parser', () => {
  const check = (type: string, want: string | undefined, fallback?: 'PrometheusText0.0.4'): void =>
    expect(chooseFormat(type, fallback).format).toBe(want)
  check('text/plain; version=0.0.4; charset=utf-8', 'prometheus')
  check('application/openmetrics-text; version=1.0.0', 'openmetrics')
  check('TEXT/PLAIN', 'prometheus')
  check('application/json', undefined)
  check('', undefined)
  check('', 'prometheus', 'PrometheusText0.0.4')
  check('text/html', 'prometheus', 'PrometheusText0.0.4')
  check('text/plain; a="x;y"; b=1', 'prometheus')
  check('text/plain; a', undefined)
})
