/**
 * All metrics of the run, put together from what the workers hand over: totals, submetrics, the tree
 * of groups and checks, and per series what outputs want.
 */
import { EXIT, LoadError } from '../errors.ts'
import { monotonicMs } from '../executors/run-state.ts'
import { SYSTEM_TAGS } from '../options.ts'
import type { Flush, SeriesDefinition } from './buffer.ts'
import { BUILTIN_METRICS, type Metric } from './metric.ts'
import { type Sink, createSink } from './sink.ts'
import { OWNER_TAG, SAMPLE_SIZE } from './sample-log.ts'
import { SlidingSink } from './sliding.ts'
import { type ThresholdGroup, checkAggregates, evaluateGroup } from './threshold.ts'

export interface Submetric {
  /** As written in `thresholds`. */
  key: string
  tags: readonly (readonly [string, string])[]
  sink: Sink
}

/** A metric with all that is kept of it. */
export interface MetricTotal {
  metric: Metric
  sink: Sink
  submetrics: Submetric[]
}

/** A series across workers; outputs hear of its records. */
export interface RunSeries {
  metric: Metric
  /** Sorted by name; system tags that are switched off are gone. */
  tags: readonly (readonly [string, string])[]
  sinks: readonly Sink[]
  /** For a series of `checks`: what to count it in. */
  checks: readonly CheckCount[]
}

export interface CheckCount {
  name: string
  passes: number
  fails: number
}

export interface Group {
  name: string
  /** `::a::b`; '' for the root. */
  path: string
  groups: Map<string, Group>
  checks: Map<string, CheckCount>
}

/** Metrics of the whole run, or of one group or scenario of it, as the summary reads them. */
export interface MetricsView {
  /** Sorted by name. */
  metrics(): readonly MetricTotal[]
  checks(): readonly CheckCount[]
  metric(name: string): Metric | undefined
}

/** Totals of the series that share a scenario or a group. */
export interface DetailView {
  name: string
  view: MetricsView
  groups: DetailView[]
}

/** Hears every sample, in the order of each worker. `vu` and `iteration` are -1 when nobody knows. */
export type SampleListener = (
  series: RunSeries,
  timeMs: number,
  value: number,
  vu: number,
  iteration: number,
) => void

/** Hears every record as it arrives. */
export type RecordListener = (series: RunSeries, record: Float64Array) => void

export class MetricsEngine {
  readonly totals: Map<string, MetricTotal> = new Map()
  readonly root: Group = newGroup('', '')
  readonly #systemTags: ReadonlySet<string>
  readonly #series = new Map<string, RunSeries>()
  readonly #byWorker: RunSeries[][] = []
  readonly #thresholds: ThresholdGroup[]
  readonly #listeners: RecordListener[] = []
  readonly #sampleListeners: SampleListener[] = []
  readonly #now: () => number
  /** By the key of the thresholds that look at windows. */
  readonly #sliding = new Map<string, SlidingSink>()
  #details: { groups: Detail; scenarios: Detail } | null = null

