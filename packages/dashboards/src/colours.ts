/** Colours of series, thresholds and mappings: names as in Grafana, the classic palette in our own. */
import { numberOf, objectOf, objectsOf, textOf } from './json.ts'

/** Index into the theme's series palette, or a CSS colour. The browser knows the theme. */
export type Colour =
  | { palette: number }
  | { css: string }
  | { status: 'ok' | 'warn' | 'crit' | 'info' | 'text' }

/** Grafana's named hues from light to dark. Five of the six are shades in a theme: the dark theme leaves the last out, the light one the first. */
const HUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['red', ['#FFA6B0', '#FF7383', '#F2495C', '#E02F44', '#C4162A', '#AD0317']],
  ['orange', ['#FFCB7D', '#FFB357', '#FF9830', '#FF780A', '#FA6400', '#E55400']],
  ['yellow', ['#FFF899', '#FFEE52', '#FADE2A', '#F2CC0C', '#E0B400', '#CC9D00']],
  ['green', ['#C8F2C2', '#96D98D', '#73BF69', '#56A64B', '#37872D', '#19730E']],
  ['blue', ['#C0D8FF', '#8AB8FF', '#5794F2', '#3274D9', '#1F60C4', '#1250B0']],
  ['purple', ['#DEB6F2', '#CA95E5', '#B877D9', '#A352CC', '#8F3BB8', '#7C2EA3']],
])
const SHADES = ['super-light-', 'light-', '', 'semi-dark-', 'dark-']

/** `#73BF69` for `green`; undefined when it is no name of Grafana's. */
export function colourHex(name: string, theme: 'dark' | 'light'): string | undefined {
  const [, shade = '', hue = ''] = /^(super-light-|light-|semi-dark-|dark-)?(\w+)$/.exec(name) ?? []
  return HUES.get(hue)?.[SHADES.indexOf(shade) + (theme === 'light' ? 1 : 0)]
}

/** A colour exactly as Grafana shows it, in either theme. */
function exactCss(name: string): string {
  if (name === 'text') return 'var(--fg1)'
  if (name === 'panel-bg' || name === 'background') return 'var(--bg1)'
  const dark = colourHex(name, 'dark')
  return dark === undefined ? name : `light-dark(${colourHex(name, 'light')}, ${dark})`
}

const STATUS: ReadonlyMap<string, 'ok' | 'warn' | 'crit' | 'info' | 'text'> = new Map([
  ['green', 'ok'],
  ['orange', 'warn'],
  ['red', 'crit'],
  ['blue', 'info'],
  ['text', 'text'],
  ['', 'text'],
] as const)

/**
 * A colour of thresholds and mappings. Green, orange, red and blue without a shade are the theme's own
 * status colours, which can be read as text; all others are exact.
 */
export function namedColour(name: string): Colour {
  const status = STATUS.get(name)
  return status === undefined ? { css: exactCss(name) } : { status }
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

/** Schemes that go by the value between min and max. */
const SCHEMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['continuous-GrYlRd', ['green', 'yellow', 'red']],
  ['continuous-RdYlGr', ['red', 'yellow', 'green']],
  ['continuous-BlYlRd', ['dark-blue', 'super-light-yellow', 'dark-red']],
  ['continuous-YlRd', ['super-light-yellow', 'dark-red']],
  ['continuous-BlPu', ['blue', 'purple']],
  ['continuous-YlBl', ['super-light-yellow', 'dark-blue']],
  ['continuous-blues', ['panel-bg', 'dark-blue']],
  ['continuous-reds', ['panel-bg', 'dark-red']],
  ['continuous-greens', ['panel-bg', 'dark-green']],
  ['continuous-purples', ['panel-bg', 'dark-purple']],
])

function schemeColour(scheme: readonly string[], fraction: number): Colour {
  const place =
    Math.min(1, Math.max(0, Number.isNaN(fraction) ? 0 : fraction)) * (scheme.length - 1)
  const at = Math.min(Math.floor(place), scheme.length - 2)
  const share = Math.round((place - at) * 100)
  return {
    css: `color-mix(in srgb, ${exactCss(scheme[at + 1])} ${share}%, ${exactCss(scheme[at])})`,
  }
}

/** What a colour can depend on. */
export interface ColourContext {
  /** Place of the series among those of its panel. */
  index: number
  value: number
  min: number
  max: number
  steps: readonly ThresholdStep[]
  /** The mode when the panel names none. */
  missingMode: 'palette-classic' | 'thresholds'
}

/** The colour of a series or value: fixed, by threshold, between two ends, or of the palette by its place. */
export function fieldColour(
  settings: Readonly<Record<string, unknown>>,
  context: ColourContext,
): Colour {
  const colour = objectOf(settings.color)
  const mode = textOf(colour.mode) || context.missingMode
  const fixed = textOf(colour.fixedColor)
  if ((mode === 'fixed' || mode === 'shades') && fixed !== '')
    return fixed === 'text' ? { status: 'text' } : { css: exactCss(fixed) }
  if (mode === 'thresholds') return thresholdColour(context.value, context.steps)
  const scheme = SCHEMES.get(mode)
  if (scheme === undefined) return { palette: context.index }
  return schemeColour(scheme, (context.value - context.min) / (context.max - context.min))
}
