/** What came of each load that was tried: a dot where it held, a cross where it gave. */
import type { ReactElement } from 'react'
import type { LimitLevel, LimitReport } from '../api/vigie.ts'
import { formatCount } from '../time/format.ts'
import { curvePoints, ticks } from './curve-points.ts'
import { loadText } from './limit-text.ts'

const WIDTH = 480
const HEIGHT = 170
const PLOT = { left: 58, right: 468, top: 10, bottom: 146 }
const MARK_PX = 4

export function LimitCurve({
  limit,
  title,
  value,
  format,
}: {
  limit: LimitReport
  title: string
  value: (level: LimitLevel) => number | null
  format: (value: number) => string
}): ReactElement {
  const { points, maxLoad, maxValue } = curvePoints(limit.levels, value)
  const x = (load: number): number => PLOT.left + (load / maxLoad) * (PLOT.right - PLOT.left)
  const y = (v: number): number => PLOT.bottom - (v / maxValue) * (PLOT.bottom - PLOT.top)
  const line = points
    .filter(({ isLast }) => isLast)
    .map(({ load, v }, i) => `${i === 0 ? 'M' : 'L'}${x(load).toFixed(1)} ${y(v).toFixed(1)}`)
    .join('')
  return (
    <figure>
      <figcaption className="sub">{title} by load</figcaption>
      <svg
        className="limit-curve"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${title} at each load that was tried`}
      >
        {ticks(maxValue).map((v) => (
          <g key={v}>
            <line className="grid" x1={PLOT.left} x2={PLOT.right} y1={y(v)} y2={y(v)} />
            <text x={PLOT.left - 6} y={y(v) + 4} textAnchor="end">
              {format(v)}
            </text>
          </g>
        ))}
        {ticks(maxLoad).map((load) => (
          <text key={load} x={x(load)} y={HEIGHT - 8} textAnchor="middle">
            {formatCount(load)}
          </text>
        ))}
        {limit.sustained !== null && (
          <line
            className="limit-line"
            x1={x(limit.sustained)}
            x2={x(limit.sustained)}
            y1={PLOT.top}
            y2={PLOT.bottom}
          />
        )}
        <path className="curve" d={line} />
        {points.map(({ load, v, level }) => (
          <LevelMark key={level.startMs} level={level} x={x(load)} y={y(v)}>
            {`${loadText(limit.unit, load)}: ${format(v)}, ${level.held ? 'held' : 'gave'}`}
          </LevelMark>
        ))}
      </svg>
    </figure>
  )
}

function LevelMark({
  level,
  x,
  y,
  children,
}: {
  level: LimitLevel
  x: number
  y: number
  children: string
}): ReactElement {
  const d = MARK_PX
  return level.held ? (
    <circle className="held" cx={x} cy={y} r={MARK_PX}>
      <title>{children}</title>
    </circle>
  ) : (
    <path
      className="gave"
      d={`M${x - d} ${y - d}L${x + d} ${y + d}M${x + d} ${y - d}L${x - d} ${y + d}`}
    >
      <title>{children}</title>
    </path>
  )
}
