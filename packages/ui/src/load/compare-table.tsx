/** What changed from side A to side B, figure by figure. */
import type { ReactElement } from 'react'
import type { Sides } from './compare-page.tsx'
import { changeText, figures } from './compare-figures.ts'

export function CompareTable({ sides }: { sides: Sides }): ReactElement {
  return (
    <section className="panel" aria-label="What changed">
      <h3>What changed</h3>
      <div className="table-wrap">
        <table className="data compare-table">
          <thead>
            <tr>
              <th>Figure</th>
              <th className="n">A</th>
              <th className="n">B</th>
              <th className="n">Change</th>
            </tr>
          </thead>
          <tbody>
            {figures(sides.a, sides.b).map(({ name, a, b, format }) => (
              <tr key={name} data-testid="compare-row">
                <td>{name}</td>
                <td className="n">{a === null ? '–' : format(a)}</td>
                <td className="n">{b === null ? '–' : format(b)}</td>
                <td className="n">{changeText(a, b)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
