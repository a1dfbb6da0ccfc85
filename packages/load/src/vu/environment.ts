/** What the VUs of one worker thread share. */
import type { ConnectionOptions } from 'node:tls'
import type { Program } from '../compile/compile.ts'
import { type VuOptions, consolidate } from '../options.ts'
import { HttpClient } from '../http/client.ts'
import { ConnectionShare } from '../http/connection.ts'
import { Resolver } from '../http/dns.ts'
import { AddressPool } from '../http/network.ts'
import { Proxies } from '../http/proxy.ts'
import { tlsOptionsOf } from '../http/tls-options.ts'
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
  proxies: Proxies
  /** TLS options for a host. */
  tls: (host: string) => ConnectionOptions
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
  const { options } = consolidate({ script: {}, env: {}, flags: {} }, 'Vigie')
  return {
    isolate: createIsolate(program),
    options,
    testOptions: {},
    samples,
    customMetrics: new Map(),
    connections: new ConnectionShare(new HeadParser()),
    ...networkOf(options),
    urls: new UrlCache(),
    files: new OpenedFiles(null),
    sharedArrays: new Map(),
    env,
    state: new RunState([]),
    waiter,
    ...hooks,
  }
}

/** The HTTP client of VU `id` with connections of this thread. */
export function openClient(environment: VuEnvironment, id: number): HttpClient {
  const { options, connections, resolver, proxies, tls } = environment
  const { localIPs } = options.network
  return new HttpClient({
    share: connections,
    resolver,
    proxies,
    tls,
    noReuse: options.noConnectionReuse,
    maxIdle: options.batch,
    maxIdlePerOrigin: options.batchPerHost || 2,
    localAddress: localIPs === '' ? undefined : new AddressPool(localIPs).at(Math.max(0, id - 1)),
  })
}

/** What the options say of the network, made ready for all VUs of the thread. */
export function networkOf(options: VuOptions): Pick<VuEnvironment, 'resolver' | 'proxies' | 'tls'> {
  const { network, insecureSkipTLSVerify } = options
  return {
    resolver: new Resolver(network),
    proxies: new Proxies(network.proxies),
    tls: tlsOptionsOf(network.tls, !insecureSkipTLSVerify, ['h2', 'http/1.1']),
  }
}
