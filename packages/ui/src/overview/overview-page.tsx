/** The first page: is it up, what is wrong, what is being loaded, and what to do next. */
import type { ReactElement } from 'react'
import type { Alert } from '../api/prometheus.ts'
import type { Check, DashboardEntry, Run } from '../api/vigie.ts'
import { useApi, useLoaded, useVigie } from '../api/use-api.ts'
import { Content, Empty, Skeleton } from '../controls/feedback.tsx'
import { ThemeButton } from '../shell/nav.tsx'
import { Page } from '../shell/page.tsx'
import { useStatus } from '../shell/status.ts'
import { services, type Service } from '../targets/service.ts'
import { useTargets } from '../targets/use-targets.ts'
import { AddTargets } from '../targets/add-targets.tsx'
import { ChecksCard } from './checks-card.tsx'
import { DemoCard } from './demo-card.tsx'
import { DiscoveredCard } from './discovered-card.tsx'
import { FiringCard } from './firing-card.tsx'
import { HealthStrip } from './health-strip.tsx'
import { RunsCard } from './runs-card.tsx'
import { ServiceTile } from './service-tile.tsx'
import { useTiles } from './use-tiles.ts'

const EVERY_MS = 2000
const DASHBOARDS_EVERY_MS = 30_000

const MODE_NOTE = {
  file: (file: string | null) => file ?? 'configuration file',
  targets: () => 'targets from the command line',
  bare: () => 'started without a configuration',
  demo: () => 'demo',
}

export function OverviewPage(): ReactElement {
  const api = useApi()
  const status = useStatus()
  const targets = useTargets(EVERY_MS)
  const alerts = useLoaded(
    'v1/alerts',
    async (signal) => (await api.prom<{ alerts: Alert[] }>('alerts', {}, signal)).data.alerts,
    EVERY_MS,
  )
  const checks = useVigie<Check[]>('checks', EVERY_MS)
  const runs = useVigie<Run[]>('runs?limit=3', EVERY_MS)
  return (
    <Page
      title="Overview"
      note={status && MODE_NOTE[status.mode](status.configFile)}
      controls={
        <span className="phone-only">
          <ThemeButton />
        </span>
      }
    >
      <HealthStrip targets={targets.data} alerts={alerts.data} />
      <div className="overview">
        <div className="overview-main">
          {status?.mode === 'bare' && <DiscoveredCard onAdded={targets.reload} />}
          <section aria-label="Services">
            <div className="section-title">
              <h2>Services</h2>
            </div>
            <Content
              loaded={targets}
              skeleton={<TileSkeletons />}
              isEmpty={(rows) => rows.length === 0}
              empty={
                <div className="panel">
                  <Empty title="Nothing is watched yet" icon="targets">
                    Name something that serves /metrics, or any address to probe.
                  </Empty>
                  <AddTargets onAdded={targets.reload} />
                </div>
              }
            >
              {(rows) => <ServiceTiles list={services(rows)} />}
            </Content>
          </section>
          {status?.demo && <DemoCard />}
        </div>
        <div className="overview-side">
          <FiringCard alerts={alerts} />
          <ChecksCard checks={checks} />
          <RunsCard runs={runs} />
        </div>
      </div>
    </Page>
  )
}

function ServiceTiles({ list }: { list: Service[] }): ReactElement {
  const status = useStatus()
  const tiles = useTiles(list.map((service) => service.job).sort(), status?.storage.oldestMs)
  const dashboards = useVigie<DashboardEntry[]>('dashboards', DASHBOARDS_EVERY_MS)
  const href = (job: string): string => {
    const own = dashboards.data?.find((one) => one.job === job)
    return own ? `/d/${encodeURIComponent(own.uid)}` : `/targets?filter=${encodeURIComponent(job)}`
  }
  return (
    <div className="tiles">
      {list.map((service) => (
        <ServiceTile
          key={service.job}
          service={service}
          tile={tiles?.get(service.job)}
          href={href(service.job)}
        />
      ))}
    </div>
  )
}

function TileSkeletons(): ReactElement {
  return (
    <div className="tiles">
      {Array.from({ length: 6 }, (_, i) => (
        <div className="panel tile" key={i}>
          <Skeleton height={16} width="55%" />
          <Skeleton height={24} width="35%" />
        </div>
      ))}
    </div>
  )
}
