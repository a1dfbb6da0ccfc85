/** From the labels in a body to the labels of a stored series. */
import { Labels, METRIC_NAME } from '@vigie/model'
import type { Relabeler } from '../relabel.ts'
import { ScrapeError, checkLabelLimits, type SampleLimits } from './limits.ts'

/** The series that every scrape writes about itself, with the target's labels. */
export const REPORT_NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const

const REPORTS: ReadonlySet<string> = new Set(REPORT_NAMES)

export interface SampleRules extends SampleLimits {
  /** Labels of the target, without `__*`. */
  target: Labels
  honorLabels: boolean
  relabel: Relabeler | undefined
}

/**
 * Adds the target's labels, resolves conflicts and relabels. Undefined: the series is not kept,
 * because a rule drops it or because it would stand where the scrape's own `up` stands. Throws
 * ScrapeError.
 */
export function sampleLabels(scraped: Labels, rules: SampleRules): Labels | undefined {
  const joined = rules.honorLabels
    ? withTargetBehind(scraped, rules.target)
    : withTargetInFront(scraped, rules.target)
  const labels = rules.relabel === undefined ? joined : rules.relabel(joined)
  if (labels === undefined || labels.size === 0) return undefined
  const name = labels.metricName
  if (name === '') throw new ScrapeError('missing metric name (__name__ label)')
  checkLabelLimits(labels, rules)
  const isReport = REPORTS.has(name) && labels.without(METRIC_NAME).equals(rules.target)
  return isReport ? undefined : labels
}

/** honor_labels: what the target says wins. */
function withTargetBehind(scraped: Labels, target: Labels): Labels {
  const byName = new Map(target)
  for (const [name, value] of scraped) byName.set(name, value)
  return Labels.fromMap(byName)
}

/** What the target says under a name of ours is kept as `exported_<name>`. */
function withTargetInFront(scraped: Labels, target: Labels): Labels {
  const byName = new Map(scraped)
  const conflicts: [string, string][] = []
  for (const [name, value] of target) {
    const exposed = byName.get(name)
    if (exposed !== undefined) conflicts.push([name, exposed])
    byName.set(name, value)
  }
  // Shorter names first, so that a scraped exported_x does not depend on the order of labels.
  conflicts.sort(([a], [b]) => a.length - b.length)
  for (const [name, value] of conflicts) {
    let free = `exported_${name}`
    while (byName.has(free)) free = `exported_${free}`
    byName.set(free, value)
  }
  return Labels.fromMap(byName)
}
