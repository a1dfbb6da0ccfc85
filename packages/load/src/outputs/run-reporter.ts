/** Tells a running Vigie how the run goes: `PUT /api/vigie/runs/:id`, about once a second and at the end. */
import type { RunReport } from '../api.ts'
import { causeOf } from './remote-write.ts'

const INTERVAL_MS = 1000
const TIMEOUT_MS = 5000

export class RunReporter {
  readonly #url: string
  readonly #report: () => RunReport
  readonly #warn: (message: string) => void
  #timer: NodeJS.Timeout | null = null
  #isSending = false
  #hasWarned = false

  constructor(
    vigieUrl: string,
    id: string,
    report: () => RunReport,
    warn: (message: string) => void,
  ) {
    this.#url = `${vigieUrl.replace(/\/$/, '')}/api/vigie/runs/${encodeURIComponent(id)}`
    this.#report = report
    this.#warn = warn
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
        body: JSON.stringify(this.#report()),
        headers: { 'Content-Type': 'application/json' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = await response.text()
      if (!response.ok) this.#lost(`${response.status} ${text.slice(0, 200).trim()}`)
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
