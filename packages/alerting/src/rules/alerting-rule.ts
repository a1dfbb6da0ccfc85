/**
 * One alerting rule and its alerts:
 *
 *     inactive → pending → firing → (kept firing) → inactive, remembered for 15 minutes
 *
 * Each evaluation takes the vector of the expression, moves every alert on, and gives the samples of
 * ALERTS and ALERTS_FOR_STATE. Behaviour: Prometheus's.
 */
import { type Histogram, type Labels, METRIC_NAME } from '@vigie/model'
import { type Alert, type SampleRows, sampleText } from '../alert.ts'
import type { Logger } from '../logger.ts'
import { queryEscape } from '../template/builtins.ts'
import { formatFloat } from '../template/go-format.ts'
import {
  type RuleTemplate,
  alertTemplateData,
  parseAlertTemplate,
} from '../template/rule-template.ts'
import type { QueryFn } from './query.ts'
import type { AlertingDefinition } from './rule-group.ts'
import type { AlertStatus } from './rule-status.ts'

/** How long an alert that is over is still sent. */
const RESOLVED_RETENTION_MS = 15 * 60_000

export interface RuleContext {
  query: QueryFn
  log: Logger
  externalLabels: ReadonlyMap<string, string>
  externalUrl: string
  sampleOf: (labels: Labels) => SampleRows | null
}

/** A sample that a rule gives, at the time of the evaluation. */
export interface RuleSample {
  labels: Labels
  v: number
  /** Instead of `v`, which is NaN then. */
  h?: Histogram | undefined
}

interface ActiveAlert {
  labels: Labels
  annotations: ReadonlyMap<string, string>
  state: 'pending' | 'firing' | 'inactive'
  value: number
  activeAtMs: number
  firedAtMs: number
  /** 0: not resolved. */
  resolvedAtMs: number
  /** 0: not kept. */
  keepFiringSinceMs: number
  /** -Infinity: never. */
  lastSentAtMs: number
}

export class AlertingRule {
  readonly definition: AlertingDefinition
  /** Whether its `for` state from before a restart has been looked up; until then it writes no series. */
  isRestored = false
  #active = new Map<string, ActiveAlert>()
  readonly #labelTemplates: readonly (readonly [string, RuleTemplate])[]
  readonly #annotationTemplates: readonly (readonly [string, RuleTemplate])[]

  constructor(definition: AlertingDefinition) {
    this.definition = definition
    const parse = (texts: ReadonlyMap<string, string>): (readonly [string, RuleTemplate])[] =>
      [...texts].map(([key, text]) => [key, parseAlertTemplate(definition.name, text)] as const)
    this.#labelTemplates = parse(definition.labels)
    this.#annotationTemplates = parse(definition.annotations)
  }

  /** Goes on with the alerts of the rule that this one replaces. */
  takeOver(other: AlertingRule): void {
    this.#active = other.#active
    this.isRestored = other.isRestored
  }

  /** The samples at `timeMs`. Rejects when the query fails, labels collide or the limit is exceeded. */
  async evaluate(
    timeMs: number,
    queryTimeMs: number,
    limit: number,
    context: RuleContext,
  ): Promise<RuleSample[]> {
    const found = new Map<string, ActiveAlert>()
    for (const element of await context.query(this.definition.expr, queryTimeMs)) {
      // An alert over histograms has no value: 0, as in Prometheus.
      const value = element.h === undefined ? element.v : 0
      const alert = await this.#alertOf(element.labels, value, timeMs, context)
      if (found.has(alert.labels.key))
        throw new Error(
          'vector contains metrics with the same labelset after applying alert labels',
        )
      found.set(alert.labels.key, alert)
    }
    for (const [key, alert] of found) this.#meet(key, alert)
    const samples: RuleSample[] = []
    let activeCount = 0
    for (const [key, alert] of this.#active) {
      if (!this.#advance(key, alert, found.has(key), timeMs)) continue
      activeCount++
      if (this.isRestored) samples.push(...samplesOf(alert))
    }
    if (limit > 0 && activeCount > limit) {
      this.#active.clear()
      throw new Error(`exceeded limit of ${limit} with ${activeCount} alerts`)
    }
    return samples
  }

  async #alertOf(
    labels: Labels,
    value: number,
    timeMs: number,
    context: RuleContext,
  ): Promise<ActiveAlert> {
    const data = alertTemplateData(labels, context.externalLabels, context.externalUrl, value)
    const expand = async (template: RuleTemplate): Promise<string> => {
      try {
        return await template.expand(data, {
          query: (expr) => context.query(expr, timeMs),
          timeMs,
          externalUrl: context.externalUrl,
        })
      } catch (error) {
        const { message } = error as Error
        context.log.warn('expanding alert template failed', {
          rule: this.definition.name,
          error: message,
        })
        return `<error expanding template: ${message}>`
      }
    }
    let full = labels.without(METRIC_NAME)
    for (const [name, template] of this.#labelTemplates)
      full = full.with(name, await expand(template))
    full = full.with('alertname', this.definition.name)
    const annotations = new Map<string, string>()
    for (const [name, template] of this.#annotationTemplates)
      annotations.set(name, await expand(template))
    return {
      labels: full,
      annotations,
      state: 'pending',
      value,
      activeAtMs: timeMs,
      firedAtMs: 0,
      resolvedAtMs: 0,
      keepFiringSinceMs: 0,
      lastSentAtMs: -Infinity,
    }
  }

  #meet(key: string, alert: ActiveAlert): void {
    const known = this.#active.get(key)
    if (known === undefined || known.state === 'inactive') {
      this.#active.set(key, alert)
      return
    }
    known.value = alert.value
    known.annotations = alert.annotations
  }

  /** Moves an alert on. Whether it is pending or firing afterwards. */
  #advance(key: string, alert: ActiveAlert, isFound: boolean, timeMs: number): boolean {
    const { forMs, keepFiringForMs } = this.definition
    if (isFound) alert.keepFiringSinceMs = 0
    else {
      const isKept = alert.state === 'firing' && this.#isKeptFiring(alert, timeMs, keepFiringForMs)
      const isForgotten =
        alert.resolvedAtMs > 0 && timeMs - alert.resolvedAtMs > RESOLVED_RETENTION_MS
      if (alert.state === 'pending' || isForgotten) this.#active.delete(key)
      if (!isKept) {
        if (alert.state !== 'inactive') {
          alert.state = 'inactive'
          alert.resolvedAtMs = timeMs
        }
        return false
      }
    }
    if (alert.state === 'pending' && timeMs - alert.activeAtMs >= forMs) {
      alert.state = 'firing'
      alert.firedAtMs = timeMs
    }
    return true
  }

