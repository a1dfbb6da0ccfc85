/**
 * Every operation that changes something on the disk fails once, in each of four ways, while a storage
 * ingests, cuts blocks and forgets them, and while it merges, deletes, cleans and copies: what was
 * acknowledged is there, once, and nothing else.
 */
import { APPENDED, type Appender, Matcher, SampleColumns } from '@vigie/model'
import { describe, expect, test } from 'vitest'
import type { Tsdb } from '../src/index.ts'
import { FAULTS, type Fault, FaultDisk } from './fault-disk.ts'
import { parseHistogram } from './histograms.ts'
import type { MemoryDisk } from './memory-disk.ts'
import { open, parseLabels } from './notation.ts'

const HOUR_MS = 3_600_000
const STEP_MS = HOUR_MS / 2
const STEPS = 13
const RETENTION_MS = 4 * STEP_MS
const RESTART_AT = 7

/** `series` → `t` → value, as text. */
type Samples = Map<string, Map<number, string>>

interface Sample {
  series: string
  t: number
  value: number | string
}

/**
 * What is written at each step: floats, a histogram whose buckets grow, a series that comes and goes; and
 * if it is asked for, at every second step, samples that are an hour and a half late.
 */
function batchAt(step: number, isLate: boolean): Sample[] {
  const t = step * STEP_MS
  const batch: Sample[] = [
    { series: 'counter{a="1"}', t, value: step * 3 },
    { series: 'gauge{a="2"}', t, value: Math.sin(step) },
    {
      series: 'histogram',
      t,
      value: `sum:${step} +[${step + 1} ${step * 2}${step > 9 ? ' 5' : ''}]`,
    },
    { series: `churning{at="${Math.floor(step / 7)}"}`, t, value: step },
  ]
  if (!isLate || step % 2 === 0 || step < 4) return batch
  const late = t - 3 * STEP_MS + 1
  return [
    ...batch,
    { series: 'gauge{a="2"}', t: late, value: -step },
    { series: 'counter{a="1"}', t: late, value: -step },
  ]
}

function appendBatch(appender: Appender, batch: readonly Sample[]): void {
  for (const { series, t, value } of batch) {
    const ref = appender.series(parseLabels(series))
    const result =
      typeof value === 'number'
        ? appender.append(ref, t, value)
        : appender.appendHistogram(ref, t, parseHistogram(value))
    if (result !== APPENDED) throw new Error(`refused: ${series} at ${t}`)
  }
}

function keep(samples: Samples, batch: readonly Sample[]): void {
  for (const { series, t, value } of batch) {
    let ofSeries = samples.get(series)
    if (ofSeries === undefined) samples.set(series, (ofSeries = new Map()))
    const h = typeof value === 'number' ? undefined : parseHistogram(value)
    ofSeries.set(t, h === undefined ? String(value) : `${h.count} ${h.sum}`)
  }
}

/** All samples from `minT` on. Throws when a series has one twice. */
function read(tsdb: Tsdb, minT: number): Samples {
  const set = tsdb.select([new Matcher('=~', '__name__', '.+')], minT, Infinity)
  const columns = new SampleColumns()
  const samples: Samples = new Map()
  for (let i = 0; i < set.count; i++) {
    set.samples(i, minT, Infinity, columns)
    const series = set.labels(i).toString()
    const ofSeries = new Map<number, string>()
    for (let j = 0; j < columns.length; j++) {
      const t = columns.t[j]
      if (ofSeries.has(t)) throw new Error(`${series} has two samples at ${t}`)
      const h = columns.h?.[j]
      ofSeries.set(t, h === undefined ? String(columns.v[j]) : `${h.count} ${h.sum}`)
    }
    if (samples.has(series)) throw new Error(`${series} is there twice`)
    if (ofSeries.size > 0) samples.set(series, ofSeries)
  }
  return samples
}

/** One storage on one disk, and what it said it had kept. */
class History {
  readonly disk: FaultDisk
  readonly acknowledged: Samples = new Map()
  /** Refused or never answered; or deleted, but that was never answered. */
  readonly doubtful: Samples = new Map()
  readonly retentionMs: number
  readonly isLate: boolean
  step = 0
  #tsdb: Tsdb | undefined

