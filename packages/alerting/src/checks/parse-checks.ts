/** `datasources:` and `checks:` of the configuration file. */
import { parseExpr } from '@vigie/promql'
import { Fields, describe, isMap } from '../fields.ts'
import type { KeyPath, Report } from '../problem-report.ts'
import type { CheckConfig, CheckSource, Datasource, Expectation } from './check-config.ts'
import { parseCondition } from './condition.ts'
import { parsePath } from './json-path.ts'

const EVERY_MS = 60_000
const EVERY_MIN_MS = 500
const SAMPLE_COUNT = 5
const SAMPLE_COUNT_MAX = 100

/** Checks the plain values of both sections (undefined: absent). The result is usable only when nothing was reported. */
export function parseChecks(
  datasources: unknown,
  checks: unknown,
  report: Report,
): { datasources: Datasource[]; checks: CheckConfig[] } {
  const sources = parseDatasources(datasources, report)
  const known = new Set(sources.map((one) => one.name))
  const names = new Set<string>()
  const top = new Fields({ checks }, [], report)
  const parsed = top.maps('checks').map((fields) => {
    const check = parseCheck(fields, known, report)
    if (names.has(check.name))
      fields.report('name', `check ${JSON.stringify(check.name)} is there twice`)
    names.add(check.name)
    return check
  })
  return { datasources: sources, checks: parsed }
}

function parseDatasources(value: unknown, report: Report): Datasource[] {
  const fields = new Fields(value, ['datasources'], report)
  return fields.keys().map((name) => {
    const one = fields.map(name)
    const type = one.text('type', 'postgres')
    if (type !== 'postgres' && type !== 'postgresql')
      one.report('type', `got ${JSON.stringify(type)}, want postgres`)
    const url = one.needed('url')
    // The address holds a password and is not shown.
    if (url !== '' && !/^postgres(ql)?:\/\//.test(url))
      one.report('url', 'want an address like postgres://user:password@host:5432/database')
    one.finish()
    return { name, type: 'postgres', url }
  })
}

function parseCheck(fields: Fields, datasources: ReadonlySet<string>, report: Report): CheckConfig {
  const source = parseSource(fields, datasources)
  const everyMs = fields.durationMs('every') ?? EVERY_MS
  if (everyMs < EVERY_MIN_MS) fields.report('every', `want ${EVERY_MIN_MS}ms or more`)
  const sampleCount = fields.count('sample', SAMPLE_COUNT)
  if (sampleCount > SAMPLE_COUNT_MAX) fields.report('sample', `want ${SAMPLE_COUNT_MAX} or less`)
  const check: CheckConfig = {
    name: fields.needed('name'),
    source,
    expectation: parseExpectation(fields, source.kind, report),
    everyMs,
    failuresMin: parseFor(fields, everyMs),
    severity: fields.text('severity', 'warning'),
    sampleCount,
    description: fields.text('description'),
  }
  fields.finish()
  return check
}

function parseSource(fields: Fields, datasources: ReadonlySet<string>): CheckSource {
  const kinds = ['sql', 'http', 'promql'].filter((kind) => fields.has(kind))
  if (kinds.length !== 1)
    fields.report(
      undefined,
      `${kinds.length === 0 ? 'nothing to ask' : `got ${kinds.join(' and ')}`}; want one of sql, http, promql`,
    )
  if (fields.has('sql')) return parseSql(fields.map('sql'), datasources)
  if (fields.has('http')) return parseHttp(fields)
  const query = isMap(fields.raw('promql'))
    ? fields.map('promql').needed('query')
    : fields.text('promql')
  try {
    if (query !== '') parseExpr(query)
  } catch (error) {
    fields.report('promql', (error as Error).message)
  }
  return { kind: 'promql', query }
}

function parseSql(fields: Fields, datasources: ReadonlySet<string>): CheckSource {
  const names = [...datasources]
  const datasource = fields.text('source', names.length === 1 ? names[0] : '')
  if (!datasources.has(datasource))
    fields.report(
      fields.has('source') ? 'source' : undefined,
      `no datasource ${JSON.stringify(datasource)}; want one of ${names.join(', ') || 'the names under datasources, which is empty'}`,
    )
  const query = fields.needed('query')
  fields.finish()
  return { kind: 'sql', datasource, query }
}

function parseHttp(fields: Fields): CheckSource {
  if (typeof fields.raw('http') === 'string')
    return { kind: 'http', url: httpUrl(fields, 'http'), headers: new Map(), isJson: true }
  const http = fields.map('http')
  const source: CheckSource = {
    kind: 'http',
    url: httpUrl(http, 'url'),
    headers: http.textMap('headers'),
    isJson: http.flag('json', true),
  }
  http.finish()
  return source
}

function httpUrl(fields: Fields, key: string): string {
  const url = fields.needed(key)
  if (url !== '' && !/^https?:\/\/[^/]/.test(url))
    fields.report(key, 'want an address that starts with http:// or https://')
  return url
}

/** How many failures in a row, or how long. */
function parseFor(fields: Fields, everyMs: number): number {
  const value = fields.raw('for')
  if (value === undefined) return 1
  if (typeof value === 'number') return Math.max(1, fields.count('for', 1))
  const ms = fields.durationMs('for') ?? 0
  return Math.max(1, Math.ceil(ms / everyMs))
}

function parseExpectation(fields: Fields, kind: CheckSource['kind'], report: Report): Expectation {
  if (!fields.has('expect')) {
    if (kind !== 'sql') fields.report(undefined, 'missing expect')
    return { kind: 'rows', count: 0 }
  }
  const expect = fields.map('expect')
  const ways = ['rows', 'value', 'between', 'expr'].filter((key) => expect.has(key))
  if (ways.length !== 1)
    expect.report(
      undefined,
      `got ${ways.join(' and ') || 'nothing'}, want one of rows, value, between, expr`,
    )
  const expectation = readExpectation(expect, ways[0], report)
  expect.finish()
  return expectation
}

function readExpectation(expect: Fields, way: string | undefined, report: Report): Expectation {
  const path = (): string => {
    const text = expect.text('path')
    attempt(expect, 'path', () => parsePath(text))
    return text
  }
  if (way === 'value') {
    const value = expect.raw('value')
    const isPlain = ['number', 'string', 'boolean'].includes(typeof value)
    if (!isPlain)
      expect.report('value', `got ${describe(value)}, want a number, a text, true or false`)
    const tolerance = expect.number('tolerance') ?? 0
    return { kind: 'value', value: value as number | string | boolean, tolerance, path: path() }
  }
  if (way === 'between') {
    const [min, max] = boundsOf(expect.raw('between'), [...expect.path, 'between'], report)
    return { kind: 'between', min, max, path: path() }
  }
  if (way === 'expr') {
    const expr = expect.text('expr')
    attempt(expect, 'expr', () => parseCondition(expr))
    return { kind: 'expr', expr }
  }
  return { kind: 'rows', count: expect.count('rows', 0) }
}

function boundsOf(value: unknown, path: KeyPath, report: Report): [min: number, max: number] {
  if (Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'number')) {
    const [min, max] = value as [number, number]
    if (min > max) report(path, `${min} is more than ${max}`)
    return [min, max]
  }
  report(path, `got ${describe(value)}, want two numbers like [-1, 1]`)
  return [0, 0]
}

function attempt(fields: Fields, key: string, action: () => unknown): void {
  try {
    action()
  } catch (error) {
    fields.report(key, (error as Error).message)
  }
}
