// Starts the arcade's processes, watches them, breaks them on request and puts them right again.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { repairLobby, repairStatistics, schema } from '../database/schema.ts'
import type { Logger } from '../platform/logger.ts'
import type { Arcade, ArcadeFault, ArcadeOptions, ArcadeService } from './arcade.ts'
import { defaultSettings, faultCatalogue, serviceNames } from './catalogue.ts'
import type { PortName, ServiceName } from './catalogue.ts'
import { Child } from './child.ts'
import { findPorts } from './ports.ts'

const healthEveryMs = 1000
/** How long mending waits for the stats worker to reach the end of the stream. */
const catchUpMs = 10_000
const catchUpEveryMs = 100

/** Starts everything; resolves when every service is ready. On failure nothing is left running. */
export async function startArcade(options: ArcadeOptions): Promise<Arcade> {
  const log = options.log ?? silent
  const ports = await findPorts(options.ports ?? 'preferred')
  const databaseUrl =
    options.databaseUrl ?? `postgres://postgres@127.0.0.1:${ports.database}/postgres`
  await mkdir(options.dataDir, { recursive: true })
  const env = environment(options, ports, databaseUrl)
  const entryUrl =
    options.entryUrl ?? ((name: ServiceName) => new URL(`../services/${name}.js`, import.meta.url))
  const children = new Map<ServiceName, Child>()
  for (const name of serviceNames) {
    if (name === 'database' && options.databaseUrl) continue
    const port = ports[name]
    const own = { ...env, PORT: String(port) }
    children.set(name, new Child({ name, entry: entryUrl(name), port, env: own, log }))
  }
  const arcade = new RunningArcade(children, ports, databaseUrl, log)
  try {
    await arcade.start()
  } catch (error) {
    await arcade.stop()
    throw error
  }
  return arcade
}

function environment(
  options: ArcadeOptions,
  ports: Record<PortName, number>,
  databaseUrl: string,
): Record<string, string | undefined> {
  const url = (name: PortName): string => `http://127.0.0.1:${ports[name]}`
  const settings = { ...defaultSettings, ...options.settings }
  return {
    ...options.env,
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
    PGDATA: join(options.dataDir, 'pgdata'),
    DATABASE_URL: databaseUrl,
    STATS_URL: url('stats'),
    GAME_CLIENT_URL: url('game-client'),
    GAME_SERVER_URL: url('game-server'),
    GAME_SERVER_WS: `127.0.0.1:${ports['game-server-ws']}`,
    WS_PORT: String(ports['game-server-ws']),
  }
}

class RunningArcade implements Arcade {
  readonly databaseUrl: string
  #children: Map<ServiceName, Child>
  #ports: Record<PortName, number>
  #log: Logger
  #active = new Set<string>()
  #health: NodeJS.Timeout | undefined
  #isChecking = false

  constructor(
    children: Map<ServiceName, Child>,
    ports: Record<PortName, number>,
    databaseUrl: string,
    log: Logger,
  ) {
    this.#children = children
    this.#ports = ports
    this.databaseUrl = databaseUrl
    this.#log = log
  }

  async start(): Promise<void> {
    await this.#children.get('database')?.start()
    await this.#sql(schema)
    const services = [...this.#children.values()].filter((child) => child.name !== 'database')
    await Promise.all(services.map((child) => child.start()))
    this.#health = setInterval(() => void this.#checkHealth(), healthEveryMs)
  }

  services(): ArcadeService[] {
    return [...this.#children.values()].map((child) => {
      const url = `http://127.0.0.1:${child.port}`
      const isDatabase = child.name === 'database'
      return {
        name: child.name,
        url: isDatabase ? this.databaseUrl : url,
        port: child.port,
        wsUrl:
          child.name === 'game-server' ? `ws://127.0.0.1:${this.#ports['game-server-ws']}` : null,
        pid: child.pid,
        state: child.state,
        metricsUrl: isDatabase ? null : `${url}/metrics`,
      }
    })
  }

  faults(): ArcadeFault[] {
    return faultCatalogue.map((fault) => ({ ...fault, active: this.#active.has(fault.name) }))
  }

  async break(name: string): Promise<void> {
    const fault = faultCatalogue.find((one) => one.name === name)
    if (!fault) {
      const known = faultCatalogue.map((one) => one.name).join(', ')
      throw new Error(`no fault ${JSON.stringify(name)}; there are ${known}`)
    }
    const child = this.#children.get(fault.service)!
    await child.switchFault('POST', name)
    this.#active.add(name)
  }

  async mend(): Promise<void> {
    await this.#checkHealth()
    const database = this.#children.get('database')
    if (database && database.state !== 'up') {
      await database.stop('SIGKILL')
      await database.start()
    }
    await Promise.all([...this.#children.values()].map((child) => this.#mendService(child)))
    await this.#mendData()
    this.#active.clear()
  }

  async stop(): Promise<void> {
    clearInterval(this.#health)
    const database = this.#children.get('database')
    const services = [...this.#children.values()].filter((child) => child !== database)
    await Promise.all(services.map((child) => child.stop()))
    await database?.stop()
  }

  async #mendService(child: Child): Promise<void> {
    if (child.name === 'database') return
    if (child.state === 'up') return await child.switchFault('DELETE', null)
    // What hangs does not hear that it should end.
    await child.stop('SIGKILL')
    await child.start()
    this.#log.info(`${child.name} runs again`)
  }

  /** Events that were held back come first; then what the ledger says holds. */
  async #mendData(): Promise<void> {
    const deadlineMs = performance.now() + catchUpMs
    const [{ last }] = await this.#sql<{ last: string }>(
      'SELECT coalesce(max(id), 0)::text AS last FROM game_events',
    )
    for (;;) {
      const [{ seen }] = await this.#sql<{ seen: string }>(
        `SELECT last_id::text AS seen FROM consumer_index WHERE consumer = 'stats-worker'`,
      )
      if (Number(seen) >= Number(last)) break
      if (performance.now() > deadlineMs) break // a long lag: what is behind it is repaired as it is
      await sleep(catchUpEveryMs)
    }
    await this.#sql(repairLobby)
    await this.#sql(repairStatistics)
  }

  async #checkHealth(): Promise<void> {
    if (this.#isChecking) return
    this.#isChecking = true
    await Promise.all([...this.#children.values()].map((child) => child.checkHealth()))
    this.#isChecking = false
  }

  /** A connection for this one text; the rows of its last statement. */
  async #sql<Row>(text: string): Promise<[Row, ...Row[]]> {
    const client = new Client({ connectionString: this.databaseUrl, query_timeout: 30_000 })
    // A connection that breaks rejects the query, too.
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows as [Row, ...Row[]]
    } finally {
      await client.end()
    }
  }
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
