/** What `--check-after` found, for the terminal. */
import type { CheckReport } from '../api.ts'

/** A block like those of the summary, with the rows that are wrong. */
export function brokenChecksText(broken: readonly CheckReport[]): string {
  if (broken.length === 0) return '  ✓ data checks hold as before the run\n\n'
  return `  █ DATA\n\n${broken.map(checkText).join('')}\n`
}

function checkText({
  name,
  severity,
  description,
  violations,
  error,
  sample,
}: CheckReport): string {
  const found =
    error === null
      ? `${violations} ${violations === 1 ? 'violation' : 'violations'}, none before the run`
      : `could not be asked: ${error}`
  const rows = (sample?.rows ?? []).map((row) =>
    row
      .map((cell, i) => `${sample!.columns[i]}=${cell === null ? 'null' : String(cell)}`)
      .join(', '),
  )
  return [
    `    ✗ ${name} (${severity}): ${found}`,
    ...(description === '' ? [] : [`      ${description}`]),
    ...rows.map((row) => `        ${row}`),
    '',
  ].join('\n')
}
