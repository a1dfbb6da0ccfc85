import {
  APPENDED,
  DUPLICATE,
  Labels,
  OUT_OF_BOUNDS,
  OUT_OF_ORDER,
  StorageLimitError,
  TOO_OLD,
  UNKNOWN_SERIES,
} from '@vigie/model'
import { describe, expect, test } from 'vitest'
import { MemoryDisk } from '../test/memory-disk.ts'
import {
  append,
  dump,
  metric,
  open,
  parseMatchers,
  recordingLog,
  show,
  write,
} from '../test/notation.ts'
import type { Tsdb } from './index.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** `count` samples from `start` on, `step` apart: `t:i`. */
const line = (series: string, start: number, step: number, count: number): string =>
  [series, ...Array.from({ length: count }, (_, i) => `${start + i * step}:${i}`)].join(' ')

describe('appending', () => {
  test('what was committed is there, before and after opening again', async () => {
    const disk = new MemoryDisk()
    const lines = ['a{x="1"} 1000:1 2000:-0.5', 'a{x="2"} 1000:stale 2000:Infinity', 'b 1000:NaN']
    const tsdb = await open({ disk })
    write(tsdb, ...lines)
    expect(dump(tsdb)).toEqual(lines)
    await tsdb.close()
    const again = await open({ disk })
    expect(dump(again)).toEqual(lines)
    write(again, 'a{x="1"} 3000:2')
    expect(dump(again)[0]).toBe('a{x="1"} 1000:1 2000:-0.5 3000:2')
    await again.close()
  })

  test('many chunks, and ranges that cut through them', async () => {
    const disk = new MemoryDisk()
    const tsdb = await open({ disk })
    const all = line('a', 7 * HOUR, 15_000, 1000)
    write(tsdb, all)
    for (const one of [tsdb, await open({ disk: disk.afterKill() })]) {
      expect(dump(one)).toEqual([all])
      expect(dump(one, 7 * HOUR + 100 * 15_000, 7 * HOUR + 500 * 15_000 - 1)).toEqual([
        ['a', ...all.split(' ').slice(101, 501)].join(' '),
      ])
      // 120 samples a chunk, and one cut at 8 h, where a block of two hours ends: 240 of them before.
      expect(one.stats()).toMatchObject({ series: 1, samples: 1000, chunks: 9 })
    }
  })

  // [window], newest sample, what comes then, as Prometheus takes it; at a time when all of it is past.
  test.each([
    [0, 'a 10000000:1', 'b 6400000:1', [APPENDED]],
    [0, 'a 10000000:1', 'b 6399999:1', [OUT_OF_BOUNDS]],
    [0, 'a 10000000:1', 'a 6399999:1 9999999:1', [OUT_OF_BOUNDS, OUT_OF_ORDER]],
    [0, '', 'a 10000000:1 6400000:1 6399999:1', [APPENDED, OUT_OF_ORDER, OUT_OF_BOUNDS]],
    [600_000, 'a 10000000:1', 'b 6400000:1 6399999:1', [APPENDED, TOO_OLD]],
    [600_000, 'a 10000000:1', 'a 9400000:1 9399999:1', [APPENDED, TOO_OLD]],
    [600_000, 'a 10000000:1', 'a 10000000:1 10000000:2', [APPENDED, DUPLICATE]],
    [7_200_000, 'a 10000000:1', 'b 2800000:1 2799999:1', [APPENDED, TOO_OLD]],
  ])('window %i, there is %j, then %s', async (outOfOrderTimeWindowMs, first, then, want) => {
    const tsdb = await open({ outOfOrderTimeWindowMs })
    if (first !== '') write(tsdb, first)
    expect(append(tsdb.appender(), then)).toEqual(want)
  })

  test('results', async () => {
    const tsdb = await open()
    write(tsdb, 'a 1000:1 2000:2')
    const check = (text: string, want: number[]): void => {
      const appender = tsdb.appender()
      expect(append(appender, text), text).toEqual(want)
      appender.rollback()
    }
    check('a 3000:3', [APPENDED])
    check('a 2000:2', [APPENDED])
    check('a 2000:3', [DUPLICATE])
    check('a 1999:2', [OUT_OF_ORDER])
    check('a 3000:1 3000:1 3000:2 2999:1', [APPENDED, APPENDED, DUPLICATE, OUT_OF_ORDER])
    check('a 2000:NaN', [DUPLICATE])
    check('b 5:-0 5:0 5:-0', [APPENDED, DUPLICATE, APPENDED])
    check('b 5:NaN 5:NaN 5:stale', [APPENDED, APPENDED, DUPLICATE])
    check('b 1e300:1 -1e300:1', [OUT_OF_BOUNDS, OUT_OF_BOUNDS])
    expect(tsdb.appender().append(99, 1, 1)).toBe(UNKNOWN_SERIES)
    expect(dump(tsdb)).toEqual(['a 1000:1 2000:2'])
    expect(metric(tsdb, 'prometheus_tsdb_out_of_order_samples_total')).toBe(2)
    expect(metric(tsdb, 'vigie_tsdb_duplicate_samples_total')).toBe(5)
  })

  test('a sample that repeats the last one is not stored twice', async () => {
    const tsdb = await open()
    write(tsdb, 'a 1000:1 1000:1')
    write(tsdb, 'a 1000:1')
    expect(dump(tsdb)).toEqual(['a 1000:1'])
  })

  test('nothing of a batch is seen before its commit', async () => {
    const tsdb = await open()
    write(tsdb, 'a 1000:1')
    const appender = tsdb.appender()
    append(appender, 'a 2000:2')
    append(appender, 'b 2000:2')
    expect(dump(tsdb)).toEqual(['a 1000:1'])
    expect(tsdb.labelValues('__name__', everything)).toEqual(['a'])
    appender.commit()
    expect(dump(tsdb)).toEqual(['a 1000:1 2000:2', 'b 2000:2'])
  })

  test('nothing of a batch is kept after its rollback', async () => {
    const tsdb = await open()
    const appender = tsdb.appender()
    append(appender, 'a 2000:2')
    appender.rollback()
    appender.commit()
    expect(dump(tsdb)).toEqual([])
    write(tsdb, 'a 1000:1')
    expect(dump(tsdb)).toEqual(['a 1000:1'])
  })

  test('two batches at once: the one that commits later keeps only what is newer', async () => {
    const tsdb = await open()
    const [first, second] = [tsdb.appender(), tsdb.appender()]
    append(first, 'a 1000:1 2000:2')
    append(second, 'a 1500:7 2000:7 3000:7')
    first.commit()
    second.commit()
    expect(dump(tsdb)).toEqual(['a 1000:1 2000:2 3000:7'])
  })

  test('limits', async () => {
    const tsdb = await open({ maxSeries: 2 })
    write(tsdb, 'a 1:1', 'b 1:1')
    const check = (labels: Labels, limit: string): void => {
      let error: unknown
      try {
        tsdb.appender().series(labels)
      } catch (caught) {
        error = caught
      }
      expect(error).toBeInstanceOf(StorageLimitError)
      expect((error as StorageLimitError).limit).toBe(limit)
    }
    check(Labels.fromObject({ __name__: 'c' }), 'max-series')
    write(tsdb, 'a 2:2')
    expect(metric(tsdb, 'vigie_tsdb_limit_refusals_total')).toBe(1)
    const roomy = await open()
    const refuse = (labels: Labels, limit: string): void =>
      expect(() => roomy.appender().series(labels), limit).toThrow(StorageLimitError)
    refuse(Labels.fromObject({ __name__: 'x'.repeat(70_000) }), 'label-bytes')
    refuse(Labels.fromPairs(Array.from({ length: 10_000 }, (_, i) => `l${i}`)), 'labels-per-series')
  })
})

