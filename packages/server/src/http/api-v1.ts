/** The Prometheus HTTP API below /api/v1. */
import type { FastifyInstance, RouteHandlerMethod } from 'fastify'
import { acceptRead } from '../remote/read-endpoint.ts'
import { acceptOtlp, refuseOtlp } from '../otlp-write.ts'
import { acceptWrite, checkWriteHeaders, refuseWrite } from '../remote-write.ts'
import type { Vigie } from '../vigie.ts'
import { type Handler, answer } from './answer.ts'
import { cleanTombstones, deleteSeries, snapshot, tsdbBlocks, whenEnabled } from './api-admin.ts'
import { queryExemplars } from './api-exemplars.ts'
import { features } from './api-features.ts'
import { formatQuery, parseQuery, query, queryRange } from './api-query.ts'
import { relabelSteps } from './api-relabel.ts'
import { alerts, rules } from './api-rules.ts'
import { search } from './api-search.ts'
import { selfMetrics } from './api-self-metrics.ts'
import { dropSeries, labelNames, labelValues, series } from './api-series.ts'
import {
  alertmanagers,
  buildInfo,
  configStatus,
  flags,
  notifications,
  runtimeInfo,
  tsdbStatus,
  walReplay,
} from './api-status.ts'
import { metadata, scrapePoolConfig, scrapePools, targets, targetsMetadata } from './api-targets.ts'
import { liveNotifications } from './live-notifications.ts'
import { type Method, addRoute, refuseOthers } from './methods.ts'
import { openapi } from './openapi.ts'

const READ = ['GET', 'POST'] as const
const GET = ['GET'] as const
const POST = ['POST'] as const
const ADMIN = ['POST', 'PUT'] as const

const ROUTES: readonly (readonly [methods: readonly Method[], path: string, handler: Handler])[] = [
  [READ, '/query', query],
  [READ, '/query_range', queryRange],
  [READ, '/query_exemplars', queryExemplars],
  [READ, '/format_query', formatQuery],
  [READ, '/parse_query', parseQuery],
  [READ, '/labels', labelNames],
  [GET, '/label/:name/values', labelValues],
  [GET, '/targets', targets],
  [GET, '/targets/metadata', targetsMetadata],
  [GET, '/targets/relabel_steps', relabelSteps],
  [GET, '/scrape_pools', scrapePools],
  [GET, '/scrape_pools/config', scrapePoolConfig],
  [GET, '/metadata', metadata],
  [GET, '/rules', rules],
  [GET, '/alerts', alerts],
  [GET, '/alertmanagers', alertmanagers],
  [GET, '/notifications', notifications],
  [GET, '/features', features],
  [GET, '/status/config', configStatus],
  [GET, '/status/flags', flags],
  [GET, '/status/runtimeinfo', runtimeInfo],
  [GET, '/status/buildinfo', buildInfo],
  [GET, '/status/tsdb', tsdbStatus],
  [GET, '/status/tsdb/blocks', tsdbBlocks],
  [GET, '/status/walreplay', walReplay],
  [GET, '/status/self_metrics', selfMetrics],
  [ADMIN, '/admin/tsdb/delete_series', whenEnabled(deleteSeries)],
  [ADMIN, '/admin/tsdb/clean_tombstones', whenEnabled(cleanTombstones)],
  [ADMIN, '/admin/tsdb/snapshot', whenEnabled(snapshot)],
]

export function addApiV1(app: FastifyInstance, vigie: Vigie): void {
  const respond =
    (handler: Handler): RouteHandlerMethod =>
    async (request, reply) =>
      answer(handler, request, reply, vigie)
  for (const [methods, path, handler] of ROUTES)
    addRoute(app, methods, `/api/v1${path}`, respond(handler))
  app.route({
    method: [...READ],
    url: '/api/v1/series',
    handler: respond(series),
    exposeHeadRoute: false,
  })
  app.delete('/api/v1/series', respond(dropSeries))
  refuseOthers(app, [...READ, 'DELETE'], '/api/v1/series')
  for (const kind of ['metric_names', 'label_names', 'label_values'] as const)
    addRoute(app, READ, `/api/v1/search/${kind}`, async (request, reply) =>
      search(kind, request, reply, vigie),
    )
  addRoute(app, GET, '/api/v1/openapi.yaml', async (request, reply) =>
    openapi(request, reply, vigie.version),
  )
  addRoute(app, GET, '/api/v1/notifications/live', async (_request, reply) =>
    liveNotifications(reply, vigie),
  )
  addRoute(app, POST, '/api/v1/read', async (request, reply) => acceptRead(request, reply, vigie))
  app.post('/api/v1/write', {
    onRequest: async (request, reply) =>
      vigie.switches.remoteWrite ? checkWriteHeaders(request, reply) : refuseWrite(reply),
    handler: async (request, reply) => acceptWrite(request, reply, vigie),
  })
  refuseOthers(app, POST, '/api/v1/write')
  app.post('/api/v1/otlp/v1/metrics', {
    onRequest: async (_request, reply) => {
      if (!vigie.switches.otlp) await refuseOtlp(reply)
    },
    handler: async (request, reply) => acceptOtlp(request, reply, vigie),
  })
  refuseOthers(app, POST, '/api/v1/otlp/v1/metrics')
  app.options('/api/v1/*', async (_request, reply) => reply.code(204).send())
}
