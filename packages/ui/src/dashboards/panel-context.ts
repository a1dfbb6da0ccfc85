import type { Variables } from '@vigie/dashboards'

/** What every panel of a dashboard is given. */
export interface PanelContext {
  uid: string
  fromMs: number
  toMs: number
  variables: Variables
  scrapeIntervalMs: number
  isCrosshairShared: boolean
  onZoom: (fromMs: number, toMs: number) => void
  onZoomOut: () => void
}