const everything = { minT: -Infinity, maxT: Infinity, matchers: [] }

describe('selecting', () => {
  const fill = async (): Promise<Tsdb> => {
    const tsdb = await open()
    write(tsdb, 'up{job="a",host="x"} 1:1', 'up{job="b"} 1:1', 'up{job="ab"} 1:1', 'down 1:1')
    return tsdb
  }

  test('by matchers', async () => {
    const tsdb = await fill()
    const check = (matchers: string, ...want: string[]): void =>
      expect(
        show(tsdb.select(parseMatchers(matchers), 0, 2)).map((one) => one.split(' 1:')[0]),
        matchers,
      ).toEqual(want)
    check('__name__="down"', 'down')
    check('job="a"', 'up{host="x", job="a"}')
    check('__name__="up",job=~"a.*"', 'up{host="x", job="a"}', 'up{job="ab"}')
    check('__name__="up",job!~"a.*"', 'up{job="b"}')
    check('__name__="up",job!="a"', 'up{job="ab"}', 'up{job="b"}')
    check('__name__="up",host=""', 'up{job="ab"}', 'up{job="b"}')
    check('__name__=~".+",host!=""', 'up{host="x", job="a"}')
    check('job=~"a|b"', 'up{host="x", job="a"}', 'up{job="b"}')
    check('job=~""', 'down')
    check('job!~".+"', 'down')
    check('nothing="x"')
    check('__name__="up",nothing="x"')
    check('__name__="up",job="nothing"')
    check('__name__="up",nothing!="x"', 'up{host="x", job="a"}', 'up{job="ab"}', 'up{job="b"}')
    check('job="a",job="b"')
  })

  test('only series that have samples in the range', async () => {
    const tsdb = await open()
    write(tsdb, line('a', 0, MINUTE, 300), 'b 60000:1', `c ${HOUR}:1 ${4 * HOUR}:1`)
    const check = (minT: number, maxT: number, ...want: string[]): void =>
      expect(dump(tsdb, minT, maxT).map((one) => one.split(' ')[0])).toEqual(want)
    check(0, 10 * HOUR, 'a', 'b', 'c')
    check(-10, -1)
    check(60_000, 60_000, 'a', 'b')
    check(61_000, HOUR - 1, 'a')
    check(4 * HOUR, 5 * HOUR, 'a', 'c')
    check(5 * HOUR, 6 * HOUR)
  })

  test('label names and values', async () => {
    const tsdb = await fill()
    const query = (...matchers: string[]): Parameters<Tsdb['labelNames']>[0] => ({
      ...everything,
      matchers: matchers.map(parseMatchers),
    })
    expect(tsdb.labelNames(everything)).toEqual(['__name__', 'host', 'job'])
    expect(tsdb.labelNames(query('job="b"'))).toEqual(['__name__', 'job'])
    expect(tsdb.labelValues('job', everything)).toEqual(['a', 'ab', 'b'])
    expect(tsdb.labelValues('job', query('host="x"', 'job="b"'))).toEqual(['a', 'b'])
    expect(tsdb.labelValues('none', everything)).toEqual([])
    expect(tsdb.labelNames({ ...everything, maxT: 0 })).toEqual([])
  })

  test('a snapshot shows one moment, whatever happens to the chunks', async () => {
    const tsdb = await open()
    write(tsdb, line('a', 0, 15_000, 130))
    const snapshot = tsdb.select(parseMatchers('__name__="a"'), -Infinity, Infinity)
    const before = show(snapshot)
    // Closes the chunk that was open, and more after it.
    write(tsdb, line('a', 130 * 15_000, 15_000, 400))
    expect(show(snapshot)).toEqual(before)
    expect(dump(tsdb)[0].split(' ').length).toBe(1 + 530)
  })

  test('cardinality', async () => {
    const tsdb = await fill()
    expect(tsdb.cardinality(2)).toEqual({
      seriesCountByMetricName: [
        { name: 'up', value: 3 },
        { name: 'down', value: 1 },
      ],
      labelValueCountByLabelName: [
        { name: 'job', value: 3 },
        { name: '__name__', value: 2 },
      ],
      memoryInBytesByLabelName: [
        { name: '__name__', value: 10 },
        { name: 'job', value: 4 },
      ],
      seriesCountByLabelValuePair: [
        { name: '__name__=up', value: 3 },
        { name: '__name__=down', value: 1 },
      ],
      numLabelPairs: 6,
    })
  })
})

