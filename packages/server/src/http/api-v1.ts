/** The Prometheus HTTP API below /api/v1. */
import { hostname } from 'node:os'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Labels, type Matcher, compareLabels, formatDuration } from '@vigie/model'
import { ParseError, QueryError, type QueryResult, parseExpr, printExpr } from '@vigie/promql'
import { acceptWrite } from '../remote-write.ts'
import type { Vigie } from '../vigie.ts'
import { ApiError, type ApiErrorType, badData, badParameter } from './api-error.ts'
import { paramsOf } from './app.ts'
import {
  durationParam,
  endParam,
  labelNameParam,
  limitParam,
  matchersParam,
  requiredDurationParam,
  requiredTimeParam,
  startParam,
  timeParam,
} from './params.ts'
import { labelsJson, resultJson, successJson } from './prom-json.ts'

/** More points per series than a screen has pixels: refused, as in Prometheus. */
const POINTS_MAX = 11_000
/** Prometheus lists this many annotations and counts the rest. */
const ANNOTATIONS_MAX = 10

/** Everything an answer says besides its data. */
interface Answer {
  /** JSON text. */
  data: string
  warnings?: readonly string[]
  infos?: readonly string[]
}

type Handler = (
  params: URLSearchParams,
  request: FastifyRequest,
  vigie: Vigie,
  signal: AbortSignal,
) => Answer | Promise<Answer>

const BOTH = ['GET', 'POST'] as const
const GET = ['GET'] as const

const ROUTES: readonly (readonly [
  methods: readonly ('GET' | 'POST')[],
  path: string,
  handler: Handler,
])[] = [
  [BOTH, '/query', query],
  [BOTH, '/query_range', queryRange],
  [BOTH, '/format_query', formatQuery],
  [BOTH, '/series', series],
  [BOTH, '/labels', labelNames],
  [GET, '/label/:name/values', labelValues],
  [GET, '/targets', targets],
  [GET, '/targets/metadata', targetsMetadata],
  [GET, '/scrape_pools', scrapePools],
  [GET, '/metadata', metadata],
  [GET, '/rules', rules],
  [GET, '/alerts', alerts],
  [GET, '/alertmanagers', () => json({ activeAlertmanagers: [], droppedAlertmanagers: [] })],
  [BOTH, '/query_exemplars', () => json([])],
  [GET, '/status/config', (_params, _request, vigie) => json({ yaml: vigie.config.shownText })],
  [GET, '/status/flags', (_params, _request, vigie) => json(Object.fromEntries(vigie.flags))],
  [GET, '/status/runtimeinfo', runtimeInfo],
  [GET, '/status/buildinfo', buildInfo],
  [GET, '/status/tsdb', tsdbStatus],
  [GET, '/status/walreplay', () => json({ min: 0, max: 0, current: 0, state: 'done' })],
]

export function addApiV1(app: FastifyInstance, vigie: Vigie): void {
  for (const [methods, path, handler] of ROUTES) {
    app.route({
      method: [...methods],
      url: `/api/v1${path}`,
      handler: async (request, reply) => answer(handler, request, reply, vigie),
    })
  }
  app.post('/api/v1/write', async (request, reply) => acceptWrite(request, reply, vigie))
}

