/**
 * Panels and rows that repeat over a variable, laid out before anything is asked: one copy per value,
 * each with its own value of the variable; what stands below moves down.
 */
import type { GridPos, Panel, RowPanel } from './dashboard.ts'
import { type VariableValue, type Variables, interpolateText } from './interpolate.ts'

const COLUMNS = 24
const PER_ROW_DEFAULT = 4
/** Copies of one panel or row. */
const COPIES_MAX = 100

/** The panels of a dashboard with all repeats laid out. The same variables give the same ids. */
export function repeatPanels(panels: readonly Panel[], variables: Variables): Panel[] {
  const ids = new Ids(panels)
  const out: Panel[] = []
  // How far what follows has moved down.
  let shift = 0
  for (const block of blocksOf(panels)) {
    const [row] = block
    const copies = row.kind === 'row' ? valuesOf(row, variables) : []
    const [top, height] = [row.grid.y, blockHeight(block)]
    if (copies.length === 0) {
      const { panels: laid, grown } = repeatInside(block, variables, ids)
      out.push(...laid.map((panel) => moved(panel, shift)))
      shift += grown
      continue
    }
    let y = top + shift
    copies.forEach((copy, i) => {
      const scoped = new Map([[row.repeat, copy]])
      const named = block.map((panel) => scope(panel, scoped, ids.of(panel, i)))
      const { panels: laid, grown } = repeatInside(named, variables, ids)
      out.push(...laid.map((panel) => moved(panel, y - top)))
      y += height + grown
    })
    shift = y - top - height
  }
  return out
}

/** A row with what belongs to it, or what stands before the first row. */
function blocksOf(panels: readonly Panel[]): Panel[][] {
  const blocks: Panel[][] = []
  for (const panel of panels) {
    if (panel.kind === 'row' || blocks.length === 0) blocks.push([panel])
    else blocks.at(-1)!.push(panel)
  }
  return blocks
}

const bottom = ({ grid }: Panel): number => grid.y + grid.h
const blockHeight = (block: readonly Panel[]): number =>
  Math.max(...block.map(bottom)) - block[0].grid.y

/** Repeats of single panels; `grown` is by how much the block became higher. */
function repeatInside(
  block: readonly Panel[],
  variables: Variables,
  ids: Ids,
): { panels: Panel[]; grown: number } {
  const heightBefore = blockHeight(block)
  let laid: Panel[] = [...block]
  for (const panel of block) {
    if (panel.kind === 'row') {
      laid = laid.map((one) =>
        one === panel ? { ...panel, panels: repeatInRow(panel, variables, ids) } : one,
      )
      continue
    }
    const values = valuesOf(panel, variables)
    if (values.length === 0) continue
    const at = laid.findIndex((one) => one.id === panel.id)
    const { grid } = laid[at]
    const places =
      panel.repeatDirection === 'v'
        ? stacked(grid, values.length)
        : sideBySide(panel, grid, values.length)
    const copies = values.map((value, i) => ({
      ...scope(laid[at], new Map([[panel.repeat, value]]), ids.of(panel, i)),
      grid: places[i],
    }))
    const push = places.at(-1)!.y - grid.y
    laid = laid.flatMap((one, i) =>
      i === at ? copies : one.grid.y >= grid.y + grid.h ? [moved(one, push)] : [one],
    )
  }
  return { panels: laid, grown: blockHeight(laid) - heightBefore }
}

function repeatInRow(row: RowPanel, variables: Variables, ids: Ids): Panel[] {
  return row.panels.length === 0 ? [] : repeatInside(row.panels, variables, ids).panels
}

const stacked = (grid: GridPos, count: number): GridPos[] =>
  Array.from({ length: count }, (_, i) => ({ ...grid, y: grid.y + i * grid.h }))

/** The whole width in equal parts, `maxPerRow` at most. */
function sideBySide(panel: Panel, grid: GridPos, count: number): GridPos[] {
  const perRow = Math.min(count, panel.maxPerRow || PER_ROW_DEFAULT)
  const w = Math.max(1, Math.floor(COLUMNS / perRow))
  return Array.from({ length: count }, (_, i) => ({
    x: (i % perRow) * w,
    y: grid.y + Math.floor(i / perRow) * grid.h,
    w,
    h: grid.h,
  }))
}

/** One value per copy, inserted as a value of a variable that may hold several. */
function valuesOf(panel: Panel, variables: Variables): VariableValue[] {
  const value =
    panel.repeat === ''
      ? undefined
      : (panel.scoped.get(panel.repeat) ?? variables.get(panel.repeat))
  if (value === undefined) return []
  return value.values.slice(0, COPIES_MAX).map((one, i) => ({
    values: [one],
    isMulti: value.isMulti,
    text: value.texts?.[i] ?? one,
  }))
}

function scope(panel: Panel, scoped: Variables, id: number): Panel {
  const own = { id, scoped: new Map([...panel.scoped, ...scoped]) }
  const texts = {
    title: interpolateText(panel.title, scoped),
    description: interpolateText(panel.description, scoped),
  }
  if (panel.kind !== 'row') return { ...panel, ...own, ...texts }
  const panels = panel.panels.map((one, i) => scope(one, scoped, id * 1000 + i))
  return { ...panel, ...own, ...texts, panels }
}

function moved(panel: Panel, by: number): Panel {
  if (by === 0) return panel
  return { ...panel, grid: { ...panel.grid, y: panel.grid.y + by } }
}

/** The first copy keeps the panel's id, the others get new ones in order. */
class Ids {
  #next: number

  constructor(panels: readonly Panel[]) {
    const all = panels.flatMap((panel) =>
      panel.kind === 'row' ? [panel, ...panel.panels] : [panel],
    )
    this.#next = Math.max(0, ...all.map((panel) => panel.id)) + 1
  }

  of(panel: Panel, copy: number): number {
    return copy === 0 ? panel.id : this.#next++
  }
}
