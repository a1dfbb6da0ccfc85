/** The functions of PromQL: what they take and give. How they compute is the engine's. */
import type { ValueType } from './ast.ts'

export interface FunctionSignature {
  readonly name: string
  readonly args: readonly ValueType[]
  /**
   * 0: exactly `args`. n > 0: the last of `args` is optional and may come up to n times. -1: it may
   * come any number of times, or not at all.
   */
  readonly variadic: number
  readonly returns: ValueType
  readonly isExperimental: boolean
  /** One sentence for the editor. */
  readonly doc: string
}

const TYPES: Readonly<Record<string, ValueType>> = {
  s: 'scalar',
  t: 'string',
  v: 'vector',
  m: 'matrix',
}

/** name, argument types (s scalar, t string, v instant vector, m range vector), return type, doc. */
type Row = readonly [name: string, args: string, returns: string, doc: string, variadic?: number]

const STABLE: readonly Row[] = [
  ['abs', 'v', 'v', 'Absolute value of each sample.'],
  ['absent', 'v', 'v', '1 when the vector is empty, otherwise nothing.'],
  ['absent_over_time', 'm', 'v', '1 when the range holds no sample at all, otherwise nothing.'],
  ['acos', 'v', 'v', 'Arccosine of each sample, in radians.'],
  ['acosh', 'v', 'v', 'Inverse hyperbolic cosine of each sample.'],
  ['asin', 'v', 'v', 'Arcsine of each sample, in radians.'],
  ['asinh', 'v', 'v', 'Inverse hyperbolic sine of each sample.'],
  ['atan', 'v', 'v', 'Arctangent of each sample, in radians.'],
  ['atanh', 'v', 'v', 'Inverse hyperbolic tangent of each sample.'],
  ['avg_over_time', 'm', 'v', 'Mean of the samples in the range.'],
  ['ceil', 'v', 'v', 'Each sample rounded up to an integer.'],
  ['changes', 'm', 'v', 'How often the value changed in the range.'],
  ['clamp', 'vss', 'v', 'Each sample held between a lower and an upper bound.'],
  ['clamp_max', 'vs', 'v', 'Each sample held below an upper bound.'],
  ['clamp_min', 'vs', 'v', 'Each sample held above a lower bound.'],
  ['cos', 'v', 'v', 'Cosine of each sample, in radians.'],
  ['cosh', 'v', 'v', 'Hyperbolic cosine of each sample.'],
  ['count_over_time', 'm', 'v', 'Number of samples in the range.'],
  [
    'day_of_month',
    'v',
    'v',
    'Day of the month (1 to 31, UTC) of each timestamp, or of the evaluation time.',
    1,
  ],
  [
    'day_of_week',
    'v',
    'v',
    'Day of the week (0 is Sunday, UTC) of each timestamp, or of the evaluation time.',
    1,
  ],
  [
    'day_of_year',
    'v',
    'v',
    'Day of the year (1 to 366, UTC) of each timestamp, or of the evaluation time.',
    1,
  ],
  [
    'days_in_month',
    'v',
    'v',
    'Days in the month (UTC) of each timestamp, or of the evaluation time.',
    1,
  ],
  ['deg', 'v', 'v', 'Radians to degrees.'],
  ['delta', 'm', 'v', 'Difference between the ends of the range, extrapolated; for gauges.'],
  ['deriv', 'm', 'v', 'Slope per second by linear regression; for gauges.'],
  ['exp', 'v', 'v', 'e to the power of each sample.'],
  ['first_over_time', 'm', 'v', 'Oldest sample in the range.'],
  ['floor', 'v', 'v', 'Each sample rounded down to an integer.'],
  ['histogram_avg', 'v', 'v', 'Mean of the observations in each native histogram.'],
  ['histogram_count', 'v', 'v', 'Number of observations in each native histogram.'],
  ['histogram_fraction', 'ssv', 'v', 'Estimated fraction of observations between two bounds.'],
  [
    'histogram_quantile',
    'sv',
    'v',
    'Estimated quantile (0 to 1) of the observations in a histogram.',
  ],
  [
    'histogram_stddev',
    'v',
    'v',
    'Estimated standard deviation of the observations in each native histogram.',
  ],
  [
    'histogram_stdvar',
    'v',
    'v',
    'Estimated variance of the observations in each native histogram.',
  ],
  ['histogram_sum', 'v', 'v', 'Sum of the observations in each native histogram.'],
  ['hour', 'v', 'v', 'Hour of the day (UTC) of each timestamp, or of the evaluation time.', 1],
  ['idelta', 'm', 'v', 'Difference between the last two samples.'],
  ['increase', 'm', 'v', 'Increase of a counter over the range, extrapolated.'],
  ['irate', 'm', 'v', 'Per-second increase between the last two samples of a counter.'],
  ['label_join', 'vttt', 'v', 'Joins the values of source labels into a destination label.', -1],
  ['label_replace', 'vtttt', 'v', 'Sets a label from another one by a regular expression.'],
  ['last_over_time', 'm', 'v', 'Newest sample in the range.'],
  ['ln', 'v', 'v', 'Natural logarithm.'],
  ['log10', 'v', 'v', 'Decimal logarithm.'],
  ['log2', 'v', 'v', 'Binary logarithm.'],
  ['max_over_time', 'm', 'v', 'Largest sample in the range.'],
  ['min_over_time', 'm', 'v', 'Smallest sample in the range.'],
  ['minute', 'v', 'v', 'Minute of the hour (UTC) of each timestamp, or of the evaluation time.', 1],
  ['month', 'v', 'v', 'Month (1 to 12, UTC) of each timestamp, or of the evaluation time.', 1],
  ['pi', '', 's', 'The number pi.'],
  [
    'predict_linear',
    'ms',
    'v',
    'Value expected in so many seconds, by linear regression; for gauges.',
  ],
  ['present_over_time', 'm', 'v', '1 for each series with a sample in the range.'],
  ['quantile_over_time', 'sm', 'v', 'Quantile (0 to 1) of the samples in the range.'],
  ['rad', 'v', 'v', 'Degrees to radians.'],
  ['rate', 'm', 'v', 'Per-second increase of a counter, averaged over the range.'],
  ['resets', 'm', 'v', 'How often a counter was reset in the range.'],
  [
    'round',
    'vs',
    'v',
    'Each sample rounded to the nearest integer, or multiple of the second argument.',
    1,
  ],
  [
    'scalar',
    'v',
    's',
    'The value of the only element of a vector; NaN when there is not exactly one.',
  ],
  ['sgn', 'v', 'v', 'Sign of each sample: 1, 0 or -1.'],
  ['sin', 'v', 'v', 'Sine of each sample, in radians.'],
  ['sinh', 'v', 'v', 'Hyperbolic sine of each sample.'],
  ['sort', 'v', 'v', 'Elements in ascending order of value; for instant queries.'],
  ['sort_desc', 'v', 'v', 'Elements in descending order of value; for instant queries.'],
  ['sqrt', 'v', 'v', 'Square root.'],
  ['stddev_over_time', 'm', 'v', 'Population standard deviation of the samples in the range.'],
  ['stdvar_over_time', 'm', 'v', 'Population variance of the samples in the range.'],
  ['sum_over_time', 'm', 'v', 'Sum of the samples in the range.'],
  ['tan', 'v', 'v', 'Tangent of each sample, in radians.'],
  ['tanh', 'v', 'v', 'Hyperbolic tangent of each sample.'],
  ['time', '', 's', 'Evaluation time in seconds since the epoch.'],
  ['timestamp', 'v', 'v', 'Timestamp of each sample in seconds since the epoch.'],
  ['vector', 's', 'v', 'A scalar as a vector with one element and no labels.'],
  ['year', 'v', 'v', 'Year (UTC) of each timestamp, or of the evaluation time.', 1],
]