async function answer(
  handler: Handler,
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<string> {
  const abort = new AbortController()
  const onClose = (): void => {
    if (!reply.raw.writableEnded) abort.abort()
  }
  reply.raw.once('close', onClose)
  try {
    const { data, warnings, infos } = await handler(paramsOf(request), request, vigie, abort.signal)
    reply.type('application/json')
    return successJson(data, capped(warnings), capped(infos))
  } catch (error) {
    throw asApiError(error)
  } finally {
    reply.raw.off('close', onClose)
  }
}

const json = (value: unknown): Answer => ({ data: JSON.stringify(value) })

function capped(annotations: readonly string[] = []): readonly string[] {
  if (annotations.length <= ANNOTATIONS_MAX) return annotations
  const rest = annotations.length - ANNOTATIONS_MAX
  return [...annotations.slice(0, ANNOTATIONS_MAX), `${rest} more annotations omitted`]
}

function asApiError(error: unknown): unknown {
  if (error instanceof ParseError) return badParameter('query', error.message)
  if (error instanceof QueryError)
    return new ApiError(QUERY_ERRORS[error.code], error.message, { cause: error })
  return error
}

const QUERY_ERRORS: Record<QueryError['code'], ApiErrorType> = {
  timeout: 'timeout',
  canceled: 'canceled',
  execution: 'execution',
  tooManySamples: 'execution',
  storage: 'internal',
}

async function query(
  params: URLSearchParams,
  _request: FastifyRequest,
  vigie: Vigie,
  signal: AbortSignal,
): Promise<Answer> {
  const timeMs = timeParam(params, 'time', vigie.now())
  const limit = limitParam(params)
  const result = await vigie.engine.instant(vigie.queryable, params.get('query') ?? '', {
    timeMs,
    ...queryOptions(params, signal),
  })
  return resultAnswer(result, limit)
}

async function queryRange(
  params: URLSearchParams,
  _request: FastifyRequest,
  vigie: Vigie,
  signal: AbortSignal,
): Promise<Answer> {
  const limit = limitParam(params)
  const startMs = requiredTimeParam(params, 'start')
  const endMs = requiredTimeParam(params, 'end')
  if (endMs < startMs) throw badParameter('end', 'end timestamp must not be before start time')
  const stepMs = requiredDurationParam(params, 'step')
  if (stepMs < 1)
    throw badParameter(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    )
  if ((endMs - startMs) / stepMs > POINTS_MAX)
    throw badData(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    )
  const result = await vigie.engine.range(vigie.queryable, params.get('query') ?? '', {
    startMs,
    endMs,
    stepMs,
    ...queryOptions(params, signal),
  })
  return resultAnswer(result, limit)
}

function queryOptions(
  params: URLSearchParams,
  signal: AbortSignal,
): { signal: AbortSignal; lookbackMs?: number; timeoutMs?: number } {
  const lookbackMs = durationParam(params, 'lookback_delta')
  const timeoutMs = durationParam(params, 'timeout')
  return {
    signal,
    ...(lookbackMs === undefined ? {} : { lookbackMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

function resultAnswer(result: QueryResult, limit: number): Answer {
  const count =
    result.type === 'vector'
      ? result.samples.length
      : result.type === 'matrix'
        ? result.series.length
        : 0
  const warnings =
    limit > 0 && count > limit
      ? [...result.warnings, 'results truncated due to limit']
      : result.warnings
  return { data: resultJson(result, limit), warnings, infos: result.infos }
}

function formatQuery(params: URLSearchParams): Answer {
  return json(printExpr(parseExpr(params.get('query') ?? '')))
}

async function series(
  params: URLSearchParams,
  _request: FastifyRequest,
  vigie: Vigie,
): Promise<Answer> {
  const limit = limitParam(params)
  const selectors = matchersParam(params)
  if (selectors.length === 0) throw badData('no match[] parameter provided')
  const [minT, maxT] = [startParam(params), endParam(params)]
  const found = new Map<string, Labels>()
  for (const matchers of selectors) {
    const set = await vigie.queryable.select(matchers, minT, maxT)
    for (let i = 0; i < set.count; i++) {
      const labels = set.labels(i)
      found.set(labels.key, labels)
    }
  }
  const sorted = [...found.values()].sort(compareLabels)
  const kept = limit > 0 ? sorted.slice(0, limit) : sorted
  return { data: `[${kept.map(labelsJson).join(',')}]`, warnings: cutWarning(sorted, limit) }
}

const cutWarning = (all: readonly unknown[], limit: number): string[] =>
  limit > 0 && all.length > limit ? ['results truncated due to limit'] : []

async function labelNames(
  params: URLSearchParams,
  _request: FastifyRequest,
  vigie: Vigie,
): Promise<Answer> {
  const limit = limitParam(params)
  const names = await vigie.queryable.labelNames(labelQuery(params))
  return limited(names, limit)
}

async function labelValues(
  params: URLSearchParams,
  request: FastifyRequest,
  vigie: Vigie,
): Promise<Answer> {
  const limit = limitParam(params)
  const name = labelNameParam((request.params as { name: string }).name)
  const values = await vigie.queryable.labelValues(name, labelQuery(params))
  return limited(values, limit)
}

function labelQuery(params: URLSearchParams): {
  minT: number
  maxT: number
  matchers: Matcher[][]
} {
  return { minT: startParam(params), maxT: endParam(params), matchers: matchersParam(params) }
}

function limited(all: readonly string[], limit: number): Answer {
  return {
    data: JSON.stringify(limit > 0 ? all.slice(0, limit) : all),
    warnings: cutWarning(all, limit),
  }
}

function targets(params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  const state = (params.get('state') ?? 'any').toLowerCase()
  const pool = params.get('scrapePool') ?? ''
  const all = vigie.scrape.targets()
  const inPool = (one: { scrapePool: string }): boolean => pool === '' || one.scrapePool === pool
  const active = state === 'dropped' ? [] : all.active.filter(inPool)
  const dropped = state === 'active' ? [] : all.dropped.filter(inPool)
  return json({
    activeTargets: active.map((one) => ({
      discoveredLabels: one.discoveredLabels.toObject(),
      labels: one.labels.toObject(),
      scrapePool: one.scrapePool,
      scrapeUrl: one.scrapeUrl,
      globalUrl: one.globalUrl,
      lastError: one.lastError,
      lastScrape: isoTime(one.lastScrapeMs),
      lastScrapeDuration: one.lastScrapeDurationSeconds,
      health: one.health,
      scrapeInterval: formatDuration(one.intervalMs),
      scrapeTimeout: formatDuration(one.timeoutMs),
    })),
    droppedTargets: dropped.map((one) => ({
      discoveredLabels: one.discoveredLabels.toObject(),
      scrapePool: one.scrapePool,
    })),
    droppedTargetCounts: Object.fromEntries(all.droppedCounts),
  })
}

/** Go's zero time, which Prometheus shows for what has not happened yet. */
const isoTime = (ms: number): string =>
  ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString()

function scrapePools(_params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  const pools = new Set(vigie.scrape.targets().active.map((one) => one.scrapePool))
  return json({ scrapePools: [...pools].sort() })
}

function metadata(params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  const metric = params.get('metric') ?? ''
  const limit = limitParam(params)
  const byName = new Map<string, Map<string, { type: string; unit: string; help: string }>>()
  for (const one of vigie.scrape.metadata()) {
    if (metric !== '' && one.metric !== metric) continue
    if (limit > 0 && byName.size >= limit && !byName.has(one.metric)) continue
    const entry = { type: one.type, unit: one.unit, help: one.help }
    let entries = byName.get(one.metric)
    if (entries === undefined) byName.set(one.metric, (entries = new Map()))
    entries.set(JSON.stringify(entry), entry)
  }
  return json(
    Object.fromEntries([...byName].map(([name, entries]) => [name, [...entries.values()]])),
  )
}

function targetsMetadata(params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  const metric = params.get('metric') ?? ''
  const limit = limitParam(params)
  const selector = params.get('match_target') ?? ''
  const matchers =
    selector === '' ? [] : matchersParam(new URLSearchParams([['match[]', selector]]))[0]
  const rows = vigie.scrape
    .metadata()
    .filter((one) => metric === '' || one.metric === metric)
    .filter((one) => matchers.every((matcher) => matcher.matches(one.target.get(matcher.name))))
    .map((one) => ({
      target: one.target.toObject(),
      metric: one.metric,
      type: one.type,
      help: one.help,
      unit: one.unit,
    }))
  return json(limit > 0 ? rows.slice(0, limit) : rows)
}

function rules(params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  const type = params.get('type') ?? ''
  if (!['', 'alert', 'record'].includes(type))
    throw badParameter('type', `not supported value ${JSON.stringify(type)}`)
  const wanted = { alert: 'alerting', record: 'recording' }[type]
  const names = new Set(params.getAll('rule_name[]'))
  const groupNames = new Set(params.getAll('rule_group[]'))
  const files = new Set(params.getAll('file[]'))
  const groups = vigie.rules
    .groups()
    .filter(
      (group) =>
        (groupNames.size === 0 || groupNames.has(group.name)) &&
        (files.size === 0 || files.has(group.file)),
    )
    .map((group) => ({
      ...group,
      rules: group.rules.filter(
        (rule) =>
          (wanted === undefined || rule.type === wanted) &&
          (names.size === 0 || names.has(rule.name)),
      ),
    }))
    .filter((group) => group.rules.length > 0)
  return json({ groups })
}

function alerts(_params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  return json({ alerts: vigie.rules.alerts() })
}

function runtimeInfo(_params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  const { storage } = vigie
  return json({
    startTime: new Date(vigie.startTimeMs).toISOString(),
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: new Date(vigie.now()).toISOString(),
    reloadConfigSuccess: vigie.configError === null,
    lastConfigTime: new Date(vigie.configTimeMs).toISOString(),
    corruptionCount: 0,
    goroutineCount: 1,
    GOMAXPROCS: 1,
    GOMEMLIMIT: 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: `${formatDuration(vigie.retentionMs)} or ${storage.stats().retentionBytes / 2 ** 20}MiB`,
  })
}

function buildInfo(_params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  return json({
    version: vigie.version,
    revision: '',
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: process.version,
  })
}

function tsdbStatus(params: URLSearchParams, _request: FastifyRequest, vigie: Vigie): Answer {
  const stats = vigie.storage.stats()
  const { numLabelPairs, ...lists } = vigie.storage.cardinality(limitParam(params) || 10)
  return json({
    headStats: {
      numSeries: stats.series,
      numLabelPairs,
      chunkCount: stats.chunks,
      minTime: stats.oldestMs ?? 0,
      maxTime: stats.newestMs ?? 0,
    },
    ...lists,
  })
}
