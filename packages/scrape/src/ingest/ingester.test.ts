import { Labels, STALE_NAN } from '@vigie/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordingStorage } from '../../test/recording-storage.ts'
import type { TextFormat } from '../exposition/parser.ts'
import { compileRelabel, type RelabelConfig } from '../relabel.ts'
import { IngestScratch, Ingester, type IngestCounts, type IngestRules } from './ingester.ts'

const RULES: IngestRules = {
  target: Labels.fromObject({ job: 'j' }),
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  relabel: undefined,
  sampleLimit: 0,
  labelLimit: 0,
  labelNameLengthLimit: 0,
  labelValueLengthLimit: 0,
  histograms: {
    native: false,
    classic: false,
    convertsClassic: false,
    bucketLimit: 0,
    minBucketFactor: 0,
  },
}

/** One target, scraped at 1, 2, 3 … */
class Target {
  readonly storage: RecordingStorage
  readonly ingester: Ingester
  #timeMs = 0

  constructor(rules: Partial<IngestRules> = {}, storage = new RecordingStorage()) {
    this.storage = storage
    this.ingester = new Ingester({ ...RULES, ...rules }, new IngestScratch())
  }

  scrape(text: string, format: TextFormat = 'prometheus'): IngestCounts {
    const body = Buffer.from(text)
    const bytes = Buffer.alloc(body.length + 100, 'x')
    body.copy(bytes)
    const appender = this.storage.appender()
    try {
      const counts = this.ingester.ingest(bytes, body.length, format, ++this.#timeMs, appender)
      appender.commit()
      this.ingester.accept()
      return counts
    } catch (error) {
      appender.rollback()
      throw error
    }
  }

  fail(): void {
    const appender = this.storage.appender()
    this.ingester.markAllStale(++this.#timeMs, appender)
    appender.commit()
  }

  /** One line a series, without the job. */
  get dump(): string[] {
    return this.storage
      .dump()
      .map((line) => line.replace(/(?:, )?job="j"(?:, (?=.*\}))?/, '').replace('{}', ''))
  }
}

/** Bodies scraped one after the other (`;` ends a line, null: a failed scrape) and what is stored then. */
function check(bodies: (string | null)[], want: string[], rules: Partial<IngestRules> = {}): void {
  const target = new Target(rules)
  for (const body of bodies)
    if (body === null) target.fail()
    else target.scrape(body.replaceAll(';', '\n'))
  expect(target.dump).toEqual(want)
}

test('equal and changed values', () => {
  check(['a 1;b 2;', 'a 1;b 3;'], ['a 1@1 1@2', 'b 2@1 3@2'])
  check(['a 1;b 2;', 'a 123456;b 3.5e7;'], ['a 1@1 123456@2', 'b 2@1 35000000@2'])
  check(['a 1', 'a 2'], ['a 1@1 2@2'])
  check(['a{x="1"} NaN;', 'a{x="1"} +Inf;'], ['a{x="1"} NaN@1 Infinity@2'])
})

test('series that come and go', () => {
  check(['a 1;b 2;c 3;', 'a 1;c 3;'], ['a 1@1 1@2', 'b 2@1 stale@2', 'c 3@1 3@2'])
  check(['a 1;c 3;', 'a 1;b 2;c 3;'], ['a 1@1 1@2', 'b 2@2', 'c 3@1 3@2'])
  check(['a 1;b 2;', 'b 2;a 1;'], ['a 1@1 1@2', 'b 2@1 2@2'])
  check(['a 1;b 2;', 'b 2;', 'a 1;b 2;'], ['a 1@1 stale@2 1@3', 'b 2@1 2@2 2@3'])
  check(['a 1;', '', 'a 1;'], ['a 1@1 stale@2 1@3'])
  check(['', 'a 1;'], ['a 1@2'])
  check(
    ['a 1;b 1;', 'a 1;b 1;c 1;', 'a 2;b 2;c 2;'],
    ['a 1@1 1@2 2@3', 'b 1@1 1@2 2@3', 'c 1@2 2@3'],
  )
})

test('comments move without a mark on the series', () => {
  check(['# TYPE a counter;a 1;', '# HELP a A.;# TYPE a counter;a 2;'], ['a 1@1 2@2'])
  check(['a 1;# end;', 'a 2;# other end;'], ['a 1@1 2@2'])
})

test('a type decides whether le is normalised, also for a known line', () => {
  check(
    ['# TYPE h histogram;h_bucket{le="1"} 5;', '# TYPE h gauge;h_bucket{le="1"} 6;'],
    ['h_bucket{le="1"} 6@2', 'h_bucket{le="1.0"} 5@1 stale@2'],
  )
  check(
    [
      '# TYPE h histogram;h_bucket{le="1"} 5;',
      '# TYPE h histogram;h_bucket{le="1"} 6;h_bucket{le="2"} 7;',
    ],
    ['h_bucket{le="1.0"} 5@1 6@2', 'h_bucket{le="2.0"} 7@2'],
  )
})

test('a failed scrape marks everything once', () => {
  check(['a 1;b 2;', null, null], ['a 1@1 stale@2', 'b 2@1 stale@2'])
  check(['a 1;b 2;', null, 'a 3;b 4;'], ['a 1@1 stale@2 3@3', 'b 2@1 stale@2 4@3'])
  check(['a 1;b 2;', null, 'a 3;'], ['a 1@1 stale@2 3@3', 'b 2@1 stale@2'])
})

test('timestamps of their own', () => {
  check(['a 1 500;', 'a 2 600;'], ['a 1@500 2@600'])
  check(['a 1 500;b 1;', 'b 2;'], ['a 1@500', 'b 1@1 2@2'])
  check(['a 1 500;', 'a 2;'], ['a 1@500'])
  check(['a 1 0;b 1;', 'b 2;'], ['a 1@0 stale@2', 'b 1@1 2@2'], { trackTimestampsStaleness: true })
  check(['a 1 500;', 'a 2 600;', ''], ['a 1@1 2@2 stale@3'], { honorTimestamps: false })
})

test('labels of the target win, unless the target is honoured', () => {
  check(['a{job="x"} 1;'], ['a{exported_job="x"} 1@1'])
  check(['a{job="x",exported_job="y"} 1;'], ['a{exported_exported_job="x", exported_job="y"} 1@1'])
  check(['a{job="x"} 1;'], ['a{job="x"} 1@1'], { honorLabels: true })
  check(['a 1;'], ['a 1@1'], { honorLabels: true })
})

test("a target's own up does not stand in the way of ours", () => {
  check(['up 0;a 1;', 'up 0;a 1;', ''], ['a 1@1 1@2 stale@3'])
  check(['up{x="1"} 0;'], ['up{x="1"} 0@1'])
})

test('metric relabelling drops and renames', () => {
  const relabel = (config: RelabelConfig): Partial<IngestRules> => ({
    relabel: compileRelabel([config]),
  })
  const drop = relabel({ sourceLabels: ['__name__'], regex: 'b.*', action: 'drop' })
  check(['a 1;b1 2;', 'a 2;b1 3;', 'a 3;b2 4;'], ['a 1@1 2@2 3@3'], drop)
  const rename = relabel({
    sourceLabels: ['__name__'],
    regex: '(.)(.*)',
    targetLabel: '__name__',
    replacement: '$2',
  })
  check(['xa 1;', 'xa 2;'], ['a 1@1 2@2'], rename)
})

test('two ways to write one series', () => {
  check(['a{x="1",y="2"} 1;', 'a{y="2",x="1"} 2;'], ['a{x="1", y="2"} 1@1 2@2'])
})

test('open metrics with exemplars and an end', () => {
  const target = new Target()
  const body = (n: number, exemplar: string): string =>
    `# TYPE a counter\n# UNIT a \na_total ${n}${exemplar}\nb ${n} 0.5\nc ${n}\n# EOF\n`
  target.scrape(body(1, ''), 'openmetrics')
  target.scrape(body(2, ' # {id="x"} 1 2'), 'openmetrics')
  target.scrape(body(3, ' # {id="y"} 1 3'), 'openmetrics')
  expect(target.dump).toEqual(['a_total 1@1 2@2 3@3', 'b 1@500', 'c 1@1 2@2 3@3'])
  expect(() => target.scrape('c 4\n', 'openmetrics')).toThrow('data does not end with # EOF')
  expect(() => target.scrape('c 4\n# EOF\nc 5\n', 'openmetrics')).toThrow(
    'unexpected data after # EOF',
  )
})

test('a broken body leaves no trace', () => {
  const target = new Target()
  target.scrape('a 1\nb 1\n')
  expect(() => target.scrape('a 2\nb x\n')).toThrow('parsing "x": invalid syntax')
  expect(() => target.scrape('a 2\nb 2 y\n')).toThrow('expected timestamp or new record')
  target.scrape('a 3\nb 3\n')
  expect(target.dump).toEqual(['a 1@1 3@4', 'b 1@1 3@4'])
})

test('counts', () => {
  const target = new Target({
    relabel: compileRelabel([{ sourceLabels: ['__name__'], regex: 'c', action: 'drop' }]),
  })
  const counts = (text: string): number[] => {
    const { scraped, kept, added } = target.scrape(text)
    return [scraped, kept, added]
  }
  expect(counts('a 1\nb 1\nc 1\n')).toEqual([3, 2, 2])
  expect(counts('a 2\nb 1\nc 1\n')).toEqual([3, 2, 0])
  expect(counts('a 2\nb 1\nc 1\nd 1\n')).toEqual([4, 3, 1])
})

test('limits fail the whole scrape', () => {
  const check = (rules: Partial<IngestRules>, body: string, want: string): void => {
    const target = new Target(rules)
    expect(() => target.scrape(body)).toThrow(want)
    expect(target.dump).toEqual([])
  }
  check({ sampleLimit: 2 }, 'a 1\nb 1\nc 1\n', 'sample limit exceeded')
  check(
    { labelLimit: 3 },
    'a{x="1",y="1"} 1\n',
    'label_limit exceeded (metric: a, number of labels: 4, limit: 3)',
  )
  check({ labelNameLengthLimit: 8 }, 'a{xxxxxxxxx="1"} 1\n', 'label_name_length_limit exceeded')
  check({ labelValueLengthLimit: 2 }, 'a{x="111"} 1\n', 'label_value_length_limit exceeded')
  check({}, 'a{x="1",x="2"} 1\n', 'label name "x" is not unique')
  const target = new Target({ sampleLimit: 2 })
  target.scrape('a 1\nb 1\n')
  expect(() => target.scrape('a 1\nb 1\nc 1\n')).toThrow('sample limit exceeded')
})

test('a scrape that fails has counted what came before', () => {
  const check = (
    rules: Partial<IngestRules>,
    body: string,
    error: string,
    want: number[],
  ): void => {
    const target = new Target({
      ...rules,
      relabel: compileRelabel([{ sourceLabels: ['__name__'], regex: 'd', action: 'drop' }]),
    })
    expect(() => target.scrape(body)).toThrow(error)
    const { scraped, kept, added, refused } = target.ingester.counts
    expect([scraped, kept, added, refused]).toEqual(want)
  }
  check({}, 'a 1\nd 1\nb true\nc 1\n', 'invalid syntax', [2, 1, 1, 0])
  check({}, 'a 1\nb{x="1",x="2"} 1\n', 'not unique', [2, 1, 1, 0])
  check({ sampleLimit: 1 }, 'a 1\nb 1\nd 1\nc 1\n', 'sample limit', [4, 3, 1, 0])
})

test('a storage that forgot a series is told of it again', () => {
  const target = new Target()
  target.scrape('# TYPE h histogram\na 1\nh_bucket{le="1"} 1\n')
  target.storage.forget('a')
  target.storage.forget('h_bucket')
  target.scrape('# TYPE h histogram\na 2\nh_bucket{le="1"} 2\n')
  target.scrape('# TYPE h histogram\na 3\nh_bucket{le="1"} 3\nb 3\n')
  expect(target.dump).toEqual(['a 2@2 3@3', 'b 3@3', 'h_bucket{le="1.0"} 2@2 3@3'])
})

test('a full storage takes what it knows, and the rest when there is room', () => {
  const storage = new RecordingStorage(1)
  const target = new Target({}, storage)
  expect(target.scrape('a 1\nb 1\nc 1\n').refused).toBe(2)
  expect(target.scrape('a 2\nb 2\nc 2\n').refused).toBe(2)
  expect(target.dump).toEqual(['a 1@1 2@2'])
  storage.forget('a')
  expect(target.scrape('b 3\nc 3\n').refused).toBe(1)
  expect(target.dump).toEqual(['b 3@3'])
})

test('whatever comes and goes, what is stored is what a parser without memory would store', () => {
  const line = fc.record({
    comment: fc.constantFrom('', '# TYPE a histogram\n', '# TYPE a gauge\n', '\n', '# x\n'),
    series: fc.constantFrom('a', 'b', 'a{le="1"}', 'a{le="2" }', '{"u.x",y="z"}', 'c{x="é"}', 'd'),
    value: fc.constantFrom('1', '2.5', '1e3', '12345678901234567', 'NaN', ' 7'),
    after: fc.constantFrom('', '', '', ' 1000', ' '),
  })
  const body = fc
    .uniqueArray(line, { maxLength: 8, selector: (one) => one.series })
    .map((lines) =>
      lines.map((one) => Object.values(one).join('').replace(one.value, ` ${one.value}`)),
    )
    .map((lines) => lines.join('\n'))
  fc.assert(
    fc.property(fc.array(body, { minLength: 2, maxLength: 6 }), (bodies) => {
      const target = new Target()
      const oracle = new Oracle()
      for (const text of bodies) {
        target.scrape(text)
        oracle.scrape(text)
      }
      expect(target.storage.dump()).toEqual(oracle.storage.dump())
    }),
    { numRuns: 1000 },
  )
})

/** Parses every body from scratch and compares sets of series. */
class Oracle {
  readonly storage = new RecordingStorage()
  #timeMs = 0
  #tracked = new Map<string, Labels>()

  scrape(text: string): void {
    this.#timeMs++
    const fresh = new Target()
    fresh.scrape(text)
    const appender = this.storage.appender()
    const tracked = new Map<string, Labels>()
    const present = new Set<string>()
    for (const { labels, samples } of fresh.storage.series.values()) {
      present.add(labels.key)
      for (const { t, v } of samples) {
        const isOwn = t !== 1
        appender.append(appender.series(labels), isOwn ? t : this.#timeMs, v)
        if (!isOwn) tracked.set(labels.key, labels)
      }
    }
    for (const [key, labels] of this.#tracked)
      if (!present.has(key)) appender.append(appender.series(labels), this.#timeMs, STALE_NAN)
    appender.commit()
    this.#tracked = tracked
  }
}
