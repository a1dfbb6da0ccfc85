/** What a query gives. Columns, no object per sample. */
import type { Histogram, Labels } from '@vigie/model'

/** One element of an instant vector. */
export interface VectorSample {
  labels: Labels
  /** ms since the epoch: the evaluation time. */
  t: number
  v: number
  /** Instead of `v`, which is NaN then. */
  h?: Histogram | undefined
}

/**
 * One series of a matrix. `t` (ms since the epoch) rises; both columns are of the same length. Series
 * may share their times: not to be modified.
 */
export interface MatrixSeries {
  labels: Labels
  t: Float64Array
  /** NaN where the sample is a histogram. */
  v: Float64Array
  /** By index, the samples that are histograms; undefined when there is none. */
  h?: readonly (Histogram | undefined)[] | undefined
}

/** `warnings` and `infos` are worded and placed (line:column) as Prometheus's API gives them. */
interface Common {
  warnings: string[]
  infos: string[]
  stats: QueryStats
}

export interface QueryStats {
  /** Samples that were read, those in overlapping windows counted each time, as Prometheus counts. */
  samplesTotal: number
  /** Most samples held at one time. */
  samplesPeak: number
}

/** Sorted by labels unless the query sorts (sort, topk, …). */
export interface VectorResult extends Common {
  type: 'vector'
  samples: VectorSample[]
}

/** Sorted by labels. */
export interface MatrixResult extends Common {
  type: 'matrix'
  series: MatrixSeries[]
}

export interface ScalarResult extends Common {
  type: 'scalar'
  t: number
  v: number
}

export interface StringResult extends Common {
  type: 'string'
  t: number
  text: string
}

export type QueryResult = VectorResult | MatrixResult | ScalarResult | StringResult
