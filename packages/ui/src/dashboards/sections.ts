/**
 * A dashboard cut into its rows. Grafana keeps an open row's panels behind it in one list and a
 * collapsed row's inside it; here both are a section with a title, laid out from its own top.
 */
import type { Panel, RowPanel } from '@vigie/dashboards'

export interface Section {
  /** Undefined for what stands before the first row. */
  row: RowPanel | undefined
  panels: Panel[]
  /** The section's uppermost grid line. */
  top: number
}

export function sections(panels: Panel[]): Section[] {
  const found: Section[] = []
  let current: Section = { row: undefined, panels: [], top: 0 }
  for (const panel of panels) {
    if (panel.kind !== 'row') {
      current.panels.push(panel)
      continue
    }
    found.push(current)
    current = { row: panel, panels: [...panel.panels], top: 0 }
  }
  found.push(current)
  return found
    .filter((section) => section.row !== undefined || section.panels.length > 0)
    .map((section) => ({
      ...section,
      top: Math.min(...section.panels.map((panel) => panel.grid.y)),
    }))
}
