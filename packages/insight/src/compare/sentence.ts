/** What a comparison says, for people. */
import type { Comparison, ComparisonRow } from './compare.ts'

export function comparisonSentence(
  { verdict, rows, runs, isIndicative, hasMoreErrors }: Omit<Comparison, 'sentence'>,
  minimumEffect: number,
): string {
  const primary = rows
    .filter(({ isPrimary }) => isPrimary)
    .toSorted((a, b) => Number(b.kind === 'latency') - Number(a.kind === 'latency'))
  const telling = primary.find(
    (row) => verdict !== 'unsure' && (row.verdict === 'better' || row.verdict === 'worse'),
  )
  const first = telling ?? primary[0]
  const label = isIndicative ? 'Indicative, by one run each: ' : ''
  const errors = rows.find((row) => row.kind === 'errors' && row.verdict === 'worse')
  const more =
    hasMoreErrors && errors !== undefined
      ? ` ${errors.name} rose from ${percent(errors.a)} to ${percent(errors.b)}.`
      : ''
  if (first === undefined) return `The runs have no figure in common.${more}`
  return `${label}${claim(verdict, first, minimumEffect, runs, isIndicative)}${more}`
}

function claim(
  verdict: Comparison['verdict'],
  row: ComparisonRow,
  minimumEffect: number,
  runs: Comparison['runs'],
  isIndicative: boolean,
): string {
  const { name, ratio, low, high } = row
  const range = low === null || high === null ? '' : ` (${change(low)} to ${change(high)})`
  switch (verdict) {
    case 'faster':
    case 'slower':
      return `B is ${verdict} than A: ${name} ${change(ratio!)}${range}.`
    case 'same':
      return `No difference of ${percent(minimumEffect)} or more: ${name} ${change(ratio!)}${range}.`
    case 'unsure': {
      const unsure = isIndicative ? 'unsure' : 'Unsure'
      if (low === null) return `${unsure}: nothing says how much ${name} varies from run to run.`
      const next = isIndicative
        ? 'several runs of each tell'
        : `more than ${Math.min(runs.a, runs.b)} runs of each tell`
      return `${unsure}: ${name} ${change(ratio!)}${range}; ${next}.`
    }
  }
}

/** `+12 %`, `−3.4 %`; from a doubling on `×2.3`. */
export function change(ratio: number): string {
  if (ratio >= 2) return `×${ratio.toPrecision(ratio >= 100 ? 3 : 2)}`
  const points = (ratio - 1) * 100
  const text = Math.abs(points).toFixed(Math.abs(points) < 9.95 ? 1 : 0)
  return `${points < 0 && Number(text) !== 0 ? '−' : '+'}${text} %`
}

export const percent = (share: number): string =>
  `${(share * 100).toLocaleString('en-US', { maximumSignificantDigits: 2 })} %`
