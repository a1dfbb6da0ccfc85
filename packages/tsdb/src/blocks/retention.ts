/** Which blocks are too old or too much, as Prometheus decides it. */
import type { BlockMeta } from '../block/meta.ts'

export interface SizedBlock {
  readonly meta: BlockMeta
  readonly sizeBytes: number
}

/**
 * Blocks that end `retentionMs` or more before the newest one does: all of what is in them is too
 * old. 0 stands for no limit.
 */
export function beyondTime<B extends SizedBlock>(blocks: readonly B[], retentionMs: number): B[] {
  if (retentionMs === 0) return []
  const newest = newestFirst(blocks)
  return newest.filter(
    ({ meta }) => meta !== newest[0].meta && newest[0].meta.maxTime - meta.maxTime >= retentionMs,
  )
}

/**
 * The oldest blocks, as far as `otherBytes` (log and head) and all blocks are together more than
 * `maxBytes`. 0 stands for no limit.
 */
export function beyondSize<B extends SizedBlock>(
  blocks: readonly B[],
  otherBytes: number,
  maxBytes: number,
): B[] {
  if (maxBytes === 0) return []
  let sum = otherBytes
  return newestFirst(blocks).filter(({ sizeBytes }) => {
    sum += sizeBytes
    return sum > maxBytes
  })
}

const newestFirst = <B extends SizedBlock>(blocks: readonly B[]): B[] =>
  [...blocks].sort((a, b) => b.meta.maxTime - a.meta.maxTime)
