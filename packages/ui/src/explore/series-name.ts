/** A label set as PromQL writes it: `name{a="b", c="d"}`. */
import { quote } from '@vigie/model'

export function seriesName(metric: Record<string, string>): string {
  const { __name__: name = '', ...labels } = metric
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${quote(value)}`)
  if (pairs.length === 0) return name || '{}'
  return `${name}{${pairs.join(', ')}}`
}
