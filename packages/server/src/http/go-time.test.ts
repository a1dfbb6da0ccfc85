/** What Prometheus 3.5 answers to `query?query=time()&time=…`. */
import { expect, test } from 'vitest'
import { parseGoTime } from './go-time.ts'
import { DURATION_MS_MAX, parseDurationText } from './params.ts'

test('times as Go reads them', () => {
  const check = (text: string, queryMs: number | undefined): void =>
    expect(parseGoTime(text)?.queryMs, text).toBe(queryMs)
  check('1.0005', 1000)
  check('-1.5', -1500)
  check('1_000', 1_000_000)
  check('0x1p4', 16_000)
  check('0x10', undefined)
  check('1__0', undefined)
  check('1e400', undefined)
  check('.5', 500)
  check('1.', 1000)
  check(' 5', undefined)
  check('2024-01-01T00:00:00.123456789Z', 1_704_067_200_123)
  check('2024-01-01T00:00:00,5Z', 1_704_067_200_500)
  check('2024-01-01T0:00:00Z', 1_704_067_200_000)
  check('2024-01-01T00:00:00+02:00', 1_704_060_000_000)
  check('2024-01-01T00:00:00+25:00', undefined)
  check('2024-01-01t00:00:00z', undefined)
  check('2024-01-01 00:00:00Z', undefined)
  check('2024-02-30T00:00:00Z', undefined)
  check('2024-01-01T24:00:00Z', undefined)
  check('2024-01-01T23:59:60Z', undefined)
  // Beyond what 64 bits of nanoseconds hold.
  for (const text of ['NaN', 'inf', '-Inf', '+infinity']) check(text, -9_223_372_036_854)
  for (const text of ['1e300', '1e19', '9223372036854775807']) check(text, 0)
  check('1e18', -6_930_898_827_444)
  check('9223372036854775', 192)
  check('9999-12-31T23:59:59Z', -4_852_116_232_933)
  check('0001-01-01T00:00:00Z', -6_795_364_578_871)
  check('-292273086-05-16T16:47:06Z', 6_795_364_580_679)
  check('292277025-08-18T07:12:54.999999999Z', -6_795_364_579_679)
})

test('durations as Go reads them', () => {
  const problem = (text: string): string => `cannot parse "${text}" to a valid duration`
  const check = (text: string, want: number | string): void =>
    expect(parseDurationText(text), text).toBe(want)
  check('1_0', 10_000)
  check('1e-9', 0.000_001)
  check('1e-10', 0)
  check('292y', 292 * 365 * 86_400_000)
  check('293y', problem('293y'))
  check('9223372037', `${problem('9223372037')}. It overflows int64`)
  check('Inf', `${problem('Inf')}. It overflows int64`)
  check('NaN', -DURATION_MS_MAX)
  check('1.5h', problem('1.5h'))
})
