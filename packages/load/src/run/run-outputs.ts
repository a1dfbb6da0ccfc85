/** Where the results of a run go: outputs, a running Vigie, the report file, and the other generators. */
import type { LoadIo, LoadOptions, RunReport } from '../api.ts'
import { monotonicMs } from '../executors/run-state.ts'
import { GeneratorGroup, instanceName } from '../group/generator-group.ts'
import type { MetricsEngine } from '../metrics/engine.ts'
import type { ThresholdGroup } from '../metrics/threshold.ts'
import type { RunOptions } from '../options.ts'
import { openOutput } from '../outputs/open-outputs.ts'
import type { Output } from '../outputs/output.ts'
import { RemoteWriteOutput } from '../outputs/remote-write.ts'
import { RunReporter } from '../outputs/run-reporter.ts'
import { scriptSource } from '../outputs/script-source.ts'
import { ReportCollector } from '../report/collector.ts'

export interface RunOutputsOptions {
  given: LoadOptions
  io: LoadIo
  /** Of the run. */
  id: string
  engine: MetricsEngine
  thresholds: ThresholdGroup[]
  options: RunOptions
  /** What `--out` or the configuration file names. */
  outs: readonly string[]
  /** Where the HTML report goes; null: nobody wants one. */
  report: string | null
  scriptPaths: readonly string[]
  runReport: () => RunReport
  /** Somebody stops the run in Vigie. */
  onStop: () => void
  /** Aborted when the scenarios are over or told to end. */
  ending: AbortSignal
  warn: (message: string) => void
  fail: (message: string) => void
}

export class RunOutputs {
  /** Gathers what the HTML report shows; null: nobody wants one. */
  collector: ReportCollector | null = null
  readonly #options: RunOutputsOptions
  readonly #all: Output[] = []
  /** The output into a running Vigie. */
  #vigie: RemoteWriteOutput | null = null
  #reporter: RunReporter | null = null
  /** The other generators of this run; null: it is alone. */
  #group: GeneratorGroup | null = null

  constructor(options: RunOutputsOptions) {
    this.#options = options
  }

  /** Opens them. Throws LoadError for one that is not known or cannot be opened; `close` closes the others. */
  open(): void {
    const { options } = this.#options
    const { io, engine, thresholds, outs, report, warn, fail, given } = this.#options
    const { systemTags } = options
    for (const one of outs)
      this.#add(openOutput(one, { io, engine, thresholds, systemTags, warn, fail }))
    if (report !== null) {
      this.collector = new ReportCollector(report, monotonicMs)
      this.#add(this.collector)
    }
    if (given.vigieUrl) this.#openVigie(given.vigieUrl)
  }

  #openVigie(vigieUrl: string): void {
    const { io, id, options, warn } = this.#options
    const group = options.segmentation
    const output = new RemoteWriteOutput({
      url: `${vigieUrl.replace(/\/$/, '')}/api/v1/write`,
      labels: {
        testid: id,
        ...(group === null ? {} : { instance: instanceName(group.index, group.parts.length) }),
      },
      now: () => io.now(),
      warn,
    })
    this.#vigie = output
    this.#add(output)
    this.#joinGroup(output)
    // One report for all generators of a run: that of the first.
    if (group !== null && group.index > 0) return
    this.#reporter = new RunReporter(vigieUrl, id, {
      report: this.#options.runReport,
      source: scriptSource(this.#options.scriptPaths),
      warn,
      onStop: this.#options.onStop,
    })
    this.#reporter.start()
  }

  /** Generators that were given one run id begin and end together. */
  #joinGroup(output: RemoteWriteOutput): void {
    const { id, ending, warn, options, given } = this.#options
    const { segmentation } = options
    const { promql, args, runId } = given
    const isGiven = args.runId !== null || runId !== undefined
    if (segmentation === null || segmentation.parts.length < 2 || !isGiven || !promql) return
    this.#group = new GeneratorGroup({
      runId: id,
      index: segmentation.index,
      count: segmentation.parts.length,
      query: promql,
      write: (name, labels, value) => output.write(name, labels, value),
      warn,
      signal: ending,
    })
  }

  #add(output: Output): void {
    const { engine } = this.#options
    this.#all.push(output)
    if (output.record !== undefined) engine.listen(output.record.bind(output))
    if (output.sample !== undefined) engine.listenToSamples(output.sample.bind(output))
  }

  get wantsSamples(): boolean {
    return this.#all.some((one) => one.sample !== undefined)
  }

  /** In words. */
  get descriptions(): string[] {
    const { given, id } = this.#options
    const all = this.#all.filter((one) => one !== this.#vigie).map((one) => one.description)
    if (this.#vigie !== null) all.push(`${given.vigieUrl} (run ${id})`)
    return all
  }

  /** Waits until all generators are ready. */
  async meetReady(): Promise<void> {
    await this.#group?.meet('ready')
  }

  /** Waits until the results of all generators are in: when that was, ms since the epoch; null: it is alone. */
  async meetDone(): Promise<number | null> {
    const timeMs = (await this.#group?.meet('done')) ?? null
    if (timeMs !== null) this.#vigie?.notBefore(timeMs)
    return timeMs
  }

  async flush(): Promise<void> {
    await Promise.all(this.#all.map((output) => output.flush?.() ?? Promise.resolve()))
  }

  async close(): Promise<void> {
    await this.#group?.leave()
    await Promise.all([...this.#all.map((output) => output.close()), this.#reporter?.close()])
  }
}
