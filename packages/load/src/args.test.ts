import { expect, test } from 'vitest'
import { parseLoadArgs } from './args.ts'

const good: [argv: string, options: object][] = [
  ['s.js -u 5 -d 10s', { vus: 5, duration: '10s' }],
  ['-u5 --duration=1m s.js', { vus: 5, duration: '1m' }],
  ['-i=3 s.js', { iterations: 3 }],
  ['-u 1 -u 2 s.js', { vus: 2 }],
  [
    '-s 5s:10,10s:0 --stage 1s:2 s.js',
    {
      stages: [
        { duration: '5s', target: 10 },
        { duration: '10s', target: 0 },
        { duration: '1s', target: 2 },
      ],
    },
  ],
  ['--tag a=b,c --tag d=e s.js', { tags: { a: 'b,c', d: 'e' } }],
  ['--no-setup --no-teardown=false s.js', { noSetup: true, noTeardown: false }],
  ['-qw s.js', { throw: true }],
  ['-qw=false s.js', { throw: false }],
  ['-pqu5 s.js', { paused: true, vus: 5 }],
  ['--rps 10 --dns ttl=1m,select=first s.js', { rps: 10, dns: { ttl: '1m', select: 'first' } }],
  ['--http-debug s.js', { httpDebug: 'headers' }],
  ['--http-debug=full s.js', { httpDebug: 'full' }],
  [
    '--blacklist-ip 10.0.0.0/8,1.2.3.4/32 --blacklist-ip ::1/128 s.js',
    { blacklistIPs: ['10.0.0.0/8', '1.2.3.4/32', '::1/128'] },
  ],
  ['--block-hostnames *.a.com,b s.js', { blockHostnames: ['*.a.com', 'b'] }],
  ['--local-ips 127.0.0.1-127.0.0.9 s.js', { localIPs: '127.0.0.1-127.0.0.9' }],
  ['--execution-segment 1/4:1/2 s.js', { executionSegment: '1/4:1/2' }],
  ['--execution-segment-sequence 0,1/4,1/2,1 s.js', { executionSegmentSequence: '0,1/4,1/2,1' }],
  ['--min-iteration-duration 1h1m1.5s s.js', { minIterationDuration: '1h1m1.5s' }],
  ['--system-tags vu,url --system-tags iter s.js', { systemTags: ['vu', 'url', 'iter'] }],
  ['--summary-trend-stats min,p(99.9) s.js', { summaryTrendStats: ['min', 'p(99.9)'] }],
  [
    '--console-output c.log --summary-time-unit ms s.js',
    { consoleOutput: 'c.log', summaryTimeUnit: 'ms' },
  ],
  ['-- s.js', {}],
]
test.each(good)('%s', (argv, options) => {
  const args = parseLoadArgs(argv.split(' '))
  expect([args.script, args.options]).toEqual(['s.js', options])
})

const settings: [argv: string, settings: object][] = [
  ['-o json=a.json --out csv', { out: ['json=a.json', 'csv'] }],
  ['-c my.json', { config: 'my.json' }],
  ['--no-thresholds --no-color=false', { noThresholds: true, noColor: false }],
  ['--summary-mode full --summary-export=s.json', { summaryMode: 'full', summaryExport: 's.json' }],
  ['--new-machine-readable-summary', { newMachineReadableSummary: true }],
  ['--include-system-env-vars=f', { includeSystemEnvVars: false }],
  [
    '--log-output file=k6.log,level=warn --log-format json',
    { logOutput: 'file=k6.log,level=warn', logFormat: 'json' },
  ],
  ['-l -a localhost:6565 -t js', { linger: true, address: 'localhost:6565', type: 'js' }],
  ['--no-usage-report', {}],
  ['--report report.html', { report: 'report.html' }],
]
test.each(settings)('%s', (argv, expected) => {
  expect(parseLoadArgs(argv.split(' ')).settings).toEqual(expected)
})

test('the script may be standard input', () => {
  expect(parseLoadArgs(['-u', '2', '-']).script).toBe('-')
})

test('-e goes into the environment', () => {
  expect(parseLoadArgs(['-e', 'A=b=c', '-eD=1', '--env', 'E', 's.js']).env).toEqual([
    ['A', 'b=c'],
    ['D', '1'],
    ['E', ''],
  ])
})

const bad: [argv: string, says: string][] = [
  [
    '--js-profiling-enabled s.js',
    '--js-profiling-enabled is a flag of k6 that vigie load does not support yet',
  ],
  ['--nope s.js', 'unknown flag: --nope'],
  ['--no-summary s.js', 'unknown flag: --no-summary'],
  ['-qx s.js', "unknown shorthand flag: 'x' in -qx"],
  ['-u', "flag needs an argument: 'u' in -u"],
  ['--vus', 'flag needs an argument: --vus'],
  ['-u many s.js', 'invalid argument "many" for "-u, --vus" flag'],
  ['-d 10 s.js', 'invalid argument "10" for "-d, --duration" flag'],
  ['-d 1d s.js', 'invalid argument "1d" for "-d, --duration" flag'],
  ['--no-setup=maybe s.js', 'invalid argument "maybe" for "--no-setup" flag'],
  ['-s 10 s.js', 'invalid stage "10"'],
  ['--tag a= s.js', "error parsing tag 'a=': invalid tag, empty value"],
  ['--tag =a s.js', "error parsing tag '=a': invalid tag, empty name"],
  ['-e 1=2 s.js', "invalid environment variable name '1'"],
  ['--dns tl=1 s.js', 'invalid DNS setting "tl=1"'],
  ['a.js b.js', 'one script at a time'],
]
test.each(bad)('%s', (argv, says) => {
  expect(() => parseLoadArgs(argv.split(' '))).toThrow(
    expect.objectContaining({ exitCode: 255, message: expect.stringContaining(says) }),
  )
})
