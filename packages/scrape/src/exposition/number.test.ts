import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NumberScanner, parseGoFloat } from './number.ts'

const scanner = new NumberScanner()
const scan = (text: string): number => scanner.scan(Buffer.from(text), 0)

test('numbers are read to the last bit', () => {
  const check = (text: string): void => {
    expect(scan(`${text}\n`), text).toBe(Number(text))
    expect(scanner.end, text).toBe(text.length)
  }
  for (const text of ['0', '1', '-1', '+5', '1.5', '.5', '5.', '-0', '1e5', '1E-5', '4.9351e-05'])
    check(text)
  for (const text of ['0.1', '7.424100000000001e-05', '1.7560473e+06', '9223372036854775808'])
    check(text)
  for (const text of ['123456789012345678', '0.30000000000000004', '1e22', '1e23', '5e-324'])
    check(text)
  for (const text of ['0000000000000000000000000000000001.2e-1', '9007199254740993', '1e-400'])
    check(text)
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (v) => check(String(v))),
    {
      numRuns: 2000,
    },
  )
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 19n - 1n), fc.integer({ min: 0, max: 24 }), (m, e) =>
      check(`${m}e-${e}`),
    ),
    { numRuns: 2000 },
  )
})

test('numbers half way between two doubles round to even', () => {
  const check = (text: string): void => {
    expect(scan(text), text).toBe(Number(text))
  }
  fc.assert(
    fc.property(fc.integer({ min: 2 ** 30, max: 2 ** 31 }), (n) =>
      check(String((BigInt(n) << 23n) * 4n + 2n) + '.0'),
    ),
  )
  check('9007199254740993.0')
  check('9007199254740995.00')
})

test('names of numbers, and what is none', () => {
  const check = (text: string, want: number): void => expect(scan(text + ' 1')).toBe(want)
  check('+Inf', Infinity)
  check('-inf', -Infinity)
  check('Infinity', Infinity)
  check('nan', NaN)
  expect(scanner.isNumber).toBe(true)
  for (const text of ['', 'x', '1x', '--1', '1e', '.', '0x10', '1_0', '1e999', '1\r', '-nan']) {
    scan(text)
    expect(scanner.isNumber, text).toBe(false)
  }
  expect(parseGoFloat('0x1p-3')).toBe('unsupported character in float')
  expect(parseGoFloat('-0x1.8p-3', true)).toBe(-0.1875)
  expect(parseGoFloat('1_0', true)).toBe(10)
  expect(parseGoFloat('1__0', true)).toBe('strconv.ParseFloat: parsing "1__0": invalid syntax')
  expect(parseGoFloat('true')).toBe('strconv.ParseFloat: parsing "true": invalid syntax')
  expect(parseGoFloat('1e999')).toBe('strconv.ParseFloat: parsing "1e999": value out of range')
})

test('a number ends at a blank or at the end of its line', () => {
  const check = (text: string, end: number): void => {
    scan(text)
    expect(scanner.end).toBe(end)
  }
  check('12 34', 2)
  check('12\t34', 2)
  check('12\n', 2)
  check('1234567890123456789012\n', 22)
})
