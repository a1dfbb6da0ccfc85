/**
 * A running Vigie: storage, scraping, rules, checks, notifications and the HTTP server wired together.
 * Everything from outside (clock, log, paths, flags) comes in by the options.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import {
  CheckManager,
  Inbox,
  Notifier,
  type QueryElement,
  RuleManager,
  defaultRules,
} from '@vigie/alerting'
import { Labels, type Queryable, type Storage } from '@vigie/model'
import type { WriteMetadata } from '@vigie/model/remote-write'
import { Engine, type EngineOptions, type Expr, featureOptions } from '@vigie/promql'
import { type Cluster, ClusterQueryable, RemoteWrite } from '@vigie/remote'
import { ScrapeManager, type ScrapeJob, hostMetrics, scrapeJob } from '@vigie/scrape'
import { type Tsdb, nodeDisk, openTsdb } from '@vigie/tsdb'
import type { FastifyInstance } from 'fastify'
import { type VigieConfig, parseConfig } from './config/config.ts'
import type { ClusterSettings, RemoteReadSettings } from './config/remote.ts'
import { generateConfig } from './config/generate.ts'
import { ConfigError } from './config/source.ts'
import type { WebConfig } from './config/web-config.ts'
import { addApiV1 } from './http/api-v1.ts'
import { addApiVigie } from './http/api-vigie.ts'
import { createApp } from './http/app.ts'
import { addManagement } from './http/management.ts'
import { hostName, isLoopback } from './http/safety.ts'
import { listenOn } from './listen.ts'
import { LoadLauncher, type StartLoad } from './load/load-launcher.ts'
import { Notifications } from './notifications.ts'
import { QueryPool } from './query/query-pool.ts'
import { type QueryRequest, runQuery } from './query/run-query.ts'
import {
  connectCluster,
  queryCluster,
  selectEither,
  withApiErrors,
} from './remote/cluster-client.ts'
import { type RemoteReaders, connectReaders } from './remote/read-clients.ts'
import { writeEndpoint } from './remote/write-endpoints.ts'
import { type Metric, ProcessMetrics, renderMetrics } from './self-metrics.ts'
import { DashboardsStore } from './stores/dashboards-store.ts'
import { RunsStore } from './stores/runs-store.ts'
import { type AddedTarget, type DiscoveredTarget, Watchlist } from './watchlist.ts'

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

/** The example backend that a demo can break and mend. */
export interface Demo {
  state(): Promise<DemoState>
  break(fault: string): Promise<void>
  mend(): Promise<void>
}

export interface DemoState {
  services: {
    name: string
    url: string
    state: 'up' | 'down' | 'hung'
    port: number
    pid: number | null
  }[]
  faults: { name: string; title: string; description: string; active: boolean }[]
}

export interface VigieOptions {
  version: string
  /** The configuration file; null: none, what to watch is in `targets`. */
  configFile: string | null
  /** Named on the command line, watched when there is no configuration file. */
  targets: readonly string[]
  dataDir: string
  tsdbDir: string
  /** 0 stands for no limit, here and below. */
  retentionMs: number
  retentionBytes: number
  /** See TsdbOptions. */
  maxBlockMs?: number | undefined
  segmentBytes?: number | undefined
  walCompression?: 'none' | 'snappy'
  blockWorkerUrl?: URL
  listen: {
    host: string
    port: number
    /** Take the next free port when this one is busy. */ orNext: boolean
  }
  externalUrl: string | null
  web: WebConfig | undefined
  /** Pages of these origins may read the Prometheus API; undefined: of none but Vigie's own. */
  isReadableFrom?: ((origin: string) => boolean) | undefined
  enableLifecycle: boolean
  /** Deletion and snapshots by the API; off unless given. */
  enableAdminApi?: boolean
  /** Whether others may write by remote write; they may unless it says false. */
  enableRemoteWrite?: boolean
  /** Whether others may send by OTLP; off unless given. */
  enableOtlp?: boolean
  /** Names as of Prometheus's `--enable-feature`. */
  features?: ReadonlySet<string>
  dashboardsDir: string
  /** The script of a query worker; left out: queries of the API run in this thread. */
  queryWorkerUrl?: URL
  /** The built browser application. */
  uiDir: string
  discover: boolean
  query: { lookbackMs: number; timeoutMs: number; maxConcurrency: number; maxSamples: number }
  /** As shown by /api/v1/status/flags. */
  flags: ReadonlyMap<string, string>
  env: NodeJS.ProcessEnv
  now: () => number
  log: Logger
  demo?: Demo
  /** Starts `vigie load`; left out: no runs are started from the browser. */
  startLoad?: StartLoad
  /** Compares runs by their ids, for `GET /api/vigie/runs/compare`. */
  compareRuns?: CompareRuns
}

