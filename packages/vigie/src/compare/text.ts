/** Comparisons and spreads as tables for the terminal. */
import { type Comparison, type FigureKind, type FigureSpread, changeText } from '@vigie/insight'

export function comparisonText(comparison: Comparison): string {
  const { rows, sentence, runs } = comparison
  const sorted = rows.toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary))
  const count = (side: number): string => (side === 1 ? '' : ` (${side} runs)`)
  const lines = sorted.map(({ name, kind, a, b, ratio, low, high, verdict }) => [
    name,
    figureText(a, kind),
    figureText(b, kind),
    kind === 'errors' || ratio === null ? '' : changeText(ratio),
    kind === 'errors' || low === null || high === null
      ? ''
      : `${changeText(low)} to ${changeText(high)}`,
    verdict,
  ])
  const head = ['', `A${count(runs.a)}`, `B${count(runs.b)}`, 'change', 'interval', '']
  return `${table([head, ...lines], 1)}\n${sentence}\n`
}

export function spreadText(spreads: readonly FigureSpread[], runs: number): string {
  const lines = spreads.map(({ name, kind, mean, low, high, min, max }) => [
    name,
    figureText(mean, kind),
    low === null || high === null || kind === 'errors'
      ? ''
      : `${figureText(low, kind)} to ${figureText(high, kind)}`,
    `${figureText(min, kind)} … ${figureText(max, kind)}`,
  ])
  return table([[`${runs} runs`, 'mean', '95 % interval', 'least … most'], ...lines], 1)
}

/** The first column to the left, those after `left` to the right; the last to the left. */
function table(rows: readonly (readonly string[])[], left: number): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  const lines = rows.map((row) =>
    row
      .map((cell, i) =>
        i < left || i === row.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!),
      )
      .join('   ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

export function figureText(value: number, kind: FigureKind): string {
  if (kind === 'errors') return `${digits(value * 100)} %`
  if (kind === 'throughput') return `${digits(value)}/s`
  return value >= 10_000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`
}

const digits = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
