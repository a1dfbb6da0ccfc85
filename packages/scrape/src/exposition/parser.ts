/** The parser of a format. Bodies of one target almost always have one, so it is kept and reused. */
import type { BodyFormat } from './content-type.ts'
import { OpenMetricsParser } from './open-metrics.ts'
import { PrometheusTextParser } from './prometheus-text.ts'
import type { TextParser } from './text-parser.ts'

export type TextFormat = Exclude<BodyFormat, 'protobuf'>

export function createParser(format: TextFormat): TextParser {
  return format === 'openmetrics' ? new OpenMetricsParser() : new PrometheusTextParser()
}
