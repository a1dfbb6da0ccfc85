/** Vigie's own API below /api/vigie: what the browser application shows besides Prometheus's API. */
import type { FastifyInstance } from 'fastify'
import { generateDashboard } from '@vigie/dashboards'
import { unwrapDashboard } from '../stores/dashboards-store.ts'
import type { Vigie } from '../vigie.ts'
import { addRuns } from './api-runs.ts'
import { RequestError } from './request-error.ts'

const INBOX_PAGE_MAX = 500
/** Dashboards made for jobs have this before the job's name as their uid. */
const GENERATED_UID = 'job-'

export function addApiVigie(app: FastifyInstance, vigie: Vigie): void {
  app.get('/api/vigie/status', async () => vigie.status())
  app.get('/api/vigie/checks', async () => vigie.checks.states())
  app.post('/api/vigie/checks/run', async () => vigie.checks.runAll())
  addInbox(app, vigie)
  addDashboards(app, vigie)
  addTargets(app, vigie)
  addRuns(app, vigie)
  addDemo(app, vigie)
}

function addInbox(app: FastifyInstance, vigie: Vigie): void {
  app.get<{ Querystring: { limit?: string; before?: string } }>(
    '/api/vigie/inbox',
    async (request) => {
      const limit = Math.min(Number(request.query.limit ?? 100) || 100, INBOX_PAGE_MAX)
      const { before } = request.query
      return vigie.inbox.page({ limit, ...(before === undefined ? {} : { before }) })
    },
  )
  app.post<{ Params: { name: string } }>('/api/vigie/receivers/:name/test', async (request) =>
    vigie.notifier.sendTest(request.params.name),
  )
}

function addDashboards(app: FastifyInstance, vigie: Vigie): void {
  app.get('/api/vigie/dashboards', async () => {
    const stored = vigie.dashboards
      .list()
      .map(({ uid, title, folder, tags, source }) => ({ uid, title, folder, tags, source }))
    const made = vigie.jobs().map((job) => ({
      uid: GENERATED_UID + job,
      title: job,
      folder: 'Made from metrics',
      tags: [],
      source: 'generated',
      job,
    }))
    return [...stored, ...made]
  })
  app.get<{ Params: { uid: string } }>('/api/vigie/dashboards/:uid', async (request) => {
    const { uid } = request.params
    const stored = vigie.dashboards.get(uid)
    if (stored !== undefined)
      return { uid, source: stored.source, path: stored.path, dashboard: stored.dashboard }
    const job = uid.startsWith(GENERATED_UID) ? uid.slice(GENERATED_UID.length) : ''
    if (!vigie.jobs().includes(job))
      throw new RequestError(404, `there is no dashboard ${JSON.stringify(uid)}`)
    const dashboard = generateDashboard(job, vigie.jobMetadata(job))
    return { uid, source: 'generated', path: null, dashboard }
  })
  app.post('/api/vigie/dashboards', async (request, reply) => {
    let dashboard: Record<string, unknown>
    try {
      dashboard = unwrapDashboard(request.body)
    } catch (error) {
      throw new RequestError(400, (error as Error).message)
    }
    return reply.code(201).send({ uid: vigie.dashboards.import(dashboard) })
  })
}

function addTargets(app: FastifyInstance, vigie: Vigie): void {
  app.get('/api/vigie/discovered', async () => vigie.discovered())
  app.post('/api/vigie/targets', async (request) => {
    const { targets } = (request.body ?? {}) as { targets?: unknown }
    if (
      !Array.isArray(targets) ||
      targets.length === 0 ||
      !targets.every((one) => typeof one === 'string')
    )
      throw new RequestError(400, 'expected {"targets": ["localhost:3000", …]}')
    if (!vigie.isGenerated)
      throw new RequestError(
        409,
        `the targets are in ${vigie.configFile}: add it there, then reload (kill -HUP ${process.pid})`,
      )
    return vigie.addTargets(targets)
  })
  app.post('/api/vigie/save', async () => {
    if (!vigie.isGenerated) throw new RequestError(409, `already saved: ${vigie.configFile}`)
    return { path: vigie.saveConfig() }
  })
}

function addDemo(app: FastifyInstance, vigie: Vigie): void {
  const { demo } = vigie
  if (demo === undefined) return
  app.get('/api/vigie/demo', async () => demo.state())
  app.post('/api/vigie/demo/break', async (request) => {
    const { fault } = (request.body ?? {}) as { fault?: unknown }
    const known = (await demo.state()).faults.map((one) => one.name)
    if (typeof fault !== 'string' || !known.includes(fault))
      throw new RequestError(
        400,
        `no fault ${JSON.stringify(fault)}; there are ${known.join(', ')}`,
      )
    await demo.break(fault)
    return demo.state()
  })
  app.post('/api/vigie/demo/mend', async () => {
    await demo.mend()
    return demo.state()
  })
}
