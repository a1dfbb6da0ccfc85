import { expect, test } from 'vitest'
import { parseLoadArgs } from './args.ts'

const good: [argv: string, options: object][] = [
  ['s.js -u 5 -d 10s', { vus: 5, duration: '10s' }],
  ['-u5 --duration=1m s.js', { vus: 5, duration: '1m' }],
  ['-i=3 s.js', { iterations: 3 }],
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
]
test.each(good)('%s', (argv, options) => {
  expect(parseLoadArgs(argv.split(' '))).toMatchObject({ script: 's.js', options })
})

test('-e goes into the environment', () => {
  expect(parseLoadArgs(['-e', 'A=b=c', '-eD=1', '--env', 'E', 's.js']).env).toEqual([
    ['A', 'b=c'],
    ['D', '1'],
    ['E', ''],
  ])
})

const bad: [argv: string, says: string][] = [
  ['--out json=x s.js', '--out is a flag of k6 that vigie load does not support yet'],
  ['-o json s.js', '-o is a flag of k6'],
  ['--nope s.js', 'unknown flag: --nope'],
  ['-u', 'flag needs an argument: -u'],
  ['-u many s.js', 'invalid argument "many" for "-u"'],
  ['-s 10 s.js', 'invalid stage "10"'],
  ['a.js b.js', 'one script at a time'],
]
test.each(bad)('%s', (argv, says) => {
  expect(() => parseLoadArgs(argv.split(' '))).toThrow(
    expect.objectContaining({ exitCode: 255, message: expect.stringContaining(says) }),
  )
})
