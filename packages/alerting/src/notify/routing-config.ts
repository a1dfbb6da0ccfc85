/** Routing as configured, checked and with everything inherited filled in. */
import type { Matcher } from '@vigie/model'
import type { Receiver } from './receiver-config.ts'

export interface AlertmanagerConfig {
  /** How long an alert without an end lasts when nothing more is heard of it. */
  resolveTimeoutMs: number
  route: Route
  receivers: Receiver[]
}

export interface Route {
  receiver: string
  matchers: readonly Matcher[]
  /** Go on to the next siblings after a match. */
  isContinued: boolean
  groupBy: readonly string[]
  /** Group by all labels (`...`). */
  isGroupedByAll: boolean
  groupWaitMs: number
  groupIntervalMs: number
  repeatIntervalMs: number
  /** For templates, inherited. */
  labels: ReadonlyMap<string, string>
  /** The matchers from the root on, as in a webhook's groupKey. */
  key: string
  /** Like `key` but unique in the tree. */
  id: string
  routes: Route[]
}
