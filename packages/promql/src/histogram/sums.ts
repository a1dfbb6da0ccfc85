/** Sums and means of histograms, compensated, with what is to be said of the samples. */
import { COUNTER_RESET, type Histogram, NOT_COUNTER_RESET } from '@vigie/model'
import { type Combined, HistogramBuilder } from './builder.ts'

export class HistogramSum {
  #sum: HistogramBuilder
  /** Once the sum would overflow, the mean so far takes its place. */
  #isMean = false
  #count = 1
  readonly #isForMean: boolean
  #sawReset = false
  #sawNoReset = false
  isIncompatible = false
  isReconciled = false

  constructor(first: Histogram, isForMean: boolean) {
    this.#sum = HistogramBuilder.from(first)
    this.#isForMean = isForMean
    this.#see(first)
  }

  #see(h: Histogram): void {
    if (h.counterResetHint === COUNTER_RESET) this.#sawReset = true
    if (h.counterResetHint === NOT_COUNTER_RESET) this.#sawNoReset = true
  }

  /** Whether some samples say that there was a reset, and others that there was none. */
  get hasCollision(): boolean {
    return this.#sawReset && this.#sawNoReset
  }

  add(h: Histogram): void {
    if (this.isIncompatible) return
    this.#see(h)
    this.#count++
    if (!this.#isForMean) {
      this.#note(this.#sum.addExactly(h))
      return
    }
    if (!this.#isMean) {
      const next = this.#sum.copy()
      this.#note(next.addExactly(h))
      if (!next.hasOverflow) {
        this.#sum = next
        return
      }
      this.#isMean = true
      this.#sum.divide(this.#count - 1)
    }
    this.#sum.multiply((this.#count - 1) / this.#count)
    const share = HistogramBuilder.from(h)
    share.divide(this.#count)
    this.#note(this.#sum.addExactly(share.finish(true)))
  }

  #note({ isIncompatible, isReconciled }: Combined): void {
    if (isIncompatible) this.isIncompatible = true
    if (isReconciled) this.isReconciled = true
  }

  /** The sum, or the mean. To be called once. */
  finish(): Histogram {
    if (this.#isForMean && !this.#isMean) this.#sum.divide(this.#count)
    return this.#sum.finish()
  }
}
