/**
 * `/search/{metric_names,label_names,label_values}`: names that fit what somebody typed, best or first
 * ones first, in batches of a line each. Behind the feature `search-api`, as in Prometheus.
 */
import { Readable } from 'node:stream'
import { quote } from '@vigie/model'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Vigie } from '../vigie.ts'
import { type ApiError, badData } from './api-error.ts'
import { paramsOf } from './app.ts'
import { FALSE, TRUE } from './booleans.ts'
import { endParam, goInteger, matchersParam, startParam } from './params.ts'
import { type ScorerOptions, makeScorer } from './search-score.ts'

export type SearchKind = 'metric_names' | 'label_names' | 'label_values'

interface Found {
  name: string
  score: number
}

const LIMIT_DEFAULT = 100
const BATCH_DEFAULT = 100

export async function search(
  kind: SearchKind,
  request: FastifyRequest,
  reply: FastifyReply,
  vigie: Vigie,
): Promise<FastifyReply | void> {
  if (!vigie.switches.features.has('search-api')) {
    reply.callNotFound()
    return
  }
  const lines = await searchLines(kind, paramsOf(request), vigie)
  return reply.type('application/x-ndjson; charset=utf-8').send(Readable.from(lines))
}

async function searchLines(
  kind: SearchKind,
  params: URLSearchParams,
  vigie: Vigie,
): Promise<string[]> {
  const query = {
    minT: startParam(params),
    maxT: endParam(params),
    matchers: matchersParam(params),
  }
  const order = orderOf(params)
  const scorer = makeScorer(params.getAll('search[]'), scorerOptions(params))
  const [limit, batchSize] = [sizeParam(params, 'limit', LIMIT_DEFAULT), batchSizeOf(params)]
  const showsScore = flagParam(params, 'include_score', false)
  const showsMetadata = kind === 'metric_names' && flagParam(params, 'include_metadata', false)
  const names =
    kind === 'label_names'
      ? await vigie.queryable.labelNames(query)
      : await vigie.queryable.labelValues(labelOf(kind, params), query)
  const found = names
    .map((name) => ({ name, score: scorer(name) }))
    .filter(({ score }) => score > 0)
    .sort(order)
  const metadata = showsMetadata ? metadataOf(vigie) : undefined
  const records = found.slice(0, limit).map(({ name, score }) => ({
    name,
    ...metadata?.get(name),
    ...(showsScore ? { score } : {}),
  }))
  const lines: string[] = []
  for (let i = 0; i < Math.max(1, records.length); i += batchSize)
    lines.push(`${JSON.stringify({ results: records.slice(i, i + batchSize) })}\n`)
  lines.push(`${JSON.stringify({ status: 'success', has_more: found.length > limit })}\n`)
  return lines
}

function labelOf(kind: SearchKind, params: URLSearchParams): string {
  if (kind === 'metric_names') return '__name__'
  const label = params.get('label') ?? ''
  if (label === '') throw badData('missing required parameter "label"')
  return label
}

function scorerOptions(params: URLSearchParams): ScorerOptions {
  const text = params.get('fuzz_threshold') ?? ''
  const threshold = text === '' ? 0 : goInteger(text, 'Atoi')
  if (typeof threshold === 'string' || threshold < 0 || threshold > 100)
    throw badData(`invalid fuzz_threshold ${quote(text)}: must be 0-100`)
  const algorithm = params.get('fuzz_alg') || 'subsequence'
  if (algorithm !== 'subsequence' && algorithm !== 'jarowinkler')
    throw badData(
      `unsupported fuzz_alg ${quote(algorithm)}: must be "subsequence" or "jarowinkler"`,
    )
  const isCaseSensitive = flagParam(params, 'case_sensitive', true)
  return { algorithm, threshold: threshold / 100, isCaseSensitive }
}

function orderOf(params: URLSearchParams): (a: Found, b: Found) => number {
  const sortBy = params.get('sort_by') ?? ''
  const direction = params.get('sort_dir') ?? ''
  if (!['', 'alpha', 'score'].includes(sortBy))
    throw badData(`invalid sort_by ${quote(sortBy)}: must be alpha or score`)
  if (!['', 'asc', 'dsc'].includes(direction))
    throw badData(`invalid sort_dir ${quote(direction)}: must be "asc" or "dsc"`)
  if (direction !== '' && sortBy !== 'alpha')
    throw badData('sort_dir is only valid with sort_by=alpha')
  const byName = (a: Found, b: Found): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  if (sortBy === 'score') return (a, b) => b.score - a.score || byName(a, b)
  return direction === 'dsc' ? (a, b) => byName(b, a) : byName
}

/** 0 and nothing are the default. */
function sizeParam(params: URLSearchParams, name: string, missing: number): number {
  const text = params.get(name) ?? ''
  if (text === '') return missing
  const size = goInteger(text, 'Atoi')
  if (typeof size === 'string' || size < 0) throw badSize(name, text)
  return size === 0 ? missing : size
}

const batchSizeOf = (params: URLSearchParams): number =>
  sizeParam(params, 'batch_size', BATCH_DEFAULT)

const badSize = (name: string, text: string): ApiError =>
  badData(`invalid ${name} ${quote(text)}: must be non-negative integer`)

function flagParam(params: URLSearchParams, name: string, missing: boolean): boolean {
  const text = params.get(name) ?? ''
  if (text === '') return missing
  if (TRUE.includes(text)) return true
  if (FALSE.includes(text)) return false
  throw badData(`invalid ${name} ${quote(text)}: must be boolean`)
}

/** What the first target that knows a metric says of it. */
function metadataOf(vigie: Vigie): Map<string, { type: string; help: string; unit: string }> {
  const byName = new Map<string, { type: string; help: string; unit: string }>()
  for (const { metric, type, help, unit } of vigie.scrape.metadata())
    if (!byName.has(metric)) byName.set(metric, { type, help, unit })
  return byName
}
