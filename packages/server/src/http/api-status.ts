/** `/status/…`, `/notifications`, `/alertmanagers`. */
import { hostname } from 'node:os'
import { formatDuration } from '@vigie/model'
import type { Vigie } from '../vigie.ts'
import { type Answer, type Call, json } from './answer.ts'
import { badData } from './api-error.ts'
import { goInteger } from './params.ts'

export const configStatus = ({ vigie }: Call): Answer => json({ yaml: vigie.config.shownText })
export const flags = ({ vigie }: Call): Answer => json(Object.fromEntries(vigie.flags))
/** It listens only after the replay. */
export const walReplay = (): Answer => json({ min: 0, max: 0, current: 0 })
export function alertmanagers({ vigie }: Call): Answer {
  const { active, dropped } = vigie.alertmanagers()
  const shown = (urls: readonly string[]): object[] => urls.map((url) => ({ url }))
  return json({ activeAlertmanagers: shown(active), droppedAlertmanagers: shown(dropped) })
}

export const notifications = ({ vigie }: Call): Answer => json(vigie.notifications.list())

export function runtimeInfo({ vigie }: Call): Answer {
  const mebibytes = vigie.storage.stats().retentionBytes / 2 ** 20
  const limits = [
    ...(vigie.retentionMs > 0 ? [formatDuration(vigie.retentionMs)] : []),
    ...(mebibytes > 0 ? [`${mebibytes}MiB`] : []),
  ]
  return json({
    startTime: new Date(vigie.startTimeMs).toISOString(),
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: new Date(vigie.now()).toISOString(),
    reloadConfigSuccess: vigie.configError === null,
    lastConfigTime: new Date(vigie.configTimeMs).toISOString(),
    corruptionCount: 0,
    goroutineCount: 1,
    GOMAXPROCS: 1,
    GOMEMLIMIT: 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: limits.join(' or '),
  })
}

export const buildInfo = ({ vigie }: Call): Answer => json(buildOf(vigie))

/** Of the server, under Prometheus's keys; also what `/version` says. */
export const buildOf = (vigie: Vigie): object => ({
  version: vigie.version,
  revision: '',
  branch: '',
  buildUser: '',
  buildDate: '',
  goVersion: process.version,
})

const TOP_DEFAULT = 10
const TOP_MAX = 10_000

export function tsdbStatus({ params, vigie }: Call): Answer {
  const text = params.get('limit') ?? ''
  const limit = text === '' ? TOP_DEFAULT : goInteger(text, 'Atoi')
  if (typeof limit === 'string' || limit < 1) throw badData('limit must be a positive number')
  const stats = vigie.storage.stats()
  const { numLabelPairs, ...lists } = vigie.storage.cardinality(Math.min(limit, TOP_MAX))
  return json({
    headStats: {
      numSeries: stats.series,
      numLabelPairs,
      chunkCount: stats.chunks,
      minTime: stats.oldestMs ?? 0,
      maxTime: stats.newestMs ?? 0,
    },
    ...lists,
  })
}
