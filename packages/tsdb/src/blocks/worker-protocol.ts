/** What the thread that makes blocks tells the main thread. */
import type { BlockMeta } from '../block/meta.ts'

export type FromWorker = { kind: 'next' } | { kind: 'done'; meta: BlockMeta | undefined } | Failure

export interface Failure {
  kind: 'failed'
  message: string
  /** A block that was read is not what it should be. */
  isCorrupt: boolean
}
