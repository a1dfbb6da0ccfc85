/** Several runs of the same: the middle of each figure, and between what the next run is to be expected. */
import { mean, variance } from '../statistics.ts'
import { studentQuantile } from '../student.ts'
import type { ComparedRun, FigureKind } from './compare.ts'

export interface FigureSpread {
  name: string
  kind: FigureKind
  /** Geometric (errors: arithmetic) mean of the runs, and its 95 % interval; null of a single run. */
  mean: number
  low: number | null
  high: number | null
  min: number
  max: number
}

/** Of the figures that all runs have. */
export function spreadOfRuns(runs: readonly ComparedRun[]): FigureSpread[] {
  return (runs[0]?.figures ?? []).flatMap(({ name, kind }) => {
    const values = runs.flatMap((run) =>
      run.figures.filter((figure) => figure.name === name).map(({ value }) => value),
    )
    if (values.length < runs.length || !values.every(Number.isFinite)) return []
    const isLog = kind !== 'errors' && values.every((value) => value > 0)
    const own = isLog ? values.map(Math.log) : values
    const back = isLog ? Math.exp : (value: number): number => value
    const centre = mean(own)
    const reach = studentQuantile(0.975, own.length - 1) * Math.sqrt(variance(own) / own.length)
    const isKnown = own.length > 1
    return [
      {
        name,
        kind,
        mean: back(centre),
        low: isKnown ? back(centre - reach) : null,
        high: isKnown ? back(centre + reach) : null,
        min: Math.min(...values),
        max: Math.max(...values),
      },
    ]
  })
}