/** What the command line switches on. */
export interface Switches {
  admin: boolean
  lifecycle: boolean
  remoteWrite: boolean
  otlp: boolean
  features: ReadonlySet<string>
}

const RELOAD_FAILED = 'Configuration reload has failed.'

/** What two runs, or several of each kind, have in common and where they differ, as JSON. */
export type CompareRuns = (a: readonly string[], b: readonly string[]) => Promise<object>

/** Storage drops what is too old, and forces the WAL to disk, this often. */
const MAINTENANCE_MS = 10_000
/** Servers that are read from no more are asked nothing after this. */
const READERS_CLOSE_MS = 120_000
/** Expressions of rules and checks kept parsed. */
const PARSED_MAX = 5000
/** Series younger than this decide which jobs there are. */
const JOBS_WINDOW_MS = 3_600_000

export class Vigie {
  readonly version: string
  readonly startTimeMs: number
  readonly configFile: string | null
  readonly dataDir: string
  readonly flags: ReadonlyMap<string, string>
  readonly demo: Demo | undefined
  readonly now: () => number
  readonly log: Logger
  readonly retentionMs: number
  /** How long a sample stands for its series. */
  readonly lookbackMs: number
  readonly switches: Switches
  readonly notifications: Notifications
  readonly storage: Tsdb
  /** What pages read from: the storage, or the cluster that stands in for it. */
  get queryable(): Queryable {
    return this.#clusterReader ?? this.#readers?.queryable ?? this.storage
  }

  /** Of every list of labels: servers that are read from cannot be asked for theirs. In Prometheus's words. */
  get labelWarnings(): readonly string[] {
    return this.#clusterReader === undefined && this.#readers !== undefined
      ? ['not implemented']
      : []
  }
  readonly engine: Engine
  readonly inbox: Inbox
  readonly checks: CheckManager
  readonly remoteWrite: RemoteWrite
  readonly runs: RunsStore
  readonly load: LoadLauncher
  readonly compareRuns: CompareRuns | undefined
  readonly quitRequested: Promise<void>
  requestQuit: () => void = () => {}
  /** Base address, no slash at the end. This and what tells people addresses is set once it listens. */
  url = ''
  scrape!: ScrapeManager
  rules!: RuleManager
  notifier!: Notifier
  config: VigieConfig
  configError: string | null = null
  configTimeMs: number
  dashboards: DashboardsStore
  /** Set by `storage: { url }`: what evaluates queries and rules instead of this process. */
  cluster: Cluster | undefined
  #clusterReader: Queryable | undefined
  #clusterFingerprint = ''
  #readers: RemoteReaders | undefined
  readonly #options: VigieOptions
  readonly #watchlist = new Watchlist()
  readonly #process: ProcessMetrics
  readonly #app: FastifyInstance
  readonly #exprs = new Map<string, Expr>()
  readonly #queries: QueryPool | undefined
  #maintenance: NodeJS.Timeout | undefined

