/** The list of a chart's series: names, or a table with their numbers. A click isolates one. */
import type { ReactElement, ReactNode } from 'react'

export interface LegendRow {
  /** What is hidden and shown by; unique in the chart. */
  id: string
  name: string
  color: string
  /** Already formatted, in the order of `columns`. */
  values: string[]
}

/** Rows written at most; the rest is counted. */
const ROWS_MAX = 200

export interface LegendProps {
  rows: LegendRow[]
  /** Titles of `values`. */
  columns: string[]
  hidden: ReadonlySet<string>
  onPick: (id: string, isToggle: boolean) => void
}

export function Legend({ look, ...props }: LegendProps & { look: 'list' | 'table' }): ReactElement {
  return look === 'list' ? <LegendList {...props} /> : <LegendTable {...props} />
}

function LegendList({ rows, columns, hidden, onPick }: LegendProps): ReactElement {
  return (
    <div className="legend-list" data-testid="legend">
      {rows.slice(0, ROWS_MAX).map((row) => (
        <span key={row.id} style={{ minWidth: 0, maxWidth: '100%' }}>
          <LegendButton row={row} isHidden={hidden.has(row.id)} onPick={onPick}>
            {row.values.map((value, i) => (
              <span className="v" key={i} title={columns[i]}>
                {value}
              </span>
            ))}
          </LegendButton>
        </span>
      ))}
      <Rest count={rows.length - ROWS_MAX} />
    </div>
  )
}

function LegendTable({ rows, columns, hidden, onPick }: LegendProps): ReactElement {
  return (
    <div className="legend-table" data-testid="legend">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            {columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MAX).map((row) => (
            <tr key={row.id} className={hidden.has(row.id) ? 'off' : ''}>
              <td>
                <LegendButton row={row} isHidden={hidden.has(row.id)} onPick={onPick} />
              </td>
              {row.values.map((value, i) => (
                <td key={i}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Rest count={rows.length - ROWS_MAX} />
    </div>
  )
}

function LegendButton({
  row,
  isHidden,
  onPick,
  children,
}: {
  row: LegendRow
  isHidden: boolean
  onPick: (id: string, isToggle: boolean) => void
  children?: ReactNode
}): ReactElement {
  return (
    <button
      type="button"
      className={isHidden ? 'legend-item off' : 'legend-item'}
      title={`${row.name} (click: only this one; Ctrl+click: show or hide)`}
      aria-pressed={!isHidden}
      data-testid="legend-item"
      onClick={(event) => onPick(row.id, event.ctrlKey || event.metaKey)}
    >
      <i className="swatch" style={{ background: row.color }} />
      <span className="ellipsis">{row.name}</span>
      {children}
    </button>
  )
}

function Rest({ count }: { count: number }): ReactElement | null {
  return count > 0 ? <span className="sub">and {count} more</span> : null
}
