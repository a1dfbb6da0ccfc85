/** What changed from side A to side B, figure by figure, and whether it is more than chance. */
import type { ReactElement } from 'react'
import type { Comparison, ComparisonRow } from '../api/vigie.ts'
import { useVigie } from '../api/use-api.ts'
import { Note, Pill, SkeletonRows, type Tone } from '../controls/feedback.tsx'
import type { IconName } from '../controls/icon.tsx'
import type { Sides } from './compare-page.tsx'
import {
  ROW_FORMAT,
  changeText,
  figures,
  intervalText,
  ratioText,
  rowName,
} from './compare-figures.ts'

interface Face {
  tone: Tone
  icon: IconName
  text: string
}
const VERDICT: Record<Comparison['verdict'], Face> = {
  faster: { tone: 'ok', icon: 'ok', text: 'B is faster' },
  slower: { tone: 'crit', icon: 'down', text: 'B is slower' },
  same: { tone: 'info', icon: 'check', text: 'As fast' },
  unsure: { tone: 'warn', icon: 'info', text: 'Unsure' },
}
const ROW_VERDICT: Record<ComparisonRow['verdict'], Face> = {
  better: { tone: 'ok', icon: 'ok', text: 'Better' },
  worse: { tone: 'crit', icon: 'down', text: 'Worse' },
  same: { tone: 'info', icon: 'check', text: 'Same' },
  unsure: { tone: 'muted', icon: 'info', text: 'Unsure' },
}

export function CompareTable({ sides }: { sides: Sides }): ReactElement {
  const ids = (runs: { id: string }[]): string =>
    runs.map((run) => encodeURIComponent(run.id)).join(',')
  const compared = useVigie<Comparison>(`runs/compare?a=${ids(sides.a)}&b=${ids(sides.b)}`)
  const { data, error } = compared
  return (
    <>
      {data && <Verdict comparison={data} />}
      {error && (
        <Note tone="warn">Nobody judged whether this is more than chance: {error.message}</Note>
      )}
      <section className="panel" aria-label="What changed">
        <h3>What changed</h3>
        {!data && !error && <SkeletonRows />}
        {data && <Rows rows={data.rows} />}
        <Setting sides={sides} hasOutcome={error !== undefined} />
      </section>
    </>
  )
}

function Verdict({ comparison }: { comparison: Comparison }): ReactElement {
  const { tone, icon, text } = VERDICT[comparison.verdict]
  return (
    <section
      className="panel compare-verdict"
      aria-label="Verdict"
      data-testid="compare-verdict"
      data-verdict={comparison.verdict}
    >
      <div className="toolbar">
        <Pill tone={tone} icon={icon}>
          {text}
        </Pill>
        {comparison.hasMoreErrors && (
          <Pill tone="crit" icon="warn">
            More errors
          </Pill>
        )}
        {comparison.isIndicative && (
          <Pill tone="muted" icon="info">
            Indicative
          </Pill>
        )}
        <b className="run-verdict">{comparison.sentence}</b>
      </div>
      {comparison.isIndicative && (
        <p className="sub">
          One run of each cannot tell a change from the difference between any two runs. Add runs to
          both sides, best made in turns: vigie load compare --runs 3.
        </p>
      )}
    </section>
  )
}

function Rows({ rows }: { rows: ComparisonRow[] }): ReactElement {
  const sorted = [...rows].sort((x, y) => Number(y.isPrimary) - Number(x.isPrimary))
  return (
    <div className="table-wrap">
      <table className="data compare-table">
        <thead>
          <tr>
            <th>Verdict</th>
            <th>Figure</th>
            <th className="n wide-only">A</th>
            <th className="n wide-only">B</th>
            <th className="n">Change</th>
            <th className="n wide-only">Likely between</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <Row key={row.name} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ row }: { row: ComparisonRow }): ReactElement {
  const { tone, icon, text } = ROW_VERDICT[row.verdict]
  const format = ROW_FORMAT[row.kind]
  return (
    <tr data-testid="compare-row" data-verdict={row.verdict}>
      <td>
        <Pill tone={tone} icon={icon}>
          {text}
        </Pill>
      </td>
      <td>
        <span className={row.isPrimary ? 'primary' : ''}>{rowName(row.name)}</span>
        <div className="sub num narrow-only">
          {format(row.a)} → {format(row.b)}
        </div>
      </td>
      <td className="n wide-only">{format(row.a)}</td>
      <td className="n wide-only">{format(row.b)}</td>
      <td className="n">{row.kind === 'errors' ? changeText(row.a, row.b) : ratioOf(row)}</td>
      <td className="n wide-only muted">{row.kind === 'errors' ? '' : intervalText(row)}</td>
    </tr>
  )
}

const ratioOf = ({ ratio }: ComparisonRow): string => (ratio === null ? '' : ratioText(ratio))

function Setting({ sides, hasOutcome }: { sides: Sides; hasOutcome: boolean }): ReactElement {
  return (
    <details open={hasOutcome} className="setting">
      <summary className="sub">How the runs were made</summary>
      <div className="table-wrap">
        <table className="data">
          <thead>
            <tr>
              <th>Mean of each side</th>
              <th className="n">A</th>
              <th className="n">B</th>
              <th className="n">Change</th>
            </tr>
          </thead>
          <tbody>
            {figures(sides.a, sides.b, hasOutcome).map(({ name, a, b, format }) => (
              <tr key={name} data-testid="figure-row">
                <td>{name}</td>
                <td className="n">{a === null ? '–' : format(a)}</td>
                <td className="n">{b === null ? '–' : format(b)}</td>
                <td className="n">{changeText(a, b)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
