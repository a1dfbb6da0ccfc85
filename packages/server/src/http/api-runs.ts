/** Load runs: listed, read, reported to, started, stopped, compared. */
import type { FastifyInstance } from 'fastify'
import type { RunsQuery } from '../stores/runs-store.ts'
import type { Vigie } from '../vigie.ts'
import { RequestError } from './request-error.ts'

interface ListQuery {
  limit?: string
  before?: string
  script?: string
  from?: string
  to?: string
}
type ById = { Params: { id: string } }

/** Runs on each side of a comparison. */
const COMPARED_MAX = 20

export function addRuns(app: FastifyInstance, vigie: Vigie): void {
  const { runs, load } = vigie
  app.get<{ Querystring: ListQuery }>('/api/vigie/runs', async (request) =>
    runs.list(readQuery(request.query)),
  )
  app.get<ById>('/api/vigie/runs/:id', async (request) => {
    const { id } = request.params
    const run = runs.get(id) ?? unknownRun(id)
    return { ...run, output: load.output(id) ?? runs.output(id) }
  })
  app.get<ById>('/api/vigie/runs/:id/script', async (request) => {
    const { id } = request.params
    const source = runs.source(id)
    if (source === undefined) unknownRun(id)
    if (source === null) throw new RequestError(404, `the script of run ${id} was not sent`)
    return source
  })
  app.put<ById>('/api/vigie/runs/:id', async (request, reply) => {
    try {
      const { isStopWanted } = runs.put(request.params.id, request.body)
      return await (isStopWanted ? reply.send({ stop: true }) : reply.code(204).send())
    } catch (error) {
      throw new RequestError(400, (error as Error).message)
    }
  })
  app.delete<ById>('/api/vigie/runs/:id', async (request, reply) => {
    const { id } = request.params
    const head = runs.head(id) ?? unknownRun(id)
    if (head.state === 'running')
      throw new RequestError(409, `run ${id} goes on: stop it before it is deleted`)
    runs.delete(id)
    return reply.code(204).send()
  })
  app.post<ById>('/api/vigie/runs/:id/stop', async (request, reply) => {
    load.stop(request.params.id)
    return reply.code(202).send({ id: request.params.id })
  })
  app.get('/api/vigie/load/scripts', async () => load.scripts())
  app.post('/api/vigie/load/start', async (request, reply) =>
    reply.code(201).send({ id: load.start(request.body) }),
  )
  app.get<{ Querystring: { a?: string; b?: string } }>(
    '/api/vigie/runs/compare',
    async (request) => {
      const { a = '', b = '' } = request.query
      if (vigie.compareRuns === undefined)
        throw new RequestError(501, 'this Vigie was started without a way to compare runs')
      return vigie.compareRuns(side(a, 'a'), side(b, 'b'))
    },
  )

  function side(ids: string, name: string): string[] {
    const list = [...new Set(ids.split(',').filter((id) => id !== ''))]
    if (list.length === 0 || list.length > COMPARED_MAX)
      throw new RequestError(
        400,
        `${name}: found ${list.length} runs, expected 1 to ${COMPARED_MAX} ids with commas between`,
      )
    for (const id of list) {
      const { state } = runs.head(id) ?? unknownRun(id)
      if (state === 'running')
        throw new RequestError(409, `run ${id} goes on: compare it when it has ended`)
    }
    return list
  }
}

function readQuery({ limit, before, script, from, to }: ListQuery): RunsQuery {
  const query: RunsQuery = {}
  if (limit !== undefined) query.limit = readNumber('limit', limit)
  if (from !== undefined) query.fromMs = readNumber('from', from)
  if (to !== undefined) query.toMs = readNumber('to', to)
  if (before !== undefined) query.before = before
  if (script !== undefined && script !== '') query.script = script
  return query
}

function readNumber(name: string, text: string): number {
  const value = Number(text)
  if (text === '' || !Number.isFinite(value) || value < 0)
    throw new RequestError(400, `${name}: found ${JSON.stringify(text)}, expected a number`)
  return value
}

function unknownRun(id: string): never {
  throw new RequestError(404, `there is no run ${JSON.stringify(id)}`)
}
