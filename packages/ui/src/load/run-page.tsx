/** One run, live or as it ended: its verdict first, then why, then everything there is to look at. */
import { useMemo, useState, type ReactElement } from 'react'
import { Link } from 'wouter'
import { ApiError } from '../api/client.ts'
import type { DashboardEntry, RunDetail } from '../api/vigie.ts'
import { useVigie } from '../api/use-api.ts'
import { Content, Empty } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import { Tabs, type TabItem } from '../controls/tabs.tsx'
import { useScrapeInterval } from '../dashboards/use-scrape-interval.ts'
import { Page } from '../shell/page.tsx'
import { useParams } from '../shell/url-state.ts'
import { formatCount, formatDurationMs } from '../time/format.ts'
import { formatDateTime } from '../time/range.ts'
import { GeneratorFacts, GeneratorNote } from './generator-health.tsx'
import { RunActions } from './run-actions.tsx'
import { RunChartPanel, type RunZoom } from './run-chart.tsx'
import { BrokenChecks, RunChecks } from './run-checks.tsx'
import { RunLimit } from './run-limit.tsx'
import { RunOptions } from './run-options.tsx'
import { RunPill } from './run-pill.tsx'
import { RunProgress } from './run-progress.tsx'
import { runCharts, serverCharts } from './run-queries.ts'
import { RunRequests } from './run-requests.tsx'
import { RunScript } from './run-script.tsx'
import { RunSuspects } from './run-suspects.tsx'
import { RunThresholds } from './run-thresholds.tsx'
import { percent, progressText, tookMs, verdict } from './run-verdict.ts'

const EVERY_MS = 1000
/** Ended runs do not change; that one was deleted is seen soon enough. */
const ENDED_EVERY_MS = 30_000
const NOT_FOUND = 404

type Tab = 'charts' | 'requests' | 'checks' | 'generator' | 'script' | 'summary'

export function RunPage({ id }: { id: string }): ReactElement {
  const [isLive, setLive] = useState(true)
  const run = useVigie<RunDetail>(
    `runs/${encodeURIComponent(id)}`,
    isLive ? EVERY_MS : ENDED_EVERY_MS,
  )
  const isRunning = run.data === undefined || run.data.state === 'running'
  if (isRunning !== isLive) setLive(isRunning)
  const script = run.data?.script
  return (
    <Page
      title={script ?? 'Load run'}
      note={
        <>
          <Link href="/load">All runs</Link>
          {run.data && <span className="wide-only"> · {formatDateTime(run.data.startedMs)}</span>}
        </>
      }
      isLoading={run.isLoading && run.data === undefined}
      controls={run.data && <RunActions run={run.data} />}
    >
      {run.error instanceof ApiError && run.error.status === NOT_FOUND ? (
        <Empty title="There is no such run" icon="load">
          It was deleted, or made room for newer ones. <Link href="/load">All runs</Link>
        </Empty>
      ) : (
        <Content loaded={run}>{(detail) => <RunBody run={detail} />}</Content>
      )}
    </Page>
  )
}

function RunBody({ run }: { run: RunDetail }): ReactElement {
  const [params, setParams] = useParams()
  const [zoom, setZoom] = useState<RunZoom['zoom']>(null)
  const tab = (params.get('tab') ?? 'charts') as Tab
  const failedChecks = (run.checks ?? []).filter((one) => one.fails > 0).length
  const items: TabItem<Tab>[] = [
    { id: 'charts', label: 'Charts' },
    { id: 'requests', label: 'Requests' },
    { id: 'checks', label: 'Checks', ...(failedChecks > 0 ? { count: failedChecks } : {}) },
    ...(run.generator ? [{ id: 'generator' as const, label: 'Generator' }] : []),
    { id: 'script', label: 'Script' },
    { id: 'summary', label: 'Summary and options' },
  ]
  return (
    <>
      <RunHead run={run} />
      {run.generator && <GeneratorNote health={run.generator} />}
      <RunNumbers run={run} />
      {run.limit ? <RunLimit limit={run.limit} /> : <RunThresholds run={run} />}
      <BrokenChecks run={run} />
      {run.suspects && run.suspects.length > 0 && (
        <RunSuspects run={run} suspects={run.suspects} zoom={zoom} setZoom={setZoom} />
      )}
      {run.limit && <RunThresholds run={run} />}
      <Tabs
        items={items}
        selected={tab}
        label="Parts of the run"
        onSelect={(next) => setParams({ tab: next === 'charts' ? null : next })}
      />
      {tab === 'charts' && <Charts run={run} zoom={zoom} setZoom={setZoom} />}
      {tab === 'requests' && <RunRequests run={run} />}
      {tab === 'checks' && <RunChecks run={run} />}
      {tab === 'generator' && run.generator && <GeneratorFacts health={run.generator} />}
      {tab === 'script' && <RunScript id={run.id} />}
      {tab === 'summary' && <RunOptions run={run} />}
    </>
  )
}

