/** What arithmetic on histograms has to say about them, for one series at one place of a query. */
import type { Annotations, HistogramOperation } from '../engine/annotations.ts'
import type { Span } from '../syntax/ast.ts'
import type { Combined } from './builder.ts'

export class Notes {
  readonly #annotations: Annotations
  readonly #metricName: string
  readonly #span: Span

  constructor(annotations: Annotations, metricName: string, span: Span) {
    this.#annotations = annotations
    this.#metricName = metricName
    this.#span = span
  }

  mixedKinds(): void {
    this.#annotations.mixedKinds(this.#metricName, this.#span)
  }

  mixedSchemas(): void {
    this.#annotations.mixedSchemas(this.#metricName, this.#span)
  }

  notCounter(): void {
    this.#annotations.notCounterHistogram(this.#metricName, this.#span)
  }

  notGauge(): void {
    this.#annotations.notGaugeHistogram(this.#metricName, this.#span)
  }

  ignored(): void {
    this.#annotations.ignoredInMixedRange(this.#metricName, this.#span)
  }

  overlap(): void {
    this.#annotations.startTimeOverlap(this.#metricName, this.#span)
  }

  collision(operation: HistogramOperation): void {
    this.#annotations.resetCollision(operation, this.#span)
  }

  /** Whether two histograms went together. Collisions of hints are the caller's to judge. */
  wentTogether(combined: Combined, operation: HistogramOperation): boolean {
    if (combined.isReconciled) this.#annotations.reconciledBounds(operation, this.#span)
    if (combined.isIncompatible) this.mixedSchemas()
    return !combined.isIncompatible
  }
}
