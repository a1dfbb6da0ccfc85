import { expect, test } from 'vitest'
import { softLimit, virtualBytes } from './process-files.ts'

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max open files            1024                 524288               files
Max address space         unlimited            unlimited            bytes
`

test.each([
  ['Max open files', 1024],
  ['Max address space', 18_446_744_073_709_552_000],
  ['Max of nothing', NaN],
])('limit %s', (name, want) => expect(softLimit(LIMITS, name)).toBe(want))

test.each(['node', 'a b', 'a) S 1 (b'])('virtual memory of the command %s', (command) => {
  const numbers = Array.from({ length: 49 }, (_, i) => i + 4)
  expect(virtualBytes(`7 (${command}) S ${numbers.join(' ')}\n`)).toBe(23)
})
