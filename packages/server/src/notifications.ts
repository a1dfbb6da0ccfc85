/** What the server itself has to say: a few texts that are in force until they are taken back. */

/** As Prometheus's API gives it. */
export interface ServerNotification {
  text: string
  /** RFC 3339, when it came up or was taken back. */
  date: string
  active: boolean
}

/** Those who listen at once, as Prometheus's `--web.max-notifications-subscribers`. */
export const SUBSCRIBERS_MAX = 16

export class Notifications {
  readonly #active = new Map<string, ServerNotification>()
  readonly #listeners = new Set<(one: ServerNotification) => void>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Puts `text` in force, or takes it back. Nothing happens when it is so already. */
  set(text: string, active: boolean): void {
    if (this.#active.has(text) === active) return
    const one = { text, date: new Date(this.#now()).toISOString(), active }
    if (active) this.#active.set(text, one)
    else this.#active.delete(text)
    for (const listen of this.#listeners) listen(one)
  }

  list(): ServerNotification[] {
    return [...this.#active.values()]
  }

  /** Calls `listen` with everything in force and then with every change; undefined when too many listen. */
  subscribe(listen: (one: ServerNotification) => void): (() => void) | undefined {
    if (this.#listeners.size >= SUBSCRIBERS_MAX) return undefined
    this.#listeners.add(listen)
    for (const one of this.#active.values()) listen(one)
    return () => void this.#listeners.delete(listen)
  }
}
