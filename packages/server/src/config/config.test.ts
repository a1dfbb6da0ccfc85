import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from './config.ts'
import { generateConfig } from './generate.ts'
import { coverSecrets } from './secrets.ts'
import { ConfigError } from './source.ts'

const parse = (text: string): ReturnType<typeof parseConfig> =>
  parseConfig({ file: 'vigie.yml', text, env: { PG: 'postgres://u:p@localhost/db' } })

function problemsOf(text: string): string[] {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')
    throw error
  }
  return []
}

test('a wrong file names line, key, what was found and what was expected, all at once', () => {
  const text = [
    'global:',
    '  scrape_interval: fast',
    '  scrape_intervall: 5s',
    'scrape_configs:',
    '  - job_name: a',
    '    scheme: gopher',
    '  - job_name: a',
    '    static_configs: [{ targets: [localhost:1], lables: {} }]',
    'probes:',
    '  - name: p',
    'colour: red',
    'load: { scripts: 5, at_once: 0 }',
  ].join('\n')
  expect(problemsOf(text)).toEqual([
    'vigie.yml:2: global.scrape_interval: found "fast", expected a duration such as 15s or 1m',
    'vigie.yml:3: global.scrape_intervall: unknown key',
    'vigie.yml:6: scrape_configs[0].scheme: expected http or https',
    'vigie.yml:8: scrape_configs[1].static_configs[0].lables: unknown key',
    'vigie.yml:10: probes[0]: expected one of http and tcp',
    'vigie.yml:11: colour: unknown key',
    'vigie.yml:12: load.scripts: found 5; expected text',
    'vigie.yml:12: load.at_once: expected a number of 1 or more',
  ])
})

test('what takes several keys to see', () => {
  const check = (text: string, want: string): void =>
    expect(problemsOf(text)).toEqual([`vigie.yml:${want}`])
  check(
    'scrape_configs:\n- job_name: a\n- job_name: a',
    '3: scrape_configs[1].job_name: found multiple scrape configs with job name "a"',
  )
  check(
    'scrape_configs:\n- job_name: a\n  scrape_interval: 1s\n  scrape_timeout: 2s',
    '4: scrape_configs[0].scrape_timeout: scrape timeout greater than scrape interval for scrape config with job name "a"',
  )
  check(
    'scrape_configs:\n- job_name: a\n  relabel_configs: [{ action: hashmod, target_label: x }]',
    '3: scrape_configs[0].relabel_configs[0]: relabel configuration for hashmod requires non-zero modulus',
  )
  check(
    'a: [',
    '1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  )
})

test('keys of Prometheus that are not served are named warnings', () => {
  const config = parse(
    'tracing: { endpoint: x }\nscrape_configs:\n- job_name: a\n  kubernetes_sd_configs: [{ role: pod }]\n',
  )
  expect(config.warnings).toEqual([
    'vigie.yml:1: tracing: not served yet, ignored',
    'vigie.yml:4: scrape_configs.0.kubernetes_sd_configs: not served yet, ignored',
  ])
})

test('the feature native-histograms is the default of scrape_native_histograms', () => {
  const native = (text: string, nativeHistograms: boolean): boolean =>
    parseConfig({ file: 'vigie.yml', text, env: {}, nativeHistograms }).scrapeJobs[0].histograms
      .native
  const job = 'scrape_configs: [{ job_name: a }]'
  expect(native(job, false)).toBe(false)
  expect(native(job, true)).toBe(true)
  expect(native(`global: { scrape_native_histograms: false }\n${job}`, true)).toBe(false)
})

test('defaults and inheritance are those of Prometheus', () => {
  const [job] = parse(
    'global: { scrape_interval: 5s }\nscrape_configs: [{ job_name: a }]',
  ).scrapeJobs
  expect(job.intervalMs).toBe(5000)
  expect(job.timeoutMs).toBe(5000)
  expect(job.metricsPath).toBe('/metrics')
  expect(parse('').scrapeIntervalMs).toBe(60_000)
})

test('problems of rule files are named with the file that has them', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-config-'))
  writeFileSync(
    join(dir, 'a.rules.yml'),
    'groups:\n- name: g\n  rules:\n  - record: x\n    expr: sum(\n',
  )
  const file = join(dir, 'vigie.yml')
  const run = (): unknown => parseConfig({ file, text: 'rule_files: ["*.rules.yml"]', env: {} })
  expect(run).toThrow(/a\.rules\.yml:\d+: .*parse error/)
})

test('what Vigie writes without a file is what it reads', () => {
  const text = generateConfig([
    {
      target: 'localhost:3000',
      kind: 'scrape',
      address: 'localhost:3000',
      name: 'app',
      metricsPath: '/metrics',
      scheme: 'http',
    },
    {
      target: 'https://example.org',
      kind: 'http',
      address: 'https://example.org/',
      name: 'example.org',
      metricsPath: '',
      scheme: 'https',
    },
  ])
  const config = parse(text)
  expect(config.scrapeJobs.map((job) => job.name)).toEqual(['app'])
  expect(config.probeJobs.map((job) => job.name)).toEqual(['example.org'])
  expect([config.self, config.host]).toEqual([true, true])
})

