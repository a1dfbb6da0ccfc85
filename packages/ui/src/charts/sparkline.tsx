/** A small line over its whole box, without axes: the shape of the last while. */
import type { ReactElement } from 'react'
import { faded } from './palette.ts'
import { sparkPaths } from './spark-path.ts'

export function Sparkline({
  values,
  color = 'var(--s1)',
  min,
  max,
}: {
  values: (number | null)[]
  color?: string
  min?: number | undefined
  max?: number | undefined
}): ReactElement | null {
  const paths = sparkPaths(values, min, max)
  if (!paths) return null
  return (
    <svg className="spark" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <path d={paths.area} fill={faded(color, 0.15)} />
      <path
        d={paths.line}
        fill="none"
        stroke={color}
        strokeWidth={1.5}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}
