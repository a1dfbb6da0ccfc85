import { expect, test } from 'vitest'
import { FaultDisk } from './fault-disk.ts'
import { dump, metric, open, recordingLog, write } from './notation.ts'

test('a full disk: samples are refused and it is said, queries go on, it recovers by itself', async () => {
  const disk = new FaultDisk()
  const log = recordingLog()
  let now = 1e12
  const tsdb = await open({ disk, log, now: () => now })
  write(tsdb, 'a 1:1', 'b 1:1')
  expect([tsdb.stats().writeFailure, metric(tsdb, 'vigie_tsdb_writable')]).toEqual([null, 1])

  disk.fill()
  for (let i = 0; i < 3; i++) {
    now += 1000
    expect(() => write(tsdb, `a ${2 + i}:2`, `new${i} 2:2`)).toThrow(/cannot write .*ENOSPC/)
  }
  expect(tsdb.stats().writeFailure).toEqual({
    sinceMs: 1e12 + 1000,
    reason: expect.stringMatching(/^cannot write data\/wal\/00000000: ENOSPC: no space left/),
  })
  expect(metric(tsdb, 'vigie_tsdb_writable')).toBe(0)
  expect(metric(tsdb, 'prometheus_tsdb_wal_writes_failed_total')).toBe(3)
  expect(dump(tsdb)).toEqual(['a 1:1', 'b 1:1'])
  await tsdb.maintain()

  disk.heal()
  write(tsdb, 'a 9:9')
  expect([tsdb.stats().writeFailure, metric(tsdb, 'vigie_tsdb_writable')]).toEqual([null, 1])
  expect(dump(tsdb)).toEqual(['a 1:1 9:9', 'b 1:1'])
  expect(dump(await open({ disk: disk.afterKill() }))).toEqual(['a 1:1 9:9', 'b 1:1'])
  // Said when it begins and when it ends, not at each batch.
  expect(log.lines.map(({ message }) => message)).toEqual([
    'samples are refused until the WAL can be written again',
    'the WAL can be written again',
  ])
})

test('a disk that is full at the start: nothing is opened, and nothing is broken', async () => {
  const disk = new FaultDisk()
  const tsdb = await open({ disk })
  write(tsdb, 'a 1:1')
  await tsdb.close()
  disk.fill()
  await expect(open({ disk })).rejects.toThrow(/ENOSPC/)
  disk.heal()
  expect(dump(await open({ disk }))).toEqual(['a 1:1'])
})
