import { Labels, makeHistogram } from '@vigie/model'
import { expect, test } from 'vitest'
import * as pb from '../../test/protobuf-body.ts'
import { RecordingStorage } from '../../test/recording-storage.ts'
import { NO_HISTOGRAM_RULES } from '../config.ts'
import type { BodyFormat } from '../exposition/content-type.ts'
import { type HistogramRules, limitHistogram, schemaOfFactor } from './histogram-limits.ts'
import { IngestScratch, type IngestCounts, type IngestRules } from './ingester.ts'
import { TargetIngester } from './target-ingester.ts'

const RULES: IngestRules = {
  target: Labels.fromObject({ job: 'j' }),
  relabel: undefined,
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  sampleLimit: 0,
  labelLimit: 0,
  labelNameLengthLimit: 0,
  labelValueLengthLimit: 0,
  histograms: { ...NO_HISTOGRAM_RULES, native: true },
}

/** A target whose bodies come one a second. */
function target(rules: Partial<IngestRules> = {}): {
  storage: RecordingStorage
  ingester: TargetIngester
  scrape: (body: Uint8Array | string, format?: BodyFormat) => IngestCounts
  fail: (body: Uint8Array | string, reason: string) => void
} {
  const storage = new RecordingStorage()
  const ingester = new TargetIngester({ ...RULES, ...rules }, new IngestScratch())
  let t = 0
  const ingest = (body: Uint8Array | string, format: BodyFormat): IngestCounts => {
    t += 1000
    const bytes = Buffer.concat([Buffer.from(body), Buffer.alloc(1)])
    const appender = storage.appender()
    try {
      const counts = ingester.ingest(bytes, bytes.length - 1, format, t, appender)
      appender.commit()
      ingester.accept()
      return counts
    } catch (error) {
      appender.rollback()
      const marker = storage.appender()
      ingester.markAllStale(t, marker)
      marker.commit()
      throw error
    }
  }
  return {
    storage,
    ingester,
    scrape: (body, format = typeof body === 'string' ? 'prometheus' : 'protobuf') =>
      ingest(body, format),
    fail: (body, reason) => expect(() => ingest(body, 'protobuf')).toThrow(reason),
  }
}

const gauge = (name: string, value: number, ...more: Uint8Array[]): Uint8Array =>
  pb.family(name, pb.GAUGE, '', pb.metric(pb.message(2, pb.double(1, value)), ...more))

/** Buckets from index 1 on, one observation more in each. */
const histogram = (name: string, schema: number, bucketCount: number): Uint8Array =>
  pb.family(
    name,
    pb.HISTOGRAM,
    'H',
    pb.metric(
      pb.message(
        7,
        pb.uint(1, (bucketCount * (bucketCount + 1)) / 2),
        pb.sint(5, schema),
        pb.span(12, 1, bucketCount),
        pb.packedSints(13, ...Array.from({ length: bucketCount }, () => 1)),
      ),
    ),
  )

test('protobuf bodies: series go on, end, and come again', () => {
  const { storage, scrape, ingester } = target()
  const first = scrape(pb.body(gauge('a', 1), gauge('b', 1), histogram('h', 0, 2)))
  expect(first).toMatchObject({ scraped: 3, kept: 3, added: 3 })
  expect(scrape(pb.body(gauge('a', 2), gauge('c', 7, pb.uint(6, 1500))))).toMatchObject({
    added: 1,
  })
  scrape(pb.body(gauge('b', 3)))
  expect(storage.dump()).toEqual([
    'a{job="j"} 1@1000 2@2000 stale@3000',
    'b{job="j"} 1@1000 stale@2000 3@3000',
    // It brings its own time: it ends when it says so.
    'c{job="j"} 7@1500',
    'h{job="j"} {0: 3 [1,2]}@1000 stale@2000',
  ])
  expect(ingester.metadata.list().find(({ metric }) => metric === 'h')).toEqual({
    metric: 'h',
    type: 'histogram',
    help: 'H',
    unit: '',
  })
})

test('a body that fails ends what came before it, and nothing of it stays', () => {
  const { storage, scrape, fail } = target({ sampleLimit: 2 })
  scrape(pb.body(gauge('a', 1)))
  fail(pb.body(gauge('a', 2), gauge('b', 2), gauge('c', 2)), 'sample limit exceeded (limit: 2)')
  scrape(pb.body(gauge('a', 3)))
  expect(storage.dump()).toEqual(['a{job="j"} 1@1000 stale@2000 3@3000'])
})

