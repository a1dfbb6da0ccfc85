/** Functions that map each sample of an instant vector to another number. They drop the metric name. */
import { log2 } from './go-math.ts'
import { maxOf, minOf } from './numbers.ts'

/** `params` are the scalar arguments at this step, in the order in which they are written. */
export type ValueFunction = (v: number, params: Float64Array) => number

const RADIANS = Math.PI / 180

/** Ties go up. */
function round(v: number, params: Float64Array): number {
  const inverse = 1 / (params.length > 0 ? params[0] : 1)
  return Math.floor(v * inverse + 0.5) / inverse
}

export const VALUE_FUNCTIONS: ReadonlyMap<string, ValueFunction> = new Map<string, ValueFunction>([
  ['abs', Math.abs],
  ['acos', Math.acos],
  ['acosh', Math.acosh],
  ['asin', Math.asin],
  ['asinh', Math.asinh],
  ['atan', Math.atan],
  ['atanh', Math.atanh],
  ['ceil', Math.ceil],
  ['cos', Math.cos],
  ['cosh', Math.cosh],
  ['exp', Math.exp],
  ['floor', Math.floor],
  ['ln', Math.log],
  ['log2', log2],
  ['log10', Math.log10],
  ['sin', Math.sin],
  ['sinh', Math.sinh],
  ['sqrt', Math.sqrt],
  ['tan', Math.tan],
  ['tanh', Math.tanh],
  ['deg', (v) => (v * 180) / Math.PI],
  ['rad', (v) => v * RADIANS],
  ['sgn', (v) => (v < 0 ? -1 : v > 0 ? 1 : v)],
  ['round', round],
  ['clamp', (v, [low, high]) => maxOf(low, minOf(high, v))],
  ['clamp_min', (v, [low]) => maxOf(low, v)],
  ['clamp_max', (v, [high]) => minOf(high, v)],
])
