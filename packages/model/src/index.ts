export {
  Labels,
  METRIC_NAME,
  compareLabels,
  compareNames,
  isLegacyLabelName,
  isLegacyMetricName,
  quote,
} from './labels.ts'
export { Matcher, matchesAll, type MatchType } from './matcher.ts'
export { RegexError, compileAnchored, compileRegex } from './regex.ts'
export { expandReplacement, lowerCase, upperCase } from './go-text.ts'
export { formatDuration, parseDuration } from './duration.ts'
export {
  COUNTER_RESET,
  CUSTOM_BUCKETS_SCHEMA,
  GAUGE,
  NOT_COUNTER_RESET,
  SCHEMA_MAX,
  SCHEMA_MIN,
  UNKNOWN_RESET,
  isStaleHistogram,
  makeHistogram,
  type CounterResetHint,
  type Histogram,
} from './histogram.ts'
export { histogramProblem } from './histogram-problem.ts'
export {
  bucketBound,
  histogramBuckets,
  negativeBuckets,
  positiveBuckets,
  type HistogramBucket,
} from './histogram-buckets.ts'
export { STALE_NAN, formatValue, isStale, writeFloat64 } from './value.ts'
export {
  APPENDED,
  DUPLICATE,
  OUT_OF_BOUNDS,
  OUT_OF_ORDER,
  SampleColumns,
  StorageLimitError,
  TOO_OLD,
  UNKNOWN_SERIES,
  type AppendResult,
  type Appender,
  type Exemplar,
  type LabelQuery,
  type Queryable,
  type SeriesRef,
  type SeriesSet,
  type Storage,
} from './storage.ts'