  constructor(disk: FaultDisk, retentionMs: number, isLate = false, before?: History) {
    this.disk = disk
    this.retentionMs = retentionMs
    this.isLate = isLate
    this.step = before?.step ?? 0
    for (const [series, samples] of before?.acknowledged ?? [])
      this.acknowledged.set(series, new Map(samples))
  }

  now(): number {
    return this.step * STEP_MS
  }

  open(disk: MemoryDisk, dir = 'data'): Promise<Tsdb> {
    const { retentionMs } = this
    const outOfOrderTimeWindowMs = this.isLate ? RETENTION_MS : 0
    const limits = { retentionMs, segmentBytes: 32_768, fsync: 'always' } as const
    return open({ dir, disk, now: () => this.now(), outOfOrderTimeWindowMs, ...limits })
  }

  async opened(): Promise<Tsdb> {
    this.#tsdb ??= await this.open(this.disk)
    return this.#tsdb
  }

  /** Goes on with what is not the disk's failure, which is what the test is about. */
  async attempt(act: (tsdb: Tsdb) => Promise<unknown>): Promise<void> {
    if (this.disk.isDead) return
    try {
      await act(await this.opened())
    } catch (error) {
      if (this.disk.failed === '') throw error
    }
  }

  /** Appends one batch. */
  async write(): Promise<void> {
    const batch = batchAt(++this.step, this.isLate)
    await this.attempt((tsdb) => {
      const appender = tsdb.appender()
      try {
        appendBatch(appender, batch)
        appender.commit()
        keep(this.acknowledged, batch)
      } catch (error) {
        keep(this.doubtful, batch)
        throw error
      }
      return Promise.resolve()
    })
  }

  maintain(): Promise<void> {
    return this.attempt((tsdb) => tsdb.maintain())
  }

  /** Deletes two hours of the gauge. */
  delete(): Promise<void> {
    const series = 'gauge{a="2"}'
    const samples = this.acknowledged.get(series)!
    const deleted = new Map([...samples].filter(([t]) => t >= 5 * STEP_MS && t <= 8 * STEP_MS))
    for (const t of deleted.keys()) samples.delete(t)
    const doubtful = new Map([...(this.doubtful.get(series) ?? []), ...deleted])
    this.doubtful.set(series, doubtful)
    const matchers = [new Matcher('=', '__name__', 'gauge')]
    return this.attempt(async (tsdb) => {
      await tsdb.deleteSeries([matchers], 5 * STEP_MS, 8 * STEP_MS)
      for (const t of deleted.keys()) doubtful.delete(t)
    })
  }

  async close(): Promise<void> {
    const tsdb = this.#tsdb
    this.#tsdb = undefined
    if (!this.disk.isDead) await tsdb?.close()
  }

  /** Of what must be there, and of what may be beside it, the differences. */
  check(tsdb: Tsdb, allowed: Samples = new Map()): string[] {
    // Blocks are kept for so long before the newest one.
    const minT = (tsdb.blocks().at(-1)?.maxTime ?? 0) - this.retentionMs
    const got = read(tsdb, minT)
    const wrong: string[] = []
    for (const [series, samples] of this.acknowledged)
      for (const [t, value] of samples) {
        const found = got.get(series)?.get(t)
        if (t >= minT && found !== value) wrong.push(`${series} ${t}: ${found}, want ${value}`)
      }
    for (const [series, samples] of got)
      for (const [t, value] of samples)
        if (!this.acknowledged.get(series)?.has(t) && allowed.get(series)?.get(t) !== value)
          wrong.push(`${series} ${t}: ${value}, want none`)
    return wrong
  }
}

interface Scenario {
  begin(disk: FaultDisk): History
  run(history: History): Promise<void>
  /** What failed is done once more. */
  again(history: History): Promise<void>
}

/** Blocks are cut out of the head, and dropped when they are old; in the middle it starts anew. */
const INGESTION: Scenario = {
  begin: (disk) => new History(disk, RETENTION_MS),
  run: async (history) => {
    while (history.step < STEPS && !history.disk.isDead) {
      if (history.step === RESTART_AT) await history.attempt(() => history.close())
      await history.write()
      if (history.step % 3 === 0) await history.maintain()
    }
  },
  again: async (history) => {
    await history.write()
    await history.maintain()
  },
}

