/** One VU in this process: what a script logs, sends as samples and throws, without worker threads. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { compileScript } from '../src/compile/compile.ts'
import { SampleBuffer } from '../src/metrics/buffer.ts'
import { consolidate } from '../src/options.ts'
import { createEnvironment, networkOf } from '../src/vu/environment.ts'
import { type Outcome, Vu } from '../src/vu/vu.ts'

export interface Iterated {
  /** console lines and warnings of the engine, in order. */
  logged: string[]
  outcome: Outcome
  /** `metric{tag=value,…}` -> the numbers of its record. */
  samples: Map<string, number[]>
  /** Sum of a metric over all its series: counts of a trend, sums of a counter. */
  count: (metric: string) => number
}

export interface VuSetting {
  files?: Record<string, string>
  env?: Record<string, string>
  name?: string
  /** Interrupts the iteration after so many ms. */
  interruptAfterMs?: number
  iterations?: number
  /** Options of the script, as if it had exported them. */
  options?: Record<string, unknown>
}

/** Evaluates the script as VU 1 and runs its default function. Throws what compiling and init throw. */
export async function iterate(source: string, setting: VuSetting = {}): Promise<Iterated> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-vu-'))
  const name = setting.name ?? 'script.js'
  for (const [file, text] of Object.entries({ ...setting.files, [name]: source })) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  const logged: string[] = []
  const buffer = new SampleBuffer()
  try {
    const environment = createEnvironment(
      compileScript(join(dir, name)),
      setting.env ?? {},
      buffer,
      {
        log: (_, message, fields) =>
          void logged.push(
            fields?.['error'] === undefined ? message : `${message}: ${fields['error'] as string}`,
          ),
        abort: (message) => void logged.push(`abort: ${message}`),
        markFailed: (message) => void logged.push(`failed: ${message}`),
      },
    )
    if (setting.options !== undefined) {
      environment.options = consolidate(
        { script: setting.options, env: setting.env ?? {}, flags: {} },
        'Vigie',
      ).options
      Object.assign(environment, networkOf(environment.options))
    }
    const vu = new Vu(1, environment)
    await vu.evaluate()
    let outcome: Outcome = { kind: 'returned', value: undefined }
    for (let i = 0; i < (setting.iterations ?? 1); i++) {
      vu.global['__ITER'] = vu.iteration++
      const running = vu.run('iteration', vu.exports['default'] as () => unknown, [])
      const timer =
        setting.interruptAfterMs === undefined
          ? undefined
          : setTimeout(() => vu.interrupt(), setting.interruptAfterMs)
      outcome = await running
      clearTimeout(timer)
    }
    vu.sampleTraffic()
    vu.client.close()
    const samples = samplesOf(buffer)
    return { logged, outcome, samples, count: (metric) => countOf(samples, metric) }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function samplesOf(buffer: SampleBuffer): Map<string, number[]> {
  const samples = new Map<string, number[]>()
  const flush = buffer.flush()
  if (flush === null) return samples
  const names = new Map(
    flush.series.map(({ id, metric, tags }) => [
      id,
      `${metric.name}{${tags.map(([k, v]) => `${k}=${v}`).join(',')}}`,
    ]),
  )
  for (let at = 0; at < flush.records.length;) {
    const length = flush.records[at + 1]!
    samples.set(
      names.get(flush.records[at]!)!,
      Array.from(flush.records.subarray(at + 2, at + 2 + length)),
    )
    at += 2 + length
  }
  return samples
}

function countOf(samples: ReadonlyMap<string, number[]>, metric: string): number {
  let count = 0
  for (const [name, values] of samples) {
    if (!name.startsWith(`${metric}{`)) continue
    count +=
      metric.startsWith('http_req_') && metric !== 'http_req_failed'
        ? values.length
        : values.at(metric === 'checks' || metric === 'http_req_failed' ? 1 : 0)!
  }
  return count
}
