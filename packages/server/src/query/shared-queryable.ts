/**
 * The storage as a query worker sees it: it asks the process what a selector matches and reads the
 * samples itself. All selectors of a query are asked at once and so are of one moment.
 */
import type { Matcher, Queryable, SeriesSet } from '@vigie/model'
import { type SharedAnswer, type SharedSelect, StorageReader, nodeDisk } from '@vigie/tsdb'
import type { PlainSelect } from './worker-protocol.ts'

interface Pending {
  select: SharedSelect
  resolve(set: SeriesSet): void
  reject(error: unknown): void
}

/** A block may be merged away between the answer and its opening; then the storage is asked again. */
const TRIES_MAX = 3

export class SharedQueryable implements Pick<Queryable, 'select'> {
  readonly #reader: StorageReader
  readonly #ask: (selects: PlainSelect[]) => Promise<SharedAnswer>
  #pending: Pending[] = []

  /** `ask`: answers must come in the order of the questions. `snapshotMs`: longer than any query runs. */
  constructor(ask: (selects: PlainSelect[]) => Promise<SharedAnswer>, snapshotMs: number) {
    this.#ask = ask
    this.#reader = new StorageReader(nodeDisk(), snapshotMs)
  }

  select(matchers: readonly Matcher[], minT: number, maxT: number): Promise<SeriesSet> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0)
        queueMicrotask(() => {
          void this.#answer(this.#pending, 1)
          this.#pending = []
        })
      this.#pending.push({ select: { matchers, minT, maxT }, resolve, reject })
    })
  }

  /** Sets `memory` as soon as an answer is there: the next one builds on it. */
  take(answer: SharedAnswer): void {
    this.#reader.take(answer.memory)
  }

  async #answer(pending: readonly Pending[], tries: number): Promise<void> {
    try {
      const { selections } = await this.#ask(pending.map(({ select }) => plain(select)))
      const sets = selections.map((one, i) => this.#reader.series(one, pending[i].select))
      for (const [i, one] of pending.entries()) one.resolve(sets[i])
    } catch (error) {
      if (isGone(error) && tries < TRIES_MAX) return this.#answer(pending, tries + 1)
      for (const one of pending) one.reject(error)
    }
  }
}

const plain = ({ matchers, minT, maxT }: SharedSelect): PlainSelect => ({
  matchers: matchers.map(({ type, name, value }) => ({ type, name, value })),
  minT,
  maxT,
})

const isGone = (error: unknown): boolean =>
  error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
