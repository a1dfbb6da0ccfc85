/** A process that is killed while it writes loses nothing of what it said was written. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LockedError, nodeDisk } from '../src/index.ts'
import { dump, open } from './notation.ts'

const SERIES = 50
let dir = ''

beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'vigie-kill-'))))
afterAll(() => rmSync(dir, { recursive: true }))

/** Runs the writer from `start` on, and kills it after `count` acknowledgements; the last of them. */
async function writeAndKill(start: number, count: number): Promise<number> {
  const script = fileURLToPath(new URL('kill-child.mjs', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [script, dir, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let last = start - 1
  let seen = 0
  for await (const line of createInterface({ input: child.stdout! })) {
    last = Number(line)
    if (++seen === count) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  expect(signal).toBe('SIGKILL')
  return last
}

test('kill -9, three times over', async () => {
  let start = 1
  for (const count of [1, 137, 400]) {
    const acknowledged = await writeAndKill(start, count)
    const tsdb = await open({ dir, disk: nodeDisk() })
    const lines = dump(tsdb)
    await tsdb.close()
    expect(lines.length).toBe(SERIES)
    for (const line of lines) {
      const samples = line.split(' ').slice(1)
      // What was written but not yet acknowledged may be there too.
      expect(samples.length).toBeGreaterThanOrEqual(acknowledged)
      samples.forEach((sample, i) => expect(sample).toBe(`${i + 1}:${(i + 1) * 1.1}`))
      start = samples.length + 1
    }
  }
})

test('lock file: two storages of one process do not open one directory', async () => {
  const tsdb = await open({ dir, disk: nodeDisk() })
  const second = open({ dir, disk: nodeDisk() })
  await expect(second).rejects.toThrow(LockedError)
  await expect(second).rejects.toThrow(`${dir} is held by process ${process.pid}`)
  await tsdb.close()
  await (await open({ dir, disk: nodeDisk() })).close()
})

test('lock file: nor do those of two, and the file of a dead one is no lock', async () => {
  const script = fileURLToPath(new URL('kill-child.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, dir, '1000000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  await expect(open({ dir, disk: nodeDisk() })).rejects.toThrow(
    new RegExp(`is held by process ${child.pid} \\(\\S+\\), which is running; stop it or choose`),
  )
  // Whoever takes its lock file away does not get in, either.
  rmSync(join(dir, 'lock'))
  await expect(open({ dir, disk: nodeDisk() })).rejects.toThrow(
    /which has wal\/\d+ open for writing/,
  )
  child.kill('SIGKILL')
  await exited
  await (await open({ dir, disk: nodeDisk() })).close()
})
