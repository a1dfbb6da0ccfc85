/** The four numbers that say whether all is well. */
import type { ReactElement } from 'react'
import { Link } from 'wouter'
import { alignMatrix, niceStep } from '../charts/align.ts'
import type { Alert, MatrixResult } from '../api/prometheus.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import { countBySeverity, severityTone } from '../alerts/severity.ts'
import { Sparkline } from '../charts/sparkline.tsx'
import { Icon } from '../controls/icon.tsx'
import { useStatus } from '../shell/status.ts'
import type { TargetRow } from '../targets/service.ts'
import { formatAge, formatBytes, formatCount } from '../time/format.ts'

const EVERY_MS = 5000
const POINTS = 60
const LONGEST_SEC = 900
const SHORTEST_SEC = 120

/** Samples that scrapes brought in, per second. */
const INGEST_RATE = 'sum(sum_over_time(scrape_samples_scraped[1m])) / 60'
const UP_COUNT = 'sum(up)'

export function HealthStrip({
  targets,
  alerts,
}: {
  targets: TargetRow[] | undefined
  alerts: Alert[] | undefined
}): ReactElement {
  const status = useStatus()
  const ingest = useSpark('ingest', INGEST_RATE, status?.storage.oldestMs)
  const up = useSpark('up', UP_COUNT, status?.storage.oldestMs)
  const upCount = targets?.filter((one) => one.state === 'up').length
  const total = targets?.length ?? 0
  const isAllUp = upCount === total
  return (
    <div className="strip" data-testid="health-strip">
      <Link className="panel strip-tile" href="/targets">
        <h3>Targets up</h3>
        <span className={`stat-value ${targets && !isAllUp ? 'tone-crit toned' : ''}`}>
          {targets ? upCount : '–'}
          <small>of {targets ? total : '–'}</small>
        </span>
        {targets && !isAllUp && (
          <span className="strip-note tone-crit toned">
            <Icon name="down" size={12} /> {total - (upCount ?? 0)} not up
          </span>
        )}
        {up && <Sparkline values={up.values} color="var(--ok-fill)" min={0} max={total * 1.3} />}
      </Link>
      <FiringTile alerts={alerts} />
      <div className="panel strip-tile">
        <h3>Samples taken in</h3>
        <span className="stat-value">
          {ingest?.last === undefined ? '–' : formatCount(Number(ingest.last.toPrecision(3)))}
          <small>/s</small>
        </span>
        {ingest && <Sparkline values={ingest.values} color="var(--s1)" min={0} />}
      </div>
      <StorageTile />
    </div>
  )
}

function FiringTile({ alerts }: { alerts: Alert[] | undefined }): ReactElement {
  const firing = alerts?.filter((alert) => alert.state === 'firing') ?? []
  const pending = (alerts?.length ?? 0) - firing.length
  const tone = firing.length > 0 ? 'crit' : 'ok'
  return (
    <Link className="panel strip-tile" href="/alerts">
      <h3>Firing</h3>
      <span className={`stat-value ${alerts ? `tone-${tone} toned` : ''}`}>
        {alerts ? firing.length : '–'}
      </span>
      <span className="strip-severities">
        {countBySeverity(firing).map(([severity, count]) => (
          <span key={severity} className={`tone-${severityTone(severity)} toned`}>
            <Icon name={severityTone(severity) === 'info' ? 'info' : 'warn'} size={12} />
            {count} {severity}
          </span>
        ))}
        {alerts && firing.length === 0 && (
          <span className="tone-ok toned">
            <Icon name="ok" size={12} /> nothing is wrong
          </span>
        )}
        {pending > 0 && (
          <span className="muted">
            <Icon name="clock" size={12} />
            {pending} pending
          </span>
        )}
      </span>
    </Link>
  )
}

function StorageTile(): ReactElement {
  const status = useStatus()
  const storage = status?.storage
  const [size, unit] = storage ? formatBytes(storage.sizeBytes).split(' ') : ['–', '']
  return (
    <div className="panel strip-tile">
      <h3>Storage</h3>
      <span className="stat-value">
        {size}
        <small>{unit}</small>
      </span>
      {storage && (
        <span className="strip-facts num">
          <span>{formatCount(storage.series)} series</span>
          <span>
            {storage.oldestMs
              ? `${formatAge(Date.now() - storage.oldestMs)} of ${formatAge(storage.retentionMs)}`
              : `keeps ${formatAge(storage.retentionMs)}`}
          </span>
        </span>
      )}
    </div>
  )
}

function useSpark(
  name: string,
  query: string,
  oldestMs: number | null | undefined,
): { values: (number | null)[]; last: number | undefined } | undefined {
  const api = useApi()
  return useLoaded(
    `spark:${name}:${oldestMs === undefined ? '' : 'known'}`,
    async (signal) => {
      const end = Math.floor(Date.now() / 1000)
      const known = oldestMs ? end - oldestMs / 1000 : LONGEST_SEC
      const length = Math.min(LONGEST_SEC, Math.max(SHORTEST_SEC, known))
      const step = niceStep(length, POINTS)
      const start = Math.ceil((end - length) / step) * step
      const params = { query, start: String(start), end: String(end), step: String(step) }
      const { data } = await api.prom<MatrixResult>('query_range', params, signal)
      const values = alignMatrix(data.result, start, end, step).values[0] ?? []
      return { values, last: values.findLast((value) => value !== null) ?? undefined }
    },
    EVERY_MS,
    true,
  ).data
}
