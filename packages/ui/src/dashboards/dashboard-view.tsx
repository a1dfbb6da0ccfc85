/** A dashboard drawn: title bar with time and refresh, variables, rows of panels. */
import { useMemo, useState, type ReactElement } from 'react'
import {
  interpolateText,
  parseInterval,
  repeatPanels,
  variableValue,
  type Dashboard,
  type ResolvedVariable,
  type Variables,
} from '@vigie/dashboards'
import type { DashboardFile } from '../api/vigie.ts'
import { Note, SkeletonRows } from '../controls/feedback.tsx'
import { Icon } from '../controls/icon.tsx'
import { RunMarksProvider, RunMarksSwitch, useRunMarks } from '../load/run-marks.tsx'
import { Page } from '../shell/page.tsx'
import { useParams } from '../shell/url-state.ts'
import { RefreshPicker } from '../time/refresh-picker.tsx'
import { resolveRange, zoomOut, type ResolvedRange, type TimeRange } from '../time/range.ts'
import { TimePicker } from '../time/time-picker.tsx'
import { useClock } from '../time/use-clock.ts'
import { DashboardPanel } from './dashboard-panel.tsx'
import type { PanelContext } from './panel-context.ts'
import { sections, type Section } from './sections.ts'
import { useScrapeInterval } from './use-scrape-interval.ts'
import { useVariables } from './use-variables.ts'
import { VariableBar } from './variable-bar.tsx'

const SOURCE_NOTE: Record<DashboardFile['source'], string> = {
  file: 'from a file',
  imported: 'imported',
  generated: 'made from the job’s metrics',
}

export function DashboardView({
  dashboard,
  file,
}: {
  dashboard: Dashboard
  file: DashboardFile
}): ReactElement {
  const [params, setParams] = useParams()
  const range: TimeRange = {
    from: params.get('from') ?? dashboard.time.from,
    to: params.get('to') ?? dashboard.time.to,
  }
  const every = params.get('refresh') ?? dashboard.refresh
  const [nowMs, tick] = useClock(parseInterval(every) ?? 0)
  const { fromMs, toMs, problem } = useResolved(range, nowMs)
  const marks = useRunMarks(fromMs, toMs)
  const variables = useVariables(dashboard, params, range, { fromMs, toMs })
  const setRange = (next: TimeRange): void => setParams({ from: next.from, to: next.to }, true)

  return (
    <Page
      title={dashboard.title}
      note={<span title={file.path ?? ''}>{placeOf(file)}</span>}
      isLoading={variables.isLoading}
      controls={
        <>
          <RunMarksSwitch marks={marks} />
          <TimePicker range={range} onChange={setRange} />
          <RefreshPicker
            every={every}
            onChange={(next) => setParams({ refresh: next })}
            onRefresh={tick}
          />
        </>
      }
    >
      {problem && <Note tone="warn">{problem} Showing the last hour instead.</Note>}
      {variables.error && (
        <Note tone="warn">The variables could not be asked for: {variables.error.message}</Note>
      )}
      <VariableBar
        variables={variables.data ?? []}
        onChange={(name, values) => setParams({ [`var-${name}`]: values })}
      />
      {variables.data ? (
        <RunMarksProvider marks={marks}>
          <Panels
            dashboard={dashboard}
            uid={file.uid}
            resolved={variables.data}
            range={{ fromMs, toMs }}
            onZoom={(from, to) => setRange({ from: String(from), to: String(to) })}
            onZoomOut={() => setRange(zoomOut({ fromMs, toMs }, Date.now()))}
          />
        </RunMarksProvider>
      ) : (
        !variables.error && <SkeletonRows count={6} />
      )}
    </Page>
  )
}

/** The file's name with its folder: enough to find it, short enough for the bar. */
function placeOf(file: DashboardFile): string {
  return file.path?.split('/').slice(-2).join('/') ?? SOURCE_NOTE[file.source]
}

/** The last hour stands in for a range that cannot be read. */
function useResolved(range: TimeRange, nowMs: number): ResolvedRange & { problem: string } {
  return useMemo(() => {
    try {
      return { ...resolveRange(range, nowMs), problem: '' }
    } catch (error) {
      return { fromMs: nowMs - 3_600_000, toMs: nowMs, problem: `${(error as Error).message}.` }
    }
  }, [range.from, range.to, nowMs])
}

function Panels({
  dashboard,
  uid,
  resolved,
  range,
  onZoom,
  onZoomOut,
}: {
  dashboard: Dashboard
  uid: string
  resolved: ResolvedVariable[]
  range: ResolvedRange
  onZoom: (fromMs: number, toMs: number) => void
  onZoomOut: () => void
}): ReactElement {
  const scrapeIntervalMs = useScrapeInterval()
  const values: Variables = useMemo(
    () => new Map(resolved.map((one) => [one.def.name, variableValue(one)])),
    [resolved],
  )
  const context: PanelContext = {
    uid,
    ...range,
    variables: values,
    scrapeIntervalMs,
    isCrosshairShared: dashboard.isCrosshairShared,
    onZoom,
    onZoomOut,
  }
  const panels = useMemo(() => repeatPanels(dashboard.panels, values), [dashboard, values])
  return (
    <>
      {sections(panels).map((section, i) => (
        <Row key={section.row?.id ?? `top-${i}`} section={section} context={context} />
      ))}
    </>
  )
}

function Row({ section, context }: { section: Section; context: PanelContext }): ReactElement {
  const { row, panels, top } = section
  const [isOpen, setOpen] = useState(!row?.isCollapsed)
  return (
    <section aria-label={row?.title ?? 'Panels'} className="stack">
      {row && (
        <button
          type="button"
          className="dash-row"
          aria-expanded={isOpen}
          data-testid="dash-row"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? 'chevron' : 'right'} size={14} />
          {interpolateText(row.title, context.variables)}
          {!isOpen && <span className="sub num">{panels.length} panels</span>}
        </button>
      )}
      {isOpen && panels.length > 0 && (
        <div className="dash-panels">
          {panels.map((panel) => (
            <DashboardPanel key={panel.id} panel={panel} top={top} context={context} />
          ))}
        </div>
      )}
    </section>
  )
}
