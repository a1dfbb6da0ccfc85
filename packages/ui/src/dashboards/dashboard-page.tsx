import type { ReactElement } from 'react'
import { Page } from '../shell/page.tsx'
export function DashboardPage({ uid }: { uid: string }): ReactElement {
  return <Page title={uid}>…</Page>
}