/** Large enough for blocks of six hours. */
const MERGED_RETENTION_MS = 60 * HOUR_MS

async function fill(steps: number, retentionMs: number, isLate: boolean): Promise<History> {
  const history = new History(new FaultDisk(), retentionMs, isLate)
  while (history.step < steps) {
    await history.write()
    await history.maintain()
  }
  await history.close()
  return history
}

// One more step, and a block is cut.
const filledLate = await fill(10, RETENTION_MS, true)

/** Samples come late, which go through a log of their own. */
const LATE_INGESTION: Scenario = {
  ...INGESTION,
  begin: (disk) => new History(filledLate.disk.copyTo(disk), RETENTION_MS, true, filledLate),
  run: async (history) => {
    await history.write()
    await history.maintain()
    await history.write()
  },
}

// One more block, and three are merged.
const filled = await fill(18, MERGED_RETENTION_MS, false)

const COMPACTION: Scenario = {
  begin: (disk) => new History(filled.disk.copyTo(disk), MERGED_RETENTION_MS, false, filled),
  run: async (history) => {
    for (let i = 0; i < 5; i++) await history.write()
    await history.maintain()
    await history.delete()
    await history.attempt((tsdb) => tsdb.cleanTombstones())
    await history.attempt((tsdb) => tsdb.snapshot({ skipHead: false }))
  },
  again: async (history) => {
    await history.write()
    await history.maintain()
    await history.delete()
    await history.attempt((tsdb) => tsdb.cleanTombstones())
  },
}

/** What is wrong after fault `at`; undefined when the scenario has fewer changes. */
async function tryFault(
  scenario: Scenario,
  fault: Fault,
  at: number,
): Promise<string[] | undefined> {
  const history = scenario.begin(new FaultDisk(fault, at))
  const { disk } = history
  await scenario.run(history)
  if (disk.failed === '') return undefined
  const wrong: string[] = []
  const note = (when: string, found: string[]): void =>
    void wrong.push(...found.slice(0, 3).map((one) => `${disk.failed}: ${when}: ${one}`))
  const isDeadly = fault === 'kill' || fault === 'power'
  if (!isDeadly) {
    disk.heal()
    await scenario.again(history)
    note('going on', history.check(await history.opened()))
    note('killed', history.check(await history.open(disk.afterKill())))
    await history.close()
  }
  const tsdb = await history.open(disk.left())
  note('opened again', history.check(tsdb, isDeadly ? history.doubtful : undefined))
  await tsdb.close()
  return wrong
}

describe.each([
  ['ingestion, blocks cut and dropped', INGESTION, 60, '2-4'],
  ['ingestion out of order', LATE_INGESTION, 40, '4-6'],
  ['blocks merged, samples deleted, blocks cleaned and copied', COMPACTION, 60, '0-6 6-8 8-10'],
])('%s', (_name, scenario, changesMin, blocks) => {
  test('on a disk that does not fail', async () => {
    const history = scenario.begin(new FaultDisk())
    await scenario.run(history)
    await scenario.again(history)
    expect(history.check(await history.opened())).toEqual([])
    const hours = (await history.opened())
      .blocks()
      .map(({ minTime, maxTime }) => `${Math.floor(minTime / HOUR_MS)}-${maxTime / HOUR_MS}`)
    expect(hours.join(' ')).toBe(blocks)
  })

  // Thousands of storages: slow where others work, too.
  const options = { timeout: 120_000 }
  test.each(FAULTS)(
    '%s at each change: nothing is lost, twice, or made up',
    options,
    async (fault) => {
      const wrong: string[] = []
      let at = 1
      for (; ; at++) {
        const found = await tryFault(scenario, fault, at)
        if (found === undefined) break
        wrong.push(...found.map((one) => `change ${at}: ${one}`))
      }
      expect(wrong).toEqual([])
      expect(at).toBeGreaterThan(changesMin)
    },
  )
})

test('a snapshot is a storage of its own, without what was deleted', async () => {
  const history = COMPACTION.begin(new FaultDisk())
  await history.write()
  await history.delete()
  const name = await (await history.opened()).snapshot({ skipHead: false })
  const copy = await history.open(history.disk, `data/snapshots/${name}`)
  expect(history.check(copy)).toEqual([])
})
