/** What a query variable asks: one of the functions of Grafana's Prometheus data source, or series. */

export type VariableQuery =
  | { kind: 'labelNames' }
  /** `selector` '' for all series. */
  | { kind: 'labelValues'; label: string; selector: string }
  /** Metric names that match. */
  | { kind: 'metrics'; pattern: RegExp }
  | { kind: 'queryResult'; expr: string }
  | { kind: 'series'; selector: string }
  | { kind: 'nothing' }

const unquoted = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/s, '$2')

/** Throws SyntaxError when the pattern of `metrics()` is none. */
export function parseVariableQuery(query: string): VariableQuery {
  const text = query.trim()
  if (text === '') return { kind: 'nothing' }
  if (/^label_names\([^)]*\)$/.test(text)) return { kind: 'labelNames' }
  const metrics = /^metrics\((.*)\)$/s.exec(text)
  if (metrics !== null) return { kind: 'metrics', pattern: new RegExp(unquoted(metrics[1])) }
  const values = /^label_values\((.*)\)$/s.exec(text)
  if (values !== null) return labelValues(values[1])
  const result = /^query_result\((.*)\)$/s.exec(text)
  if (result !== null) return { kind: 'queryResult', expr: result[1].trim() }
  return { kind: 'series', selector: text }
}

/** The label is what follows the last comma outside of braces and quotes. */
function labelValues(inside: string): VariableQuery {
  const [, selector = '', label] = /^(?:(.*),)?([^,{}]*)$/s.exec(inside) ?? [undefined, '', inside]
  return { kind: 'labelValues', label: unquoted(label), selector: selector.trim() }
}

/** The questions variables ask; the range is the dashboard's. */
export interface VariableSource {
  labelNames(): Promise<string[]>
  /** `selector` '' for all series. */
  labelValues(label: string, selector: string): Promise<string[]>
  /** An instant query: series as `name{labels} value timestamp` texts, as query_result gives them. */
  queryResult(expr: string): Promise<string[]>
  /** Selectors of the series themselves. */
  series(selector: string): Promise<string[]>
}

export async function askVariable(query: string, source: VariableSource): Promise<string[]> {
  const asked = parseVariableQuery(query)
  switch (asked.kind) {
    case 'nothing':
      return []
    case 'labelNames':
      return source.labelNames()
    case 'labelValues':
      return source.labelValues(asked.label, asked.selector)
    case 'metrics':
      return (await source.labelValues('__name__', '')).filter((name) => asked.pattern.test(name))
    case 'queryResult':
      return source.queryResult(asked.expr)
    case 'series':
      return source.series(asked.selector)
  }
}
