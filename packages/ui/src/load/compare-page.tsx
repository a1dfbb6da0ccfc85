/** Two runs, or several of each kind, side by side. */
import type { ReactElement } from 'react'
import { Page } from '../shell/page.tsx'
export function ComparePage(): ReactElement {
  return <Page title="Compare">…</Page>
}
