/** The Prometheus HTTP API below /api/v1. */
import type { FastifyInstance } from 'fastify'
import { acceptWrite, checkWriteHeaders } from '../remote-write.ts'
import type { Vigie } from '../vigie.ts'
import { type Handler, answer } from './answer.ts'
import { formatQuery, query, queryExemplars, queryRange } from './api-query.ts'
import { alerts, rules } from './api-rules.ts'
import { labelNames, labelValues, series } from './api-series.ts'
import {
  alertmanagers,
  buildInfo,
  configStatus,
  disabledAdmin,
  flags,
  notifications,
  runtimeInfo,
  tsdbStatus,
  walReplay,
} from './api-status.ts'
import { metadata, scrapePools, targets, targetsMetadata } from './api-targets.ts'

const READ = ['GET', 'POST'] as const
const GET = ['GET'] as const
const ADMIN = ['POST', 'PUT'] as const

const ROUTES: readonly (readonly [
  methods: readonly ('GET' | 'POST' | 'PUT')[],
  path: string,
  handler: Handler,
])[] = [
  [READ, '/query', query],
  [READ, '/query_range', queryRange],
  [READ, '/query_exemplars', queryExemplars],
  [READ, '/format_query', formatQuery],
  [READ, '/series', series],
  [READ, '/labels', labelNames],
  [GET, '/label/:name/values', labelValues],
  [GET, '/targets', targets],
  [GET, '/targets/metadata', targetsMetadata],
  [GET, '/scrape_pools', scrapePools],
  [GET, '/metadata', metadata],
  [GET, '/rules', rules],
  [GET, '/alerts', alerts],
  [GET, '/alertmanagers', alertmanagers],
  [GET, '/notifications', notifications],
  [GET, '/status/config', configStatus],
  [GET, '/status/flags', flags],
  [GET, '/status/runtimeinfo', runtimeInfo],
  [GET, '/status/buildinfo', buildInfo],
  [GET, '/status/tsdb', tsdbStatus],
  [GET, '/status/walreplay', walReplay],
  [ADMIN, '/admin/tsdb/delete_series', disabledAdmin],
  [ADMIN, '/admin/tsdb/clean_tombstones', disabledAdmin],
  [ADMIN, '/admin/tsdb/snapshot', disabledAdmin],
]

export function addApiV1(app: FastifyInstance, vigie: Vigie): void {
  for (const [methods, path, handler] of ROUTES) {
    app.route({
      method: [...methods],
      url: `/api/v1${path}`,
      handler: async (request, reply) => answer(handler, request, reply, vigie),
    })
  }
  app.post('/api/v1/write', {
    onRequest: checkWriteHeaders,
    handler: async (request, reply) => acceptWrite(request, reply, vigie),
  })
}
