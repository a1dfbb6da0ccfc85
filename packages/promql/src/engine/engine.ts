/** The front of the engine: options, limits, and the two kinds of query. */
import type { Queryable } from '@vigie/model'
import type { Expr } from '../syntax/ast.ts'
import type { MatrixResult, QueryResult } from './result.ts'

export interface EngineOptions {
  /** How far back an instant selector looks for a sample. */
  lookbackMs?: number
  /** Most samples one query may hold at a time. */
  maxSamples?: number
  timeoutMs?: number
  /** Queries beyond this many wait for a place. */
  maxConcurrency?: number
  /** Step of subqueries that name none. */
  noStepSubqueryIntervalMs?: number
  /** Experimental functions and modifiers. */
  enableExperimental?: boolean
  /** Keep metric names until the end of the evaluation (Prometheus's promql-delayed-name-removal). */
  enableDelayedNameRemoval?: boolean
  /** A clock in ms, for timeouts. */
  now?: () => number
}

export interface InstantOptions {
  timeMs: number
  signal?: AbortSignal
  lookbackMs?: number
  /** No more than the engine's. */
  timeoutMs?: number
}

export interface RangeOptions {
  startMs: number
  /** Inclusive. */
  endMs: number
  stepMs: number
  signal?: AbortSignal
  lookbackMs?: number
  timeoutMs?: number
}

export class Engine {
  constructor(_options: EngineOptions = {}) {}
  /** Throws ParseError or QueryError. */
  instant(
    _queryable: Queryable,
    _query: string | Expr,
    _options: InstantOptions,
  ): Promise<QueryResult> {
    throw new Error('not yet')
  }
  /** Throws ParseError or QueryError. */
  range(
    _queryable: Queryable,
    _query: string | Expr,
    _options: RangeOptions,
  ): Promise<MatrixResult> {
    throw new Error('not yet')
  }
}
