/** The log that is sent on, as far as sending sees it. The storage provides it. */
import type { Histogram } from '@vigie/model'

/** Between two records. */
export interface LogPosition {
  segment: number
  offset: number
}

/** What is in the log, in the order in which it was written. */
export interface LogVisitor {
  /** `pairs` is flat, names and values sorted by name; `segment` is where it stands. */
  series(ref: number, pairs: string[], segment: number): void
  sample(ref: number, t: number, v: number): void
  histogram(ref: number, t: number, h: Histogram): void
  exemplar(ref: number, t: number, v: number, pairs: string[]): void
}

export interface LogTail {
  /** Visits what is in the next record; false when there is none yet. Throws when it cannot be read. */
  read(): boolean
  /** Behind the last record that was read. */
  readonly position: LogPosition
  /** Behind the last record that was committed. */
  readonly end: LogPosition
  /** Segments that were gone before they were read. */
  readonly segmentsLost: number
  /** Series of segments up to this one that are not in `refs` never come again; undefined: as before. */
  truncated(): Promise<{ segment: number; refs: ReadonlySet<number> } | undefined>
  close(): void
}

export interface LogSource {
  /** From a place on, or from now on; segments from `keptFrom()` on stay as long as there is room. */
  follow(options: {
    visitor: LogVisitor
    from?: LogPosition | undefined
    keptFrom: () => number
  }): Promise<LogTail>
  /** The newest sample of all, ms; undefined when there is none. */
  newestMs(): number | undefined
}

export const isBefore = (a: LogPosition, b: LogPosition): boolean =>
  a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset)
