/** A dashboard's colour in this theme. */
import type { Colour } from '@vigie/dashboards'
import { seriesColor } from '../charts/palette.ts'

/** For areas, bars and lines. */
export function fillColor(colour: Colour): string {
  if ('palette' in colour) return seriesColor(colour.palette)
  if ('css' in colour) return colour.css
  return colour.status === 'text' ? 'var(--fg1)' : `var(--${colour.status}-fill)`
}

/** For text. All that is well stays quiet: only what is not is coloured. */
export function textColor(colour: Colour): string {
  if ('palette' in colour) return 'var(--fg0)'
  if ('css' in colour) return colour.css
  if (colour.status === 'text' || colour.status === 'ok') return 'var(--fg0)'
  return colour.status === 'crit' ? 'var(--crit-text)' : `var(--${colour.status})`
}
