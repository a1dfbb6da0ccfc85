/** A table; a click on a column sorts by it. */
import { useState, type ReactElement } from 'react'
import type { TableCell, TableView } from '@vigie/dashboards'
import { Icon } from '../controls/icon.tsx'
import { faded } from '../charts/palette.ts'
import { fillColor, textColor } from './css-colour.ts'
import { sortRows, type SortBy } from './sort-rows.ts'

/** Rows written at once. */
const ROWS_MAX = 500

export function TablePanelView({ view }: { view: TableView }): ReactElement {
  const [sortBy, setSortBy] = useState<SortBy | undefined>(undefined)
  const rows = sortRows(view.rows, sortBy)
  return (
    <div className="panel-table">
      <table className="data">
        <thead>
          <tr>
            {view.columns.map((column, i) => (
              <th
                key={i}
                className={column.isNumber ? 'n' : ''}
                aria-sort={
                  sortBy?.column === i ? (sortBy.isDescending ? 'descending' : 'ascending') : 'none'
                }
              >
                <button
                  type="button"
                  onClick={() =>
                    setSortBy({
                      column: i,
                      isDescending: sortBy?.column === i ? !sortBy.isDescending : column.isNumber,
                    })
                  }
                >
                  {column.name}
                  {sortBy?.column === i && (sortBy.isDescending ? ' ↓' : ' ↑')}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MAX).map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <Cell key={j} cell={cell} isNumber={view.columns[j]?.isNumber === true} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MAX && (
        <p className="sub">
          <Icon name="info" size={12} /> {rows.length} rows, the first {ROWS_MAX} shown
        </p>
      )}
    </div>
  )
}

function Cell({ cell, isNumber }: { cell: TableCell; isNumber: boolean }): ReactElement {
  const { colour, isFilled, text } = cell
  const style = colour
    ? isFilled
      ? { background: faded(fillColor(colour), 0.3) }
      : { color: textColor(colour) }
    : undefined
  return (
    <td className={isNumber ? 'n' : ''} style={style} title={text}>
      {text}
    </td>
  )
}