  #isKeptFiring(alert: ActiveAlert, timeMs: number, keepFiringForMs: number): boolean {
    if (keepFiringForMs === 0) return false
    if (alert.keepFiringSinceMs === 0) alert.keepFiringSinceMs = timeMs
    return timeMs - alert.keepFiringSinceMs < keepFiringForMs
  }

  /** Alerts that are due to be sent, marked as sent. `delayMs`: how long until the same is sent again. */
  takeDue(timeMs: number, delayMs: number, intervalMs: number, context: RuleContext): Alert[] {
    const due: Alert[] = []
    for (const alert of this.#active.values()) {
      if (alert.state === 'pending') continue
      const isNews = alert.resolvedAtMs > 0 && alert.resolvedAtMs > alert.lastSentAtMs
      const isDue = isNews || alert.lastSentAtMs + delayMs < timeMs
      if (!isDue) continue
      alert.lastSentAtMs = timeMs
      const validUntilMs = timeMs + 4 * Math.max(intervalMs, delayMs)
      due.push(this.#outgoing(alert, validUntilMs, context))
    }
    return due
  }

  #outgoing(alert: ActiveAlert, validUntilMs: number, context: RuleContext): Alert {
    let { labels } = alert
    for (const [name, value] of context.externalLabels)
      if (!labels.has(name)) labels = labels.with(name, value)
    const sample = context.sampleOf(alert.labels)
    return {
      labels,
      // Receivers that only know texts see the rows as well.
      annotations:
        sample === null
          ? alert.annotations
          : new Map([...alert.annotations, ['sample', sampleText(sample)]]),
      startsAtMs: alert.firedAtMs,
      endsAtMs: alert.resolvedAtMs > 0 ? alert.resolvedAtMs : validUntilMs,
      generatorUrl: `${context.externalUrl}/graph?g0.expr=${queryEscape(this.definition.expr)}&g0.tab=1`,
      sample,
    }
  }

  /** Alerts whose start may lie before a restart; `restore` gives the new start, or undefined. */
  restore(restore: (labels: Labels) => number | undefined): void {
    for (const alert of this.#active.values()) {
      const activeAtMs = restore(alert.labels)
      if (activeAtMs !== undefined) alert.activeAtMs = activeAtMs
    }
    this.isRestored = true
  }

  get state(): 'inactive' | 'pending' | 'firing' {
    const states = [...this.#active.values()].map((alert) => alert.state)
    return states.includes('firing')
      ? 'firing'
      : states.includes('pending')
        ? 'pending'
        : 'inactive'
  }

  /** Pending and firing. */
  alerts(): AlertStatus[] {
    return [...this.#active.values()].filter(isShown).map((alert) => ({
      labels: alert.labels.toObject(),
      annotations: Object.fromEntries(alert.annotations),
      state: alert.state,
      activeAt: new Date(alert.activeAtMs).toISOString(),
      ...(alert.keepFiringSinceMs > 0
        ? { keepFiringSince: new Date(alert.keepFiringSinceMs).toISOString() }
        : {}),
      value: formatFloat(alert.value, 'e', -1),
    }))
  }
}

const isShown = (alert: ActiveAlert): alert is ActiveAlert & { state: 'pending' | 'firing' } =>
  alert.state !== 'inactive'

function samplesOf(alert: ActiveAlert): RuleSample[] {
  return [
    { labels: alert.labels.with(METRIC_NAME, 'ALERTS').with('alertstate', alert.state), v: 1 },
    {
      labels: alert.labels.with(METRIC_NAME, 'ALERTS_FOR_STATE'),
      v: Math.floor(alert.activeAtMs / 1000),
    },
  ]
}
