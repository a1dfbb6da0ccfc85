/**
 * The head as a block wants it: series sorted by labels, each with its chunks, cut at the borders.
 * A chunk that lies within them is handed over as it is; one that crosses them is encoded again.
 */
import { SampleColumns, compareLabels, compareNames, type Labels } from '@vigie/model'
import type { BlockSeries, ChunkData } from '../block/block-series.ts'
import { SAMPLE_BYTES_MAX, XorEncoder, decodeXor } from '../chunk/xor.ts'
import type { Head } from './head.ts'
import { selectSlots } from './select.ts'
import { Selection } from './selection.ts'

const XOR = 1

/** See HeadStore.blockSeries. */
export function blockSeries(head: Head, minT: number, maxT: number): Iterable<BlockSeries> {
  // Not in the generator: the snapshot is of now, not of when somebody begins to read.
  const slots = selectSlots(head, [], minT, maxT)
  return readAll(head, new Selection(head, slots), minT, maxT)
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
    selection.visitChunks(index, minT, maxT, (view, start, end, count) => {
      const chunk = cutter.cut(view, start, end, count)
      if (chunk !== undefined) chunks.push(chunk)
    })
    if (chunks.length > 0) yield { labels, chunks }
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
  readonly #words = new Uint32Array(2)

  constructor(minT: number, maxT: number) {
    this.#minT = minT
    this.#maxT = maxT
  }

  /** The samples within of the first `count` of a chunk, undefined when there are none. */
  cut(view: DataView, start: number, end: number, count: number): ChunkData | undefined {
    const columns = this.#columns
    columns.clear()
    decodeXor(view, start + 2, count, this.#minT, this.#maxT, this.#words, columns)
    const { length, t } = columns
    if (length === 0) return undefined
    const isWhole = length === view.getUint16(start)
    const data = isWhole
      ? new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice()
      : encodeXor(columns)
    return { minT: t[0], maxT: t[length - 1], encoding: XOR, data }
  }
}

/** A chunk of all samples of `columns`, at most 65,535 floats. */
function encodeXor({ t, v, length }: SampleColumns): Uint8Array {
  const bytes = new Uint8Array(2 + (length + 1) * SAMPLE_BYTES_MAX)
  const encoder = new XorEncoder()
  encoder.view = new DataView(bytes.buffer)
  encoder.view.setUint16(0, length)
  encoder.start = 2
  const halves = new Int32Array(v.buffer, v.byteOffset, length * 2)
  for (let i = 0; i < length; i++) {
    const low = halves[2 * i]
    const high = halves[2 * i + 1]
    if (i === 0) encoder.first(t[0], high, low)
    else {
      const delta = t[i] - t[i - 1]
      const xorHigh = high ^ halves[2 * i - 1]
      const xorLow = low ^ halves[2 * i - 2]
      if (i === 1) encoder.second(delta, xorHigh, xorLow)
      else encoder.next(delta - (t[i - 1] - t[i - 2]), xorHigh, xorLow)
    }
  }
  return bytes.slice(0, 2 + ((encoder.bit + 7) >>> 3))
}
