/** A real disk, of 1 MB, that fills up. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

interface Seen {
  full: { samples: number; refused: number; error: string; failure: { reason: string } | null }
  after: { samples: number; failure: unknown }
  again: number
}

test('a full disk: samples are refused and it is said, queries go on, it recovers by itself', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-full-'))
  const script = fileURLToPath(new URL('full-disk-child.mjs', import.meta.url))
  // In a mount namespace of its own: the disk is gone when the process is.
  const command = `mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" "$3" "$1"`
  const args = ['-rm', 'sh', '-c', command, 'sh', dir, process.execPath, script]
  const { stdout } = await promisify(execFile)('unshare', args, { timeout: 30_000 })
  rmdirSync(dir)
  const { full, after, again } = JSON.parse(stdout) as Seen
  expect(full.refused).toBeGreaterThan(0)
  expect(full.error).toMatch(/^cannot write .*ENOSPC/)
  expect(full.failure!.reason).toBe(full.error)
  expect(full.samples).toBe(50 * (10 + 100 - full.refused))
  expect(after).toEqual({ samples: full.samples + 50, failure: null })
  expect(again).toBe(after.samples)
})
