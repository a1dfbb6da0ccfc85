/** What the VUs of one worker thread share. */
import type { Program } from '../compile/compile.ts'
import { type VuOptions, consolidate } from '../options.ts'
import { HttpClient } from '../http/client.ts'
import { ConnectionShare } from '../http/connection.ts'
import { Resolver } from '../http/dns.ts'
import { HeadParser } from '../http/head.ts'
import { UrlCache } from '../http/url.ts'
import type { SampleBuffer } from '../metrics/buffer.ts'
import type { Metric } from '../metrics/metric.ts'
import { type Isolate, createIsolate } from '../script/isolate.ts'
import { OpenedFiles } from '../script/modules.ts'
import { RunState } from '../executors/run-state.ts'
import type { Waiter } from '../blocking/waiter.ts'
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
  /** How blocking calls stop this thread; null: they give promises, and the script's code awaits them. */
  waiter: Waiter | null
  log(level: LogLevel, message: string, fields?: Record<string, unknown>): void
  /** The script asked to end the run (`exec.test.abort`). */
  abort(message: string): void
  /** The script marked the run as failed (`exec.test.fail`). */
  markFailed(message: string): void
}

/** What the script may ask of the run, and where its log lines go. */
export type EnvironmentHooks = Pick<VuEnvironment, 'log' | 'abort' | 'markFailed'>

/** An environment before options are known: VU 0 finds them out in it. */
export function createEnvironment(
  program: Program,
  env: Record<string, string>,
  samples: SampleBuffer,
  hooks: EnvironmentHooks,
  waiter: Waiter | null = null,
): VuEnvironment {
  return {
    isolate: createIsolate(program),
    options: consolidate({ script: {}, env: {}, flags: {} }, 'Vigie').options,
    testOptions: {},
    samples,
    customMetrics: new Map(),
    connections: new ConnectionShare(new HeadParser()),
    resolver: new Resolver(new Map()),
    urls: new UrlCache(),
    files: new OpenedFiles(null),
    sharedArrays: new Map(),
    env,
    state: new RunState([]),
    waiter,
    ...hooks,
  }
}

/** The HTTP client of one VU with connections of this thread. */
export function openClient({ options, connections, resolver }: VuEnvironment): HttpClient {
  return new HttpClient({
    share: connections,
    resolver,
    tls: { rejectUnauthorized: !options.insecureSkipTLSVerify, ALPNProtocols: ['http/1.1'] },
    noReuse: options.noConnectionReuse,
  })
}
