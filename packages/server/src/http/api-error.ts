/** Errors of the Prometheus HTTP API: an error type, and the HTTP status that goes with it. */

import { ParseError, QueryError } from '@vigie/promql'
import { CorruptBlockError, CorruptChunkError, DiskError } from '@vigie/tsdb'

const STATUS = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  unavailable: 500,
  not_found: 404,
  not_acceptable: 406,
} as const

export type ApiErrorType = keyof typeof STATUS

export class ApiError extends Error {
  readonly type: ApiErrorType

  constructor(type: ApiErrorType, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ApiError'
    this.type = type
  }

  get status(): number {
    return STATUS[this.type]
  }
}

export const badData = (message: string): ApiError => new ApiError('bad_data', message)

/** Prometheus's wording for one bad parameter. */
export const badParameter = (name: string, reason: string): ApiError =>
  badData(`invalid parameter "${name}": ${reason}`)

/** What went wrong with a query as the API says it; other errors as they are. */
export function asApiError(error: unknown): unknown {
  if (error instanceof ParseError) return badParameter('query', error.message)
  if (error instanceof QueryError)
    return new ApiError(QUERY_ERRORS[error.code], error.message, { cause: error })
  // As Prometheus: the samples cannot be read, the server is fine.
  if (STORAGE_ERRORS.some((one) => error instanceof one))
    return new ApiError('execution', (error as Error).message, { cause: error })
  return error
}

const STORAGE_ERRORS = [CorruptBlockError, CorruptChunkError, DiskError]

const QUERY_ERRORS: Record<QueryError['code'], ApiErrorType> = {
  timeout: 'timeout',
  canceled: 'canceled',
  execution: 'execution',
  tooManySamples: 'execution',
  storage: 'internal',
}
