/** What is wrong, which rules and checks say so, and who was told. */
import type { ReactElement } from 'react'
import type { Alert, RuleGroup } from '../api/prometheus.ts'
import type { Check, InboxPage } from '../api/vigie.ts'
import { useApi, useLoaded, useVigie } from '../api/use-api.ts'
import { Tabs, type TabItem } from '../controls/tabs.tsx'
import { Page } from '../shell/page.tsx'
import { useParams } from '../shell/url-state.ts'
import { AlertList } from './alert-list.tsx'
import { CheckList } from './check-list.tsx'
import { Inbox } from './inbox.tsx'
import { RuleList } from './rule-list.tsx'

type Tab = 'firing' | 'rules' | 'checks' | 'inbox'

const EVERY_MS = 2000
const RULES_EVERY_MS = 5000
const INBOX_LIMIT = 100

export function AlertsPage(): ReactElement {
  const api = useApi()
  const [params, setParams] = useParams()
  const tab = asTab(params.get('tab'))
  const alerts = useLoaded(
    'v1/alerts',
    async (signal) => (await api.prom<{ alerts: Alert[] }>('alerts', {}, signal)).data.alerts,
    EVERY_MS,
  )
  const rules = useLoaded(
    'v1/rules',
    async (signal) => (await api.prom<{ groups: RuleGroup[] }>('rules', {}, signal)).data.groups,
    RULES_EVERY_MS,
  )
  const checks = useVigie<Check[]>('checks', EVERY_MS)
  const inbox = useVigie<InboxPage>(`inbox?limit=${INBOX_LIMIT}`, EVERY_MS)
  const items: TabItem<Tab>[] = [
    { id: 'firing', label: 'Firing', count: alerts.data?.length },
    { id: 'rules', label: 'Rules', count: rules.data?.flatMap((group) => group.rules).length },
    { id: 'checks', label: 'Checks', count: checks.data?.length },
    { id: 'inbox', label: 'Inbox', count: inbox.data?.total },
  ]
  return (
    <Page title="Alerts">
      <Tabs
        items={items}
        selected={tab}
        label="Alerts"
        onSelect={(id) => setParams({ tab: id === 'firing' ? null : id })}
      />
      {tab === 'firing' && <AlertList alerts={alerts} checks={checks.data ?? []} />}
      {tab === 'rules' && <RuleList groups={rules} />}
      {tab === 'checks' && <CheckList checks={checks} />}
      {tab === 'inbox' && <Inbox page={inbox} limit={INBOX_LIMIT} />}
    </Page>
  )
}

function asTab(text: string | null): Tab {
  return text === 'rules' || text === 'checks' || text === 'inbox' ? text : 'firing'
}
