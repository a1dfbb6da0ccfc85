/** A query never sees half a scrape: neither when it is asked, nor while it goes on and lets others work. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Labels, SampleColumns } from '@vigie/model'
import { expect, test } from 'vitest'
import { open, parseMatchers } from './notation.ts'

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
