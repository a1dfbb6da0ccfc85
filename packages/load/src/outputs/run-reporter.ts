/**
 * Tells a running Vigie how the run goes: `PUT /api/vigie/runs/:id`, about once a second and at the end.
 * The script goes along until one report has arrived. `{"stop": true}` in the answer asks the run to end.
 */
import type { RunReport } from '../api.ts'
import { causeOf } from './remote-write.ts'

const INTERVAL_MS = 1000
const TIMEOUT_MS = 5000

export class RunReporter {
  readonly #url: string
  readonly #report: () => RunReport
  readonly #warn: (message: string) => void
  #timer: NodeJS.Timeout | null = null
  readonly #source: RunReport['source']
  readonly #onStop: () => void
  #isSending = false
  #hasWarned = false
  #hasArrived = false

  constructor(
    vigieUrl: string,
    id: string,
    options: {
      report: () => RunReport
      source: RunReport['source']
      warn: (message: string) => void
      onStop: () => void
    },
  ) {
    this.#url = `${vigieUrl.replace(/\/$/, '')}/api/vigie/runs/${encodeURIComponent(id)}`
    this.#report = options.report
    this.#source = options.source
    this.#warn = options.warn
    this.#onStop = options.onStop
  }

  start(): void {
    void this.#send()
    this.#timer = setInterval(() => void this.#send(), INTERVAL_MS)
  }

  /** Sends the last report, with its verdict. Never rejects. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    const deadline = Date.now() + TIMEOUT_MS
    while (this.#isSending && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5))
    await this.#send()
  }

  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      const response = await fetch(this.#url, {
        method: 'PUT',
        body: JSON.stringify({
          ...this.#report(),
          ...(this.#hasArrived || this.#source === undefined ? {} : { source: this.#source }),
        }),
        headers: { 'Content-Type': 'application/json' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = await response.text()
      if (!response.ok) return this.#lost(`${response.status} ${text.slice(0, 200).trim()}`)
      this.#hasArrived = true
      if (asksToStop(text)) this.#onStop()
    } catch (error) {
      this.#lost(causeOf(error))
    } finally {
      this.#isSending = false
    }
  }

  #lost(problem: string): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#warn(`cannot report to ${this.#url}: ${problem}`)
  }
}

function asksToStop(text: string): boolean {
  try {
    return (JSON.parse(text) as { stop?: unknown } | null)?.stop === true
  } catch {
    return false
  }
}
