/**
 * A dashboard as a file that diffs well: keys in one order whatever wrote them, two spaces, a line break
 * at the end; what Grafana changes at every save (`id`, `version`, `iteration`) left out. Keys and values
 * that Vigie does not know stay as they were.
 */
import { type Json, isObject } from './json.ts'

/** First keys of any object, in this order; all others follow by name. */
const FIRST = (
  'uid title name label type id refId expr legendFormat description tags ' +
  'datasource gridPos targets fieldConfig defaults overrides options transformations'
).split(' ')
const PLACES: ReadonlyMap<string, number> = new Map(FIRST.map((key, i) => [key, i]))
/** Of the dashboard itself. */
const CHURN = new Set(['id', 'version', 'iteration'])
/** The long list of panels comes last. */
const LAST = new Set(['panels', 'rows'])

/** The text of a `.json` file. Reading and writing it again changes nothing. */
export function writeDashboard(raw: Json): string {
  const kept = Object.fromEntries(Object.entries(raw).filter(([key]) => !CHURN.has(key)))
  return `${JSON.stringify(ordered(kept), null, 2)}\n`
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isObject(value)) return value
  const keys = Object.keys(value).sort(compareKeys)
  return Object.fromEntries(keys.map((key) => [key, ordered(value[key])]))
}

function compareKeys(a: string, b: string): number {
  const place = (key: string): number =>
    LAST.has(key) ? FIRST.length + 1 : (PLACES.get(key) ?? FIRST.length)
  return place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0)
}
