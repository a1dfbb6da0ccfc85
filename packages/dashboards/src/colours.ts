/** Colours of series, thresholds and mappings: names as in Grafana, the classic palette in our own. */
import { isObject, numberOf, objectOf, objectsOf, textOf } from './json.ts'

/** Index into the theme's series palette, or a CSS colour. The browser knows the theme. */
export type Colour =
  | { palette: number }
  | { css: string }
  | { status: 'ok' | 'warn' | 'crit' | 'info' | 'text' }

/** Grafana's named hues, base shade; `dark-`, `semi-dark-`, `light-`, `super-light-` are shades of them. */
const HUES: Readonly<
  Record<
    string,
    readonly [superLight: string, light: string, base: string, semiDark: string, dark: string]
  >
> = {
  red: ['#FFA6B0', '#FF7383', '#F2495C', '#E02F44', '#C4162A'],
  orange: ['#FFCB7D', '#FFB357', '#FF9830', '#FF780A', '#FA6400'],
  yellow: ['#FFF899', '#FFEE52', '#FADE2A', '#F2CC0C', '#E0B400'],
  green: ['#C8F2C2', '#96D98D', '#73BF69', '#56A64B', '#37872D'],
  blue: ['#C0D8FF', '#8AB8FF', '#5794F2', '#3274D9', '#1F60C4'],
  purple: ['#DEB6F2', '#CA95E5', '#B877D9', '#A352CC', '#8F3BB8'],
}
const SHADES = ['super-light-', 'light-', '', 'semi-dark-', 'dark-']

/** A colour as written in a dashboard. Green, orange, yellow and red without a shade are the theme's own status colours. */
export function namedColour(name: string): Colour {
  if (name === 'green') return { status: 'ok' }
  if (name === 'orange' || name === 'yellow') return { status: 'warn' }
  if (name === 'red') return { status: 'crit' }
  if (name === 'blue') return { status: 'info' }
  if (name === 'text' || name === '') return { status: 'text' }
  const [, shade, hue] = /^(super-light-|light-|semi-dark-|dark-)?(\w+)$/.exec(name) ?? []
  const shades = HUES[hue]
  return { css: shades === undefined ? name : shades[SHADES.indexOf(shade ?? '')] }
}

export interface ThresholdStep {
  /** -Infinity for the base. */
  value: number
  colour: Colour
}

/** Rising steps; of percentages as fractions of min..max. */
export function thresholdSteps(
  settings: Readonly<Record<string, unknown>>,
  min: number,
  max: number,
): ThresholdStep[] {
  const thresholds = objectOf(settings.thresholds)
  const isPercent = thresholds.mode === 'percentage'
  return objectsOf(thresholds.steps)
    .map((step, i) => {
      const value = i === 0 || step.value === null ? -Infinity : (numberOf(step.value) ?? -Infinity)
      return {
        value: isPercent && Number.isFinite(value) ? min + ((max - min) * value) / 100 : value,
        colour: namedColour(textOf(step.color)),
      }
    })
    .sort((a, b) => a.value - b.value)
}

export function thresholdColour(value: number, steps: readonly ThresholdStep[]): Colour {
  let colour: Colour = steps[0]?.colour ?? { status: 'text' }
  for (const step of steps) if (value >= step.value) colour = step.colour
  return colour
}

/** The colour of a series: fixed, by its value's threshold, or of the palette by its place. */
export function seriesColour(
  settings: Readonly<Record<string, unknown>>,
  index: number,
  value: number,
  steps: readonly ThresholdStep[],
): Colour {
  const colour = isObject(settings.color) ? settings.color : {}
  const mode = textOf(colour.mode)
  if ((mode === 'fixed' || mode === 'shades') && textOf(colour.fixedColor) !== '')
    return namedColour(textOf(colour.fixedColor))
  if (mode === 'thresholds') return thresholdColour(value, steps)
  return { palette: index }
}
