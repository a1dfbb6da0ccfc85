/** An answer of the Prometheus API: who makes it, and the envelope around it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Vigie } from '../vigie.ts'
import { asApiError } from './api-error.ts'
import { paramsOf } from './app.ts'
import { SUCCESS_START, successEnd } from './envelope.ts'

/** Everything an answer says besides its data. */
export interface Answer {
  /** JSON text. */
  data: string
  warnings?: readonly string[]
  infos?: readonly string[]
}

export interface Call {
  params: URLSearchParams
  vigie: Vigie
  /** The parts of the address that the route names. */
  path: Readonly<Record<string, string>>
  /** Aborted when the client goes away. */
  signal: AbortSignal
}

/** What stands in the envelope, or the whole body; 'nothing' is status 204. */
export type Outcome = Answer | Buffer | 'nothing'
export type Handler = (call: Call) => Outcome | Promise<Outcome>

export const json = (value: unknown): Answer => ({ data: JSON.stringify(value) })

export async function answer(
  handler: Handler,
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<string | Buffer | undefined> {
  const abort = new AbortController()
  const onClose = (): void => {
    if (!reply.raw.writableEnded) abort.abort()
  }
  reply.raw.once('close', onClose)
  try {
    const path = request.params as Readonly<Record<string, string>>
    const { signal } = abort
    const body = await handler({ params: paramsOf(request), vigie, path, signal })
    if (body === 'nothing') {
      await reply.code(204).send()
      return undefined
    }
    reply.type('application/json')
    if (Buffer.isBuffer(body)) return body
    return SUCCESS_START + body.data + successEnd(body.warnings, body.infos)
  } catch (error) {
    throw asApiError(error)
  } finally {
    reply.raw.off('close', onClose)
  }
}
