/** What gave first, for the terminal. */
import type { SuspectReport } from '@vigie/load'

export function suspectsText(suspects: readonly SuspectReport[]): string {
  if (suspects.length === 0)
    return '  █ WHAT GAVE FIRST\n\n    No series that Vigie has of the target left its course.\n\n'
  const lines = suspects.map(
    ({ rank, sentence, expr }) => `    ${rank}. ${sentence}\n       ${expr}\n`,
  )
  return `  █ WHAT GAVE FIRST\n\n${lines.join('')}\n`
}
