/** One line at the bottom of the terminal that says what is going on. Not a terminal: nothing. */
import type { LoadIo } from './api.ts'

export class StatusLine {
  readonly #io: Pick<LoadIo, 'stdout' | 'isTTY' | 'columns'>
  readonly #isShown: boolean
  #text = ''

  constructor(io: Pick<LoadIo, 'stdout' | 'isTTY' | 'columns'>, isQuiet: boolean) {
    this.#io = io
    this.#isShown = io.isTTY && !isQuiet
  }

  /** Replaces the text; '' clears the line. */
  set(text: string): void {
    if (text === this.#text) return
    this.#clear()
    this.#text = text
    this.#draw()
  }

  /** Writes something else above it. */
  interleave(write: () => void): void {
    this.#clear()
    write()
    this.#draw()
  }

  #draw(): void {
    if (!this.#isShown || this.#text === '') return
    const most = (this.#io.columns ?? 80) - 1
    this.#io.stdout(this.#text.length > most ? `${this.#text.slice(0, most - 1)}…` : this.#text)
  }

  #clear(): void {
    if (this.#isShown && this.#text !== '') this.#io.stdout('\r\u001b[2K')
  }
}
