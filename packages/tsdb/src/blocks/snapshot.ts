/** Copies of blocks that share the bytes of their files. */
import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import type { Disk } from '../disk.ts'

/** As Prometheus names a snapshot: `20260102T030405Z-0123456789abcdef`. */
export function snapshotName(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const random = randomBytes(8)
  random[0] &= 0x7f
  return `${time}-${random.toString('hex')}`
}

/** The block in folder `source` once more in `parentDir`: a block's files never change, they are replaced. Throws DiskError. */
export function linkBlock(disk: Disk, source: string, parentDir: string): void {
  const target = join(parentDir, basename(source))
  disk.makeDir(target)
  for (const name of disk.list(source)) {
    const path = join(source, name)
    if (disk.stat(path)?.kind === 'folder') linkBlock(disk, path, target)
    else disk.link(path, join(target, name))
  }
  disk.syncDir(target)
}
