import { expect, test } from 'vitest'
import { checkText } from './check-text.ts'

const expectation = '0 rows'
test.each([
  [{ state: 'ok', violations: 0, expectation, error: null }, 'expects 0 rows'],
  [{ state: 'violated', violations: 1, expectation, error: null }, '1 violation: expected 0 rows'],
  [{ state: 'violated', violations: 4, expectation, error: null }, '4 violations: expected 0 rows'],
  [{ state: 'violated', violations: null, expectation, error: null }, 'Violated: expected 0 rows'],
  [{ state: 'error', violations: null, expectation, error: 'refused' }, 'refused'],
] as const)('%o', (check, text) => expect(checkText(check)).toBe(text))
