/** Lets a limited number of queries run at a time; the others wait, first come first served. */
import { QueryError } from './query-error.ts'

/** Waiting queries beyond this are refused at once. */
const WAITING_MAX = 1000

export class Turnstile {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(places: number) {
    this.#free = places
  }

  /** Waits for a place; call what it gives to leave it. Throws QueryError. */
  async enter(timeoutMs: number, signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#free > 0) {
      this.#free--
    } else {
      if (this.#waiting.length >= WAITING_MAX) {
        throw new QueryError('timeout', `too many queries are waiting; at most ${WAITING_MAX} may`)
      }
      await this.#wait(timeoutMs, signal)
    }
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  #wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', cancel)
        const at = this.#waiting.indexOf(admit)
        if (at >= 0) this.#waiting.splice(at, 1)
        then()
      }
      const admit = (): void => settle(resolve)
      const cancel = (): void =>
        settle(() => reject(new QueryError('canceled', 'query was canceled in query queue')))
      const expire = (): void =>
        settle(() => reject(new QueryError('timeout', 'query timed out in query queue')))
      const timer = setTimeout(expire, Math.min(timeoutMs, 2 ** 31 - 1))
      this.#waiting.push(admit)
      if (signal?.aborted) cancel()
      else signal?.addEventListener('abort', cancel)
    })
  }
}
