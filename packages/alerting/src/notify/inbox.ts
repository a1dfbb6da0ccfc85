/**
 * Every notification that was sent, or could not be, or had nowhere to go; bounded, and kept in
 * `alerting/inbox.jsonl`, one line per change of a notification, the last one counting.
 */
import { join } from 'node:path'
import type { SampleRows } from '../alert.ts'
import type { Logger } from '../logger.ts'
import { JsonLog } from './json-log.ts'

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

const SIZE_MAX = 5000
/** Most alerts that one notification keeps. */
const ALERTS_MAX = 200

export type NotificationChange = Partial<
  Pick<Notification, 'status' | 'attempts' | 'error' | 'response'>
>

export class Inbox {
  readonly #now: () => number
  readonly #file: JsonLog
  readonly #sizeMax: number
  /** In the order of ids. */
  readonly #notifications = new Map<string, Notification>()
  #lastId = 0

  /** Throws when the folder cannot be read or made. */
  constructor(options: InboxOptions) {
    this.#now = options.now
    this.#sizeMax = options.sizeMax ?? SIZE_MAX
    this.#file = new JsonLog(join(options.dir, 'alerting', 'inbox.jsonl'), options.log)
    for (const line of this.#file.read()) {
      const one = line as Notification
      // A retry that the death of the process cut short is not going on any more.
      const status = one.status === 'retrying' ? 'failed' : one.status
      this.#notifications.set(one.id, { ...one, status })
      this.#lastId = Math.max(this.#lastId, Number(one.id))
    }
    this.#trim()
  }

  /** A new notification; `alerts` beyond a limit are left out. */
  add(notification: Omit<Notification, 'id' | 'timeMs'>): string {
    const timeMs = this.#now()
    this.#lastId = Math.max(this.#lastId + 1, timeMs * 1000)
    const id = String(this.#lastId)
    this.#put({ ...notification, id, timeMs, alerts: notification.alerts.slice(0, ALERTS_MAX) })
    this.#trim()
    return id
  }

  update(id: string, change: NotificationChange): void {
    const before = this.#notifications.get(id)
    if (before !== undefined) this.#put({ ...before, ...change })
  }

  #put(notification: Notification): void {
    this.#notifications.set(notification.id, notification)
    this.#file.append(notification)
    this.#file.compact(() => this.#notifications.values(), this.#notifications.size)
  }

  #trim(): void {
    for (const id of this.#notifications.keys()) {
      if (this.#notifications.size <= this.#sizeMax) return
      this.#notifications.delete(id)
    }
  }

  /** Newest first; `before` is the id of the last one already seen. */
  page(query: { limit: number; before?: string }): {
    notifications: Notification[]
    total: number
  } {
    const before = query.before === undefined ? Infinity : Number(query.before)
    const notifications = [...this.#notifications.values()]
      .filter((one) => Number(one.id) < before)
      .reverse()
      .slice(0, query.limit)
    return { notifications, total: this.#notifications.size }
  }

  /** Everything is on disk already. */
  close(): void {}
}
