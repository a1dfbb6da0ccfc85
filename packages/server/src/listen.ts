/** Taking a port: the one asked for, or the next free one when it was only a default. */
import type { FastifyInstance } from 'fastify'

const PORTS_TRIED_MAX = 100

/** Resolves with the port. Throws with a readable message when it is busy and no other will do. */
export async function listenOn(
  app: FastifyInstance,
  listen: { host: string; port: number; orNext: boolean },
): Promise<number> {
  const last = listen.orNext ? listen.port + PORTS_TRIED_MAX : listen.port
  for (let port = listen.port; port <= last; port++) {
    try {
      await app.listen({ host: listen.host, port })
      const address = app.server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EADDRINUSE' || port === last) throw listenError(error as Error, listen, code)
    }
  }
  throw new Error(`no free port from ${listen.port} to ${last}`)
}

function listenError(
  error: Error,
  listen: { host: string; port: number },
  code: string | undefined,
): Error {
  const at = `${listen.host}:${listen.port}`
  if (code === 'EADDRINUSE')
    return new ListenError(
      `cannot listen on ${at}: another process uses that port. Stop it, or name another by --web.listen-address`,
      error,
    )
  return new ListenError(`cannot listen on ${at}: ${error.message}`, error)
}

export class ListenError extends Error {
  constructor(message: string, cause: Error) {
    super(message, { cause })
    this.name = 'ListenError'
  }
}