function RunHead({ run }: { run: RunDetail }): ReactElement {
  const took = formatDurationMs(tookMs(run, Date.now()))
  const progress = progressText(run)
  return (
    <section
      className={`panel run-head state-${run.state}`}
      data-testid="run"
      data-state={run.state}
      aria-label="Verdict"
    >
      <div className="toolbar">
        <RunPill state={run.state} />
        <b className="run-verdict">{verdict(run)}</b>
        <span className="spacer" />
        <span className="sub num">
          {run.state !== 'running'
            ? `took ${took}`
            : progress === ''
              ? took
              : `${took}, ${progress}`}
          {run.exitCode !== null && ` · exit code ${run.exitCode}`}
        </span>
      </div>
      <RunProgress run={run} />
      {run.state !== 'running' && run.state !== 'passed' && run.output && (
        <details open={run.state === 'error'}>
          <summary className="sub">What it printed last</summary>
          <pre className="summary-text" data-testid="run-output" tabIndex={0}>
            {run.output}
          </pre>
        </details>
      )}
    </section>
  )
}

function RunNumbers({ run }: { run: RunDetail }): ReactElement {
  const dropped = run.metrics['dropped_iterations']?.values['count'] ?? 0
  const tiles: { title: string; value: string; unit: string; isBad?: boolean }[] = [
    { title: 'Users', value: formatCount(run.vus), unit: `of ${formatCount(run.vusMax)}` },
    {
      title: 'Iterations',
      value: formatCount(run.iterations),
      unit: dropped > 0 ? `${formatCount(dropped)} dropped` : '',
      isBad: dropped > 0,
    },
    {
      title: 'Requests',
      value:
        run.requestsPerSec === null ? '–' : formatCount(Number(run.requestsPerSec.toPrecision(3))),
      unit: run.requestsPerSec === null ? '' : '/s',
    },
    {
      title: 'Response time, p95',
      ...split(run.p95Ms === null ? '–' : formatDurationMs(run.p95Ms)),
    },
    {
      title: 'Failed requests',
      ...split(run.failedRatio === null ? '–' : percent(run.failedRatio)),
      isBad: (run.failedRatio ?? 0) > 0,
    },
  ]
  if (run.state !== 'running')
    tiles[0] = { title: 'Users', value: formatCount(run.vusMax), unit: 'at most' }
  return (
    <div className="run-strip">
      {tiles.map(({ title, value, unit, isBad }) => (
        <div className="panel" key={title}>
          <h3>{title}</h3>
          <span className={isBad ? 'stat-value tone-crit toned' : 'stat-value'}>
            {value}
            {unit && <small>{unit}</small>}
          </span>
        </div>
      ))}
    </div>
  )
}

function split(text: string): { value: string; unit: string } {
  const [value = '', ...unit] = text.split(' ')
  return { value, unit: unit.join(' ') }
}

/** Scrapes that a rate over the servers' counters looks at. */
const SCRAPES = 4
const WINDOW_SEC_MIN = 10

function Charts({ run, zoom, setZoom }: { run: RunDetail } & RunZoom): ReactElement {
  const { id, startedMs, endedMs } = run
  const scrapeMs = useScrapeInterval()
  const windowSec = Math.max(WINDOW_SEC_MIN, Math.ceil((SCRAPES * scrapeMs) / 1000))
  const own = useMemo(() => runCharts(id), [id])
  const servers = useMemo(() => serverCharts(windowSec), [windowSec])
  const span = { runId: id, startedMs, endedMs }
  return (
    <>
      {zoom && (
        <div className="toolbar">
          <span className="sub num">
            {formatDateTime(zoom.fromMs)} to {formatDateTime(zoom.toMs)}
          </span>
          <button type="button" className="btn" onClick={() => setZoom(null)}>
            The whole run
          </button>
        </div>
      )}
      <div className="run-charts">
        {own.map((chart) => (
          <RunChartPanel key={chart.title} {...{ chart, span, zoom, setZoom }} />
        ))}
      </div>
      <div className="section-title">
        <h2>Servers</h2>
        <span className="sub">what they felt at the same time</span>
        <span className="spacer" />
        <DashboardLinks run={run} />
      </div>
      <div className="run-charts">
        {servers.map((chart) => (
          <RunChartPanel key={chart.title} {...{ chart, span, zoom, setZoom }} />
        ))}
      </div>
    </>
  )
}

/** Dashboards, opened at the time of the run. */
function DashboardLinks({ run }: { run: RunDetail }): ReactElement | null {
  const dashboards = useVigie<DashboardEntry[]>('dashboards')
  if (!dashboards.data || dashboards.data.length === 0) return null
  return (
    <Popover
      label={
        <>
          <Icon name="dashboards" size={13} />
          Dashboards at this time
        </>
      }
    >
      {() =>
        dashboards.data?.map(({ uid, title }) => (
          <Link
            key={uid}
            className="menu-item"
            href={`/d/${encodeURIComponent(uid)}?${timeOf(run)}`}
          >
            {title}
          </Link>
        ))
      }
    </Popover>
  )
}

/** Some air before and after. */
const AIR = 0.1

function timeOf(run: RunDetail): string {
  const toMs = run.endedMs ?? Date.now()
  const air = (toMs - run.startedMs) * AIR
  const to = run.endedMs === null ? 'now' : String(Math.round(toMs + air))
  return `from=${Math.round(run.startedMs - air)}&to=${to}`
}
