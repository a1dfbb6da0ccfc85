/**
 * What a service tile draws: the request rate by the best counter that the job has, or what it works
 * off, else how long its probes take, else whether it is up.
 */

/** Names that may count requests; asked of the server as one regular expression. */
export const CANDIDATES =
  '.+requests?_total|.+_requests?_.*total.*|.+duration(_seconds)?_count|.+_processed_total|probe_duration_seconds'

const RANKED: RegExp[] = [
  /^http_requests_total$/,
  /_http_requests?_total$/,
  /requests?_total$/,
  /http_request.*duration(_seconds)?_count$/,
  /_requests?_.*total/,
  /_processed_total$/,
  /duration(_seconds)?_count$/,
  /^probe_duration_seconds$/,
]

/** Counters that are about something else than the requests served. */
const OTHER =
  /exception|error|fail|bytes|created|before_middleware|gc_duration|active_requests|seconds_total|scrape|rule_|query|reload|compaction/

export interface TileQuery {
  kind: 'requests' | 'work' | 'probe' | 'up'
  expr: string
}

/** The metric that says most about a job; undefined when none of `names` is of use. */
export function pickMetric(names: string[]): string | undefined {
  const useful = names.filter((name) => !OTHER.test(name)).sort()
  for (const pattern of RANKED) {
    const found = useful.find((name) => pattern.test(name))
    if (found) return found
  }
  return undefined
}

/** `window` is a PromQL duration. The answer's only label is `job`. */
export function tileQuery(job: string, names: string[], window: string): TileQuery {
  const metric = pickMetric(names)
  const selector = `{job=${quoted(job)}}`
  if (metric === undefined) return { kind: 'up', expr: `avg by (job) (up${selector})` }
  if (metric === 'probe_duration_seconds') {
    return { kind: 'probe', expr: `avg by (job) (${metric}${selector})` }
  }
  const kind = metric.endsWith('_processed_total') ? 'work' : 'requests'
  return { kind, expr: `sum by (job) (rate(${metric}${selector}[${window}]))` }
}

const quoted = (text: string): string => JSON.stringify(text)
