/** What was requested, by name: how often, how fast, how much failed. From the run's series. */
import { useState, type ReactElement } from 'react'
import type { VectorResult } from '../api/prometheus.ts'
import type { RunDetail } from '../api/vigie.ts'
import type { Api } from '../api/client.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import { Content, Empty } from '../controls/feedback.tsx'
import { formatCount, formatDurationMs } from '../time/format.ts'
import { perSec, percent, tookMs } from './run-verdict.ts'

const EVERY_MS = 3000
/** Rows written at once. */
const PAGE_ROWS = 50
/** Series are looked for from the start to this long after the end. */
const TAIL_SEC = 30

interface RequestRow {
  key: string
  method: string
  name: string
  count: number
  failed: number
  p50: number
  p95: number
  p99: number
}

export function RunRequests({ run }: { run: RunDetail }): ReactElement {
  const api = useApi()
  const [isLong, setLong] = useState(false)
  const loaded = useLoaded(
    `run-requests:${run.id}:${run.endedMs ?? ''}`,
    (signal) => requestRows(api, run, signal),
    run.endedMs === null ? EVERY_MS : 0,
    true,
  )
  return (
    <section className="panel" aria-label="Requests">
      <h3>Requests by name</h3>
      <Content
        loaded={loaded}
        isEmpty={(rows) => rows.length === 0}
        empty={
          <Empty title="No requests" icon="clock">
            The run has sent none over HTTP, or its series are older than what Vigie keeps.
          </Empty>
        }
      >
        {(rows) => (
          <>
            <RequestTable rows={isLong ? rows : rows.slice(0, PAGE_ROWS)} run={run} />
            {rows.length > PAGE_ROWS && !isLong && (
              <button type="button" className="btn more" onClick={() => setLong(true)}>
                All {rows.length} names
              </button>
            )}
          </>
        )}
      </Content>
    </section>
  )
}

function RequestTable({ rows, run }: { rows: RequestRow[]; run: RunDetail }): ReactElement {
  const seconds = Math.max(1, tookMs(run, Date.now()) / 1000)
  const time = (value: number): string => (value > 0 ? formatDurationMs(value * 1000) : '–')
  return (
    <div className="table-wrap">
      <table className="data">
        <thead>
          <tr>
            <th>Request</th>
            <th className="n">Count</th>
            <th className="n wide-only">Rate</th>
            <th className="n wide-only">p50</th>
            <th className="n">p95</th>
            <th className="n wide-only">p99</th>
            <th className="n">Failed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} data-testid="request-row">
              <td className="anywhere">
                <span className="muted">{row.method}</span> {row.name}
              </td>
              <td className="n">{formatCount(row.count)}</td>
              <td className="n wide-only">{perSec(row.count / seconds)}</td>
              <td className="n wide-only">{time(row.p50)}</td>
              <td className="n">{time(row.p95)}</td>
              <td className="n wide-only">{time(row.p99)}</td>
              <td className={row.failed > 0 ? 'n tone-crit toned' : 'n'}>
                {row.failed > 0 ? percent(row.failed / row.count) : '0'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

async function requestRows(api: Api, run: RunDetail, signal: AbortSignal): Promise<RequestRow[]> {
  const endSec = Math.ceil((run.endedMs ?? Date.now()) / 1000) + TAIL_SEC
  const window = `${Math.ceil(endSec - run.startedMs / 1000) + 1}s`
  const by = `testid=${JSON.stringify(run.id)}`
  // What a counter came to: it begins at 0 with the run, and ends with a stale marker.
  const total = (metric: string, more = ''): string =>
    `last_over_time(${metric}{${by}${more}}[${window}])`
  const ask = async (expr: string): Promise<Map<string, number>> => {
    const { data } = await api.prom<VectorResult>(
      'query',
      { query: expr, time: String(endSec) },
      signal,
    )
    return new Map(
      data.result.map(({ metric, value }) => [
        `${metric['method'] ?? ''} ${metric['name'] ?? ''}`,
        Number(value?.[1]),
      ]),
    )
  }
  const quantile = (q: number): Promise<Map<string, number>> =>
    ask(
      `histogram_quantile(${q}, sum by (method, name, le) (${total('k6_http_req_duration_seconds_bucket')}))`,
    )
  const [counts, failed, p50, p95, p99] = await Promise.all([
    ask(`sum by (method, name) (${total('k6_http_reqs_total')})`),
    ask(`sum by (method, name) (${total('k6_http_reqs_total', ',expected_response="false"')})`),
    quantile(0.5),
    quantile(0.95),
    quantile(0.99),
  ])
  return [...counts]
    .map(([key, count]) => ({
      key,
      method: key.slice(0, key.indexOf(' ')),
      name: key.slice(key.indexOf(' ') + 1),
      count,
      failed: failed.get(key) ?? 0,
      p50: p50.get(key) ?? 0,
      p95: p95.get(key) ?? 0,
      p99: p99.get(key) ?? 0,
    }))
    .sort((a, b) => b.count - a.count)
}
