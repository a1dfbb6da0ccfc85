/** Shapes of the Prometheus HTTP API, as far as the pages read them. Times are RFC 3339 strings. */

export type LabelMap = Record<string, string>

export interface VectorSample {
  metric: LabelMap
  /** Seconds, value as Prometheus writes it. */
  value?: [number, string]
  histogram?: [number, HistogramValue]
}

/** A native histogram. */
export interface HistogramValue {
  count: string
  sum: string
  /**
   * Those with something in them: which bounds belong to it (0: the upper, 1: the lower, 2: none, 3: both), lower
   * and upper bound, count.
   */
  buckets?: [number, string, string, string][]
}

export interface MatrixSeries {
  metric: LabelMap
  values?: [number, string][]
  histograms?: [number, HistogramValue][]
}

export type QueryResult =
  | { resultType: 'vector'; result: VectorSample[] }
  | { resultType: 'matrix'; result: MatrixSeries[] }
  | { resultType: 'scalar' | 'string'; result: [number, string] }

export interface MatrixResult {
  resultType: 'matrix'
  result: MatrixSeries[]
}

export interface VectorResult {
  resultType: 'vector'
  result: VectorSample[]
}

export interface ScrapeTarget {
  discoveredLabels: LabelMap
  labels: LabelMap
  scrapePool: string
  scrapeUrl: string
  lastError: string
  lastScrape: string
  /** Seconds. */
  lastScrapeDuration: number
  health: 'up' | 'down' | 'unknown'
  scrapeInterval: string
  scrapeTimeout: string
}

export interface TargetsAnswer {
  activeTargets: ScrapeTarget[]
}

export interface Alert {
  labels: LabelMap
  annotations: LabelMap
  state: 'pending' | 'firing' | 'inactive'
  activeAt?: string
  value: string
  /** Rows that show what is wrong, where a data check raised it. */
  sample?: SampleRows | null
}

export interface Rule {
  type: 'alerting' | 'recording'
  name: string
  query: string
  health: 'ok' | 'err' | 'unknown'
  lastError?: string
  /** Seconds. */
  evaluationTime: number
  lastEvaluation: string
  labels?: LabelMap
  annotations?: LabelMap
  state?: 'pending' | 'firing' | 'inactive'
  /** Seconds of `for`. */
  duration?: number
  alerts?: Alert[]
}

export interface RuleGroup {
  name: string
  file: string
  /** Seconds. */
  interval: number
  rules: Rule[]
}

/** A small table of a check's findings. */
export interface SampleRows {
  columns: string[]
  rows: (string | number | boolean | null)[][]
}
