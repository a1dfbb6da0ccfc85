/** From a record of the log to those that follow it. */
import { EXEMPLARS, SAMPLES, SAMPLES_V2, SERIES } from './format.ts'
import { readExemplars, readSamples, readSeries, recordType } from './records.ts'

/** What a tail of the log finds, in the order in which it was written. */
export interface TailVisitor {
  /** `pairs` is flat, names and values; `segment` is where it stands. */
  series(ref: number, pairs: string[], segment: number): void
  sample(ref: number, t: number, v: number): void
  /** `pairs` are the labels of the exemplar. */
  exemplar(ref: number, t: number, v: number, pairs: string[]): void
  /** All series that later records refer to have been visited. */
  opened?(): void
}

export function visitRecord(record: Buffer, segment: number, visitor: TailVisitor): void {
  const type = recordType(record)
  if (type === SERIES) readSeries(record, (ref, pairs) => visitor.series(ref, pairs, segment))
  else if (type === SAMPLES || type === SAMPLES_V2)
    readSamples(record, (ref, t, v) => visitor.sample(ref, t, v))
  else if (type === EXEMPLARS)
    readExemplars(record, (ref, t, v, pairs) => visitor.exemplar(ref, t, v, pairs))
}
