/** One run: how far it is, its numbers, its charts while it goes, its thresholds and its summary. */
import { useMemo, type ReactElement } from 'react'
import type { RunDetail } from '../api/vigie.ts'
import { useVigie } from '../api/use-api.ts'
import { Content, Pill } from '../controls/feedback.tsx'
import { formatAge, formatCount, formatDurationMs } from '../time/format.ts'
import { RunChartPanel } from './run-chart.tsx'
import { RunPill } from './run-pill.tsx'
import { runCharts } from './run-queries.ts'

const EVERY_MS = 1000

export function RunView({ id }: { id: string }): ReactElement {
  const run = useVigie<RunDetail>(`runs/${encodeURIComponent(id)}`, EVERY_MS)
  const charts = useMemo(() => runCharts(id), [id])
  return (
    <Content loaded={run}>
      {(detail) => (
        <>
          <RunHead run={detail} />
          <RunNumbers run={detail} />
          <div className="run-charts">
            {charts.map((chart) => (
              <RunChartPanel
                key={chart.title}
                chart={chart}
                runId={id}
                startedMs={detail.startedMs}
                endedMs={detail.endedMs}
              />
            ))}
          </div>
          <Thresholds run={detail} />
          <Scenarios run={detail} />
          {detail.summaryText && (
            <section className="panel" aria-label="Summary">
              <h3>Summary</h3>
              <pre className="summary-text" data-testid="run-summary" tabIndex={0}>
                {plainText(detail.summaryText)}
              </pre>
            </section>
          )}
        </>
      )}
    </Content>
  )
}

/** The summary is made for a terminal; its colours are not for here. */
// oxlint-disable-next-line no-control-regex
const plainText = (text: string): string => text.replaceAll(/\u001b\[[0-9;]*m/g, '')

function RunHead({ run }: { run: RunDetail }): ReactElement {
  const end = run.endedMs ?? Date.now()
  return (
    <section className="panel" data-testid="run" data-state={run.state} aria-label="Run">
      <div className="toolbar">
        <RunPill state={run.state} />
        <b className="mono" style={{ overflowWrap: 'anywhere' }}>
          {run.script}
        </b>
        <span className="spacer" />
        <span className="sub num">
          started {formatAge(Date.now() - run.startedMs)} ago ·{' '}
          {formatDurationMs(Math.max(0, end - run.startedMs))}
          {run.exitCode !== null && ` · exit code ${run.exitCode}`}
        </span>
      </div>
      {run.state === 'running' && run.progress !== null && (
        <div
          className="meter"
          style={{ marginTop: 8 }}
          role="progressbar"
          aria-label="Progress of the run"
          aria-valuenow={Math.round(run.progress * 100)}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <i style={{ width: `${run.progress * 100}%` }} />
        </div>
      )}
    </section>
  )
}

function RunNumbers({ run }: { run: RunDetail }): ReactElement {
  const metric = (name: string, key: string): number | undefined => run.metrics[name]?.values[key]
  const p95 = metric('http_req_duration', 'p(95)')
  const failed = metric('http_req_failed', 'rate')
  const rate = metric('http_reqs', 'rate')
  const tiles: [string, string, string][] = [
    ['Users', formatCount(run.vus), `of ${formatCount(run.vusMax)}`],
    ['Iterations', formatCount(run.iterations), ''],
    ['Requests', rate === undefined ? '–' : formatCount(Number(rate.toPrecision(3))), '/s'],
    ['p95 latency', ...splitUnit(p95 === undefined ? '–' : formatDurationMs(p95))],
    [
      'Failed requests',
      failed === undefined ? '–' : String(Number((failed * 100).toFixed(2))),
      failed === undefined ? '' : '%',
    ],
  ]
  return (
    <div className="run-strip">
      {tiles.map(([title, value, unit]) => (
        <div className="panel" key={title}>
          <h3>{title}</h3>
          <span className="stat-value">
            {value}
            {unit && <small>{unit}</small>}
          </span>
        </div>
      ))}
    </div>
  )
}

function splitUnit(text: string): [string, string] {
  const [value = '', ...unit] = text.split(' ')
  return [value, unit.join(' ')]
}

function Thresholds({ run }: { run: RunDetail }): ReactElement | null {
  if (run.thresholds.length === 0) return null
  return (
    <section className="panel" aria-label="Thresholds">
      <h3>Thresholds</h3>
      <ul className="rows">
        {run.thresholds.map((one) => (
          <li
            className="row-item"
            key={`${one.metric}\n${one.source}`}
            data-testid="threshold"
            data-ok={String(one.ok)}
          >
            {one.ok === null ? (
              <Pill tone="muted" icon="clock">
                Not yet
              </Pill>
            ) : one.ok ? (
              <Pill tone="ok">Passed</Pill>
            ) : (
              <Pill tone="crit">Failed</Pill>
            )}
            <code className="row-main">
              {one.metric} <span className="muted">{one.source}</span>
            </code>
            <span className="num">{one.value === null ? '' : formatCount(one.value)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Scenarios({ run }: { run: RunDetail }): ReactElement | null {
  if (run.scenarios.length === 0) return null
  return (
    <section className="panel" aria-label="Scenarios">
      <h3>Scenarios</h3>
      <div className="table-wrap">
        <table className="data">
          <thead>
            <tr>
              <th>Scenario</th>
              <th>Executor</th>
              <th style={{ width: '30%' }}>Progress</th>
              <th className="n">Users</th>
              <th className="n">Iterations</th>
            </tr>
          </thead>
          <tbody>
            {run.scenarios.map((one) => (
              <tr key={one.name}>
                <td>{one.name}</td>
                <td className="muted">{one.executor}</td>
                <td style={{ verticalAlign: 'middle' }}>
                  {one.progress !== null && (
                    <div className="meter">
                      <i style={{ width: `${one.progress * 100}%` }} />
                    </div>
                  )}
                </td>
                <td className="n">{formatCount(one.vus)}</td>
                <td className="n">{formatCount(one.iterations)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
