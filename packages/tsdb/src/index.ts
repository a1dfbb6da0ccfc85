export { type Tsdb, type TsdbStats, openTsdb } from './tsdb.ts'
export {
  type FsyncPolicy,
  type Logger,
  MAX_SERIES_DEFAULT,
  RETENTION_BYTES_DEFAULT,
  RETENTION_MS_DEFAULT,
  type TsdbOptions,
} from './options.ts'
export {
  type Disk,
  type DiskEntry,
  DiskError,
  type DiskFile,
  type ReadFile,
  nodeDisk,
} from './disk.ts'
export { makeFolders } from './make-folders.ts'
export type { Cardinality, NamedCount } from './cardinality.ts'
export type { MetricFamily } from './metrics.ts'
export { UnsupportedError } from './wal/segment-reader.ts'
export type { FollowOptions } from './head-store.ts'
export type { TailVisitor } from './wal/tail-records.ts'
export type { WalPosition, WalTail } from './wal/wal-tail.ts'
export type { ExemplarRing, SeriesExemplars } from './exemplars.ts'
export type { WriteFailure } from './head-store.ts'
export { Block, type SeriesSpan } from './block/block.ts'
export type { BlockMeta } from './block/meta.ts'
export { CorruptBlockError } from './block/meta.ts'
export {
  type BlockOnDisk,
  type ReadOnlyOptions,
  ReadOnlyTsdb,
  openBlocks,
} from './read-only/read-only.ts'
export { LockedError } from './lock.ts'
export { StorageReader } from './share/storage-reader.ts'
export type { SharedSelect, StorageShare } from './share/storage-share.ts'
export type { SharedAnswer } from './share/shared-selection.ts'
export { type Analysis, analyze } from './read-only/analysis.ts'
export { type ChunkShapes, type Distribution, chunkShapes } from './read-only/chunk-shapes.ts'
export {
  BLOCK_MS_MIN,
  BlockImport,
  ImportError,
  type ImportedBlock,
  blockRange,
} from './import/block-import.ts'
export { CorruptChunkError } from './head/chunk-slabs.ts'
export { decodeWhole } from './chunk/decode.ts'
export { encodeSamples } from './chunk/encode.ts'
export { crc32c } from './wal/crc32c.ts'
