/** What the thread that makes blocks tells the main thread. */
import type { BlockMeta } from '../block/meta.ts'

export type FromWorker =
  | { kind: 'next' }
  | { kind: 'done'; meta: BlockMeta | undefined }
  | { kind: 'failed'; error: unknown }
