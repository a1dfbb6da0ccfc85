/**
 * k6's output `json`: one line per sample, and one per metric before its first sample.
 *
 *   {"type":"Metric","data":{"name","type","contains","thresholds":[…],"submetrics":[…]|null},"metric"}
 *   {"metric","type":"Point","data":{"time","value","tags":{…}[,"metadata":{…}]}}
 */
import type { MetricsEngine, RunSeries } from '../metrics/engine.ts'
import type { Threshold, ThresholdGroup } from '../metrics/threshold.ts'
import { formatGoDuration } from '../duration.ts'
import type { FileWriter } from './file-writer.ts'
import type { Output } from './output.ts'
import { formatTime } from './sample-time.ts'

/** ms between two writes of what has gathered. */
const FLUSH_INTERVAL_MS = 200

export interface JsonLinesOptions {
  /** '' or '-' for standard output. */
  path: string
  writer: FileWriter
  engine: MetricsEngine
  thresholds: readonly ThresholdGroup[]
  /** System tags that are told as metadata. */
  metadata: ReadonlySet<string>
}

export class JsonLinesOutput implements Output {
  readonly description: string
  readonly #options: JsonLinesOptions
  readonly #seen = new Set<string>()
  /** Tags as JSON, by series. */
  readonly #tags = new Map<RunSeries, string>()
  readonly #timer: NodeJS.Timeout

  constructor(options: JsonLinesOptions) {
    const { path, writer } = options
    this.#options = options
    this.description = path === '' || path === '-' ? 'json(stdout)' : `json (${path})`
    this.#timer = setInterval(() => writer.flush(), FLUSH_INTERVAL_MS)
  }

  sample(series: RunSeries, timeMs: number, value: number, vu: number, iteration: number): void {
    const { writer } = this.#options
    const name = series.metric.name
    if (!this.#seen.has(name)) {
      this.#seen.add(name)
      writer.write(`${JSON.stringify(this.#metricLine(series))}\n`)
    }
    let tags = this.#tags.get(series)
    if (tags === undefined)
      this.#tags.set(series, (tags = JSON.stringify(Object.fromEntries(series.tags))))
    writer.write(
      `{"metric":"${name}","type":"Point","data":{"time":"${formatTime(timeMs)}","value":${value},"tags":${tags}${this.#metadata(vu, iteration)}}}\n`,
    )
  }

  #metadata(vu: number, iteration: number): string {
    const { metadata } = this.#options
    if (vu < 0 || metadata.size === 0) return ''
    const fields = [
      ...(metadata.has('iter') ? [`"iter":"${iteration}"`] : []),
      ...(metadata.has('vu') ? [`"vu":"${vu}"`] : []),
    ]
    return `,"metadata":{${fields.join(',')}}`
  }

  #metricLine({ metric }: RunSeries): unknown {
    const { engine, thresholds } = this.#options
    const own = thresholds.find(({ key }) => key === metric.name)
    const submetrics = engine.total(metric).submetrics.map(({ key, tags }) => {
      const suffix = key.slice(key.indexOf('{') + 1, -1).trim()
      return { name: `${metric.name}{${suffix}}`, suffix, tags: Object.fromEntries(tags) }
    })
    return {
      type: 'Metric',
      data: {
        name: metric.name,
        type: metric.type,
        contains: metric.contains,
        thresholds: own?.thresholds.map(thresholdJson) ?? [],
        submetrics: submetrics.length === 0 ? null : submetrics,
      },
      metric: metric.name,
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#options.writer.close()
  }
}

/** A plain threshold is its text. */
function thresholdJson({ source, abortOnFail, delayAbortMs }: Threshold): unknown {
  if (!abortOnFail) return source
  const delayAbortEval = delayAbortMs > 0 ? formatGoDuration(delayAbortMs) : null
  return { threshold: source, abortOnFail, delayAbortEval }
}
