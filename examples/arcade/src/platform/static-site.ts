// Static pages: the site, and the game client's script, which is as large as MAIN_JS_KB says.
import { Counter, Histogram } from 'prom-client'
import { Faults } from './faults.ts'
import { createHttpService } from './http-service.ts'
import { createRegistry, listen, say, startFaults } from './process.ts'
import { integerSetting, textSetting } from './settings.ts'
import type { Environment } from './settings.ts'

export interface Page {
  path: string
  type: string
  body: Buffer
}

/** Serves the pages, with counts and durations of requests; the result ends it. */
export async function startStaticSite(
  env: Environment,
  defaultPort: number,
  pages: readonly Page[],
): Promise<() => Promise<void>> {
  const registry = createRegistry()
  const faults = new Faults()
  const requests = new Counter({
    name: 'vcg_http_requests_total',
    help: 'Requests answered, by status code.',
    labelNames: ['code'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'vcg_http_request_duration_seconds',
    help: 'Time from request to reply.',
    registers: [registry],
  })
  const server = createHttpService({
    routes: pages.map((page) => ({
      method: 'GET',
      path: page.path,
      name: page.path,
      handle: () => ({ status: 200, type: page.type, body: page.body }),
    })),
    registry,
    faults,
    observe: ({ status, seconds }) => {
      requests.inc({ code: status })
      duration.observe(seconds)
    },
    log: say,
  })
  await listen(server, integerSetting(env, 'PORT', defaultPort, [0, 65535]))
  await startFaults(faults, textSetting(env, 'FAULTS', ''))
  return async () => {
    server.closeAllConnections()
    server.close()
  }
}
