import type { TargetsAnswer, VectorResult } from '../api/prometheus.ts'
import { useApi, useLoaded, type Loaded } from '../api/use-api.ts'
import { targetRows, type TargetRow } from './service.ts'

/** All targets and probes with their newest state. */
export function useTargets(everyMs: number): Loaded<TargetRow[]> {
  const api = useApi()
  return useLoaded(
    'v1/targets',
    async (signal) => {
      const [targets, probes] = await Promise.all([
        api.prom<TargetsAnswer>('targets', { state: 'active' }, signal),
        api.prom<VectorResult>('query', { query: 'probe_success' }, signal),
      ])
      return targetRows(targets.data.activeTargets, probes.data.result)
    },
    everyMs,
  )
}
