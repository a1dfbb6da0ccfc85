import { expect, test } from 'vitest'
import {
  type ColourContext,
  colourHex,
  fieldColour,
  namedColour,
  thresholdColour,
  thresholdSteps,
} from './colours.ts'

test('names are Grafana’s, in both themes', () => {
  const check = (name: string, dark: string | undefined, light: string | undefined): void =>
    expect([colourHex(name, 'dark'), colourHex(name, 'light')], name).toEqual([dark, light])
  check('green', '#73BF69', '#56A64B')
  check('super-light-red', '#FFA6B0', '#FF7383')
  check('dark-purple', '#8F3BB8', '#7C2EA3')
  check('semi-dark-blue', '#3274D9', '#1F60C4')
  check('#123456', undefined, undefined)
})

test('thresholds and mappings use status colours where the hue is one', () => {
  expect(namedColour('red')).toEqual({ status: 'crit' })
  expect(namedColour('yellow')).toEqual({ css: 'light-dark(#F2CC0C, #FADE2A)' })
  expect(namedColour('rgba(1, 2, 3, 0.5)')).toEqual({ css: 'rgba(1, 2, 3, 0.5)' })
})

test('thresholds, absolute and by percentage', () => {
  const steps = [
    { value: null, color: 'green' },
    { value: 50, color: 'red' },
  ]
  const check = (mode: string, value: number, want: string): void =>
    expect(thresholdColour(value, thresholdSteps({ thresholds: { mode, steps } }, 0, 10))).toEqual({
      status: want,
    })
  check('absolute', 49, 'ok')
  check('absolute', 50, 'crit')
  check('percentage', 4.9, 'ok')
  check('percentage', 5, 'crit')
})

test('the colour of a field by its mode', () => {
  const steps = [{ value: -Infinity, colour: { status: 'ok' } as const }]
  const context: ColourContext = {
    index: 3,
    value: 5,
    min: 0,
    max: 10,
    steps,
    missingMode: 'palette-classic',
  }
  const check = (color: object | undefined, want: object): void =>
    expect(fieldColour({ color }, context)).toEqual(want)
  check(undefined, { palette: 3 })
  check({ mode: 'palette-classic' }, { palette: 3 })
  check({ mode: 'fixed', fixedColor: 'green' }, { css: 'light-dark(#56A64B, #73BF69)' })
  check({ mode: 'shades', fixedColor: '#123' }, { css: '#123' })
  check({ mode: 'thresholds' }, { status: 'ok' })
  check(
    { mode: 'continuous-BlPu' },
    { css: 'color-mix(in srgb, light-dark(#A352CC, #B877D9) 50%, light-dark(#3274D9, #5794F2))' },
  )
})
