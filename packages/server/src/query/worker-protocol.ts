/** What the process and a query worker say to each other. */
import type { MatchType } from '@vigie/model'
import type { EngineOptions } from '@vigie/promql'
import type { SharedAnswer } from '@vigie/tsdb'
import type { ApiErrorType } from '../http/api-error.ts'
import type { QueryRequest } from './run-query.ts'

/** `workerData`. */
export interface WorkerSettings {
  engine: Omit<EngineOptions, 'now'>
  /** How long a query may read what it has selected, ms. */
  snapshotMs: number
}

export interface PlainMatcher {
  type: MatchType
  name: string
  value: string
}

export interface PlainSelect {
  matchers: PlainMatcher[]
  minT: number
  maxT: number
}

export type ToWorker =
  | { kind: 'query'; id: number; request: QueryRequest }
  | { kind: 'cancel'; id: number }
  | { kind: 'selected'; id: number; answer: SharedAnswer }
  | { kind: 'refused'; id: number; reason: string }

export type FromWorker =
  /** Selectors of one query, to be answered as of one moment. */
  | { kind: 'select'; id: number; selects: PlainSelect[] }
  | { kind: 'body'; id: number; body: Uint8Array }
  | { kind: 'error'; id: number; type: ApiErrorType; message: string }
