import { expect, test } from 'vitest'
import { checkText } from './check-text.ts'

const expectation = '0 rows'
const description = ''
test.each([
  [{ state: 'ok', violations: 0, expectation, description, error: null }, 'expects 0 rows'],
  [
    { state: 'violated', violations: 1, expectation, description, error: null },
    '1 violation: expected 0 rows',
  ],
  [
    { state: 'violated', violations: 4, expectation, description, error: null },
    '4 violations: expected 0 rows',
  ],
  [
    { state: 'violated', violations: null, expectation, description, error: null },
    'Violated: expected 0 rows',
  ],
  [{ state: 'error', violations: null, expectation, description, error: 'refused' }, 'refused'],
  [
    { state: 'ok', violations: 0, expectation, description: 'Wins are losses.', error: null },
    'Wins are losses.',
  ],
] as const)('%o', (check, text) => expect(checkText(check)).toBe(text))
