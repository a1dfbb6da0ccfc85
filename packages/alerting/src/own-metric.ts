/** A metric of Vigie itself, rendered by the server on `/metrics`. */
export interface OwnMetric {
  name: string
  help: string
  type: 'counter' | 'gauge'
  samples: { labels: Record<string, string>; value: number }[]
}
