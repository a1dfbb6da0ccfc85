/**
 * The thread that makes blocks, or reads a segment of the log (see segment-worker.ts). It is started for one job and ends with it. Series of the head come
 * from the main thread a batch at a time, when this thread asks for one and waits.
 *
 *     worker ── next ──▶ main        main ── batch, wake ──▶ worker        worker ── done | failed ──▶ main
 */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { BlockSeries } from '../block/block-series.ts'
import { nodeDisk } from '../disk.ts'
import { type BlockJob, isCorruption, mergeBlocks, writeHeadBlock } from './jobs.ts'
import { type SegmentInput, readSegmentFor } from '../wal/segment-worker.ts'
import { type PackedSeries, unpackSeries } from './packed-series.ts'
import type { FromWorker } from './worker-protocol.ts'

export interface WorkerInput {
  job: BlockJob
  port: MessagePort
  /** One word: how many batches were sent. */
  signal: Int32Array
}

function* batches({ port, signal }: WorkerInput): Iterable<BlockSeries> {
  for (let taken = 0; ; taken++) {
    tell(port, { kind: 'next' })
    Atomics.wait(signal, 0, taken)
    const packed = receiveMessageOnPort(port)?.message as PackedSeries | undefined
    if (packed === undefined || packed.labels.length === 0) return
    yield* unpackSeries(packed)
  }
}

const tell = (port: MessagePort, message: FromWorker): void => port.postMessage(message)

function run(input: WorkerInput): void {
  const { job, port } = input
  const disk = nodeDisk()
  try {
    const meta =
      job.kind === 'merge' ? mergeBlocks(disk, job) : writeHeadBlock(disk, job, batches(input))
    tell(port, { kind: 'done', meta })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    tell(port, { kind: 'failed', message, isCorrupt: isCorruption(error) })
  }
  port.close()
}

const input = workerData as WorkerInput | SegmentInput
if ('segmentPath' in input) void readSegmentFor(input)
else run(input)
