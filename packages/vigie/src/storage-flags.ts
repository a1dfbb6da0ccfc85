/** What the flags `--storage.tsdb.…` say, where it takes more than reading one. */
import { formatDuration } from '@vigie/model'
import { type ServeArgs, UsageError, durationFlag, sizeFlag } from './serve-args.ts'

const BLOCK_MS = 2 * 3_600_000
/** Of blocks, where nothing is said. */
const BLOCK_MS_MAX = 31 * 24 * 3_600_000
const MIB = 1 << 20

/** Who limits the size alone wants no limit of time, as in Prometheus. */
export function retentionTime(args: ServeArgs): number {
  const isSizeAlone =
    args.given.has('storage.tsdb.retention.size') && !args.given.has('storage.tsdb.retention.time')
  return isSizeAlone ? 0 : durationFlag(args, 'storage.tsdb.retention.time')
}

/** The longest block, ms. Where it is not said the flag gets what it is then, for who asks for the flags. */
export function maxBlock(args: ServeArgs): number | undefined {
  const shortest = durationFlag(args, 'storage.tsdb.min-block-duration')
  if (shortest !== BLOCK_MS)
    throw new UsageError(
      `--storage.tsdb.min-block-duration: found ${JSON.stringify(args.flags.get('storage.tsdb.min-block-duration'))}, expected 2h: blocks are cut every two hours`,
    )
  if (!args.given.has('storage.tsdb.max-block-duration')) {
    const retentionMs = retentionTime(args)
    const part = retentionMs === 0 ? BLOCK_MS_MAX : Math.min(BLOCK_MS_MAX, retentionMs / 10)
    const ms = Math.max(shortest, Math.floor(part))
    args.flags.set('storage.tsdb.max-block-duration', formatDuration(ms))
    return undefined
  }
  const longest = durationFlag(args, 'storage.tsdb.max-block-duration')
  if (longest < shortest)
    throw new UsageError(
      `--storage.tsdb.max-block-duration: found ${JSON.stringify(args.flags.get('storage.tsdb.max-block-duration'))}, expected at least 2h`,
    )
  return longest
}

/** Bytes of a file of the log; undefined where it is not said. */
export function segmentSize(args: ServeArgs): number | undefined {
  const bytes = sizeFlag(args, 'storage.tsdb.wal-segment-size')
  if (bytes === 0) return undefined
  if (bytes < 10 * MIB || bytes > 256 * MIB)
    throw new UsageError(
      `--storage.tsdb.wal-segment-size: found ${JSON.stringify(args.flags.get('storage.tsdb.wal-segment-size'))}, expected 10MB to 256MB`,
    )
  return bytes
}