describe('secrets are covered', () => {
  const check = (text: string, want: string): void => expect(coverSecrets(text)).toBe(`${want}\n`)

  test('wherever they stand', () => {
    check(
      'basic_auth: { username: u, password: hunter2 }',
      'basic_auth:\n  username: u\n  password: <secret>',
    )
    check('password: 12345', 'password: <secret>')
    check('password: ""', 'password: ""')
    check('password_file: /a/b', 'password_file: /a/b')
    check('url: postgres://u:hunter2@h/db', 'url: postgres://u:<secret>@h/db')
    check('url: postgres://u:hunt@er2@h/db', 'url: postgres://u:<secret>@h/db')
    check(
      'url: postgres://h/db?user=u&password=hunter2&x=1',
      'url: postgres://h/db?user=u&password=<secret>&x=1',
    )
    check('url: host=h password=hunter2 user=u', 'url: host=h password=<secret> user=u')
    check('url: ${PG}', 'url: ${PG}')
    check('url: postgres://h/db?password=${PW}', 'url: postgres://h/db?password=${PW}')
    check('targets: ["https://u:hunter2@h/"]', 'targets:\n  - https://u:<secret>@h/')
    check(
      'headers: { Authorization: Bearer hunter2, X-Api-Key: 5, Accept: a }',
      'headers:\n  Authorization: <secret>\n  X-Api-Key: <secret>\n  Accept: a',
    )
    check('slack_configs: [{ api_url: https://hunter2 }]', 'slack_configs:\n  - api_url: <secret>')
    check('webhook_configs: [{ url: https://hunter2 }]', 'webhook_configs:\n  - url: <secret>')
    check('probes: [{ url: https://h }]', 'probes:\n  - url: https://h')
  })

  test('behind anchors, and gone with comments', () => {
    check(
      'a: { password: &p hunter2 }\nb: { password: *p }',
      'a:\n  password: <secret>\nb:\n  password: <secret>',
    )
    check('# password: hunter2\na: 1 # hunter2', 'a: 1')
  })

  test('in problems of the file', () => {
    const text = 'scrape_configs:\n- job_name: a\n  basic_auth: { password: 4711 }'
    expect(problemsOf(text)).toEqual([
      'vigie.yml:3: scrape_configs[0].basic_auth.password: expected text',
    ])
  })
})

test('the environment comes into data sources and external labels, and never into what is shown', () => {
  const config = parse(
    'global: { external_labels: { at: "${PG}$$" } }\ndatasources: { main: { url: "${PG}" } }\n' +
      'checks: [{ name: c, sql: { source: main, query: "select 1" }, expect: { rows: 1 } }]',
  )
  expect(config.datasources).toEqual([
    expect.objectContaining({ name: 'main', url: 'postgres://u:p@localhost/db' }),
  ])
  expect(config.externalLabels.get('at')).toBe('postgres://u:p@localhost/db$')
  expect(config.shownText).toContain('url: ${PG}')
  expect(config.shownText).not.toContain('localhost/db')
})

test('how long samples are kept, and how late they may come', () => {
  const { outOfOrderTimeWindowMs, retentionMs, retentionBytes } = parse(
    'storage: { tsdb: { out_of_order_time_window: 30m, retention: { time: 30d, size: 5GB } } }',
  )
  expect([outOfOrderTimeWindowMs, retentionMs, retentionBytes]).toEqual([
    1_800_000,
    30 * 86_400_000,
    5 * 2 ** 30,
  ])
  const plain = parse('')
  expect([plain.outOfOrderTimeWindowMs, plain.retentionMs, plain.retentionBytes]).toEqual([
    0,
    undefined,
    undefined,
  ])
  expect(parse('storage: { tsdb: { chunk_encoding: {} } }').warnings).toEqual([
    'vigie.yml:1: storage.tsdb.chunk_encoding: not served yet, ignored',
  ])
  expect(problemsOf('storage: { tsdb: { retention: { time: long } } }')).toEqual([
    'vigie.yml:1: storage.tsdb.retention.time: found "long", expected a duration such as 15s or 1m',
  ])
})

test('how metrics of OpenTelemetry are named', () => {
  expect(parse('otlp:').otlp).toEqual(parse('').otlp)
  const { otlp } = parse(
    'otlp: { translation_strategy: NoTranslation, promote_resource_attributes: [" a.b "] }',
  )
  expect([otlp.strategy, otlp.promoted]).toEqual([
    'NoTranslation',
    { isAllBut: false, names: new Set(['a.b']) },
  ])
  const all = parse(
    'otlp: { promote_all_resource_attributes: true, ignore_resource_attributes: [a] }',
  )
  expect(all.otlp.promoted).toEqual({ isAllBut: true, names: new Set(['a']) })
  const wrong = (text: string): string[] => problemsOf(`otlp: { ${text} }`)
  expect(wrong('ignore_resource_attributes: [a]')).toEqual([
    'vigie.yml:1: otlp.ignore_resource_attributes: cannot be configured unless promote_all_resource_attributes is true',
  ])
  expect(
    wrong('promote_all_resource_attributes: true, promote_resource_attributes: [a, "", a]'),
  ).toEqual([
    'vigie.yml:1: otlp.promote_resource_attributes: cannot be configured together with promote_all_resource_attributes',
  ])
  expect(wrong('promote_resource_attributes: [a, "", a]')).toEqual([
    'vigie.yml:1: otlp.promote_resource_attributes[1]: empty resource attribute',
    'vigie.yml:1: otlp.promote_resource_attributes[2]: duplicated resource attribute "a"',
  ])
  expect(wrong('translation_strategy: Other, nope: 1')).toEqual([
    'vigie.yml:1: otlp.translation_strategy: found "Other", expected one of UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes, NoTranslation',
    'vigie.yml:1: otlp.nope: unknown key',
  ])
})
