/** From alerts to messages: routing, grouping, deduplication, sending. */
import type { Alert } from '../alert.ts'
import type { Logger } from '../logger.ts'
import type { OwnMetric } from '../own-metric.ts'
import type { Inbox } from './inbox.ts'
import type { AlertmanagerConfig } from './routing-config.ts'

export interface NotifierOptions {
  inbox: Inbox
  /** The data directory. */
  dir: string
  now: () => number
  log: Logger
  externalUrl: string
}

export interface TestResult {
  integration: string
  error: string | null
  response: string | null
}

export class Notifier {
  constructor(_options: NotifierOptions) {}
  /** undefined: no receivers, everything goes to the inbox as unrouted. */
  apply(_config: AlertmanagerConfig | undefined): void {
    throw new Error('not yet')
  }
  receive(_alerts: readonly Alert[]): void {
    throw new Error('not yet')
  }
  receivers(): string[] {
    throw new Error('not yet')
  }
  /** Sends one test alert by every integration of a receiver. Throws when there is none of that name. */
  sendTest(_receiver: string): Promise<TestResult[]> {
    throw new Error('not yet')
  }
  stop(): Promise<void> {
    throw new Error('not yet')
  }
  metrics(): OwnMetric[] {
    throw new Error('not yet')
  }
}
