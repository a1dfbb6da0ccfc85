/** `/openapi.yaml`: what may be asked below /api/v1, for tools that make clients of it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { stringify } from 'yaml'
import { paramsOf } from './app.ts'
import { badParameter } from './api-error.ts'

/** `[]` comes several times, `*` must be there, `#` is a whole number, `?` is true or false. */
type Parameters = string

interface Described {
  path: string
  methods: readonly ('get' | 'post' | 'put')[]
  summary: string
  parameters: Parameters
  /** Other than JSON in its envelope. */
  contentType?: string
}

const READ = ['get', 'post'] as const
const GET = ['get'] as const
const ADMIN = ['post', 'put'] as const
const POST = ['post'] as const

const QUERY = 'timeout limit# lookback_delta stats'
const SERIES = 'start end match[] limit#'
const SEARCH =
  'match[] search[] fuzz_threshold# fuzz_alg case_sensitive? sort_by sort_dir include_score? start end limit# batch_size#'
const NDJSON = 'application/x-ndjson'

const row = (
  methods: Described['methods'],
  path: string,
  parameters: Parameters,
  summary: string,
  contentType?: string,
): Described => ({
  path,
  methods,
  summary,
  parameters,
  ...(contentType === undefined ? {} : { contentType }),
})

/** Every path below /api/v1 that Prometheus has too. */
const DESCRIBED: readonly Described[] = [
  row(READ, '/query', `query* time ${QUERY}`, 'Evaluate an expression at one time'),
  row(
    READ,
    '/query_range',
    `query* start* end* step* ${QUERY}`,
    'Evaluate an expression over a range',
  ),
  row(READ, '/query_exemplars', 'query* start end', 'Exemplars of the series in an expression'),
  row(READ, '/format_query', 'query*', 'Print an expression well'),
  row(READ, '/parse_query', 'query*', 'An expression as a tree'),
  row(READ, '/series', SERIES.replace('match[]', 'match[]*'), 'Series that match'),
  row(READ, '/labels', SERIES, 'Names of labels'),
  row(GET, '/label/{name}/values', SERIES, 'Values of a label'),
  row(READ, '/search/metric_names', `${SEARCH} include_metadata?`, 'Find metrics', NDJSON),
  row(READ, '/search/label_names', SEARCH, 'Find labels', NDJSON),
  row(READ, '/search/label_values', `label* ${SEARCH}`, 'Find values of a label', NDJSON),
  row(GET, '/targets', 'state scrapePool', 'Targets and how they are'),
  row(GET, '/targets/metadata', 'match_target metric limit#', 'What targets say of their metrics'),
  row(GET, '/targets/relabel_steps', 'scrapePool* labels*', 'What relabelling makes of a target'),
  row(GET, '/scrape_pools', '', 'Names of jobs'),
  row(GET, '/scrape_pools/config', 'scrapePool*', 'The settings of a job'),
  row(GET, '/metadata', 'metric limit# limit_per_metric#', 'What is known of metrics'),
  row(
    GET,
    '/rules',
    'type rule_name[] rule_group[] file[] match[] exclude_alerts? group_limit# group_next_token',
    'Rules and how they are',
  ),
  row(GET, '/alerts', '', 'Alerts that are pending or firing'),
  row(GET, '/alertmanagers', '', 'Alertmanagers that alerts go to'),
  row(GET, '/notifications', '', 'What the server has to say'),
  row(GET, '/notifications/live', '', 'The same as it comes', 'text/event-stream'),
  row(GET, '/features', '', 'What this server can do'),
  row(GET, '/status/config', '', 'The configuration'),
  row(GET, '/status/flags', '', 'The command line'),
  row(GET, '/status/runtimeinfo', '', 'The process'),
  row(GET, '/status/buildinfo', '', 'The version'),
  row(GET, '/status/tsdb', 'limit#', 'What the storage holds most of'),
  row(GET, '/status/tsdb/blocks', '', 'The blocks of the storage'),
  row(GET, '/status/walreplay', '', 'How far the log is read'),
  row(GET, '/status/self_metrics', 'metric_name_pattern', 'What the server measures of itself'),
  row(ADMIN, '/admin/tsdb/delete_series', 'match[]* start end', 'Delete samples'),
  row(ADMIN, '/admin/tsdb/clean_tombstones', '', 'Free what was deleted'),
  row(ADMIN, '/admin/tsdb/snapshot', 'skip_head?', 'Copy the storage'),
  row(POST, '/write', '', 'Remote write'),
  row(POST, '/read', '', 'Remote read'),
  row(POST, '/otlp/v1/metrics', '', 'Metrics of OpenTelemetry'),
]