test('a target that changes its format keeps its series', () => {
  const { storage, scrape } = target()
  scrape('a 1\nb 1\n')
  scrape(pb.body(gauge('a', 2)))
  scrape('a 3\nc 3\n')
  scrape('a 4\n')
  expect(storage.dump()).toEqual([
    'a{job="j"} 1@1000 2@2000 3@3000 4@4000',
    'b{job="j"} 1@1000 stale@2000',
    'c{job="j"} 3@3000 stale@4000',
  ])
})

test('classic histograms in text are converted, and relabelled like others', () => {
  const { storage, scrape } = target({
    histograms: { ...NO_HISTOGRAM_RULES, convertsClassic: true },
    relabel: (labels) => (labels.metricName === 'g' ? undefined : labels.with('x', '1')),
  })
  const body = (count: number): string =>
    '# TYPE h histogram\n' +
    `h_bucket{le="1"} 1\nh_bucket{le="+Inf"} ${count}\nh_sum 5\nh_count ${count}\n# TYPE g gauge\ng 1\nu 1\n`
  expect(scrape(body(2))).toMatchObject({ scraped: 3, kept: 2, added: 2 })
  scrape(body(3))
  scrape('u 2\n')
  expect(storage.dump()).toEqual([
    'h{job="j", x="1"} {-53: 2 [1,1]}@1000 {-53: 3 [1,2]}@2000 stale@3000',
    'u{job="j", x="1"} 1@1000 1@2000 2@3000',
  ])
})

test('exemplars go with their series', () => {
  const { storage, scrape } = target()
  const value = pb.message(3, pb.double(1, 1), pb.exemplar(2, 'a', 0.5))
  scrape(pb.body(pb.family('n', pb.COUNTER, '', pb.metric(value))))
  const [{ exemplars }] = storage.series.values()
  expect(exemplars).toEqual([{ labels: Labels.fromObject({ id: 'a' }), v: 0.5, t: 1000 }])
})

test('resolution and number of buckets are held within limits', () => {
  const check = (rules: Partial<HistogramRules>, schema: number, buckets: number): string => {
    const { storage, scrape } = target({
      histograms: { ...NO_HISTOGRAM_RULES, native: true, ...rules },
    })
    scrape(pb.body(histogram('h', schema, buckets)))
    return storage.dump()[0].replace('h{job="j"} ', '').replace('@1000', '')
  }
  expect(check({}, 3, 4)).toBe('{3: 10 [1,2,3,4]}')
  expect(check({ bucketLimit: 4 }, 3, 4)).toBe('{3: 10 [1,2,3,4]}')
  expect(check({ bucketLimit: 3 }, 3, 4)).toBe('{2: 10 [3,7]}')
  expect(check({ bucketLimit: 1 }, 3, 4)).toBe('{1: 10 [10]}')
  expect(check({ minBucketFactor: 1.5 }, 3, 4)).toBe('{0: 10 [10]}')
  expect(check({ minBucketFactor: 2 }, -1, 4)).toBe('{-1: 10 [1,2,3,4]}')
  const { fail } = target({ histograms: { ...NO_HISTOGRAM_RULES, native: true, bucketLimit: 1 } })
  fail(pb.body(histogram('h', -4, 2)), 'histogram bucket limit exceeded')
})

test('the schema for a factor', () => {
  const schemas = [0, 1, 1.002, 1.1, 1.5, 2, 4, 1e9].map(schemaOfFactor)
  expect(schemas).toEqual([8, 8, 8, 2, 0, 0, -1, -4])
})

test('what is no histogram is refused', () => {
  const fails = (fields: Parameters<typeof makeHistogram>[0], reason: string): void => {
    expect(() => limitHistogram(makeHistogram(fields), NO_HISTOGRAM_RULES)).toThrow(reason)
  }
  const one = { positiveSpans: Int32Array.of(0, 1), positiveCounts: Float64Array.of(1) }
  fails({ schema: 60 }, 'histogram has schema 60 which is unknown, want -4 to 8')
  fails({ isInteger: true, count: 2, ...one }, '1 observations found in buckets, but the Count')
  fails({ ...one, positiveCounts: Float64Array.of(-1) }, 'observation count is negative')
})
