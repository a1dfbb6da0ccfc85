/**
 * A large segment read by two threads: one reads, checks, decompresses and decodes, the other takes what
 * comes out of it. Samples go through memory that both share, in slots that are used in turn; all other
 * records are copied.
 *
 *     worker ── samples in slot k | records | end ──▶ main        main ── taken (a word) ──▶ worker
 */
import { Worker, parentPort } from 'node:worker_threads'
import { nodeDisk } from '../disk.ts'
import { SAMPLES, SAMPLES_V2 } from './format.ts'
import { RecordError, recordType } from './records.ts'
import { SampleRecord } from './sample-record.ts'
import { type Corruption, readSegment } from './segment-reader.ts'

/**
 * Samples of a slot, 24 bytes each, and how many slots there are: as many as are filled while the other
 * thread appends what it has gathered (replay-buffer.ts), so that neither waits.
 */
const SLOT_SAMPLES = 1 << 16
const SLOTS = 36
/** Other records are sent together up to this. */
const RECORDS_BYTES_MAX = 1 << 18

export interface SegmentInput {
  segmentPath: string
  slots: SharedArrayBuffer[]
  /** One word: how many messages were taken. */
  taken: Int32Array
}

interface RawRecord {
  offset: number
  bytes: Uint8Array
}

type FromReader =
  | { kind: 'samples'; slot: number; count: number }
  | { kind: 'records'; records: RawRecord[] }
  | { kind: 'end'; corruption: Corruption | undefined }
  | { kind: 'failed'; message: string }

/** What a reader's samples and records go to. A RecordError that it throws is a corruption. */
export interface SegmentTaker {
  samples(record: SampleRecord): void
  record(record: Buffer): void
}

/** The columns of a slot, which both threads have. */
function slotOf(buffer: SharedArrayBuffer): SampleRecord {
  const slot = new SampleRecord()
  slot.refs = new Float64Array(buffer, 0, SLOT_SAMPLES)
  slot.t = new Float64Array(buffer, SLOT_SAMPLES * 8, SLOT_SAMPLES)
  slot.bits = new Int32Array(buffer, SLOT_SAMPLES * 16, SLOT_SAMPLES * 2)
  return slot
}

/** Like `readSegment`, for a file on this machine's disk; the reading is done by the worker at `url`. */
export async function readSegmentByWorker(
  url: URL,
  segmentPath: string,
  taker: SegmentTaker,
): Promise<Corruption | undefined> {
  const slots = Array.from({ length: SLOTS }, () => new SharedArrayBuffer(SLOT_SAMPLES * 24))
  const taken = new Int32Array(new SharedArrayBuffer(4))
  const workerData: SegmentInput = { segmentPath, slots, taken }
  const columns = slots.map(slotOf)
  const worker = new Worker(url, { env: {}, execArgv: [], name: 'vigie-replay', workerData })
  try {
    return await new Promise((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', () => reject(new Error('the thread that reads the WAL ended early')))
      worker.on('message', (message: FromReader) => {
        try {
          if (message.kind === 'end') return resolve(message.corruption)
          if (message.kind === 'failed') return reject(new Error(message.message))
          const corruption = take(message, columns, taker)
          if (corruption !== undefined) return resolve(corruption)
          Atomics.add(taken, 0, 1)
          Atomics.notify(taken, 0)
        } catch (error) {
          reject(error)
        }
      })
    })
  } finally {
    worker.removeAllListeners('message')
    await worker.terminate()
  }
}

function take(
  message: FromReader & { kind: 'samples' | 'records' },
  columns: readonly SampleRecord[],
  taker: SegmentTaker,
): Corruption | undefined {
  if (message.kind === 'samples') {
    const slot = columns[message.slot]
    slot.count = message.count
    taker.samples(slot)
    return undefined
  }
  for (const { offset, bytes } of message.records) {
    try {
      taker.record(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      return { offset, reason: error.message }
    }
  }
  return undefined
}

/** The other side: what the worker runs. */
export async function readSegmentFor(input: SegmentInput): Promise<void> {
  const port = parentPort!
  const sender = new Sender(input, (message) => port.postMessage(message))
  try {
    const file = nodeDisk().openRead(input.segmentPath)
    const corruption = await readSegment(file, (record, offset) => sender.add(record, offset))
    file.close()
    sender.flush()
    sender.send({ kind: 'end', corruption })
  } catch (error) {
    sender.send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

class Sender {
  readonly #taken: Int32Array
  readonly #slots: SampleRecord[]
  readonly #post: (message: FromReader) => void
  readonly #record = new SampleRecord()
  #records: RawRecord[] = []
  #recordBytes = 0
  #slot = 0
  #count = 0
  #sent = 0

  constructor({ slots, taken }: SegmentInput, post: (message: FromReader) => void) {
    this.#slots = slots.map(slotOf)
    this.#taken = taken
    this.#post = post
  }

  add(record: Buffer, offset: number): void {
    const type = recordType(record)
    if (type === SAMPLES || type === SAMPLES_V2) {
      this.#flushRecords()
      this.#record.read(record)
      this.#addSamples()
      return
    }
    this.#flushSamples()
    this.#records.push({ offset, bytes: Uint8Array.from(record) })
    this.#recordBytes += record.length
    if (this.#recordBytes >= RECORDS_BYTES_MAX) this.#flushRecords()
  }

  #addSamples(): void {
    const { refs, t, bits, count } = this.#record
    for (let done = 0; done < count;) {
      const slot = this.#slots[this.#slot]
      const end = Math.min(count, done + SLOT_SAMPLES - this.#count)
      slot.refs.set(refs.subarray(done, end), this.#count)
      slot.t.set(t.subarray(done, end), this.#count)
      slot.bits.set(bits.subarray(2 * done, 2 * end), 2 * this.#count)
      this.#count += end - done
      done = end
      if (this.#count === SLOT_SAMPLES) this.#flushSamples()
    }
  }

  #flushSamples(): void {
    if (this.#count === 0) return
    this.send({ kind: 'samples', slot: this.#slot, count: this.#count })
    this.#count = 0
    this.#slot = (this.#slot + 1) % SLOTS
  }

  #flushRecords(): void {
    if (this.#records.length === 0) return
    this.send({ kind: 'records', records: this.#records })
    this.#records = []
    this.#recordBytes = 0
  }

  flush(): void {
    this.#flushSamples()
    this.#flushRecords()
  }

  /** Waits until no more messages than there are slots are on their way: so the next slot is free. */
  send(message: FromReader): void {
    this.#post(message)
    this.#sent++
    for (;;) {
      const taken = Atomics.load(this.#taken, 0)
      if (this.#sent - taken < SLOTS || message.kind === 'end' || message.kind === 'failed') return
      Atomics.wait(this.#taken, 0, taken)
    }
  }
}
