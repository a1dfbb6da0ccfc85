/** How often targets are scraped, for steps and `$__rate_interval`: what most of them have. */
import { parseInterval } from '@vigie/dashboards'
import type { TargetsAnswer } from '../api/prometheus.ts'
import { useApi, useLoaded } from '../api/use-api.ts'
import { commonInterval } from './common-interval.ts'

/** Prometheus's and Grafana's usual one, until the targets are known. */
const UNKNOWN_MS = 15_000

export function useScrapeInterval(): number {
  const api = useApi()
  const { data } = useLoaded('scrape-interval', async (signal) => {
    const { data: answer } = await api.prom<TargetsAnswer>('targets', { state: 'active' }, signal)
    return commonInterval(
      answer.activeTargets.map((target) => parseInterval(target.scrapeInterval) ?? UNKNOWN_MS),
    )
  })
  return data ?? UNKNOWN_MS
}
