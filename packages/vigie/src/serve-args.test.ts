import { expect, test } from 'vitest'
import { UsageError, featuresFlag, parseServeArgs } from './serve-args.ts'

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
