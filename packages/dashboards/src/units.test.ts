import { expect, test } from 'vitest'
import { formatValue, valueText } from './units.ts'

const check = (value: number, unit: string, want: string, decimals?: number): void =>
  expect(valueText(value, unit, decimals, { isUtc: true, nowMs: Date.UTC(2026, 0, 1) }), unit).toBe(
    want,
  )

test('three figures when decimals are left out', () => {
  check(12.3456, 'none', '12.3')
  check(0.00012345, 'none', '0.000123')
  check(1234.5, 'none', '1235')
  check(-0.5, 'none', '-0.500')
  check(9.999, 'none', '10.00')
  check(5, 'none', '5.00', 2)
})

test('scales', () => {
  check(1234, 'short', '1.23 K')
  check(1.2345e15, 'short', '1.23 Quadr')
  check(0.0005, 'Bps', '500 µB/s')
  check(1024, 'bytes', '1 KiB')
  check(0.5, 'kbytes', '512 B')
  check(1.5e9, 'yflops', '1500000000 YFLOPS')
  check(1234.5, 'reqps', '1.23K req/s')
  check(-1234.5, 'currencyUSD', '-$1.23K')
  check(-1234.5, 'currencySEK', '-1.23Kkr')
  check(0.00012345, 'pfarad', '0.123 fF')
  check(1234.5, 'pressurepsi', '1.23ksi')
  check(255, 'hex0x', '0xFF')
  check(-255, 'hex0x', '-0xFF')
})

test('time', () => {
  check(0.0042, 's', '4.20 ms')
  check(60, 's', '1 min')
  check(-123_456, 's', '-1.43 days')
  check(12.3456, 'h', '12.3 hour')
  check(86_400, 'ms', '1.44 mins')
  check(123.456, 'dtdurations', '2 minutes, 3 seconds, 456 milliseconds', 2)
  check(-123_456, 'dtdurations', '1 day ago')
  check(123_456, 'dthms', '34:17:36')
  check(123_456, 'dtdhms', '1 d 10:17:36')
  check(86_400, 'clockms', '01m:26s:400ms')
  check(3600, 'clocks', '1h:00m', 1)
  check(1_700_000_000_000, 'dateTimeAsIso', '2023-11-14 22:13:20')
  check(1_700_000_000_000, 'time: MMMM D, YYYY LT', ' November 14, 2023 10:13 PM')
  check(Date.UTC(2026, 0, 1, 8), 'dateTimeAsIsoNoDateIfToday', '08:00:00')
  check(Date.UTC(2023, 0, 1), 'dateTimeFromNow', '3 years ago')
  check(Date.UTC(2026, 0, 1, 0, 5), 'dateTimeFromNow', 'in 5 minutes')
})

test('units of one’s own, and ids that are none', () => {
  check(3, 'cores', '3 cores')
  check(3, 'suffix: req', '3  req')
  check(3, 'prefix:~', '~3')
  check(0.0031, 'si:W', '3.10 mW')
  check(3100, 'si:mW', '3.10 W')
  check(1234, 'count:users', '1.23K users')
  check(1, 'bool:ok/bad', 'ok')
  check(Number.NaN, 's', 'NaN')
  check(-Infinity, 's', '-∞')
  expect(formatValue(-2000, 'currencyUSD')).toEqual({ prefix: '-$', text: '2', suffix: 'K' })
})
