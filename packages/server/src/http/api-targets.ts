/** `/targets`, `/targets/metadata`, `/scrape_pools` with their settings, `/metadata`. */
import { formatDuration, matchesAll } from '@vigie/model'
import { poolYaml } from '../config/pool-yaml.ts'
import { type Answer, type Call, json } from './answer.ts'
import { poolOf } from './api-relabel.ts'
import { countParam, named, selectorOf } from './params.ts'

export function targets({ params, vigie }: Call): Answer {
  const state = (params.get('state') ?? '').toLowerCase()
  const pool = params.get('scrapePool') ?? ''
  const all = vigie.scrape.targets()
  const inPool = (one: { scrapePool: string }): boolean => pool === '' || one.scrapePool === pool
  const isActive = ['', 'any', 'active'].includes(state)
  const isDropped = ['', 'any', 'dropped'].includes(state)
  const active = isActive ? all.active.filter(inPool) : []
  const dropped = isDropped ? all.dropped.filter(inPool) : []
  return json({
    activeTargets: active.sort(byPool).map((one) => ({
      discoveredLabels: one.discoveredLabels.toObject(),
      labels: one.labels.toObject(),
      scrapePool: one.scrapePool,
      scrapeUrl: one.scrapeUrl,
      globalUrl: one.globalUrl,
      lastError: one.lastError,
      lastScrape: isoTime(one.lastScrapeMs),
      lastScrapeDuration: one.lastScrapeDurationSeconds,
      health: one.health,
      scrapeInterval: formatDuration(one.intervalMs),
      scrapeTimeout: formatDuration(one.timeoutMs),
    })),
    droppedTargets: dropped.sort(byPool).map((one) => ({
      discoveredLabels: one.discoveredLabels.toObject(),
      scrapePool: one.scrapePool,
    })),
    droppedTargetCounts: isDropped ? Object.fromEntries(all.droppedCounts) : null,
  })
}

const byPool = (a: { scrapePool: string }, b: { scrapePool: string }): number =>
  a.scrapePool < b.scrapePool ? -1 : a.scrapePool > b.scrapePool ? 1 : 0

/** Go's zero time, which Prometheus shows for what has not happened yet. */
const isoTime = (ms: number): string =>
  ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString()

export function scrapePools({ vigie }: Call): Answer {
  const { active, droppedCounts } = vigie.scrape.targets()
  // A job whose targets were all dropped has a pool too.
  const pools = new Set([...active.map((one) => one.scrapePool), ...droppedCounts.keys()])
  return json({ scrapePools: [...pools].sort() })
}

export function scrapePoolConfig({ params, vigie }: Call): Answer {
  return json({ yaml: poolYaml(poolOf(vigie, params.get('scrapePool') ?? '')) })
}

export function metadata({ params, vigie }: Call): Answer {
  const metric = params.get('metric') ?? ''
  const limit = countParam(params, 'limit')
  // Unlike the limit, 0 is none.
  const perMetric = countParam(params, 'limit_per_metric') || Infinity
  const byName = new Map<string, Map<string, { type: string; unit: string; help: string }>>()
  for (const one of vigie.scrape.metadata()) {
    if (metric !== '' && one.metric !== metric) continue
    let entries = byName.get(one.metric)
    if (entries === undefined) {
      if (byName.size >= limit) continue
      byName.set(one.metric, (entries = new Map()))
    }
    const entry = { type: one.type, unit: one.unit, help: one.help }
    if (entries.size < perMetric) entries.set(JSON.stringify(entry), entry)
  }
  return json(
    Object.fromEntries([...byName].map(([name, entries]) => [name, [...entries.values()]])),
  )
}

export function targetsMetadata({ params, vigie }: Call): Answer {
  const limit = countParam(params, 'limit')
  const selector = params.get('match_target') ?? ''
  const matchers = selector === '' ? [] : named('match_target', () => selectorOf(selector, true))
  const metric = params.get('metric') ?? ''
  const found = vigie.scrape
    .metadata()
    .filter((one) => metric === '' || one.metric === metric)
    .filter((one) => matchesAll(matchers, one.target))
  const rows: typeof found = []
  for (const [i, one] of found.entries()) {
    // Only between targets is counted: of one, all is told.
    const isNext = i === 0 || found[i - 1].target.key !== one.target.key
    if (isNext && rows.length >= limit) break
    rows.push(one)
  }
  return json(
    rows.map((one) => ({
      target: one.target.toObject(),
      // Who asks for one metric knows its name: Prometheus leaves it out.
      ...(metric === '' ? { metric: one.metric } : {}),
      type: one.type,
      help: one.help,
      unit: one.unit,
    })),
  )
}
