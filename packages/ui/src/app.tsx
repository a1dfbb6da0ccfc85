/** The application: frame, theme, and which page an address shows. Pages but the first load on demand. */
import { lazy, Suspense, useMemo, type ReactElement } from 'react'
import { Redirect, Route, Switch, useSearch } from 'wouter'
import type { Api } from './api/client.ts'
import { ApiContext, useVigie } from './api/use-api.ts'
import type { Status } from './api/vigie.ts'
import { Empty, SkeletonRows } from './controls/feedback.tsx'
import { OverviewPage } from './overview/overview-page.tsx'
import { Banners } from './shell/banners.tsx'
import { Nav } from './shell/nav.tsx'
import { Page } from './shell/page.tsx'
import { StatusContext } from './shell/status.ts'
import { ThemeChoiceContext, ThemeContext, useThemeChoice } from './shell/theme.ts'

const DashboardsPage = lazy(async () => ({
  default: (await import('./dashboards/dashboards-page.tsx')).DashboardsPage,
}))
const DashboardPage = lazy(async () => ({
  default: (await import('./dashboards/dashboard-page.tsx')).DashboardPage,
}))
const ExplorePage = lazy(async () => ({
  default: (await import('./explore/explore-page.tsx')).ExplorePage,
}))
const AlertsPage = lazy(async () => ({
  default: (await import('./alerts/alerts-page.tsx')).AlertsPage,
}))
const TargetsPage = lazy(async () => ({
  default: (await import('./targets/targets-page.tsx')).TargetsPage,
}))
const LoadPage = lazy(async () => ({
  default: (await import('./load/load-page.tsx')).LoadPage,
}))

const STATUS_EVERY_MS = 10_000

export function App({ api }: { api: Api }): ReactElement {
  return (
    <ApiContext.Provider value={api}>
      <Frame />
    </ApiContext.Provider>
  )
}

function Frame(): ReactElement {
  const { theme, choice, choose } = useThemeChoice()
  const status = useVigie<Status>('status', STATUS_EVERY_MS)
  return (
    <ThemeContext.Provider value={theme}>
      <ThemeChoiceContext.Provider value={useMemo(() => ({ choice, choose }), [choice, choose])}>
        <StatusContext.Provider value={status.data}>
          <div className="app">
            <Nav version={status.data?.version} />
            <div className="page">
              <Banners status={status.data} error={status.error} />
              <Suspense fallback={<Waiting />}>
                <Routes />
              </Suspense>
            </div>
          </div>
        </StatusContext.Provider>
      </ThemeChoiceContext.Provider>
    </ThemeContext.Provider>
  )
}

function Waiting(): ReactElement {
  return (
    <Page title="Vigie" isLoading>
      <SkeletonRows />
    </Page>
  )
}

function Routes(): ReactElement {
  const search = useSearch()
  return (
    <Switch>
      <Route path="/" component={OverviewPage} />
      <Route path="/dashboards" component={DashboardsPage} />
      <Route path="/d/:uid/:slug?">
        {(params) => <DashboardPage key={params.uid} uid={params.uid} />}
      </Route>
      <Route path="/explore" component={ExplorePage} />
      <Route path="/graph">
        <Redirect to={`/explore?${search}`} replace />
      </Route>
      <Route path="/alerts" component={AlertsPage} />
      <Route path="/targets" component={TargetsPage} />
      <Route path="/load">
        <LoadPage runId={undefined} />
      </Route>
      <Route path="/load/:id">{(params) => <LoadPage runId={params.id} />}</Route>
      <Route>
        <Page title="Not found">
          <Empty title="There is no such page" icon="explore">
            <a href="/">Go to the overview</a>
          </Empty>
        </Page>
      </Route>
    </Switch>
  )
}
