/** Who was told what last, by group, receiver and integration; survives restarts in `alerting/notified.jsonl`. */
import { join } from 'node:path'
import type { Logger } from '../logger.ts'
import type { LogEntry } from './dedup.ts'
import { JsonLog } from './json-log.ts'

/** Longer than any repeat interval in use. */
const RETENTION_MS = 120 * 3_600_000
const SIZE_MAX = 100_000

interface Line extends LogEntry {
  key: string
}

export class NotificationLog {
  readonly #entries = new Map<string, LogEntry>()
  readonly #file: JsonLog

  constructor(dir: string, nowMs: number, log: Logger) {
    this.#file = new JsonLog(join(dir, 'alerting', 'notified.jsonl'), log)
    for (const line of this.#file.read() as Line[]) {
      this.#entries.delete(line.key)
      if (line.timeMs > nowMs - RETENTION_MS) this.#entries.set(line.key, line)
    }
  }

  get(key: string): LogEntry | undefined {
    return this.#entries.get(key)
  }

  set(key: string, entry: LogEntry): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#file.append({ key, ...entry })
    for (const [oldest, { timeMs }] of this.#entries) {
      if (this.#entries.size <= SIZE_MAX && timeMs > entry.timeMs - RETENTION_MS) break
      this.#entries.delete(oldest)
    }
    this.#file.compact(
      () => [...this.#entries].map(([one, value]) => ({ key: one, ...value })),
      this.#entries.size,
    )
  }
}
