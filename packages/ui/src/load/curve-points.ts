/** The points of a limit's curve, and the numbers at its axes. */
import type { LimitLevel } from '../api/vigie.ts'

export interface CurvePoint {
  load: number
  v: number
  level: LimitLevel
  /** The latest try of this load: the line goes through it. */
  isLast: boolean
}

/** By load. Levels without the value are left out. */
export function curvePoints(
  levels: readonly LimitLevel[],
  value: (level: LimitLevel) => number | null,
): { points: CurvePoint[]; maxLoad: number; maxValue: number } {
  const latest = new Map(levels.map((level) => [level.load, level]))
  const points = levels
    .flatMap((level) => {
      const v = value(level)
      return v === null
        ? []
        : [{ load: level.load, v, level, isLast: latest.get(level.load) === level }]
    })
    .sort((a, b) => a.load - b.load)
  const most = (numbers: number[]): number => Math.max(0, ...numbers)
  const air = 1.08
  return {
    points,
    maxLoad: most(levels.map((level) => level.load)) * air || 1,
    maxValue: most(points.map(({ v }) => v)) * air || 1,
  }
}

/** Round numbers from 0 up to `max`, about four of them. */
export function ticks(max: number): number[] {
  const raw = max / 4
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? raw
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, i) =>
    Number((i * step).toPrecision(6)),
  )
}
