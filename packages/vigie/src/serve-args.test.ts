import { expect, test } from 'vitest'
import { UsageError, featuresFlag, parseServeArgs } from './serve-args.ts'
import { maxBlock, segmentSize } from './storage-flags.ts'

test('switches, on and off', () => {
  const check = (name: string, argv: readonly string[], want: string): void =>
    expect(parseServeArgs(argv).flags.get(name), argv.join(' ')).toBe(want)
  check('web.enable-admin-api', [], 'false')
  check('web.enable-admin-api', ['--web.enable-admin-api'], 'true')
  check('web.enable-remote-write-receiver', [], 'true')
  check('web.enable-remote-write-receiver', ['--web.enable-remote-write-receiver'], 'true')
  check('web.enable-remote-write-receiver', ['--no-web.enable-remote-write-receiver'], 'false')
  check('discover', ['--no-discover', 'localhost:3000'], 'false')
})

test('features by name, in one list or several', () => {
  const features = (...argv: string[]): string[] => [...featuresFlag(parseServeArgs(argv))]
  expect(features()).toEqual([])
  expect(features('--enable-feature=a,b', '--enable-feature', 'c')).toEqual(['a', 'b', 'c'])
})

test('a flag that is not there is named', () => {
  expect(() => parseServeArgs(['--nothing'])).toThrow(UsageError)
  expect(() => parseServeArgs(['--nothing'])).toThrow('--nothing')
})

test("the command line of a Prometheus's unit works as it is", () => {
  const unit = [
    '--config.file=/etc/prometheus/prometheus.yml',
    '--storage.tsdb.path',
    '/var/lib/prometheus/',
    '--web.console.templates=/etc/prometheus/consoles',
    '--web.console.libraries=/etc/prometheus/console_libraries',
    '--storage.tsdb.retention.time=30d',
    '--storage.tsdb.no-lockfile',
    '--no-storage.tsdb.wal-compression',
    '--web.route-prefix=/',
    '--web.enable-lifecycle',
    '--log.format=json',
  ]
  const { flags, targets, unused } = parseServeArgs(unit)
  expect(targets).toEqual([])
  expect(flags.get('storage.tsdb.path')).toBe('/var/lib/prometheus/')
  expect(flags.get('storage.tsdb.retention.time')).toBe('30d')
  expect(flags.has('web.console.templates')).toBe(false)
  expect(unused.map((one) => one.name)).toEqual([
    'web.console.templates',
    'web.console.libraries',
    'storage.tsdb.no-lockfile',
  ])
})

test('what Prometheus would do and Vigie does not is refused', () => {
  const refused = (flag: string, want: string): void =>
    expect(() => parseServeArgs([flag]), flag).toThrow(want)
  refused('--agent', '--agent: found true: there is no agent mode')
  refused(
    '--web.route-prefix=/prom',
    '--web.route-prefix: found "/prom": everything is served from /',
  )
})

test.each([
  [[], '1d12h', undefined],
  [['--storage.tsdb.retention.time=400d'], '31d', undefined],
  [['--storage.tsdb.retention.time=5h'], '2h', undefined],
  [['--storage.tsdb.retention.size=1GB'], '31d', undefined],
  [
    ['--storage.tsdb.min-block-duration=2h', '--storage.tsdb.max-block-duration=2h'],
    '2h',
    7_200_000,
  ],
])('the longest block of %j is %s', (argv, shown, ms) => {
  const args = parseServeArgs(argv)
  expect(maxBlock(args)).toBe(ms)
  expect(args.flags.get('storage.tsdb.max-block-duration')).toBe(shown)
})

test.each([
  ['--storage.tsdb.min-block-duration=1h', maxBlock, 'found "1h", expected 2h'],
  ['--storage.tsdb.max-block-duration=1h', maxBlock, 'found "1h", expected at least 2h'],
  ['--storage.tsdb.wal-segment-size=1MB', segmentSize, 'found "1MB", expected 10MB to 256MB'],
])('%s is refused', (flag, read, want) => {
  expect(() => read(parseServeArgs([flag]))).toThrow(want)
})

test('the size of a segment', () => {
  expect(segmentSize(parseServeArgs([]))).toBe(undefined)
  expect(segmentSize(parseServeArgs(['--storage.tsdb.wal-segment-size=16MB']))).toBe(16 << 20)
})
