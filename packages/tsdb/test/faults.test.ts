/**
 * Every operation that changes something on the disk fails once, in each of four ways, while a storage
 * ingests, cuts blocks, compacts and forgets: what was acknowledged is there, once, and nothing else.
 */
import { APPENDED, type Appender, Matcher, SampleColumns } from '@vigie/model'
import { describe, expect, test } from 'vitest'
import type { Tsdb } from '../src/index.ts'
import { FAULTS, type Fault, FaultDisk } from './fault-disk.ts'
import { parseHistogram } from './histograms.ts'
import type { MemoryDisk } from './memory-disk.ts'
import { open, parseLabels } from './notation.ts'

const STEP_MS = 15 * 60_000
const STEPS = 44
const RETENTION_MS = 20 * STEP_MS
const RESTART_AT = 25

/** `series` → `t` → value, as text. */
type Samples = Map<string, Map<number, string>>

/** What is written at each step: a series that comes and goes, floats, a histogram whose buckets grow. */
function batchAt(step: number): [series: string, value: number | string][] {
  return [
    ['counter{a="1"}', step * 3],
    ['gauge{a="2"}', Math.sin(step)],
    ['histogram', `sum:${step} +[${step + 1} ${step * 2}${step > 20 ? ' 5' : ''}]`],
    [`churning{at="${Math.floor(step / 10)}"}`, step],
  ]
}

function appendBatch(appender: Appender, step: number, t: number): void {
  for (const [series, value] of batchAt(step)) {
    const ref = appender.series(parseLabels(series))
    const result =
      typeof value === 'number'
        ? appender.append(ref, t, value)
        : appender.appendHistogram(ref, t, parseHistogram(value))
    if (result !== APPENDED) throw new Error(`refused: ${series} at ${t}`)
  }
}

function keep(samples: Samples, step: number, t: number): void {
  for (const [series, value] of batchAt(step)) {
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

class Cycle {
  readonly disk: FaultDisk
  readonly acknowledged: Samples = new Map()
  /** Refused, or never answered. */
  readonly refused: Samples = new Map()
  now = 0
  #tsdb: Tsdb | undefined

  constructor(disk: FaultDisk) {
    this.disk = disk
  }

  open(disk: MemoryDisk): Promise<Tsdb> {
    return open({
      disk,
      now: () => this.now,
      retentionMs: RETENTION_MS,
      segmentBytes: 32_768,
      fsync: 'always',
    })
  }

  /** Runs to the end, or until the process dies. What fails is tried again at the next step. */
  async run(): Promise<void> {
    for (let step = 0; step < STEPS && !this.disk.isDead; step++) {
      this.now += STEP_MS
      await this.#attempt(() => this.#step(step))
    }
  }

  async #step(step: number): Promise<void> {
    if (step === RESTART_AT) await this.close()
    const tsdb = (this.#tsdb ??= await this.open(this.disk))
    const appender = tsdb.appender()
    try {
      appendBatch(appender, step, this.now)
      appender.commit()
      keep(this.acknowledged, step, this.now)
    } catch (error) {
      keep(this.refused, step, this.now)
      throw error
    }
    if (step % 3 === 0) await tsdb.maintain()
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (this.disk.failed === '') throw error
    }
  }

  async close(): Promise<void> {
    const tsdb = this.#tsdb
    this.#tsdb = undefined
    await tsdb?.close()
  }

  /** Writes one more batch, now that the disk works. */
  async goOn(): Promise<Tsdb> {
    this.disk.heal()
    this.now += STEP_MS
    const tsdb = (this.#tsdb ??= await this.open(this.disk))
    const appender = tsdb.appender()
    appendBatch(appender, STEPS, this.now)
    appender.commit()
    keep(this.acknowledged, STEPS, this.now)
    await tsdb.maintain()
    return tsdb
  }

  /** Of what must be there, and of what may be beside it, the differences. */
  check(tsdb: Tsdb, allowed: Samples = new Map()): string[] {
    const minT = this.now - RETENTION_MS
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

/** What is wrong after fault `at`; undefined when the cycle has fewer changes. */
async function tryFault(fault: Fault, at: number): Promise<string[] | undefined> {
  const cycle = new Cycle(new FaultDisk(fault, at))
  await cycle.run()
  if (cycle.disk.failed === '') return undefined
  const wrong: string[] = []
  const note = (when: string, found: string[]): void =>
    void wrong.push(...found.slice(0, 3).map((one) => `${cycle.disk.failed}: ${when}: ${one}`))
  if (fault !== 'kill') {
    note('going on', cycle.check(await cycle.goOn()))
    note('killed', cycle.check(await cycle.open(cycle.disk.afterKill())))
    await cycle.close()
  }
  const again = await cycle.open(cycle.disk.afterKill())
  note('opened again', cycle.check(again, fault === 'kill' ? cycle.refused : undefined))
  await again.close()
  return wrong
}

test('a disk that does not fail', async () => {
  const cycle = new Cycle(new FaultDisk())
  await cycle.run()
  expect(cycle.check(await cycle.goOn())).toEqual([])
  expect(cycle.refused.size).toBe(0)
})

describe('nothing acknowledged is lost, nothing is twice, nothing is made up', () => {
  test.each(FAULTS)('%s, at each change', async (fault) => {
    const wrong: string[] = []
    let at = 1
    for (; ; at++) {
      const found = await tryFault(fault, at)
      if (found === undefined) break
      wrong.push(...found.map((one) => `change ${at}: ${one}`))
    }
    expect(wrong).toEqual([])
    expect(at).toBeGreaterThan(STEPS)
  })
})