const VERSIONS = new Map([
  ['3.1', '3.1.0'],
  ['3.2', '3.2.0'],
])

export async function openapi(
  request: FastifyRequest,
  reply: FastifyReply,
  version: string,
): Promise<FastifyReply> {
  const asked = paramsOf(request).get('openapi_version') || '3.1'
  const openapiVersion = VERSIONS.get(asked)
  if (openapiVersion === undefined)
    throw badParameter('openapi_version', `got ${asked}, want ${[...VERSIONS.keys()].join(' or ')}`)
  return reply
    .type('application/yaml; charset=utf-8')
    .send(stringify(description(openapiVersion, version), { aliasDuplicateObjects: false }))
}

const description = (openapiVersion: string, version: string): object => ({
  openapi: openapiVersion,
  info: { title: 'Vigie: the Prometheus API', version },
  servers: [{ url: '/api/v1' }],
  paths: Object.fromEntries(
    DESCRIBED.map((one) => [
      one.path,
      Object.fromEntries(one.methods.map((method) => [method, operation(one, method)])),
    ]),
  ),
  components: { schemas: { Success: SUCCESS, Error: ERROR } },
})

function operation({ path, summary, parameters, contentType }: Described, method: string): object {
  const all = parameters.split(' ').filter((one) => one !== '')
  const isForm = method === 'post' && !path.startsWith('/admin/') && all.length > 0
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = isForm ? [] : all.map((one) => ({ in: 'query', ...parameter(one) }))
  const shown = [...inPath, ...inQuery]
  return {
    operationId: `${method}${path.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`,
    summary,
    ...(shown.length === 0 ? {} : { parameters: shown }),
    ...(isForm ? { requestBody: form(all) } : {}),
    responses: {
      200: { description: 'It worked.', content: good(contentType) },
      204: { description: 'It worked, and there is nothing to say.' },
      default: { description: 'It did not work.', content: { 'application/json': ref('Error') } },
    },
  }
}

const ref = (name: string): object => ({ schema: { $ref: `#/components/schemas/${name}` } })

const good = (contentType: string | undefined): object =>
  contentType === undefined
    ? { 'application/json': ref('Success') }
    : { [contentType]: { schema: { type: 'string' } } }

function parameter(text: string): { name: string; required: boolean; schema: object } {
  const [, name, marks] = /^(\w+(?:\[\])?)([*#?]*)$/.exec(text)!
  const one = {
    type: marks.includes('#') ? 'integer' : marks.includes('?') ? 'boolean' : 'string',
  }
  const schema = name.endsWith('[]') ? { type: 'array', items: one } : one
  return { name, required: marks.includes('*'), schema }
}

function form(all: readonly string[]): object {
  const fields = all.map(parameter)
  const required = fields.filter((one) => one.required).map((one) => one.name)
  return {
    content: {
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
          ...(required.length === 0 ? {} : { required }),
        },
      },
    },
  }
}

const texts = { type: 'array', items: { type: 'string' } }
const SUCCESS = {
  type: 'object',
  required: ['status', 'data'],
  properties: {
    status: { type: 'string', enum: ['success'] },
    data: {},
    warnings: texts,
    infos: texts,
  },
}
const ERROR = {
  type: 'object',
  required: ['status', 'errorType', 'error'],
  properties: {
    status: { type: 'string', enum: ['error'] },
    errorType: { type: 'string' },
    error: { type: 'string' },
  },
}
