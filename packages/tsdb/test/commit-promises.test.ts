/** What Prometheus's tests promise of commits, whatever happens to the head around them. */
import { expect, test } from 'vitest'
import { MemoryDisk } from './memory-disk.ts'
import { append, dump, open, write } from './notation.ts'

const HOUR_MS = 3_600_000

test('uncommitted samples are not lost when the head is truncated, nor seen before their commit', async () => {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk })
  for (let i = 0; i <= 8; i++) write(tsdb, `a ${(i * HOUR_MS) / 2}:${i}`)
  const appender = tsdb.appender()
  append(appender, `a ${4.5 * HOUR_MS}:9`)
  append(appender, `new ${4.5 * HOUR_MS}:1`)
  await tsdb.maintain()
  expect(tsdb.blocks().length).toBe(1)
  expect(dump(tsdb, 4.1 * HOUR_MS)).toEqual([])
  appender.commit()
  const want = [`a ${4.5 * HOUR_MS}:9`, `new ${4.5 * HOUR_MS}:1`]
  expect(dump(tsdb, 4.1 * HOUR_MS)).toEqual(want)
  expect(dump(tsdb, 0, 4 * HOUR_MS)[0].split(' ').length).toBe(1 + 9)
  await tsdb.maintain()
  expect(dump(await open({ disk: disk.afterKill() }), 4.1 * HOUR_MS)).toEqual(want)
})

test('a sample that became too old while it waited for its commit is not in a block that was cut meanwhile', async () => {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk })
  write(tsdb, `a 0:0`)
  const appender = tsdb.appender()
  append(appender, `b ${HOUR_MS}:1`)
  for (let i = 1; i <= 8; i++) write(tsdb, `a ${(i * HOUR_MS) / 2}:${i}`)
  await tsdb.maintain()
  appender.commit()
  // It is there or it is not, and a start finds the same.
  const got = dump(tsdb)
  await tsdb.close()
  expect(dump(await open({ disk }))).toEqual(got)
})
