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
 * because a rule drops it or because it would stand where the scrape's own `up` stands. Takes `scraped`
 * over. Throws ScrapeError.
 */
export function sampleLabels(scraped: Map<string, string>, rules: SampleRules): Labels | undefined {
  if (rules.honorLabels) addTargetBehind(scraped, rules.target)
  else addTargetInFront(scraped, rules.target)
  const joined = Labels.fromMap(scraped)
  const labels = rules.relabel === undefined ? joined : rules.relabel(joined)
  if (labels === undefined || labels.size === 0) return undefined
  const name = labels.metricName
  if (name === '') throw new ScrapeError('missing metric name (__name__ label)')
  checkLabelLimits(labels, rules)
  const isReport = REPORTS.has(name) && labels.without(METRIC_NAME).equals(rules.target)
  return isReport ? undefined : labels
}

/** honor_labels: what the target says wins, also when it says "none" with an empty value. */
function addTargetBehind(scraped: Map<string, string>, target: Labels): void {
  for (const [name, value] of target) if (!scraped.has(name)) scraped.set(name, value)
}

/** What the target says under a name of ours is kept as `exported_<name>`. */
function addTargetInFront(scraped: Map<string, string>, target: Labels): void {
  const { pairs } = target
  let conflicts: [name: string, value: string][] | undefined
  for (let i = 0; i < pairs.length; i += 2) {
    const exposed = scraped.get(pairs[i])
    if (exposed !== undefined && exposed !== '') (conflicts ??= []).push([pairs[i], exposed])
    scraped.set(pairs[i], pairs[i + 1])
  }
  // Shorter names first, so that a scraped exported_x does not depend on the order of labels.
  conflicts?.sort(([a], [b]) => a.length - b.length)
  for (const [name, value] of conflicts ?? []) {
    let free = `exported_${name}`
    while (scraped.has(free)) free = `exported_${free}`
    scraped.set(free, value)
  }
}
