/** A query never sees half a scrape: neither when it is asked, nor while it goes on and lets others work. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Labels, SampleColumns } from '@vigie/model'
import { expect, test } from 'vitest'
import { MemoryDisk } from './memory-disk.ts'
import { open, parseMatchers, show, write } from './notation.ts'

const SERIES = 500
const SCRAPES = 300

test('all series of a scrape are seen, or none, also across yields', async () => {
  const tsdb = await open()
  const labels = Array.from({ length: SERIES }, (_, i) =>
    Labels.fromObject({ __name__: 'm', i: String(i) }),
  )
  let committed = 0
  const scrape = async (): Promise<void> => {
    for (let n = 1; n <= SCRAPES; n++) {
      const appender = tsdb.appender()
      for (const [i, one] of labels.entries()) {
        appender.append(appender.series(one), n * 1000, n * i)
        // A scrape is put together over time.
        if (i === SERIES / 2) await nextTurn()
      }
      appender.commit()
      committed = n
      await nextTurn()
    }
  }
  const columns = new SampleColumns()
  let queries = 0
  const ask = async (): Promise<void> => {
    while (committed < SCRAPES) {
      const then = committed
      const set = tsdb.select(parseMatchers('__name__="m"'), 0, Infinity)
      expect(set.count).toBe(then === 0 ? 0 : SERIES)
      for (let i = 0; i < set.count; i++) {
        set.samples(i, 0, Infinity, columns)
        if (columns.length !== then || columns.t[then - 1] !== then * 1000)
          throw new Error(`series ${i} has ${columns.length} samples of ${then} scrapes`)
        if (i % 100 === 50) await nextTurn()
      }
      queries++
      await nextTurn()
    }
  }
  await Promise.all([scrape(), ask(), ask()])
  expect(queries).toBeGreaterThan(10)
  await tsdb.close()
})

test.each([
  ['head', 'not yet in a block', 0],
  ['block', 'in a block that is merged away', 3],
])(
  '%s: a query reads what it selected for as long as it may run: %s',
  async (_name, _what, hours) => {
    const HOUR = 3_600_000
    let now = 100 * HOUR
    const disk = new MemoryDisk()
    const tsdb = await open({ disk, now: () => now, retentionMs: 0, snapshotMs: 20 * 60_000 })
    const fill = (from: number, to: number, name: string): void => {
      for (let t = from * HOUR; t < to * HOUR; t += HOUR / 4)
        write(tsdb, `${name}{old="yes"} ${t}:1`)
    }
    fill(0, hours + 1, 'first')
    write(tsdb, `other ${hours * HOUR + HOUR}:1`)
    await tsdb.maintain()
    const set = tsdb.select(parseMatchers('__name__="first"'), 0, Infinity)
    const before = show(set)
    fill(hours + 1, 16, 'second')
    await tsdb.maintain()
    for (let minutes = 0; minutes < 19; minutes++) {
      now += 60_000
      write(tsdb, `new{minute="${minutes}"} ${16 * HOUR + minutes}:1`)
      await tsdb.maintain()
      expect(show(set)).toEqual(before)
    }
    now += 2 * 60_000
    await tsdb.maintain()
    expect(() => show(set)).toThrow(/closed|dropped/)
  },
)
