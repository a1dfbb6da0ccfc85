/** Loud numbers, each with the shape of its last while beneath. */
import type { ReactElement } from 'react'
import type { Colour, StatTile } from '@vigie/dashboards'
import { faded, seriesColor } from '../charts/palette.ts'
import { Sparkline } from '../charts/sparkline.tsx'
import { fillColor, textColor } from './css-colour.ts'

export function StatPanelView({
  tiles,
  colorMode,
}: {
  tiles: StatTile[]
  colorMode: 'none' | 'value' | 'background'
}): ReactElement {
  return (
    <div className="stat-grid">
      {tiles.map((tile, i) => (
        <Tile key={`${tile.name}:${i}`} tile={tile} colorMode={colorMode} />
      ))}
    </div>
  )
}

function Tile({
  tile,
  colorMode,
}: {
  tile: StatTile
  colorMode: 'none' | 'value' | 'background'
}): ReactElement {
  const { name, text, colour, spark } = tile
  const isFilled = colorMode === 'background' && !('status' in colour && colour.status === 'text')
  return (
    <div
      className={isFilled ? 'stat-cell filled' : 'stat-cell'}
      style={isFilled ? { background: faded(fillColor(colour), 0.26) } : undefined}
    >
      {name && <span className="name ellipsis">{name}</span>}
      <span
        className="stat-value"
        data-testid="stat-value"
        style={{
          color: colorMode === 'value' ? textColor(colour) : 'var(--fg0)',
          ['--length' as string]: Math.max(4, text.length),
        }}
      >
        {text}
      </span>
      {spark && <Sparkline values={gapped(spark.v)} color={sparkColor(colour)} />}
    </div>
  )
}

/** A number of no particular colour still has a line that can be seen. */
const sparkColor = (colour: Colour): string =>
  'status' in colour && colour.status === 'text' ? seriesColor(0) : fillColor(colour)

const gapped = (values: Float64Array): (number | null)[] =>
  Array.from(values, (value) => (Number.isFinite(value) ? value : null))
