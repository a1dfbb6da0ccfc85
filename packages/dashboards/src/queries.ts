/** What a panel asks for: its targets with variables inserted, over an aligned range at a chosen step. */
import type { Panel, Target } from './dashboard.ts'
import { type Variables, interpolateQuery } from './interpolate.ts'
import { intervalMs, parseInterval } from './interval.ts'
import { builtinVariables } from './variables.ts'

export interface QueryContext {
  fromMs: number
  toMs: number
  /** Points the panel can show: its width in pixels. */
  widthPx: number
  scrapeIntervalMs: number
  variables: Variables
}

export interface PanelQuery {
  refId: string
  expr: string
  isInstant: boolean
  /** Aligned to the step; of an instant query `endMs` is its time. */
  startMs: number
  endMs: number
  stepMs: number
  target: Target
}

/** Prometheus refuses more points per series. */
const POINTS_MAX = 11_000

/** The queries of a panel that are shown and that a Prometheus can answer. */
export function panelQueries(panel: Panel, context: QueryContext): PanelQuery[] {
  const range = panelRange(panel, context)
  const variables = new Map([...context.variables, ...panel.scoped])
  return panel.targets
    .filter((target) => target.isPrometheus && !target.isHidden && target.expr.trim() !== '')
    .map((target) => panelQuery(panel, target, { ...context, ...range, variables }))
}

/** `timeFrom` narrows the range, `timeShift` moves it back. */
export function panelRange(
  panel: Panel,
  range: { fromMs: number; toMs: number },
): { fromMs: number; toMs: number } {
  const from = parseInterval(panel.timeFrom)
  const shift = parseInterval(panel.timeShift) ?? 0
  const toMs = range.toMs - shift
  return { fromMs: from === undefined ? range.fromMs - shift : toMs - from, toMs }
}

function panelQuery(panel: Panel, target: Target, context: QueryContext): PanelQuery {
  const { fromMs, toMs, scrapeIntervalMs, variables } = context
  const rangeMs = Math.max(1000, toMs - fromMs)
  const lower =
    lowerBound(target.interval, variables) ??
    lowerBound(panel.interval, variables) ??
    scrapeIntervalMs
  const points = Math.max(1, Math.min(panel.maxDataPoints ?? context.widthPx, POINTS_MAX / 2))
  const base = intervalMs(rangeMs, points, lower) * target.intervalFactor
  const stepMs = Math.max(base, Math.ceil(rangeMs / (POINTS_MAX - 1)))
  const known = new Map([
    ...builtinVariables({ fromMs, toMs, stepMs, scrapeMs: lower }),
    ...variables,
  ])
  const isInstant =
    target.isInstant || (panel.kind === 'table' && target.format === 'table' && target.isInstant)
  return {
    refId: target.refId,
    expr: interpolateQuery(target.expr, known),
    isInstant,
    startMs: Math.floor(fromMs / stepMs) * stepMs,
    endMs: isInstant ? toMs : Math.floor(toMs / stepMs) * stepMs,
    stepMs,
    target,
  }
}

const lowerBound = (text: string, variables: Variables): number | undefined => {
  if (text === '' || /\$__(rate_)?interval/.test(text)) return undefined
  return parseInterval(interpolateQuery(text, variables))
}
