/** The inside of a panel, by its kind. */
import { lazy, Suspense, type ReactElement } from 'react'
import type { Panel, PanelView } from '@vigie/dashboards'
import { GaugePanelView } from './gauge-panel.tsx'
import type { PanelContext } from './panel-context.ts'
import { StatPanelView } from './stat-panel.tsx'
import { TablePanelView } from './table-panel.tsx'
import { TimeseriesPanelView } from './timeseries-panel.tsx'

const TextContent = lazy(async () => ({
  default: (await import('./text-content.tsx')).TextContent,
}))

export function PanelContent({
  panel,
  view,
  context,
  isEmpty,
  hasProblem,
}: {
  panel: Panel
  view: PanelView
  context: PanelContext
  /** Nothing was answered. */
  isEmpty: boolean
  hasProblem: boolean
}): ReactElement | null {
  switch (view.kind) {
    case 'text':
      return (
        <div className="panel-body">
          <Suspense fallback={null}>
            <TextContent mode={view.mode} content={view.content} />
          </Suspense>
        </div>
      )
    case 'unsupported':
      return (
        <div className="unsupported" data-testid="unsupported">
          <b>{panel.title || 'Untitled'}</b>
          <span>
            Panels of type <code>{view.type}</code> are not drawn yet.
          </span>
        </div>
      )
    case 'row':
      return null
    case 'timeseries':
    case 'stat':
    case 'gauge':
    case 'table':
      if (isEmpty) return hasProblem ? null : <div className="unsupported">No data</div>
      return <Drawn view={view} context={context} title={panel.title} />
  }
}

function Drawn({
  view,
  context,
  title,
}: {
  view: Exclude<PanelView, { kind: 'text' | 'unsupported' | 'row' }>
  context: PanelContext
  title: string
}): ReactElement {
  switch (view.kind) {
    case 'timeseries':
      return <TimeseriesPanelView view={view} context={context} title={title} />
    case 'stat':
      return <StatPanelView tiles={view.tiles} colorMode={view.colorMode} />
    case 'gauge':
      return <GaugePanelView gauges={view.gauges} isBar={view.isBar} />
    case 'table':
      return <TablePanelView view={view} />
  }
}
