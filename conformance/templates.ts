/** Suite `templates`: Prometheus's own cases for templates of rules (alerting/templates.json). */
import { readFileSync } from 'node:fs'
import { RuleTemplate, type TemplateValue } from '@vigie/alerting'
import { Labels } from '@vigie/model'
import type { SuiteResult } from './suite.ts'

interface Case {
  line: number
  text: string
  output?: string
  shouldFail?: boolean
  errorMsg?: string
  html?: boolean
  options?: unknown
  input?: unknown
  queryResult?: { F?: number; H?: unknown; Metric?: Record<string, string> }[]
}

interface Vectors {
  externalURL: string
  nowMs: number
  cases: Case[]
}

const GO_CONSTANTS = new Map([
  ['math.MaxUint64', 18446744073709551615n],
  ['math.MinInt64', -9223372036854775808n],
])

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const vectors = JSON.parse(
    readFileSync(`${vectorsDir}/alerting/templates.json`, 'utf8'),
  ) as Vectors
  const failures: SuiteResult['failures'] = []
  for (const one of vectors.cases) {
    const reason = await runCase(one, vectors)
    if (reason !== undefined)
      failures.push({ name: `template_test.go:${one.line} ${one.text}`, reason })
  }
  const total = vectors.cases.length
  return { suite: 'templates', passed: total - failures.length, total, failures }
}

async function runCase(one: Case, vectors: Vectors): Promise<string | undefined> {
  let output: string
  try {
    output = await expand(one, vectors)
  } catch (error) {
    const { message } = error as Error
    if (one.shouldFail !== true) return `failed: ${message}`
    return message === one.errorMsg ? undefined : `got error ${message}, want ${one.errorMsg}`
  }
  if (one.shouldFail === true) return `got ${JSON.stringify(output)}, want error ${one.errorMsg}`
  const want = one.output ?? ''
  return output === want ? undefined : `got ${JSON.stringify(output)}, want ${JSON.stringify(want)}`
}

function expand(one: Case, vectors: Vectors): Promise<string> {
  const template = new RuleTemplate('test', one.text)
  return template.expand(value(one.input), {
    timeMs: vectors.nowMs,
    externalUrl: vectors.externalURL,
    isHtml: one.html === true,
    isMissingKeyError: Array.isArray(one.options) && one.options.includes('missingkey=error'),
    query: async () =>
      (one.queryResult ?? []).map((sample) => {
        if (sample.F === undefined) throw new Error('native histograms are not served')
        return { labels: Labels.fromObject(sample.Metric ?? {}), v: sample.F }
      }),
  })
}

/** JSON to template values. */
function value(json: unknown): TemplateValue {
  if (json === undefined || json === null) return null
  if (typeof json === 'string') return GO_CONSTANTS.get(json) ?? json
  if (Array.isArray(json)) return json.map(value)
  if (typeof json === 'object')
    return new Map(Object.entries(json).map(([key, inner]) => [key, value(inner)]))
  return json as number | boolean
}
