/** Fetches what Vigie has of the target over a run, and asks which series gave first. */
import {
  type LoadUnit,
  type SuspectLevel,
  type SuspectSeries,
  findSuspects as rankSuspects,
} from '@vigie/insight'
import type { SuspectReport } from '@vigie/load'
import type { VigieClient } from '../vigie-client.ts'

/** Names asked for at once. */
const NAMES_PER_QUERY = 100
/** Series that are looked at; the others are left out, in the order of their names. */
const SERIES_MAX = 20_000
/** How long before the run is looked at, at most: what is usual. */
const BEFORE_MS_MAX = 60_000
/** What load, Vigie and scraping write themselves, and what has no meaning of its own. */
const NOT_OF_TARGETS =
  /^(k6_|vigie_|prometheus_|scrape_|ALERTS|invariant_|probe_|up$)|_bucket$|_created$|_info$/

/** The five that gave first, or fewer. Rejects when Vigie does not answer. */
export async function findSuspects(
  client: VigieClient,
  levels: readonly SuspectLevel[],
  unit: LoadUnit,
): Promise<SuspectReport[]> {
  if (levels.length === 0) return []
  const series = await seriesOf(client, levels[0]!.startMs, levels.at(-1)!.endMs)
  return rankSuspects({ levels, series, unit }).map((one) => ({
    rank: one.rank,
    metric: one.metric,
    labels: one.labels,
    score: one.score,
    sentence: one.sentence,
    expr: one.expr,
    departedAt: one.departedAt,
  }))
}

async function seriesOf(
  client: VigieClient,
  startMs: number,
  endMs: number,
): Promise<SuspectSeries[]> {
  const beforeMs = Math.min(BEFORE_MS_MAX, (endMs - startMs) / 4)
  const [names, metadata, ownInstances] = await Promise.all([
    client.metricNames('{__name__!="",testid=""}', startMs),
    client.metadata(),
    instancesOfVigie(client),
  ])
  const wanted = names.filter((name) => !NOT_OF_TARGETS.test(name))
  const found: SuspectSeries[] = []
  for (let at = 0; at < wanted.length && found.length < SERIES_MAX; at += NAMES_PER_QUERY) {
    const some = wanted.slice(at, at + NAMES_PER_QUERY)
    const selector = `{__name__=~${JSON.stringify(some.join('|'))},testid=""}`
    for (const points of await client.samples(selector, endMs, endMs - startMs + beforeMs)) {
      if (ownInstances.has(points.labels['instance'] ?? '')) continue
      const about = metadata.get(baseOf(points.labels['__name__']!))
      found.push({
        ...points,
        ...(about?.type ? { type: about.type } : {}),
        ...(about?.help ? { help: about.help } : {}),
      })
    }
  }
  return found.slice(0, SERIES_MAX)
}

/** A histogram's or summary's parts are known under its own name. */
const baseOf = (name: string): string => name.replace(/_(sum|count)$/, '')

/** Where Vigie watches itself: its own work is not the target's. */
async function instancesOfVigie(client: VigieClient): Promise<ReadonlySet<string>> {
  const rows = await client.query('group by (instance) (prometheus_tsdb_head_series)')
  return new Set(rows.map(({ labels }) => labels['instance'] ?? ''))
}
