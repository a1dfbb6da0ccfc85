/** Health, readiness, lifecycle, /metrics, /federate, /version, and the pages of the browser application. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Vigie } from '../vigie.ts'
import { buildOf } from './api-status.ts'
import { federate } from './federate.ts'
import { addRoute } from './methods.ts'

const GET = ['GET'] as const
const CHANGE = ['POST', 'PUT'] as const

export function addManagement(app: FastifyInstance, vigie: Vigie): void {
  const text = (reply: FastifyReply, status: number, body: string): FastifyReply =>
    reply.code(status).type('text/plain; charset=utf-8').send(body)
  const probe = (path: string, body: string): void =>
    addRoute(app, ['GET', 'HEAD'], path, async (_request, reply) => text(reply, 200, body))
  probe('/-/healthy', 'Vigie is Healthy.\n')
  probe('/-/ready', 'Vigie is Ready.\n')
  addRoute(app, GET, '/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(vigie.metricsText()),
  )
  addRoute(app, GET, '/version', async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(buildOf(vigie))),
  )
  addRoute(app, GET, '/federate', async (request, reply) => federate(request, reply, vigie))
  addRoute(app, CHANGE, '/-/reload', async (_request, reply) => {
    if (!vigie.switches.lifecycle) return text(reply, 403, 'Lifecycle API is not enabled.')
    return vigie.reload()
      ? text(reply, 200, '')
      : text(reply, 500, `failed to reload config: ${vigie.configError}\n`)
  })
  addRoute(app, CHANGE, '/-/quit', async (_request, reply) => {
    if (!vigie.switches.lifecycle) return text(reply, 403, 'Lifecycle API is not enabled.')
    vigie.requestQuit()
    return text(reply, 200, 'Requesting termination... Goodbye!')
  })
  app.setNotFoundHandler(async (request, reply) => {
    const isPage =
      request.method === 'GET' &&
      !/^\/(api|debug|-)\//.test(request.url) &&
      !/\.\w+$/.test(request.url.split('?')[0])
    // Every page of the application is one file; it finds its own way by the address.
    if (isPage) return reply.header('cache-control', 'no-cache').sendFile('index.html')
    return text(reply, 404, '404 page not found\n')
  })
}