  constructor(options: VigieOptions, config: VigieConfig, storage: Tsdb) {
    const { now, log } = options
    this.#options = options
    this.version = options.version
    this.startTimeMs = now()
    this.configTimeMs = now()
    this.configFile = options.configFile
    this.dataDir = options.dataDir
    this.flags = options.flags
    this.demo = options.demo
    this.now = now
    this.log = log
    const { retentionMs } = storage.stats()
    this.retentionMs = retentionMs
    this.lookbackMs = options.query.lookbackMs
    this.switches = {
      admin: options.enableAdminApi ?? false,
      lifecycle: options.enableLifecycle,
      remoteWrite: options.enableRemoteWrite ?? true,
      otlp: options.enableOtlp ?? false,
      features: options.features ?? new Set(),
    }
    this.notifications = new Notifications(now)
    this.config = config
    this.storage = storage
    this.quitRequested = new Promise((done) => (this.requestQuit = done))
    this.#process = new ProcessMetrics(this.startTimeMs)
    const engine = { ...options.query, ...featureOptions(options.features ?? []) }
    this.engine = new Engine(engine)
    this.#queries = queryPool(options, engine, storage)
    this.inbox = new Inbox({ dir: options.dataDir, now, log })
    this.checks = new CheckManager({ storage, query: this.#query, now, log })
    this.remoteWrite = new RemoteWrite({
      source: {
        follow: (following) => storage.follow(following),
        newestMs: () => storage.stats().newestMs ?? undefined,
      },
      dir: join(options.dataDir, 'remote-write'),
      metadata: () => this.#metadata(),
      userAgent: `Vigie/${options.version}`,
      now,
      log,
    })
    this.runs = new RunsStore(join(options.dataDir, 'runs'), now)
    this.load = new LoadLauncher({
      start: options.startLoad,
      runs: this.runs,
      config: () => this.config.load,
      configFile: options.configFile,
      vigieUrl: () => this.url,
      hasUsers: options.web?.hasUsers === true,
      now,
    })
    this.compareRuns = options.compareRuns
    this.dashboards = this.#dashboardsOf(config)
    this.#app = createApp({
      safety: safetyOf(options),
      web: options.web,
      isReadableFrom: options.isReadableFrom,
      onAnswer: (route, status, seconds) => this.#process.countAnswer(route, status, seconds),
      onFault: (error, { method, url }) =>
        log.error('a request failed by our fault', { method, url, error: error.stack }),
    })
  }

