/**
 * The series palette: eight hues told apart under every kind of colour vision, defined per theme in
 * tokens.css. Beyond eight the hues repeat lighter or darker, then dashed.
 */

const HUES = 8

/** CSS colour of the n-th series. */
export function seriesColor(index: number): string {
  const hue = `var(--s${(index % HUES) + 1})`
  const round = Math.floor(index / HUES) % 3
  if (round === 0) return hue
  return round === 1
    ? `color-mix(in oklab, ${hue} 62%, var(--fg0))`
    : `color-mix(in oklab, ${hue} 55%, var(--bg3))`
}

/** Dashes once hues and lightness are used up. */
export const seriesDash = (index: number): number[] | undefined =>
  index >= HUES * 3 ? [6, 4] : undefined

/** What a canvas can paint with: variables and color-mix() worked out by the browser. */
export function computedColor(host: HTMLElement, color: string): string {
  if (!color.includes('(') || /^(rgb|hsl)a?\(/.test(color)) return color
  const probe = document.createElement('i')
  probe.style.color = color
  host.append(probe)
  const computed = getComputedStyle(probe).color
  probe.remove()
  return computed
}

/** The colour with an opacity of 0 to 1. */
export const faded = (color: string, opacity: number): string =>
  `color-mix(in srgb, ${color} ${Math.round(opacity * 100)}%, transparent)`
