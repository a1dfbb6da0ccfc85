/** Numbers as texts of the Prometheus HTTP API. */
const SPECIAL_VALUES = new Map([
  ['+Inf', Infinity],
  ['-Inf', -Infinity],
  ['Inf', Infinity],
])

export const valueOf = (text: string): number => SPECIAL_VALUES.get(text) ?? Number(text)
