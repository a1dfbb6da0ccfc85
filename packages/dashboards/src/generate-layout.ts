/** Panels of a made dashboard as Grafana JSON, laid out in full rows. */

type JsonObject = Record<string, unknown>

export interface Draft {
  kind: 'chart' | 'stat'
  title: string
  description?: string
  unit: string
  queries: readonly (readonly [expr: string, legend: string])[]
  decimals?: number
  /** Colours from a value on, the first without. Left out: none. */
  thresholds?: readonly (readonly [colour: string, from: number | null])[]
  isStacked?: boolean
  /** The scale starts at zero. */
  isFromZero?: boolean
  max?: number
}

const COLUMNS = 24
const CHART_HEIGHT = 8
const STAT_HEIGHT = 4

export class Layout {
  readonly panels: JsonObject[] = []
  /** Panels that are no rows. */
  count = 0
  #y = 0

  row(title: string): void {
    this.panels.push({
      id: this.panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: this.#y++, w: COLUMNS, h: 1 },
      panels: [],
    })
  }

  /** Three side by side, the last line filled up; two or four in halves. */
  charts(drafts: readonly Draft[]): void {
    const perLine = drafts.length === 2 || drafts.length === 4 ? 2 : 3
    for (let i = 0; i < drafts.length; i += perLine)
      this.#line(drafts.slice(i, i + perLine), CHART_HEIGHT)
  }

  stats(drafts: readonly Draft[]): void {
    if (drafts.length > 0) this.#line(drafts, STAT_HEIGHT)
  }

  #line(drafts: readonly Draft[], h: number): void {
    const w = Math.floor(COLUMNS / drafts.length)
    drafts.forEach((draft, i) => {
      const isLast = i === drafts.length - 1
      this.panels.push({
        id: this.panels.length + 1,
        gridPos: { x: i * w, y: this.#y, w: isLast ? COLUMNS - i * w : w, h },
        ...panelOf(draft),
      })
      this.count++
    })
    this.#y += h
  }
}

function panelOf(draft: Draft): JsonObject {
  const { title, description = '', queries } = draft
  return {
    type: draft.kind === 'stat' ? 'stat' : 'timeseries',
    title,
    description,
    targets: queries.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode(65 + i),
      expr,
      legendFormat,
    })),
    fieldConfig: { defaults: defaultsOf(draft), overrides: [] },
    options: draft.kind === 'stat' ? STAT_OPTIONS : chartOptions(draft),
  }
}

const STAT_OPTIONS = {
  reduceOptions: { calcs: ['lastNotNull'] },
  graphMode: 'area',
  colorMode: 'value',
  textMode: 'value',
}

const chartOptions = ({ queries }: Draft): JsonObject => ({
  legend: {
    displayMode: 'list',
    placement: 'bottom',
    showLegend: true,
    calcs: queries.length > 1 ? ['lastNotNull'] : [],
  },
  tooltip: { mode: 'multi', sort: 'desc' },
})

function defaultsOf(draft: Draft): JsonObject {
  const { unit, decimals, thresholds, isStacked = false, isFromZero = false, max } = draft
  return {
    unit,
    ...(decimals === undefined ? {} : { decimals }),
    ...(isFromZero ? { min: 0 } : {}),
    ...(max === undefined ? {} : { max }),
    ...(draft.kind === 'stat'
      ? {
          color:
            thresholds === undefined
              ? { mode: 'fixed', fixedColor: 'text' }
              : { mode: 'thresholds' },
          ...(thresholds === undefined
            ? {}
            : {
                thresholds: {
                  mode: 'absolute',
                  steps: thresholds.map(([color, value]) => ({ color, value })),
                },
              }),
        }
      : {
          color: { mode: 'palette-classic' },
          custom: {
            lineWidth: isStacked ? 1 : 1.5,
            fillOpacity: isStacked ? 30 : draft.queries.length === 1 ? 8 : 0,
            ...(isStacked ? { stacking: { mode: 'normal', group: 'A' } } : {}),
          },
        }),
  }
}