describe('retention', () => {
  test('by time: old blocks, dead series and WAL segments go, the rest survives opening again', async () => {
    const disk = new MemoryDisk()
    const tsdb = await open({ disk, retentionMs: 6 * HOUR })
    write(tsdb, line('dead', 0, MINUTE, 10))
    for (let hour = 0; hour < 24; hour++) {
      for (let one = 0; one < 12; one++)
        write(tsdb, line(`live{n="${one}"}`, hour * HOUR, 10_000, 360))
      await tsdb.maintain()
    }
    // Cut at 22 h; the block that ended at 16 h went.
    const first = 16 * HOUR
    for (const one of [tsdb, await open({ disk: disk.afterKill(), retentionMs: 6 * HOUR })]) {
      const samples = dump(one)[0].split(' ').slice(1)
      expect(dump(one).map((text) => text.split(' ')[0])).not.toContain('dead')
      expect(samples[0]).toBe(`${first}:0`)
      expect(samples.length).toBe(8 * 360)
      expect(one.stats()).toMatchObject({ blocks: 3, oldestBlockMs: first, oldestMs: 22 * HOUR })
      expect(one.blocks().map(({ minTime, maxTime }) => [minTime / HOUR, maxTime / HOUR])).toEqual([
        [16, 18],
        [18, 20],
        [20, 22],
      ])
    }
    expect(metric(tsdb, 'prometheus_tsdb_checkpoint_creations_total')).toBeGreaterThan(0)
    expect(metric(tsdb, 'prometheus_tsdb_time_retentions_total')).toBe(8)
    expect(tsdb.stats().series).toBe(12)
    const names = [...disk.files.keys()].map((path) => path.replace('data/wal/', ''))
    expect(names.filter((name) => name.startsWith('checkpoint')).length).toBe(1)
    expect(names).not.toContain('00000000')
    const appender = tsdb.appender()
    expect(append(appender, `live{n="0"} ${22 * HOUR - 1}:1`)).toEqual([OUT_OF_BOUNDS])
  })

  test('by size: the oldest blocks go first, and what is left fits', async () => {
    const disk = new MemoryDisk()
    const retentionBytes = 1 << 20
    const tsdb = await open({ disk, retentionBytes })
    let t = 0
    for (let batch = 0; batch < 100; batch++) {
      const samples = Array.from({ length: 2000 }, () => `${(t += 1000)}:${Math.sin(t)}`)
      write(tsdb, ['a', ...samples].join(' '))
      await tsdb.maintain()
      const { walBytes, blockBytes } = tsdb.stats()
      expect(walBytes + blockBytes).toBeLessThanOrEqual(retentionBytes)
    }
    expect(metric(tsdb, 'prometheus_tsdb_size_retentions_total')).toBeGreaterThan(0)
    const kept = dump(tsdb)
    expect(kept[0].endsWith(`${t}:${Math.sin(t)}`)).toBe(true)
    expect(kept[0].split(' ').length).toBeGreaterThan(30_000)
    expect(dump(await open({ disk: disk.afterKill(), retentionBytes }))).toEqual(kept)
  })

  test('a sample from the future does not keep others for ever, nor drop them', async () => {
    const now = 100 * HOUR
    const tsdb = await open({ now: () => now, retentionMs: HOUR })
    write(tsdb, `a ${now - 1000}:1`)
    write(tsdb, `b ${now + 1000 * HOUR}:1`)
    await tsdb.maintain()
    expect(dump(tsdb).length).toBe(2)
    write(tsdb, `a ${now}:2`)
  })

  test('a reference to a dropped series is told apart, also when its place is taken', async () => {
    let now = 0
    const tsdb = await open({ now: () => now, retentionMs: HOUR, maxSeries: 2 })
    const ref = tsdb.appender().series(Labels.fromObject({ __name__: 'old' }))
    write(tsdb, 'old 0:1')
    for (now = HOUR; now < 4 * HOUR; now += 10 * MINUTE) {
      write(tsdb, `new ${now}:1`)
      await tsdb.maintain()
    }
    write(tsdb, `other ${now}:1`)
    expect(tsdb.appender().append(ref, now + 1, 1)).toBe(UNKNOWN_SERIES)
    expect(tsdb.stats().series).toBe(2)
  })

  test('series that were announced but never got a sample are forgotten', async () => {
    let now = 0
    const tsdb = await open({ now: () => now })
    tsdb.appender().series(Labels.fromObject({ __name__: 'a' }))
    expect(tsdb.stats().series).toBe(1)
    await tsdb.maintain()
    await tsdb.maintain()
    expect(tsdb.stats().series).toBe(0)
  })
})