const EXPERIMENTAL: readonly Row[] = [
  [
    'double_exponential_smoothing',
    'mss',
    'v',
    'Smoothed value of a gauge (smoothing factor, trend factor).',
  ],
  ['end', '', 's', 'Last evaluation time of the query in seconds since the epoch.'],
  [
    'histogram_quantiles',
    'vtss',
    'v',
    'Several quantiles of a histogram at once, told apart by a label.',
    9,
  ],
  ['info', 'vv', 'v', 'Adds the labels of matching info series.', 1],
  ['mad_over_time', 'm', 'v', 'Median absolute deviation of the samples in the range.'],
  ['max_of', 'ss', 's', 'The larger of two scalars.'],
  ['min_of', 'ss', 's', 'The smaller of two scalars.'],
  ['range', '', 's', 'Length of the query in seconds.'],
  [
    'sort_by_label',
    'vt',
    'v',
    'Elements in ascending natural order of labels; for instant queries.',
    -1,
  ],
  [
    'sort_by_label_desc',
    'vt',
    'v',
    'Elements in descending natural order of labels; for instant queries.',
    -1,
  ],
  ['start', '', 's', 'First evaluation time of the query in seconds since the epoch.'],
  [
    'start_timestamp',
    'v',
    'v',
    'When the counter of each sample started, in seconds since the epoch.',
  ],
  ['step', '', 's', 'Step of the query in seconds.'],
  ['ts_of_first_over_time', 'm', 'v', 'Timestamp of the oldest sample in the range.'],
  ['ts_of_last_over_time', 'm', 'v', 'Timestamp of the newest sample in the range.'],
  ['ts_of_max_over_time', 'm', 'v', 'Timestamp of the last largest sample in the range.'],
  ['ts_of_min_over_time', 'm', 'v', 'Timestamp of the last smallest sample in the range.'],
]

const signature = (row: Row, isExperimental: boolean): [string, FunctionSignature] => {
  const [name, args, returns, doc, variadic = 0] = row
  const types = Array.from(args, (letter) => TYPES[letter])
  return [name, { name, args: types, variadic, returns: TYPES[returns], isExperimental, doc }]
}

/** All functions by name. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = new Map([
  ...STABLE.map((row) => signature(row, false)),
  ...EXPERIMENTAL.map((row) => signature(row, true)),
])
