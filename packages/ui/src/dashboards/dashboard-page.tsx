/** One dashboard: read from its JSON, with its time, variables and rows in the address. */
import { useMemo, type ReactElement } from 'react'
import { readDashboard, type Dashboard } from '@vigie/dashboards'
import type { DashboardFile } from '../api/vigie.ts'
import { useVigie } from '../api/use-api.ts'
import { Content, Empty } from '../controls/feedback.tsx'
import { Page } from '../shell/page.tsx'
import { DashboardView } from './dashboard-view.tsx'

export function DashboardPage({ uid }: { uid: string }): ReactElement {
  const file = useVigie<DashboardFile>(`dashboards/${encodeURIComponent(uid)}`)
  const read = useMemo(() => (file.data ? attempt(file.data) : undefined), [file.data])
  if (read instanceof Error) {
    return (
      <Page title="Dashboard">
        <Empty title="This dashboard cannot be read" icon="warn" isError>
          {read.message}
        </Empty>
      </Page>
    )
  }
  if (!read || !file.data) {
    return (
      <Page title="Dashboard" isLoading={file.isLoading}>
        <Content loaded={file}>{() => null}</Content>
      </Page>
    )
  }
  return <DashboardView dashboard={read} file={file.data} />
}

function attempt(file: DashboardFile): Dashboard | Error {
  try {
    return readDashboard(file.dashboard)
  } catch (error) {
    return error as Error
  }
}
