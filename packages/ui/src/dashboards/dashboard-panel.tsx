/** One panel: its frame with title, description, progress and problems, queried once it is near. */
import { useMemo, useRef, type ReactElement } from 'react'
import { interpolateText, preparePanel, type Panel } from '@vigie/dashboards'
import { Icon } from '../controls/icon.tsx'
import { Progress, Skeleton } from '../controls/feedback.tsx'
import { PanelContent } from './panel-content.tsx'
import type { PanelContext } from './panel-context.ts'
import { usePanelData } from './use-panel-data.ts'
import { useVisible } from './use-visible.ts'

/** Panels up to this many columns stand side by side on a phone. */
const SMALL_COLUMNS = 8

export function DashboardPanel({
  panel,
  top,
  context,
}: {
  panel: Panel
  /** The grid line where the panel's row begins. */
  top: number
  context: PanelContext
}): ReactElement {
  const host = useRef<HTMLElement>(null)
  const isVisible = useVisible(host)
  const title = interpolateText(panel.title, context.variables)
  const { data, error, isLoading } = usePanelData(panel, context, isVisible, () => widthOf(host))
  const view = useMemo(
    () => (data ? preparePanel(panel, data.frames, context.variables) : undefined),
    [panel, data, context.variables],
  )
  const problems = [...(error ? [error.message] : []), ...(data?.problems ?? [])]
  const isSmall = panel.grid.w <= SMALL_COLUMNS && (panel.kind === 'stat' || panel.kind === 'gauge')
  const classes = ['panel', 'dash-panel']
  if (isSmall) classes.push('small')
  if (panel.kind === 'text') classes.push('words')
  if (panel.isTransparent) classes.push('bare')
  return (
    <section
      ref={host}
      className={classes.join(' ')}
      data-testid="panel"
      data-title={title}
      data-kind={panel.kind}
      aria-label={title}
      style={placement(panel, top)}
    >
      {isLoading && data && <Progress />}
      <PanelHead
        title={title}
        description={interpolateText(panel.description, context.variables)}
      />
      {problems.length > 0 && (
        <div className="panel-problem" role="alert" data-testid="panel-error">
          <Icon name="warn" size={13} />
          <span>{[...new Set(problems)].join(' · ')}</span>
        </div>
      )}
      {view ? (
        <PanelContent
          panel={panel}
          view={view}
          context={context}
          isEmpty={data?.frames.length === 0}
          hasProblem={problems.length > 0}
        />
      ) : (
        !error && <Skeleton height={Math.max(24, panel.grid.h * 38 - 60)} />
      )}
    </section>
  )
}

function placement(panel: Panel, top: number): Record<string, number> {
  const { x, y, w, h } = panel.grid
  return { '--x': x + 1, '--y': y - top + 1, '--w': w, '--h': h }
}

/** Before the first layout a usual width stands in. */
const widthOf = (host: { current: HTMLElement | null }): number => host.current?.clientWidth || 600

function PanelHead({
  title,
  description,
}: {
  title: string
  description: string
}): ReactElement | null {
  if (title === '' && description === '') return null
  return (
    <div className="panel-head">
      <h3 className="ellipsis" title={title}>
        {title}
      </h3>
      {description !== '' && (
        <button type="button" className="about" aria-label={`About ${title}: ${description}`}>
          <Icon name="info" size={13} />
          <span className="about-text">{description}</span>
        </button>
      )}
    </div>
  )
}
