/** From a record of the log to those that follow it. */
import type { Histogram } from '@vigie/model'
import {
  CUSTOM_FLOAT_HISTOGRAMS,
  CUSTOM_HISTOGRAMS,
  EXEMPLARS,
  FLOAT_HISTOGRAMS,
  FLOAT_HISTOGRAMS_V2,
  HISTOGRAMS,
  HISTOGRAMS_V2,
  SAMPLES,
  SAMPLES_V2,
  SERIES,
} from './format.ts'
import { readHistograms } from './histogram-records.ts'
import { readExemplars, readSamples, readSeries, recordType } from './records.ts'

/** What a tail of the log finds, in the order in which it was written. */
export interface TailVisitor {
  /** `pairs` is flat, names and values; `segment` is where it stands. */
  series(ref: number, pairs: string[], segment: number): void
  sample(ref: number, t: number, v: number): void
  histogram(ref: number, t: number, h: Histogram): void
  /** `pairs` are the labels of the exemplar. */
  exemplar(ref: number, t: number, v: number, pairs: string[]): void
  /** All series that later records refer to have been visited. */
  opened?(): void
}

export function visitRecord(record: Buffer, segment: number, visitor: TailVisitor): void {
  switch (recordType(record)) {
    case SERIES:
      readSeries(record, (ref, pairs) => visitor.series(ref, pairs, segment))
      break
    case SAMPLES:
    case SAMPLES_V2:
      readSamples(record, (ref, t, v) => visitor.sample(ref, t, v))
      break
    case HISTOGRAMS:
    case FLOAT_HISTOGRAMS:
    case CUSTOM_HISTOGRAMS:
    case CUSTOM_FLOAT_HISTOGRAMS:
    case HISTOGRAMS_V2:
    case FLOAT_HISTOGRAMS_V2:
      readHistograms(record, (ref, t, h) => visitor.histogram(ref, t, h))
      break
    case EXEMPLARS:
      readExemplars(record, (ref, t, v, pairs) => visitor.exemplar(ref, t, v, pairs))
      break
    // Tombstones and what later servers may write are nothing to be sent on.
  }
}
