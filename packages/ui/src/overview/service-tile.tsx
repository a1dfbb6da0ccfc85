/** One service: is it up, how busy is it, and if it is down, why. */
import type { ReactElement } from 'react'
import { Link } from 'wouter'
import { Sparkline } from '../charts/sparkline.tsx'
import { Pill, type Tone } from '../controls/feedback.tsx'
import type { IconName } from '../controls/icon.tsx'
import type { Service } from '../targets/service.ts'
import { formatCount, formatDurationMs } from '../time/format.ts'
import type { TileData } from './use-tiles.ts'

const FACE: Record<Service['state'], { tone: Tone; icon: IconName; text: string }> = {
  up: { tone: 'ok', icon: 'ok', text: 'Up' },
  partial: { tone: 'warn', icon: 'warn', text: 'Partly up' },
  down: { tone: 'crit', icon: 'down', text: 'Down' },
  unknown: { tone: 'muted', icon: 'clock', text: 'Waiting' },
}

export function ServiceTile({
  service,
  tile,
  href,
}: {
  service: Service
  tile: TileData | undefined
  href: string
}): ReactElement {
  const face = FACE[service.state]
  const { targets, upCount, state } = service
  return (
    <Link
      href={href}
      className={`panel tile ${state}`}
      data-testid="service-tile"
      data-job={service.job}
      data-state={state}
    >
      <span className="tile-head">
        <span className="tile-name ellipsis" title={service.job}>
          {service.job}
        </span>
        <Pill tone={face.tone} icon={face.icon}>
          {targets.length > 1 ? `${upCount} of ${targets.length} up` : face.text}
        </Pill>
      </span>
      {service.error && state !== 'up' ? (
        <span className="tile-error">{service.error}</span>
      ) : (
        <TileNumber tile={tile} />
      )}
      {tile && (
        <Sparkline
          values={tile.values}
          color={state === 'down' ? 'var(--crit-fill)' : 'var(--s1)'}
          min={0}
          max={tile.kind === 'up' ? 1.3 : undefined}
        />
      )}
    </Link>
  )
}

function TileNumber({ tile }: { tile: TileData | undefined }): ReactElement {
  if (!tile || tile.last === undefined) return <span className="tile-number muted">–</span>
  if (tile.kind === 'up') {
    return (
      <span className="tile-number num" title="Share of scrapes that worked in the time shown">
        {Number((mean(tile.values) * 100).toFixed(1))}
        <small>% up</small>
      </span>
    )
  }
  if (tile.kind === 'probe') {
    return <span className="tile-number num">{formatDurationMs(tile.last * 1000)}</span>
  }
  return (
    <span className="tile-number num">
      {formatCount(Number(tile.last.toPrecision(3)))}
      <small>{tile.kind === 'work' ? 'done/s' : 'req/s'}</small>
    </span>
  )
}

function mean(values: (number | null)[]): number {
  const known = values.filter((value) => value !== null)
  return known.reduce((sum, value) => sum + value, 0) / known.length
}
