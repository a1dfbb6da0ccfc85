// One line per case: the layers, and what comes of them.
import { expect, test } from 'vitest'
import { type Layers, consolidate } from './options.ts'

const NONE: Layers = { script: {}, env: {}, flags: {} }
const shape = (layers: Partial<Layers>): unknown => {
  const { options } = consolidate({ ...NONE, ...layers }, 'Vigie')
  const [one] = options.scenarios
  return [one!.executor, 'vus' in one! ? one.vus : 0, 'iterations' in one! ? one.iterations : 0]
}

const runs: [what: string, layers: Partial<Layers>, expected: [string, number, number]][] = [
  ['nothing', {}, ['per-vu-iterations', 1, 1]],
  ['the script', { script: { vus: 2, iterations: 4 } }, ['shared-iterations', 2, 4]],
  [
    'the file below the script',
    { config: { vus: 3 }, script: { iterations: 4 } },
    ['shared-iterations', 3, 4],
  ],
  [
    'variables over the script',
    { script: { vus: 2, iterations: 4 }, env: { K6_VUS: '3' } },
    ['shared-iterations', 3, 4],
  ],
  [
    'a higher duration wipes iterations',
    { script: { vus: 2, iterations: 4 }, env: { K6_DURATION: '5s' } },
    ['constant-vus', 2, 0],
  ],
  [
    'flags over variables',
    { env: { K6_VUS: '3', K6_ITERATIONS: '9' }, flags: { vus: 4 } },
    ['shared-iterations', 4, 9],
  ],
  ['stages of a variable', { env: { K6_STAGES: '5s:10,1m:20' } }, ['ramping-vus', 0, 0]],
  ['numbers in texts', { script: { vus: '2', iterations: '4' } }, ['shared-iterations', 2, 4]],
  ['VUs alone', { flags: { vus: 7 } }, ['shared-iterations', 7, 7]],
  [
    'an empty variable is none',
    { script: { vus: 2 }, env: { K6_VUS: '' } },
    ['shared-iterations', 2, 2],
  ],
  ['null is none', { script: { vus: 2 }, flags: { vus: null } }, ['shared-iterations', 2, 2]],
]
test.each(runs)('%s', (_, layers, expected) => expect(shape(layers)).toEqual(expected))

const values: [what: string, layers: Partial<Layers>, name: string, expected: unknown][] = [
  [
    'tags replace the tags below',
    { script: { tags: { a: '1' } }, flags: { tags: { b: '2' } } },
    'tags',
    [['b', '2']],
  ],
  [
    'tags of a variable',
    { env: { K6_TAGS: 'a:b,c:d:e' } },
    'tags',
    [
      ['a', 'b'],
      ['c', 'd:e'],
    ],
  ],
  ['tags of a variable as JSON', { env: { K6_TAGS: '{"a":"b"}' } }, 'tags', [['a', 'b']]],
  ['a switch off', { script: { noSetup: true }, env: { K6_NO_SETUP: '0' } }, 'noSetup', false],
  ['milliseconds without a unit', { script: { setupTimeout: '500' } }, 'setupTimeoutMs', 500],
  ['days', { env: { K6_SETUP_TIMEOUT: '1d2h' } }, 'setupTimeoutMs', 93_600_000],
  ['system tags', { env: { K6_SYSTEM_TAGS: 'url,vu,nope' } }, 'systemTags', new Set(['url', 'vu'])],
  [
    'trend statistics',
    { env: { K6_SUMMARY_TREND_STATS: 'avg,p(99.9)' } },
    'summaryTrendStats',
    ['avg', 'p(99.9)'],
  ],
  [
    'thresholds of a variable',
    { env: { K6_THRESHOLDS: '{"checks":["rate>0.9"]}' } },
    'thresholds',
    [['checks', ['rate>0.9']]],
  ],
  [
    'hosts',
    { script: { hosts: { 'A.test': '127.0.0.1:80' } } },
    'network',
    expect.objectContaining({ hosts: [['a.test', '127.0.0.1:80']] }),
  ],
  ['the console', { env: { K6_CONSOLE_OUTPUT: 'c.log' } }, 'consoleOutput', 'c.log'],
]
test.each(values)('%s', (_, layers, name, expected) => {
  const { options } = consolidate({ ...NONE, ...layers }, 'Vigie')
  expect(options[name as keyof typeof options]).toEqual(expected)
})

const warned: [what: string, layers: Partial<Layers>, says: string][] = [
  [
    'an unknown field',
    { script: { nope: 1 } },
    'unknown fields in the options exported in the script: "nope"',
  ],
  [
    'an executor outside scenarios',
    { script: { executor: 'constant-vus', duration: '1s' } },
    '"executor" outside scenarios has no effect',
  ],
  [
    'scenarios wiped',
    { script: { scenarios: { a: { executor: 'per-vu-iterations' } } }, flags: { duration: '1s' } },
    '"cli" level configuration overrode scenarios configuration entirely',
  ],
  [
    'scenarios wiped by VUs',
    { script: { scenarios: { a: { executor: 'per-vu-iterations' } } }, env: { K6_VUS: '2' } },
    '"env" level configuration overrode',
  ],
]
test.each(warned)('%s', (_, layers, says) => {
  expect(consolidate({ ...NONE, ...layers }, 'Vigie').warnings).toEqual([
    expect.stringContaining(says),
  ])
})

const bad: [what: string, layers: Partial<Layers>, code: number, says: string][] = [
  ['a bad duration', { script: { duration: 'soon' } }, 255, '"soon" for the option "duration"'],
  ['a bad variable', { env: { K6_VUS: 'many' } }, 104, '"many" for K6_VUS'],
  ['a bad stage in a variable', { env: { K6_STAGES: '10' } }, 104, 'invalid stage "10"'],
  ['a bad truth', { env: { K6_THROW: 'maybe' } }, 104, 'K6_THROW'],
  [
    'two shortcuts',
    { script: { stages: [{ duration: '1s', target: 1 }], iterations: 2 } },
    104,
    'simultaneously',
  ],
  [
    'a shortcut and scenarios',
    { script: { duration: '1s', scenarios: { a: { executor: 'per-vu-iterations' } } } },
    104,
    'simultaneously',
  ],
  ['a percentile above 100', { flags: { summaryTrendStats: ['p(101)'] } }, 255, 'p(101)'],
  ['a unit nobody has', { flags: { summaryTimeUnit: 'h' } }, 255, '"s", "ms" or "us"'],
]
test.each(bad)('%s', (_, layers, exitCode, says) => {
  expect(() => consolidate({ ...NONE, ...layers }, 'Vigie')).toThrow(
    expect.objectContaining({ exitCode, message: expect.stringContaining(says) }),
  )
})
