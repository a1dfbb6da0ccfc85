import type { Check } from '../api/vigie.ts'

/** What a check says in one line: why it cannot tell, what it found, or what it means. */
export function checkText(
  check: Pick<Check, 'state' | 'violations' | 'expectation' | 'description' | 'error'>,
): string {
  const { state, violations, expectation, description, error } = check
  if (state === 'error' && error) return error
  if (state !== 'violated') return description || `expects ${expectation}`
  const found =
    violations === null
      ? 'Violated'
      : `${violations} ${violations === 1 ? 'violation' : 'violations'}`
  return `${found}: expected ${expectation}`
}
