/** The answers to Explore's queries. One that fails does not take the others with it. */
import type { MatrixResult, MatrixSeries, QueryResult } from '../api/prometheus.ts'
import { useApi, useLoaded, type Loaded } from '../api/use-api.ts'
import { ApiError } from '../api/client.ts'
import { niceStep } from '../charts/align.ts'

/** Columns of a graph unless a step is chosen. */
const POINTS = 300

interface Outcome {
  error: string | undefined
  warnings: string[]
}

export interface GraphAnswer {
  startSec: number
  endSec: number
  stepSec: number
  answers: (Outcome & { series: MatrixSeries[] })[]
}

export type TableAnswer = Outcome & { result: QueryResult | undefined; expr: string }

export function useGraph(
  exprs: string[],
  rangeMs: number,
  endMs: number | undefined,
  stepSec: number | undefined,
  turn: number,
  isWanted: boolean,
): Loaded<GraphAnswer> {
  const api = useApi()
  const key = JSON.stringify(['graph', exprs, rangeMs, endMs, stepSec, turn])
  return useLoaded(
    isWanted ? key : null,
    async (signal) => {
      const end = (endMs ?? Date.now()) / 1000
      const step = stepSec ?? niceStep(rangeMs / 1000, POINTS)
      const startSec = Math.floor((end - rangeMs / 1000) / step) * step
      const endSec = Math.floor(end / step) * step
      const answers = await Promise.all(
        exprs.map(async (query) => {
          if (query.trim() === '') return { series: [], error: undefined, warnings: [] }
          const params = {
            query,
            start: String(startSec),
            end: String(endSec),
            step: String(step),
          }
          return outcome<GraphAnswer['answers'][number]>(
            async () => {
              const { data, warnings } = await api.prom<MatrixResult>('query_range', params, signal)
              return { series: data.result, error: undefined, warnings }
            },
            (error) => ({ series: [], error, warnings: [] }),
          )
        }),
      )
      return { startSec, endSec, stepSec: step, answers }
    },
    0,
    true,
  )
}

export function useTable(
  exprs: string[],
  endMs: number | undefined,
  turn: number,
  isWanted: boolean,
): Loaded<TableAnswer[]> {
  const api = useApi()
  const key = JSON.stringify(['table', exprs, endMs, turn])
  return useLoaded(
    isWanted ? key : null,
    (signal) =>
      Promise.all(
        exprs.map(async (expr) => {
          if (expr.trim() === '') return { expr, result: undefined, error: undefined, warnings: [] }
          const params = { query: expr, time: String((endMs ?? Date.now()) / 1000) }
          return outcome<TableAnswer>(
            async () => {
              const { data, warnings } = await api.prom<QueryResult>('query', params, signal)
              return { expr, result: data, error: undefined, warnings }
            },
            (error) => ({ expr, result: undefined, error, warnings: [] }),
          )
        }),
      ),
    0,
    true,
  )
}

/** A refused query is an answer; anything else that fails is thrown on. */
async function outcome<T>(ask: () => Promise<T>, refused: (message: string) => T): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ApiError && error.kind !== '') return refused(error.message)
    throw error
  }
}