describe('the disk fails', () => {
  test('a batch that does not fit is not kept, later ones are', async () => {
    for (const written of [0, 1, 6, 7, 20, 50]) {
      const disk = new MemoryDisk()
      const tsdb = await open({ disk })
      write(tsdb, 'a 1:1')
      disk.freeBytes = written
      expect(() => write(tsdb, 'a 2:2', 'b 2:2')).toThrow(/cannot write .*ENOSPC/)
      expect(dump(tsdb)).toEqual(['a 1:1'])
      // And while the torn record is still there, a process that is killed loses nothing.
      expect(dump(await open({ disk: disk.afterKill() }))).toEqual(['a 1:1'])
      disk.freeBytes = Infinity
      write(tsdb, 'a 3:3', 'b 3:3')
      const want = ['a 1:1 3:3', 'b 3:3']
      expect(dump(tsdb)).toEqual(want)
      expect(dump(await open({ disk: disk.afterKill() }))).toEqual(want)
      expect(metric(tsdb, 'prometheus_tsdb_wal_writes_failed_total')).toBe(1)
    }
  })

  test('as long as the torn record cannot be cut off, nothing is written behind it', async () => {
    const disk = new MemoryDisk()
    const tsdb = await open({ disk })
    write(tsdb, 'a 1:1')
    disk.freeBytes = 10
    disk.canTruncate = false
    expect(() => write(tsdb, 'a 2:2')).toThrow(/ENOSPC/)
    disk.freeBytes = Infinity
    expect(() => write(tsdb, 'a 3:3')).toThrow(/cannot truncate/)
    disk.canTruncate = true
    write(tsdb, 'a 4:4')
    expect(dump(await open({ disk: disk.afterKill() }))).toEqual(['a 1:1 4:4'])
  })

  test('a batch that cannot be synced is not kept', async () => {
    const disk = new MemoryDisk()
    const tsdb = await open({ disk, fsync: 'always' })
    write(tsdb, 'a 1:1')
    disk.operationsLeft = 1
    expect(() => write(tsdb, 'a 2:2')).toThrow(/cannot sync/)
    disk.operationsLeft = Infinity
    expect(dump(tsdb)).toEqual(['a 1:1'])
    write(tsdb, 'a 3:3')
    expect(dump(await open({ disk: disk.afterKill() }))).toEqual(['a 1:1 3:3'])
  })

  test('sync policies', async () => {
    const check = async (fsync: 'never' | 'interval' | 'always', want: number[]): Promise<void> => {
      const disk = new MemoryDisk()
      const tsdb = await open({ disk, fsync })
      const got: number[] = []
      write(tsdb, 'a 1:1')
      got.push(disk.syncs)
      await tsdb.maintain()
      got.push(disk.syncs)
      await tsdb.maintain()
      got.push(disk.syncs)
      await tsdb.close()
      got.push(disk.syncs)
      expect(got, fsync).toEqual(want)
    }
    await check('never', [0, 0, 0, 0])
    await check('interval', [0, 1, 1, 2])
    await check('always', [1, 2, 2, 3])
  })

  test('replay says what it could not keep', async () => {
    const disk = new MemoryDisk()
    const tsdb = await open({ disk })
    write(tsdb, 'a 1:1')
    write(tsdb, 'a 2:2')
    const path = 'data/wal/00000000'
    const bytes = disk.files.get(path)!
    disk.files.set(path, bytes.subarray(0, bytes.length - 1))
    const log = recordingLog()
    const again = await open({ disk: disk.afterKill(), log })
    expect(dump(again)).toEqual(['a 1:1'])
    expect(log.lines).toEqual([
      {
        message: 'WAL repaired: cut off what cannot be read',
        fields: {
          segment: path,
          offset: expect.any(Number),
          lostBytes: expect.any(Number),
          reason: 'the last record is cut off',
        },
      },
    ])
    expect(metric(again, 'prometheus_tsdb_wal_corruptions_total')).toBe(1)
  })
})

