/** Why a query gave no result. Queries that cannot be parsed throw ParseError instead. */

export type QueryErrorCode = 'timeout' | 'canceled' | 'execution' | 'tooManySamples' | 'storage'

export class QueryError extends Error {
  readonly code: QueryErrorCode

  constructor(code: QueryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'QueryError'
    this.code = code
  }
}

const IN = 'expression evaluation'

export const timedOut = (): QueryError => new QueryError('timeout', `query timed out in ${IN}`)
export const canceled = (): QueryError => new QueryError('canceled', `query was canceled in ${IN}`)
export const tooManySamples = (): QueryError =>
  new QueryError(
    'tooManySamples',
    `query processing would load too many samples into memory in query execution`,
  )
export const executionError = (message: string): QueryError => new QueryError('execution', message)
