/** A process that is killed while it cuts and merges blocks loses nothing, and leaves nothing twice. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeDisk } from '../src/index.ts'
import { dump, open, recordingLog } from './notation.ts'

const SERIES = 60
let dir = ''
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'vigie-kill-'))))
afterAll(() => rmSync(dir, { recursive: true }))

/** Runs the writer from `start` on, and kills it `delayMs` after it began to make blocks for the `nth` time. */
async function writeAndKill(start: number, nth: number, delayMs: number): Promise<number> {
  const script = fileURLToPath(new URL('kill-blocks-child.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, dir, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let last = start - 1
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('t ')) last = Number(line.slice(2))
    else if (++seen === nth) void delay(delayMs).then(() => child.kill('SIGKILL'))
  }
  expect((await exited)[1]).toBe('SIGKILL')
  return last
}

test('kill -9 in the middle of making blocks, again and again', async () => {
  let start = 0
  for (const [nth, delayMs] of [
    [4, 0],
    [3, 40],
    [4, 80],
  ]) {
    const acknowledged = await writeAndKill(start, nth, delayMs)
    const log = recordingLog()
    const tsdb = await open({ dir, disk: nodeDisk(), retentionMs: 0, now: () => 1e13, log })
    const lines = dump(tsdb)
    expect(lines.length).toBe(SERIES)
    const [, ...samples] = lines[0].split(' ')
    expect(samples.length).toBeGreaterThan(acknowledged)
    start = samples.length
    const want = Array.from({ length: start }, (_, i) => `${i * 60_000}:${Math.sin(i) * 1e9}`)
    for (const line of lines) expect(line.slice(line.indexOf('}') + 2)).toBe(want.join(' '))
    expect(readdirSync(dir).filter((name) => name.includes('.tmp'))).toEqual([])
    expect(log.lines).toEqual([])
    await tsdb.close()
  }
  const tsdb = await open({ dir, disk: nodeDisk(), retentionMs: 0, now: () => 1e13 })
  await tsdb.maintain()
  expect(tsdb.blocks().some(({ compaction }) => compaction.level > 1)).toBe(true)
  await tsdb.close()
})
