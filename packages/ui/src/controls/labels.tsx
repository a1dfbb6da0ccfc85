/** Label sets as chips, and the rows that a data check found. */
import type { ReactElement } from 'react'
import type { LabelMap, SampleRows } from '../api/prometheus.ts'

export function LabelChips({
  labels,
  without = [],
}: {
  labels: LabelMap
  without?: string[]
}): ReactElement | null {
  const shown = Object.entries(labels).filter(([name]) => !without.includes(name))
  if (shown.length === 0) return null
  return (
    <span className="label-chips">
      {shown.map(([name, value]) => (
        <span className="chip" key={name} title={`${name}="${value}"`}>
          <b>{name}=</b>
          {value}
        </span>
      ))}
    </span>
  )
}

/** Rows shown of a sample; the server sends few, this keeps a long one from filling the page. */
const ROWS_MAX = 20

export function SampleTable({ sample }: { sample: SampleRows }): ReactElement | null {
  if (sample.rows.length === 0) return null
  return (
    <div className="sample" data-testid="sample-rows" tabIndex={0} aria-label="Sample rows">
      <table>
        <thead>
          <tr>
            {sample.columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sample.rows.slice(0, ROWS_MAX).map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j} title={String(cell)}>
                  {cell === null ? <span className="muted">null</span> : String(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
