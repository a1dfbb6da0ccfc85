/** Routes of Prometheus's own, which say what may be asked of them when they are asked in another way. */
import type { FastifyInstance, FastifyReply, RouteHandlerMethod } from 'fastify'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'] as const

export type Method = (typeof METHODS)[number]

/** Adds a route, and an answer for every other method: 405, or for OPTIONS what there is. */
export function addRoute(
  app: FastifyInstance,
  methods: readonly Method[],
  url: string,
  handler: RouteHandlerMethod,
): void {
  app.route({ method: [...methods], url, handler, exposeHeadRoute: false })
  refuseOthers(app, methods, url)
}

/** The answers to all methods but these. */
export function refuseOthers(app: FastifyInstance, methods: readonly Method[], url: string): void {
  const allow = [...new Set([...methods, 'OPTIONS'])].sort().join(', ')
  app.route({
    method: METHODS.filter((one) => !methods.includes(one)),
    url,
    exposeHeadRoute: false,
    handler: async (request, reply) =>
      request.method === 'OPTIONS' ? optionsOf(request.url, reply, allow) : refuse(reply, allow),
  })
}

/** Below /api/v1 the headers for pages of other origins are the answer. */
const optionsOf = (url: string, reply: FastifyReply, allow: string): FastifyReply =>
  url.startsWith('/api/v1/')
    ? reply.code(204).send()
    : reply.code(200).header('allow', allow).send()

const refuse = (reply: FastifyReply, allow: string): FastifyReply =>
  reply
    .code(405)
    .header('allow', allow)
    .type('text/plain; charset=utf-8')
    .send('Method Not Allowed\n')
