/** An answer of the Prometheus API: who makes it, and the envelope around it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ParseError, QueryError } from '@vigie/promql'
import type { Vigie } from '../vigie.ts'
import { ApiError, type ApiErrorType, badParameter } from './api-error.ts'
import { paramsOf } from './app.ts'
import { successJson } from './prom-json.ts'

/** Prometheus lists this many warnings, and as many infos, and counts the rest. */
const ANNOTATIONS_MAX = 10

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

export type Handler = (call: Call) => Answer | Promise<Answer>

export const json = (value: unknown): Answer => ({ data: JSON.stringify(value) })

/** The warning when a list was cut to `limit`; 0 is no limit. */
export const cutWarning = (count: number, limit: number): string[] =>
  limit > 0 && count > limit ? ['results truncated due to limit'] : []

export async function answer(
  handler: Handler,
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<string> {
  const abort = new AbortController()
  const onClose = (): void => {
    if (!reply.raw.writableEnded) abort.abort()
  }
  reply.raw.once('close', onClose)
  try {
    const path = request.params as Readonly<Record<string, string>>
    const { signal } = abort
    const { data, warnings, infos } = await handler({
      params: paramsOf(request),
      vigie,
      path,
      signal,
    })
    reply.type('application/json')
    return successJson(data, capped(warnings, 'warning'), capped(infos, 'info'))
  } catch (error) {
    throw asApiError(error)
  } finally {
    reply.raw.off('close', onClose)
  }
}

function capped(annotations: readonly string[] = [], kind: string): readonly string[] {
  if (annotations.length <= ANNOTATIONS_MAX) return annotations
  const rest = annotations.length - ANNOTATIONS_MAX
  return [...annotations.slice(0, ANNOTATIONS_MAX), `${rest} more ${kind} annotations omitted`]
}

function asApiError(error: unknown): unknown {
  if (error instanceof ParseError) return badParameter('query', error.message)
  if (error instanceof QueryError)
    return new ApiError(QUERY_ERRORS[error.code], error.message, { cause: error })
  return error
}

const QUERY_ERRORS: Record<QueryError['code'], ApiErrorType> = {
  timeout: 'timeout',
  canceled: 'canceled',
  execution: 'execution',
  tooManySamples: 'execution',
  storage: 'internal',
}
