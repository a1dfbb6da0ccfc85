/**
 * A running Vigie: storage, scraping, rules, checks, notifications and the HTTP server wired together.
 * Everything from outside (clock, log, paths, flags) comes in by the options.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { CheckManager, Inbox, Notifier, RuleManager, defaultRules } from '@vigie/alerting'
import { Engine } from '@vigie/promql'
import { Labels } from '@vigie/model'
import { ScrapeManager, hostMetrics, scrapeJob } from '@vigie/scrape'
import { type Tsdb, openTsdb } from '@vigie/tsdb'
import type { FastifyInstance } from 'fastify'
import { type VigieConfig, parseConfig } from './config/config.ts'
import { generateConfig } from './config/generate.ts'
import { ConfigError } from './config/source.ts'
import type { WebConfig } from './config/web-config.ts'
import { addApiV1 } from './http/api-v1.ts'
import { addApiVigie } from './http/api-vigie.ts'
import { createApp } from './http/app.ts'
import { hostName } from './http/safety.ts'
import { Watchlist, type DiscoveredTarget } from './watchlist.ts'
import { ProcessMetrics, renderMetrics } from './self-metrics.ts'
import { DashboardsStore } from './stores/dashboards-store.ts'
import { RunsStore } from './stores/runs-store.ts'

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

/** The example backend that a demo can break and mend. */
export interface Demo {
  state(): Promise<DemoState>
  break(fault: string): Promise<void>
  mend(): Promise<void>
}

export interface DemoState {
  services: { name: string; url: string; state: 'up' | 'down' | 'hung'; port: number }[]
  faults: { name: string; title: string; description: string; active: boolean }[]
}

export interface VigieOptions {
  version: string
  /** The configuration file; null: none, what to watch is in `targets`. */
  configFile: string | null
  /** Named on the command line, watched when there is no configuration file. */
  targets: readonly string[]
  dataDir: string
  tsdbDir: string
  retentionMs: number
  retentionBytes: number
  listen: {
    host: string
    port: number
    /** Take the next free port when this one is busy. */ orNext: boolean
  }
  externalUrl: string | null
  web: WebConfig | undefined
  enableLifecycle: boolean
  dashboardsDir: string
  /** The built browser application. */
  uiDir: string
  discover: boolean
  query: { lookbackMs: number; timeoutMs: number; maxConcurrency: number; maxSamples: number }
  /** As shown by /api/v1/status/flags. */
  flags: ReadonlyMap<string, string>
  env: NodeJS.ProcessEnv
  now: () => number
  log: Logger
  demo?: Demo
}
