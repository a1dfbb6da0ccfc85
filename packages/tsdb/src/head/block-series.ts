/**
 * The head as a block wants it: series sorted by labels, each with its chunks, cut at the borders.
 * A chunk that lies within them is handed over as it is; one that crosses them is encoded again.
 */
import { type Labels, SampleColumns, compareLabels, compareNames } from '@vigie/model'
import { dropDeleted } from '../block/block-selection.ts'
import type { BlockSeries, ChunkData } from '../block/block-series.ts'
import { encodeSamples } from '../chunk/encode.ts'
import type { Intervals } from '../block/tombstones.ts'
import type { ChunkBytes } from './chunk-slabs.ts'
import type { Head } from './head.ts'
import { mergeChunksInto } from './out-of-order.ts'
import { Selection, decodeChunk } from './selection.ts'

/** See HeadStore.blockSeries. */
export function blockSeries(head: Head, minT: number, maxT: number): Iterable<BlockSeries> {
  // Not in the generator: the snapshot is of now, not of when somebody begins to read. Which series
  // have samples in the range shows when their turn comes: to ask all of them now takes too long.
  return readAll(head, new Selection(head, head.postings.all()), minT, maxT)
}

function* readAll(
  head: Head,
  selection: Selection,
  minT: number,
  maxT: number,
): Iterable<BlockSeries> {
  const cutter = new Cutter(minT, maxT)
  for (const { labels, index } of sorted(head, selection)) {
    const chunks: ChunkData[] = []
    const deleted = selection.deleted(index)
    selection.visitChunks(index, minT, maxT, (chunk, count) => {
      chunks.push(...cutter.cut(chunk, count, deleted))
    })
    if (chunks.length > 0) yield { labels, chunks }
  }
}

/** See HeadStore.lateSeries. */
export function* lateSeries(head: Head, minT: number, maxT: number): Iterable<BlockSeries> {
  const selection = new Selection(head, head.outOfOrder.frozenSlots())
  const columns = new SampleColumns()
  for (const { labels, index } of sorted(head, selection)) {
    columns.clear()
    const deleted = selection.deleted(index)
    const chunks = head.outOfOrder.frozenChunksOf(selection.slot(index))
    mergeChunksInto(columns, chunks, minT, maxT)
    if (deleted !== undefined) dropDeleted(columns, deleted)
    if (columns.length > 0) yield { labels, chunks: encodeSamples(columns) }
  }
}

interface One {
  labels: Labels
  index: number
}

/** By first label, which is the metric's name nearly always, and within it only once it is its turn. */
function* sorted(head: Head, selection: Selection): Iterable<One> {
  const groups = new Map<number, Map<number, number[]>>()
  const noLabels: number[] = []
  for (let i = 0; i < selection.count; i++) {
    const handle = selection.labelsHandle(i)
    if (head.labelSets.countOf(handle) === 0) noLabels.push(i)
    else {
      const name = head.labelSets.name(handle, 0)
      const value = head.labelSets.value(handle, 0)
      let values = groups.get(name)
      if (values === undefined) groups.set(name, (values = new Map()))
      const group = values.get(value)
      if (group === undefined) values.set(value, [i])
      else group.push(i)
    }
  }
  // Texts are read now: symbols may be gone when the reader comes to them.
  const keys = [...groups].flatMap(([name, values]) =>
    [...values].map(([value, indexes]) => ({
      name: head.symbols.text(name),
      value: head.symbols.text(value),
      indexes,
    })),
  )
  keys.sort((a, b) => compareNames(a.name, b.name) || compareNames(a.value, b.value))
  for (const indexes of [noLabels, ...keys.map((key) => key.indexes)]) {
    const group = indexes.map((index): One => ({ index, labels: selection.labels(index) }))
    yield* group.sort((a, b) => compareLabels(a.labels, b.labels))
  }
}

/** Cuts chunks at [minT, maxT]. */
class Cutter {
  readonly #minT: number
  readonly #maxT: number
  readonly #columns = new SampleColumns(128)

  constructor(minT: number, maxT: number) {
    this.#minT = minT
    this.#maxT = maxT
  }

  /** The samples within of the first `count` of a chunk, but for deleted ones. */
  cut(chunk: ChunkBytes, count: number, deleted: Intervals | undefined): ChunkData[] {
    const columns = this.#columns
    columns.clear()
    decodeChunk(chunk, count, this.#minT, this.#maxT, columns)
    if (deleted !== undefined) dropDeleted(columns, deleted)
    const { length, t } = columns
    if (length === 0) return []
    const { encoding, bytes, view, start, end } = chunk
    if (length === view.getUint16(start))
      return [{ minT: t[0], maxT: t[length - 1], encoding, data: bytes.slice(start, end) }]
    return encodeSamples(columns)
  }
}