test('its own metrics: chunks are counted, what takes time is measured', async () => {
  const disk = new MemoryDisk()
  const tsdb = await open({ disk })
  for (let hour = 0; hour < 4; hour++) write(tsdb, line('a', hour * HOUR, 60_000, 60))
  const samplesOf = (name: string): Record<string, number> =>
    Object.fromEntries(
      tsdb
        .metrics()
        .find((family) => family.name === name)!
        .samples.map(({ suffix = '', labels, value }) => [
          suffix + Object.values(labels).join(''),
          value,
        ]),
    )
  const chunks = (): number[] =>
    ['', '_created_total', '_removed_total'].map((suffix) =>
      metric(tsdb, `prometheus_tsdb_head_chunks${suffix}`),
    )
  expect(chunks()).toEqual([2, 2, 0])
  await tsdb.maintain()
  // One chunk went to the block; the slab with it is the one that is still written to.
  expect(samplesOf('prometheus_tsdb_compaction_chunk_samples')).toMatchObject({
    '_bucket102.515625': 0,
    '_bucket153.7734375': 1,
    '_bucket+Inf': 1,
    _sum: 120,
    _count: 1,
  })
  expect(samplesOf('prometheus_tsdb_compaction_chunk_range_seconds')._sum).toBe(119 * 60_000)
  expect(samplesOf('prometheus_tsdb_compaction_duration_seconds')._count).toBe(1)
  expect(samplesOf('prometheus_tsdb_wal_fsync_duration_seconds')._count).toBe(1)
  expect(samplesOf('prometheus_tsdb_head_gc_duration_seconds')._count).toBeGreaterThan(0)
})