  async start(): Promise<void> {
    const { listen, uiDir, web } = this.#options
    addApiV1(this.#app, this)
    addApiVigie(this.#app, this)
    addManagement(this.#app, this)
    await this.#app.register(fastifyStatic, { root: uiDir, wildcard: false, cacheControl: false })
    const port = await listenOn(this.#app, listen)
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
    this.url = `${web?.tls === undefined ? 'http' : 'https'}://${host === '0.0.0.0' ? 'localhost' : host}:${port}`
    this.#connect(this.#options.externalUrl?.replace(/\/+$/, '') ?? this.url)
    if (this.configFile === null) {
      for (const one of await this.#watchlist.add(this.#options.targets))
        if (one.error !== null)
          this.log.warn(`cannot reach ${one.target} yet, it is probed`, { error: one.error })
      this.config = this.#read()
    }
    this.#apply(this.config)
    this.#maintenance = setInterval(() => this.#maintain(), MAINTENANCE_MS)
    this.#maintenance.unref()
  }

  #connect(externalUrl: string): void {
    const { storage, now, log, config } = this
    const { version, dataDir } = this.#options
    this.scrape = new ScrapeManager({
      storage,
      now,
      log,
      userAgent: `Vigie/${version}`,
      externalUrl,
    })
    this.notifier = new Notifier({ inbox: this.inbox, dir: dataDir, now, log, externalUrl })
    this.rules = new RuleManager({
      query: this.#query,
      storage: this.#restoring(storage),
      now,
      log,
      externalUrl,
      externalLabels: config.externalLabels,
      evaluationIntervalMs: config.evaluationIntervalMs,
      onAlerts: (alerts) => this.notifier.receive(alerts),
      sampleOf: (labels) => this.checks.sampleOf(labels),
    })
  }

  /** The storage as rules see it: written to here, and asked for what was before a restart. */
  #restoring(storage: Tsdb): Storage {
    return {
      appender: () => storage.appender(),
      select: (...args) => {
        const reader = this.#clusterReader
        if (reader === undefined) return storage.select(...args)
        const external = new Set(this.config.externalLabels.keys())
        return selectEither(storage, reader, external, args)
      },
      labelNames: (query) => storage.labelNames(query),
      labelValues: (name, query) => storage.labelValues(name, query),
    }
  }

  /** Asks another cluster from now on, or the storage. */
  #setCluster(settings: ClusterSettings | undefined): void {
    const fingerprint = JSON.stringify([settings, [...(settings?.headers ?? [])]])
    if (fingerprint === this.#clusterFingerprint) return
    this.#clusterFingerprint = fingerprint
    const before = this.cluster
    this.cluster = settings === undefined ? undefined : connectCluster(settings)
    this.#clusterReader =
      this.cluster === undefined ? undefined : withApiErrors(new ClusterQueryable(this.cluster))
    void before?.close()
  }

  /** Reads from these servers, too, from now on. */
  #setReaders(
    settings: readonly RemoteReadSettings[],
    externalLabels: ReadonlyMap<string, string>,
  ): void {
    const before = this.#readers
    this.#readers =
      settings.length === 0 ? undefined : connectReaders(this.storage, settings, externalLabels)
    // What is being asked goes on for a while.
    if (before !== undefined) setTimeout(() => void before.close(), READERS_CLOSE_MS).unref()
  }

  /** Reads the configuration again. A bad one is reported and the last good one stays. */
  reload(): boolean {
    try {
      this.config = this.#read()
      this.#apply(this.config)
      this.configError = null
      this.configTimeMs = this.now()
      this.notifications.set(RELOAD_FAILED, false)
      this.log.info('configuration reloaded')
      return true
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.configError = error.message
      this.notifications.set(RELOAD_FAILED, true)
      this.log.error('configuration not reloaded, the last good one stays', {
        error: error.message,
      })
      return false
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#maintenance)
    await this.load.close()
    await this.#app.close()
    await this.checks.stop()
    // When it could not listen there is nothing more to stop.
    if (this.url !== '') {
      await this.rules.stop()
      await this.notifier.stop()
      await this.scrape.stop()
    }
    this.inbox.close()
    this.dashboards.close()
    await this.remoteWrite.stop()
    await this.cluster?.close()
    await this.#readers?.close()
    this.#process.close()
    await this.#queries?.close()
    await this.storage.close()
  }

  /** Whether the configuration was made here instead of read from a file. */
  get isGenerated(): boolean {
    return this.configFile === null
  }

  async addTargets(targets: readonly string[]): Promise<AddedTarget[]> {
    const added = await this.#watchlist.add(targets)
    this.config = this.#read()
    this.#apply(this.config)
    return added
  }

  async discovered(): Promise<DiscoveredTarget[]> {
    return this.#options.discover
      ? this.#watchlist.discovered(new Set([Number(new URL(this.url).port)]))
      : []
  }

  /** Writes what is watched to vigie.yml in the working directory; returns its path. */
  saveConfig(): string {
    const path = resolve('vigie.yml')
    if (existsSync(path)) throw new Error(`${path} is there already: move it away first`)
    writeFileSync(path, this.config.text)
    return path
  }

  /** Names of jobs that have series now, sorted. */
  jobs(): string[] {
    const maxT = this.now()
    return this.storage.labelValues('job', { minT: maxT - JOBS_WINDOW_MS, maxT, matchers: [] })
  }

  /** What targets said of their metrics, each once. */
  #metadata(): WriteMetadata[] {
    const byName = new Map<string, WriteMetadata>()
    for (const { metric, type, help, unit } of this.scrape.metadata())
      if (!byName.has(metric)) byName.set(metric, { metric, type, help, unit })
    return [...byName.values()]
  }

  /** Metrics of a job with what its targets said of them, each once. */
  jobMetadata(job: string): { name: string; type: string; help: string; unit: string }[] {
    const byName = new Map<string, { name: string; type: string; help: string; unit: string }>()
    for (const { target, metric, type, help, unit } of this.scrape.metadata())
      if (target.get('job') === job && !byName.has(metric))
        byName.set(metric, { name: metric, type, help, unit })
    return [...byName.values()]
  }

  /** The body of the API's answer. Throws ParseError, QueryError or ApiError. */
  query(request: QueryRequest, signal: AbortSignal): Promise<Buffer> {
    if (this.cluster !== undefined) return queryCluster(this.cluster, request)
    const settled = { ...request, noStepSubqueryIntervalMs: this.config.evaluationIntervalMs }
    // Workers know the storage alone.
    if (this.#queries !== undefined && this.#readers === undefined)
      return this.#queries.run(settled, signal)
    return runQuery(this.engine, this.queryable, settled, signal)
  }

  status(): object {
    const stats = this.storage.stats()
    const { configFile, demo } = this
    return {
      version: this.version,
      startTimeMs: this.startTimeMs,
      configFile,
      configError: this.configError,
      warnings: [
        ...this.config.warnings,
        ...(stats.corruptBlocks === 0
          ? []
          : [
              `blocks that could not be read were moved to ${this.#options.tsdbDir}/corrupt ` +
                `(${stats.corruptBlocks}): their samples are missing from answers`,
            ]),
        ...(stats.writeFailure === null
          ? []
          : [`samples are refused: ${stats.writeFailure.reason}`]),
        ...[...this.dashboards.problems].map(([path, reason]) => `${path}: ${reason}`),
      ],
      storage: {
        series: stats.series,
        samples: stats.samples,
        oldestMs: stats.oldestBlockMs,
        sizeBytes: stats.memoryBytes + stats.walBytes + stats.blockBytes,
        retentionMs: this.retentionMs,
        retentionBytes: stats.retentionBytes,
      },
      receivers: this.notifier.receivers(),
      mode:
        demo !== undefined
          ? 'demo'
          : configFile !== null
            ? 'file'
            : this.#options.targets.length > 0
              ? 'targets'
              : 'bare',
      demo: demo !== undefined,
      externalUrl: this.#options.externalUrl ?? this.url,
    }
  }

  /** Addresses of Alertmanagers that alerts go to. There are none: Vigie notifies by itself. */
  alertmanagers(): { active: readonly string[]; dropped: readonly string[] } {
    return { active: [], dropped: [] }
  }

  /** The text of /metrics. */
  metricsText(): string {
    return renderMetrics(this.metrics())
  }

  /** What Vigie measures of itself; a name may come more than once. */
  metrics(): Metric[] {
    return [
      ...this.#process.collect(this.version),
      ...this.storage.metrics(),
      ...this.scrape.metrics(),
      ...this.rules.metrics(),
      ...this.checks.metrics(),
      ...this.notifier.metrics(),
      ...this.remoteWrite.metrics(),
      {
        name: 'prometheus_config_last_reload_successful',
        help: 'Whether the last configuration reload attempt was successful.',
        type: 'gauge',
        samples: [{ labels: {}, value: this.configError === null ? 1 : 0 }],
      },
      {
        name: 'prometheus_config_last_reload_success_timestamp_seconds',
        help: 'When the configuration was last read and taken.',
        type: 'gauge',
        samples: [{ labels: {}, value: this.configTimeMs / 1000 }],
      },
      {
        name: 'prometheus_engine_queries_concurrent_max',
        help: 'Queries at once.',
        type: 'gauge',
        samples: [{ labels: {}, value: this.#options.query.maxConcurrency }],
      },
    ]
  }

  readonly #query = async (expr: string, timeMs: number): Promise<QueryElement[]> => {
    if (this.cluster !== undefined) return this.cluster.instant(expr, timeMs)
    const result = await this.engine.instant(this.queryable, this.#parsed(expr), {
      timeMs,
      noStepSubqueryIntervalMs: this.config.evaluationIntervalMs,
    })
    if (result.type === 'vector') return result.samples
    if (result.type === 'scalar') return [{ labels: Labels.EMPTY, v: result.v }]
    throw new Error(`expected an instant vector or a scalar, got a ${result.type}`)
  }

  /** Rules ask the same again and again: each expression is read once. */
  #parsed(expr: string): Expr {
    let parsed = this.#exprs.get(expr)
    if (parsed !== undefined) return parsed
    if (this.#exprs.size >= PARSED_MAX) this.#exprs.clear()
    parsed = this.engine.parse(expr)
    this.#exprs.set(expr, parsed)
    return parsed
  }

  #read(): VigieConfig {
    return readConfig(this.#options, this.#watchlist)
  }

  #apply(config: VigieConfig): void {
    this.storage.exemplars.resize(exemplarsMax(this.#options, config))
    void this.storage
      .setOutOfOrderTimeWindow(config.outOfOrderTimeWindowMs)
      .catch((error: Error) => {
        this.log.error('the window for samples out of order stays as it was', {
          error: error.message,
        })
      })
    for (const warning of config.warnings) this.log.warn(warning)
    const { evaluationIntervalMs, externalLabels, scrapeIntervalMs, defaultRules: rules } = config
    this.scrape.apply([...config.scrapeJobs, ...config.probeJobs, ...this.#internalJobs(config)])
    this.#setCluster(config.cluster)
    this.#setReaders(config.remoteReads, externalLabels)
    this.remoteWrite.apply(
      config.remoteWrites.map((settings) => writeEndpoint(settings, externalLabels)),
    )
    this.notifier.apply(config.alertmanager)
    this.checks.apply(config.datasources, config.checks)
    const groups = rules.isOn
      ? defaultRules({ scrapeIntervalMs, evaluationIntervalMs, disabled: rules.disabled })
      : []
    this.rules.apply([...config.ruleGroups, ...groups, ...this.checks.rules()], {
      evaluationIntervalMs,
      externalLabels,
    })
    this.dashboards.close()
    this.dashboards = this.#dashboardsOf(config)
  }

  /** Vigie's own metrics and this host's, taken without HTTP. */
  #internalJobs(config: VigieConfig): ScrapeJob[] {
    const job = (
      name: string,
      instance: string,
      collect: () => string | Promise<string>,
    ): ScrapeJob =>
      scrapeJob(name, {
        intervalMs: config.scrapeIntervalMs,
        staticConfigs: [{ targets: [instance], labels: new Map() }],
        internal: { collect },
      })
    const jobs: ScrapeJob[] = []
    if (config.self) jobs.push(job('vigie', new URL(this.url).host, () => this.metricsText()))
    if (config.host) jobs.push(job('host', 'localhost', () => hostMetrics()))
    return jobs
  }

  #dashboardsOf(config: VigieConfig): DashboardsStore {
    return new DashboardsStore(config.dashboardFolders, this.#options.dashboardsDir)
  }

  #maintain(): void {
    this.storage
      .maintain()
      .catch((error: Error) =>
        this.log.error('storage could not be maintained', { error: error.message }),
      )
  }
}

/** Opens storage, listens, and starts to watch. Throws ConfigError, and Error when a port or directory is taken. */
export async function startVigie(options: VigieOptions): Promise<Vigie> {
  const config = readConfig(options, new Watchlist())
  const storage = await openTsdb({
    dir: options.tsdbDir,
    retentionMs: config.retentionMs ?? options.retentionMs,
    retentionBytes: config.retentionBytes ?? options.retentionBytes,
    outOfOrderTimeWindowMs: config.outOfOrderTimeWindowMs,
    maxBlockMs: options.maxBlockMs,
    segmentBytes: options.segmentBytes,
    ...(options.walCompression !== undefined && { walCompression: options.walCompression }),
    ...(options.blockWorkerUrl !== undefined && { blockWorkerUrl: options.blockWorkerUrl }),
    snapshotMs: snapshotMs(options.query),
    maxExemplars: exemplarsMax(options, config),
    now: options.now,
    log: options.log,
    disk: nodeDisk(),
  })
  let vigie: Vigie | undefined
  try {
    vigie = new Vigie(options, config, storage)
    await vigie.start()
    return vigie
  } catch (error) {
    await (vigie?.stop() ?? storage.close())
    throw error
  }
}

/** As in Prometheus, none are kept unless the feature is on. */
const exemplarsMax = ({ features }: VigieOptions, config: VigieConfig): number =>
  features?.has('exemplar-storage') === true ? config.maxExemplars : 0

function readConfig(options: VigieOptions, watchlist: Watchlist): VigieConfig {
  const { configFile, env } = options
  const features = options.features ?? new Set()
  const rest = {
    env,
    language: featureOptions(features),
    nativeHistograms: features.has('native-histograms'),
  }
  if (configFile === null)
    return parseConfig({ file: 'vigie.yml', text: generateConfig(watchlist.targets), ...rest })
  return parseConfig({ file: configFile, text: readFileSync(configFile, 'utf8'), ...rest })
}

function safetyOf(options: VigieOptions): { hosts: string[]; isOpen: boolean } {
  const hosts = [hostName(options.listen.host)]
  if (options.externalUrl !== null) hosts.push(new URL(options.externalUrl).hostname)
  return { hosts, isOpen: !isLoopback(options.listen.host) }
}

/** Threads for queries: more would only wait for the same cores. */
const QUERY_WORKERS_MAX = 4

function queryPool(
  { queryWorkerUrl: url, query }: VigieOptions,
  engine: EngineOptions,
  storage: Tsdb,
): QueryPool | undefined {
  if (url === undefined) return undefined
  const { maxConcurrency } = query
  const workersMax = Math.min(availableParallelism(), QUERY_WORKERS_MAX, maxConcurrency)
  const settings = {
    // All of them together never run more than they may.
    engine: { ...engine, maxConcurrency: Math.floor(maxConcurrency / workersMax) },
    snapshotMs: snapshotMs(query),
  }
  return new QueryPool({ url, workersMax, settings, storage })
}

/** What a query may need outlives it by this much, ms. */
const SNAPSHOT_RESERVE_MS = 3 * 60_000

/** How long a query may read what it has selected. */
const snapshotMs = ({ timeoutMs }: VigieOptions['query']): number => timeoutMs + SNAPSHOT_RESERVE_MS
