import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { FlagSettings } from './args.ts'
import { readConfigFile, resolveSettings } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigie-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

const good: [flags: FlagSettings, env: Record<string, string>, expected: object][] = [
  [
    {},
    {},
    { summaryMode: 'compact', includeSystemEnvVars: true, out: null, report: null, noColor: false },
  ],
  [
    {},
    { K6_SUMMARY_MODE: 'full', K6_SUMMARY_EXPORT: 'a' },
    { summaryMode: 'full', summaryExport: 'a' },
  ],
  [{ summaryMode: 'disabled' }, { K6_SUMMARY_MODE: 'full' }, { summaryMode: 'disabled' }],
  [{ noThresholds: false }, { K6_NO_THRESHOLDS: 'true' }, { noThresholds: false }],
  [{}, { K6_NO_THRESHOLDS: 'true' }, { noThresholds: true }],
  [{}, { K6_OUT: 'json=a,csv=b' }, { out: ['json=a', 'csv=b'] }],
  [{ out: ['csv'] }, { K6_OUT: 'json=a' }, { out: ['csv'] }],
  [{}, { NO_COLOR: '1' }, { noColor: true }],
  [{}, { K6_WEB_DASHBOARD: 'true', K6_WEB_DASHBOARD_EXPORT: 'r.html' }, { report: 'r.html' }],
  [
    {},
    { K6_LOG_FORMAT: 'json', K6_LOG_OUTPUT: 'none' },
    { log: { to: 'none', format: 'json', level: null, hasNanoseconds: false } },
  ],
  [
    { logOutput: 'file=a.log,level=warn' },
    {},
    { log: { to: { file: 'a.log' }, level: 'warning', format: 'text', hasNanoseconds: false } },
  ],
]
test.each(good)('%j %j', (flags, env, expected) => {
  expect(resolveSettings(flags, env)).toMatchObject(expected)
})

const bad: [flags: FlagSettings, env: Record<string, string>, code: number, says: string][] = [
  [{ summaryMode: 'legacy' }, {}, 255, 'invalid summary mode "legacy"'],
  [{ logFormat: 'xml' }, {}, 104, 'unsupported log format "xml"'],
  [{ logOutput: 'loki' }, {}, 255, "unsupported log output 'loki'"],
  [{}, { K6_NO_THRESHOLDS: 'perhaps' }, 104, 'K6_NO_THRESHOLDS'],
  [{ type: 'archive' }, {}, 255, 'test type "archive"'],
  [{ tracesOutput: 'otel' }, {}, 255, 'traces output "otel"'],
  [{ secretSource: ['mock=a=b'] }, {}, 255, '--secret-source'],
]
test.each(bad)('%j %j', (flags, env, exitCode, says) => {
  expect(() => resolveSettings(flags, env)).toThrow(
    expect.objectContaining({ exitCode, message: expect.stringContaining(says) }),
  )
})

test('the configuration file is found, or named, or wrong', () => {
  writeFileSync(join(folder, 'a.json'), '{"vus":3}')
  writeFileSync(join(folder, 'bad.json'), '{')
  const world = { env: {}, cwd: folder }
  expect(readConfigFile({ config: 'a.json' }, world)).toEqual({ vus: 3 })
  expect(readConfigFile({}, { ...world, env: { K6_CONFIG: 'a.json' } })).toEqual({ vus: 3 })
  expect(readConfigFile({}, { ...world, env: { XDG_CONFIG_HOME: folder } })).toEqual({})
  for (const config of ['gone.json', 'bad.json'])
    expect(() => readConfigFile({ config }, world)).toThrow(
      expect.objectContaining({ exitCode: 104 }),
    )
})
