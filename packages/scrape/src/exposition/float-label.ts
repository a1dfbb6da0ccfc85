/** Values of `le` and `quantile` as OpenMetrics writes them, so that `1` and `1.0` are one series. */

/** Go's shortest `%g` with a point or an exponent: `1.0`, `0.005`, `1e+06`, `+Inf`. */
export function openMetricsFloat(v: number): string {
  if (v !== v) return 'NaN'
  if (v === Infinity) return '+Inf'
  if (v === -Infinity) return '-Inf'
  if (v === 0) return 1 / v < 0 ? '-0.0' : '0.0'
  const [digits, exponentText] = v.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= EXPONENT_MIN) {
    const size = String(Math.abs(exponent)).padStart(2, '0')
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`
  }
  const text = String(v)
  return text.includes('.') ? text : `${text}.0`
}

/** From here on `%g` in its shortest form writes an exponent. */
const EXPONENT_MIN = 6
