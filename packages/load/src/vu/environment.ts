/** What the VUs of one worker thread share. */
import type { VuOptions } from '../options.ts'
import type { ConnectionShare } from '../http/connection.ts'
import type { Resolver } from '../http/dns.ts'
import type { UrlCache } from '../http/url.ts'
import type { SampleBuffer } from '../metrics/buffer.ts'
import type { Metric } from '../metrics/metric.ts'
import type { Isolate } from '../script/isolate.ts'
import type { OpenedFiles } from '../script/modules.ts'
import type { RunState } from '../executors/run-state.ts'
import type { SharedArrays } from './data.ts'

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

export interface VuEnvironment {
  isolate: Isolate
  options: VuOptions
  samples: SampleBuffer
  /** Metrics that the script makes, by name; VUs add to it while they are initialised. */
  customMetrics: Map<string, Metric>
  connections: ConnectionShare
  resolver: Resolver
  urls: UrlCache
  files: OpenedFiles
  sharedArrays: SharedArrays
  env: Readonly<Record<string, string>>
  /** What `exec.test.options` shows. */
  testOptions: unknown
  state: RunState
  log(level: LogLevel, message: string, fields?: Record<string, unknown>): void
  /** The script asked to end the run (`exec.test.abort`). */
  abort(message: string): void
  /** The script marked the run as failed (`exec.test.fail`). */
  markFailed(message: string): void
}
