/**
 * What a job allows of native histograms: a resolution no finer than it wants, no more buckets than it
 * takes. Resolution is given up first: two neighbouring buckets become one for each step of the schema.
 */
import {
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  SCHEMA_MAX,
  SCHEMA_MIN,
  histogramProblem,
  makeHistogram,
} from '@vigie/model'
import { BucketsBuilder, type Buckets } from '../exposition/compact-buckets.ts'
import { ScrapeError } from './limits.ts'

export interface HistogramRules {
  /** Native histograms are taken where they come. */
  native: boolean
  /** Classic series are taken also of histograms that are both. */
  classic: boolean
  /** Classic histograms become native ones with custom buckets. */
  convertsClassic: boolean
  /** Most buckets of one histogram; 0: any. */
  bucketLimit: number
  /** Growth from one bucket to the next, at least; 0: any. */
  minBucketFactor: number
}

/** Finer ones are stored at SCHEMA_MAX. */
const SCHEMA_READ_MAX = 52

/** The finest schema whose buckets grow by `factor`. */
export function schemaOfFactor(factor: number): number {
  if (factor <= 1) return SCHEMA_MAX
  const schema = 0 - Math.ceil(Math.log2(Math.log2(factor)))
  return Math.min(SCHEMA_MAX, Math.max(SCHEMA_MIN, schema))
}

/** The histogram as it may be stored. Throws ScrapeError when it is none, or has too many buckets. */
export function limitHistogram(h: Histogram, rules: HistogramRules): Histogram {
  checkSchema(h)
  const { bucketLimit } = rules
  const isCustom = h.schema === CUSTOM_BUCKETS_SCHEMA
  let kept = isCustom ? h : coarser(h, Math.min(h.schema, schemaOfFactor(rules.minBucketFactor)))
  const problem = histogramProblem(kept)
  if (problem !== undefined) throw new ScrapeError(problem)
  while (bucketLimit > 0 && bucketCount(kept) > bucketLimit) {
    if (isCustom || kept.schema <= SCHEMA_MIN)
      throw new ScrapeError('histogram bucket limit exceeded')
    kept = coarser(kept, kept.schema - 1)
  }
  return kept
}

const bucketCount = (h: Histogram): number => h.positiveCounts.length + h.negativeCounts.length

/** The same observations at a lower schema. */
function coarser(h: Histogram, schema: number): Histogram {
  if (schema === h.schema) return h
  const shift = h.schema - schema
  const positive = merged(h.positiveSpans, h.positiveCounts, shift)
  const negative = merged(h.negativeSpans, h.negativeCounts, shift)
  return makeHistogram({
    ...h,
    schema,
    positiveSpans: positive.spans,
    positiveCounts: positive.counts,
    negativeSpans: negative.spans,
    negativeCounts: negative.counts,
  })
}

/** Bucket i of a schema lies in bucket ceil(i / 2) of the one below it. */
function merged(spans: Int32Array, counts: Float64Array, shift: number): Buckets {
  const builder = new BucketsBuilder(0)
  const size = 2 ** shift
  let [index, k, current, sum] = [0, 0, 0, 0]
  for (let i = 0; i < spans.length; i += 2) {
    index += spans[i]
    for (let j = 0; j < spans[i + 1]; j++) {
      const target = Math.ceil(index++ / size)
      if (target !== current) {
        builder.add(current, sum)
        sum = 0
      }
      current = target
      sum += counts[k++]
    }
  }
  builder.add(current, sum)
  return builder.finish()
}

function checkSchema({ schema }: Histogram): void {
  const isKnown = schema >= SCHEMA_MIN && schema <= SCHEMA_READ_MAX
  if (!isKnown && schema !== CUSTOM_BUCKETS_SCHEMA)
    throw new ScrapeError(
      `histogram has schema ${schema} which is unknown, want ${SCHEMA_MIN} to ${SCHEMA_MAX}`,
    )
}