  /**
   * Throws LoadError (104) for thresholds on metrics that do not exist or do not fit. `now` is the clock of
   * windows, in ms.
   */
  constructor(
    customMetrics: readonly Metric[],
    thresholds: readonly ThresholdGroup[],
    systemTags: ReadonlySet<string>,
    now: () => number = monotonicMs,
  ) {
    this.#systemTags = systemTags
    this.#now = now
    const known = new Map([
      ...BUILTIN_METRICS,
      ...customMetrics.map((one) => [one.name, one] as const),
    ])
    this.#addSubmetric(
      'http_req_duration',
      BUILTIN_METRICS.get('http_req_duration')!,
      'http_req_duration{expected_response:true}',
      [['expected_response', 'true']],
    )
    this.#thresholds = [...thresholds]
    for (const group of thresholds) {
      if ('promql' in group.target) continue
      const { metric: name, tags } = group.target
      const metric = known.get(name)
      if (metric === undefined) {
        throw new LoadError(
          EXIT.invalidConfig,
          `invalid threshold defined on ${group.key}; reason: no metric name "${name}" found`,
        )
      }
      checkAggregates(group, metric)
      if (tags.length === 0) this.total(metric)
      else this.#addSubmetric(name, metric, group.key, tags)
      const longestMs = Math.max(0, ...group.thresholds.map((one) => one.windowMs ?? 0))
      if (longestMs > 0) this.#sliding.set(group.key, new SlidingSink(metric.type, longestMs, now))
    }
  }

  listen(listener: RecordListener): void {
    this.#listeners.push(listener)
  }

  /** Only heard of when workers record every sample. */
  listenToSamples(listener: SampleListener): void {
    this.#sampleListeners.push(listener)
  }

  total(metric: Metric): MetricTotal {
    let total = this.totals.get(metric.name)
    if (total === undefined) {
      this.totals.set(
        metric.name,
        (total = { metric, sink: createSink(metric.type), submetrics: [] }),
      )
    }
    return total
  }

  #addSubmetric(
    name: string,
    metric: Metric,
    key: string,
    tags: readonly (readonly [string, string])[],
  ): void {
    const total = this.totals.get(name) ?? this.total(metric)
    const sameTags = (other: Submetric): boolean =>
      JSON.stringify(other.tags) === JSON.stringify(tags)
    if (!total.submetrics.some(sameTags))
      total.submetrics.push({ key, tags, sink: createSink(metric.type) })
  }

  /** Takes what a worker handed over. */
  ingest(worker: number, flush: Flush): void {
    const series = (this.#byWorker[worker] ??= [])
    for (const definition of flush.series) series[definition.id] = this.#seriesOf(definition)
    const { records } = flush
    for (let at = 0; at < records.length;) {
      const one = series[records[at]!]!
      const length = records[at + 1]!
      this.#add(one, records.subarray(at + 2, at + 2 + length))
      at += 2 + length
    }
    if (flush.samples !== undefined) this.#tellSamples(series, flush.samples)
  }

  #tellSamples(series: readonly RunSeries[], samples: Float64Array): void {
    for (let at = 0; at < samples.length; at += SAMPLE_SIZE) {
      const one = series[samples[at]!]!
      const [timeMs, value] = [samples[at + 1]!, samples[at + 2]!]
      for (const listener of this.#sampleListeners)
        listener(one, timeMs, value, samples[at + 3]!, samples[at + 4]!)
    }
  }

  /** A sample of the run itself, such as `vus`. */
  sample(name: string, value: number, tags: readonly (readonly [string, string])[]): void {
    const metric = BUILTIN_METRICS.get(name)!
    const record = metric.type === 'gauge' ? [value, value, value] : [value]
    const series = this.#seriesOf({ id: -1, metric, tags })
    this.#add(series, Float64Array.from(record))
    for (const listener of this.#sampleListeners) listener(series, monotonicMs(), value, -1, -1)
  }

  #add(series: RunSeries, record: Float64Array): void {
    for (const sink of series.sinks) sink.add(record)
    for (const check of series.checks) {
      check.passes += record[0]!
      check.fails += record[1]! - record[0]!
    }
    for (const listener of this.#listeners) listener(series, record)
  }

  #seriesOf({ metric, tags }: SeriesDefinition): RunSeries {
    const kept = tags.filter(
      ([name]) => name !== OWNER_TAG && (!SYSTEM_TAGS.has(name) || this.#systemTags.has(name)),
    )
    const key = `${metric.name}\u0000${kept.map(([name, value]) => `${name}\u0001${value}`).join('\u0002')}`
    let series = this.#series.get(key)
    if (series === undefined) {
      const total = this.total(metric)
      const byName = new Map(kept)
      const matching = total.submetrics.filter(({ tags: wanted }) =>
        wanted.every(([name, value]) => (byName.get(name) ?? '') === value),
      )
      const details = this.#detailsOf(metric, byName)
      const sinks = [
        total.sink,
        ...matching.map(({ sink }) => sink),
        ...details.map((one) => one.total(metric).sink),
        ...this.#slidingOf(metric, byName),
      ]
      const count = metric.name === 'checks' ? this.#checkCounts(byName, details) : []
      series = { metric, tags: kept, sinks, checks: count }
      this.#series.set(key, series)
      this.#openGroup(byName.get('group') ?? '')
    }
    return series
  }

  #slidingOf(metric: Metric, tags: ReadonlyMap<string, string>): Sink[] {
    if (this.#sliding.size === 0) return []
    return this.#thresholds.flatMap(({ key, target }) => {
      const sliding = this.#sliding.get(key)
      if (sliding === undefined || 'promql' in target || target.metric !== metric.name) return []
      return target.tags.every(([name, value]) => (tags.get(name) ?? '') === value) ? [sliding] : []
    })
  }

  #openGroup(path: string): Group {
    let group = this.root
    for (const name of path.split('::').slice(1)) {
      // setup and teardown are no groups of the script, but k6 shows them as such.
      let inner = group.groups.get(name)
      if (inner === undefined)
        group.groups.set(name, (inner = newGroup(name, `${group.path}::${name}`)))
      group = inner
    }
    return group
  }

  #checkCounts(tags: ReadonlyMap<string, string>, details: readonly Detail[]): CheckCount[] {
    const name = tags.get('check') ?? ''
    const group = this.#openGroup(tags.get('group') ?? '')
    return [group.checks, ...details.map((one) => one.checks)].map((checks) => {
      let count = checks.get(name)
      if (count === undefined) checks.set(name, (count = { name, passes: 0, fails: 0 }))
      return count
    })
  }

  /** The whole run. */
  view(): MetricsView {
    return viewOf(
      () => this.totals,
      () => allChecks(this.root),
    )
  }

  /** Keeps totals by group and by scenario too, from here on: the full summary shows them. */
  keepDetails(): void {
    this.#details = { groups: new Detail(''), scenarios: new Detail('') }
  }

  /** Top-level groups and scenarios with what was kept of them; empty unless `keepDetails` was called. */
  details(): { groups: DetailView[]; scenarios: DetailView[] } {
    const views = (detail: Detail | undefined): DetailView[] =>
      [...(detail?.inner.values() ?? [])].map((one) => one.view())
    const byName = (a: DetailView, b: DetailView): number =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : 0
    const scenarios = views(this.#details?.scenarios).sort(byName)
    const onlyDefault = scenarios.length === 1 && scenarios[0]!.name === 'default'
    return { groups: views(this.#details?.groups), scenarios: onlyDefault ? [] : scenarios }
  }

  #detailsOf(metric: Metric, tags: ReadonlyMap<string, string>): Detail[] {
    if (this.#details === null) return []
    const path = (tags.get('group') ?? '').split('::').slice(1)
    const scenario = tags.get('scenario')
    const found: Detail[] = []
    const roots = [
      this.#details.groups,
      ...(scenario === undefined ? [] : [this.#details.scenarios.open(scenario)]),
    ]
    if (roots[1] !== undefined) found.push(roots[1])
    for (const root of roots) {
      let detail = root
      for (const name of path) found.push((detail = detail.open(name)))
    }
    for (const detail of found) detail.total(metric)
    return found
  }

  /**
   * Evaluates every threshold on metrics, in place, `durationMs` after the start; at the end of the run
   * windows end when the run did, `endedAgoMs` before now.
   */
  evaluateThresholds(durationMs: number, isEnd: boolean, endedAgoMs = 0): void {
    for (const group of this.#thresholds) {
      if (!('promql' in group.target))
        evaluateGroup(
          group,
          { sink: this.#sinkOf(group.target), sliding: this.#sliding.get(group.key) ?? null },
          durationMs,
          isEnd,
          this.#now() - endedAgoMs,
        )
    }
  }

  #sinkOf({
    metric,
    tags,
  }: {
    metric: string
    tags: readonly (readonly [string, string])[]
  }): Sink {
    const total = this.totals.get(metric)!
    if (tags.length === 0) return total.sink
    return total.submetrics.find((one) => JSON.stringify(one.tags) === JSON.stringify(tags))!.sink
  }
}

/** What is kept of one group or scenario. */
class Detail {
  readonly name: string
  readonly inner = new Map<string, Detail>()
  readonly totals = new Map<string, MetricTotal>()
  readonly checks = new Map<string, CheckCount>()

  constructor(name: string) {
    this.name = name
  }

  open(name: string): Detail {
    let detail = this.inner.get(name)
    if (detail === undefined) this.inner.set(name, (detail = new Detail(name)))
    return detail
  }

  total(metric: Metric): MetricTotal {
    let total = this.totals.get(metric.name)
    if (total === undefined) {
      this.totals.set(
        metric.name,
        (total = { metric, sink: createSink(metric.type), submetrics: [] }),
      )
    }
    return total
  }

  view(): DetailView {
    return {
      name: this.name,
      view: viewOf(
        () => this.totals,
        () => [...this.checks.values()],
      ),
      groups: [...this.inner.values()].map((one) => one.view()),
    }
  }
}

function viewOf(
  totals: () => ReadonlyMap<string, MetricTotal>,
  checks: () => CheckCount[],
): MetricsView {
  return {
    metrics: () => [...totals().values()].sort((a, b) => (a.metric.name < b.metric.name ? -1 : 1)),
    checks,
    metric: (name) => totals().get(name)?.metric,
  }
}

/** Checks of a group and of all groups in it; one name in several groups counts as one. */
function allChecks(group: Group): CheckCount[] {
  const merged = new Map<string, CheckCount>()
  const visit = (one: Group): void => {
    for (const { name, passes, fails } of one.checks.values()) {
      const known = merged.get(name)
      if (known === undefined) merged.set(name, { name, passes, fails })
      else {
        known.passes += passes
        known.fails += fails
      }
    }
    for (const inner of one.groups.values()) visit(inner)
  }
  visit(group)
  return [...merged.values()]
}

function newGroup(name: string, path: string): Group {
  return { name, path, groups: new Map(), checks: new Map() }
}
