/**
 * A thread that evaluates queries of the API, from their text to the bytes of the answer, so that
 * scrapes and alerts never wait for a dashboard.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Engine } from '@vigie/promql'
import type { SharedAnswer } from '@vigie/tsdb'
import { ApiError, asApiError } from '../http/api-error.ts'
import { runQuery } from './run-query.ts'
import { SharedQueryable } from './shared-queryable.ts'
import type { FromWorker, PlainSelect, ToWorker, WorkerSettings } from './worker-protocol.ts'

interface Question {
  resolve(answer: SharedAnswer): void
  reject(error: Error): void
}

const port = parentPort!
const settings = workerData as WorkerSettings
const engine = new Engine(settings.engine)
const questions = new Map<number, Question>()
const running = new Map<number, AbortController>()
let lastQuestion = 0

const queryable = new SharedQueryable(
  (selects: PlainSelect[]) =>
    new Promise((resolve, reject) => {
      const id = ++lastQuestion
      questions.set(id, { resolve, reject })
      send({ kind: 'select', id, selects })
    }),
  settings.snapshotMs,
)

port.on('message', (message: ToWorker) => {
  if (message.kind === 'query') void run(message.id, message)
  else if (message.kind === 'cancel') running.get(message.id)?.abort()
  else {
    const question = questions.get(message.id)
    questions.delete(message.id)
    if (message.kind === 'refused') question?.reject(new Error(message.reason))
    else {
      queryable.take(message.answer)
      question?.resolve(message.answer)
    }
  }
})

async function run(id: number, { request }: ToWorker & { kind: 'query' }): Promise<void> {
  const abort = new AbortController()
  running.set(id, abort)
  try {
    const body = await runQuery(engine, queryable, request, abort.signal)
    send({ kind: 'body', id, body }, [body.buffer as ArrayBuffer])
  } catch (error) {
    const known = asApiError(error)
    if (known instanceof ApiError)
      send({ kind: 'error', id, type: known.type, message: known.message })
    else send({ kind: 'error', id, type: 'internal', message: String(error) })
  } finally {
    running.delete(id)
  }
}

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
