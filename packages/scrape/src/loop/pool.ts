/** The targets of one job: what its discoveries report, relabelled, each with its loop. */
import type { ProbeJob, ScrapeJob, TargetGroup } from '../config.ts'
import { BODY_SIZE_DEFAULT_MAX, NO_HISTOGRAM_RULES } from '../config.ts'
import { createDiscoveries, type Discovery } from '../discovery/discovery.ts'
import { HttpClient } from '../http/client.ts'
import type { IngestRules } from '../ingest/ingester.ts'
import { ProbeSource } from '../probe/source.ts'
import { compileRelabel, type Relabeler } from '../relabel.ts'
import type { Labels } from '@vigie/model'
import { buildTargets, type Target } from '../target/target.ts'
import { ScrapeLoop, type LoopContext } from './loop.ts'
import { FunctionSource, HttpSource, type BodySource } from './source.ts'

export type Job = ScrapeJob | ProbeJob

/** Dropped targets that are kept for display when the job does not say. */
const DROPPED_TARGETS_MAX = 1000

export class Pool {
  readonly loops: Map<string, ScrapeLoop> = new Map()
  job: Job
  dropped: Labels[] = []
  droppedCount = 0

  readonly #context: LoopContext
  readonly #userAgent: string
  #client: HttpClient
  #relabel: Relabeler | undefined
  #metricRelabel: Relabeler | undefined
  #discoveries: Discovery[] = []
  /** What each discovery has reported. */
  #groups: (readonly TargetGroup[])[] = []

  constructor(job: Job, context: LoopContext, userAgent: string) {
    this.job = job
    this.#context = context
    this.#userAgent = userAgent
    this.#relabel = compileRelabel(job.relabelConfigs)
    this.#metricRelabel = compileRelabel(job.metricRelabelConfigs)
    this.#client = createClient(job)
    this.#discover()
  }

  /** Takes over a changed job; targets that stay keep their loops. Throws RegexError before anything changes. */
  update(job: Job): void {
    const old = this.job
    if (describe(old) === describe(job) && internalOf(old) === internalOf(job)) return
    this.#relabel = compileRelabel(job.relabelConfigs)
    this.#metricRelabel = compileRelabel(job.metricRelabelConfigs)
    this.job = job
    const client = this.#client
    if (describe(httpPart(old)) !== describe(httpPart(job))) {
      this.#client = createClient(job)
      // Scrapes under way end before their connections do.
      setTimeout(() => void client.close(), old.timeoutMs).unref()
    }
    const isSampleChange = describe(samplePart(old)) !== describe(samplePart(job))
    for (const loop of this.loops.values())
      loop.update(
        loop.target,
        this.#source(loop.target),
        isSampleChange ? this.#rules(loop.target) : undefined,
      )
    if (describe(discoveryPart(old)) === describe(discoveryPart(job))) this.#sync()
    else this.#discover()
  }

  /** Nothing is appended any more; resolves once the connections are closed. */
  async stop(isGone: boolean): Promise<void> {
    for (const discovery of this.#discoveries) discovery.stop()
    for (const loop of this.loops.values()) loop.stop(isGone)
    await this.#client.close()
  }

  #discover(): void {
    for (const discovery of this.#discoveries) discovery.stop()
    this.#discoveries = createDiscoveries(this.job, this.#context.log)
    // Until a mechanism has reported, what the old one found stays.
    const groups: (readonly TargetGroup[] | undefined)[] = this.#discoveries.map(() => undefined)
    this.#discoveries.forEach((discovery, index) =>
      discovery.start((reported) => {
        groups[index] = reported
        this.#groups = groups.filter((one) => one !== undefined)
        if (groups.every((one) => one !== undefined) || this.loops.size === 0) this.#sync()
      }),
    )
  }

  #sync(): void {
    const { job } = this
    const { targets, dropped, problems } = buildTargets(job, this.#groups.flat(), this.#relabel)
    this.droppedCount = dropped.length
    this.dropped = dropped.slice(0, job.keepDroppedTargets || DROPPED_TARGETS_MAX)
    for (const problem of problems)
      this.#context.log.error('target left out', { job: job.name, problem })
    const wanted = new Set(targets.map((target) => target.key))
    for (const [key, loop] of this.loops)
      if (!wanted.has(key)) {
        this.loops.delete(key)
        loop.stop(true)
      }
    for (const target of targets) this.#keep(target)
    const isOver = job.targetLimit > 0 && targets.length > job.targetLimit
    if (isOver) this.#context.counters.targetLimit++
    for (const loop of this.loops.values())
      loop.forceError(
        isOver
          ? `target_limit exceeded (number of targets: ${targets.length}, limit: ${job.targetLimit})`
          : undefined,
      )
  }

  #keep(target: Target): void {
    const loop = this.loops.get(target.key)
    if (loop !== undefined) {
      loop.update(target, this.#source(target), undefined)
      return
    }
    const started = new ScrapeLoop(target, this.#source(target), this.#rules(target), this.#context)
    this.loops.set(target.key, started)
    started.start()
  }

  #source(target: Target): BodySource {
    const { job } = this
    if (job.kind === 'probe') return new ProbeSource(job.module, target, this.#userAgent)
    if (job.internal !== undefined) return new FunctionSource(job.internal, target.timeoutMs)
    const bodySizeMax = job.bodySizeLimitBytes || BODY_SIZE_DEFAULT_MAX
    return new HttpSource(this.#client, target, job, this.#userAgent, bodySizeMax)
  }

  #rules(target: Target): IngestRules {
    const { job } = this
    const common = { target: target.labels, relabel: this.#metricRelabel }
    if (job.kind === 'scrape') {
      const { honorLabels, honorTimestamps, trackTimestampsStaleness } = job
      const { sampleLimit, labelLimit, labelNameLengthLimit, labelValueLengthLimit } = job
      return {
        ...common,
        honorLabels,
        honorTimestamps,
        trackTimestampsStaleness,
        sampleLimit,
        labelLimit,
        labelNameLengthLimit,
        labelValueLengthLimit,
        histograms: { ...job.histograms, ...target.histograms },
      }
    }
    return {
      ...common,
      honorLabels: false,
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      sampleLimit: 0,
      labelLimit: 0,
      labelNameLengthLimit: 0,
      labelValueLengthLimit: 0,
      histograms: NO_HISTOGRAM_RULES,
    }
  }
}

function createClient(job: Job): HttpClient {
  return new HttpClient(httpPart(job), job.timeoutMs)
}

function httpPart(job: Job): ScrapeJob['http'] {
  if (job.kind === 'scrape') return job.http
  const { module } = job
  return module.prober === 'http'
    ? { ...module.http, followRedirects: module.followRedirects }
    : { tls: module.tlsConfig }
}

const discoveryPart = (job: Job): unknown => [job.staticConfigs, job.fileSdConfigs]

/** What decides the labels of stored series, beside the target. */
function samplePart(job: Job): unknown {
  if (job.kind === 'probe') return job.metricRelabelConfigs
  return [
    job.metricRelabelConfigs,
    job.honorLabels,
    job.honorTimestamps,
    job.trackTimestampsStaleness,
    job.sampleLimit,
    job.labelLimit,
    job.labelNameLengthLimit,
    job.labelValueLengthLimit,
    job.histograms,
  ]
}

const internalOf = (job: Job): unknown => (job.kind === 'scrape' ? job.internal : undefined)

/** Equal for equal settings; functions are left out. */
function describe(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (part instanceof Map ? [...part] : part))
}
