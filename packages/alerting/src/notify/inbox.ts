/** Every notification that was sent, or could not be, or had nowhere to go. */
import type { SampleRows } from '../alert.ts'
import type { Logger } from '../logger.ts'

/** As `/api/vigie/inbox` serves it. */
export interface Notification {
  /** Rises with time; compare as numbers. */
  id: string
  timeMs: number
  /** null: no receiver is configured. */
  receiver: string | null
  integration: string | null
  status: 'sent' | 'failed' | 'retrying' | 'unrouted'
  attempts: number
  error: string | null
  /** What the receiver answered, shortened. */
  response: string | null
  groupLabels: Record<string, string>
  state: 'firing' | 'resolved'
  alerts: NotifiedAlert[]
}

export interface NotifiedAlert {
  status: 'firing' | 'resolved'
  labels: Record<string, string>
  annotations: Record<string, string>
  startsAtMs: number
  endsAtMs: number | null
  sample: SampleRows | null
}

export interface InboxOptions {
  /** The data directory; the inbox is in `alerting/` below it. */
  dir: string
  now: () => number
  log: Logger
  /** Most notifications kept. */
  sizeMax?: number
}

export class Inbox {
  constructor(_options: InboxOptions) {}
  /** Newest first; `before` is the id of the last one already seen. */
  page(_query: { limit: number; before?: string }): {
    notifications: Notification[]
    total: number
  } {
    throw new Error('not yet')
  }
  close(): void {
    throw new Error('not yet')
  }
}
