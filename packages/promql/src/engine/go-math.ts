/**
 * Binary logarithm and exponential to the last bit as Go computes them: with a reduction of its own before the
 * algorithm of FreeBSD's msun that both it and V8 use (https://www.netlib.org/fdlibm/e_exp.c). Histogram
 * quantiles are made of them.
 */

const LN2_HIGH = 6.9314718036912381649e-1
const LN2_LOW = 1.90821492927058770002e-10
/** The polynomial of fdlibm's exp. */
const P1 = 1.66666666666666657415e-1
const P2 = -2.77777777770155933842e-3
const P3 = 6.61375632143793436117e-5
const P4 = -1.6533902205465251539e-6
const P5 = 4.13813679705723846039e-8
const EXPONENT_MAX = 1.0239999999999999e3
const EXPONENT_MIN = -1.074e3
/** Beyond it a power of two is multiplied in two steps, so that neither is too small or too large for a double. */
const STEP = 1000

export function exp2(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x
  if (x === -Infinity || x < EXPONENT_MIN) return 0
  if (x > EXPONENT_MAX) return Infinity
  const k = x > 0 ? Math.trunc(x + 0.5) : Math.trunc(x - 0.5)
  const rest = x - k
  const high = rest * LN2_HIGH
  const low = -rest * LN2_LOW
  const r = high - low
  const t = r * r
  const c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))))
  return scaled(1 - (low - (r * c) / (2 - c) - high), k)
}

function scaled(y: number, k: number): number {
  if (k > STEP) return y * 2 ** STEP * 2 ** (k - STEP)
  if (k < -STEP) return y * 2 ** -STEP * 2 ** (k + STEP)
  return y * 2 ** k
}

const bits = new DataView(new ArrayBuffer(8))

export function log2(x: number): number {
  if (!(x > 0) || x === Infinity) return Math.log2(x)
  // A subnormal has no exponent of its own.
  if (x < 2 ** -1022) return log2(x * 2 ** 52) - 52
  bits.setFloat64(0, x)
  const high = bits.getUint32(0)
  const exponent = (high >>> 20) - 1022
  bits.setUint32(0, (high & 0xfffff) | (1022 << 20))
  const fraction = bits.getFloat64(0)
  return fraction === 0.5 ? exponent - 1 : exponent + Math.log(fraction) * Math.LOG2E
}
