import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Labels, Matcher, SampleColumns } from '@vigie/model'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeBlock } from '../block/writer.ts'
import { encodeSamples } from '../chunk/encode.ts'
import { nodeDisk } from '../disk.ts'
import { openTsdb } from '../tsdb.ts'
import { ReadOnlyTsdb, openBlocks } from './read-only.ts'

const disk = nodeDisk()
const warnings: string[] = []
const log = { debug() {}, info() {}, warn: (text: string) => void warnings.push(text), error() {} }
const NOW = 1_700_000_000_000
const START = NOW - 3_600_000
const series = Labels.fromPairs(['__name__', 'a'])
let dir = ''
const options = (): Parameters<typeof openBlocks>[0] => ({ dir, disk, log, now: () => NOW })

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-read-only-'))
  warnings.length = 0
})
afterEach(() => rmSync(dir, { recursive: true }))

/** Samples `from` to `to` of 100, one a second. */
function writeSamples(from: number, to: number, parents: string[] = []): string {
  const columns = new SampleColumns()
  for (let i = from; i < to; i++) columns.push(START + i * 1000, i)
  const [minT, maxT] = [START + from * 1000, START + to * 1000]
  const about = parents.map((ulid) => ({ ulid, minTime: minT, maxTime: maxT }))
  const block = { minT, maxT, level: 1, sources: [], parents: about, now: NOW }
  return writeBlock(disk, dir, [{ labels: series, chunks: encodeSamples(columns) }], block)!.ulid
}

async function read(): Promise<number[]> {
  const tsdb = await ReadOnlyTsdb.open(options())
  try {
    const out = new SampleColumns()
    const set = tsdb.select([new Matcher('=', '__name__', 'a')], START, NOW)
    expect(set.count).toBe(1)
    set.samples(0, START, NOW, out)
    expect(tsdb.labelValues('__name__', { minT: START, maxT: NOW, matchers: [] })).toEqual(['a'])
    return [...out.v.subarray(0, out.length)]
  } finally {
    tsdb.close()
  }
}

const hundred = Array.from({ length: 100 }, (_, i) => i)

/** Every file with a digest of its bytes. */
const contents = (): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(dir, name)).isFile())
    .map(
      (name) =>
        `${name} ${createHash('md5')
          .update(readFileSync(join(dir, name)))
          .digest('hex')}`,
    )
    .sort()

test('blocks and log are read as one, and nothing is changed, while a server has them open', async () => {
  writeSamples(0, 60)
  const server = await openTsdb(options())
  const appender = server.appender()
  const ref = appender.series(series)
  // The log also has what the block has.
  for (let i = 30; i < 100; i++) appender.append(ref, START + i * 1000, i)
  appender.commit()
  const before = contents()
  expect(await read()).toEqual(hundred)
  expect(contents()).toEqual(before)
  await server.close()
  expect(await read()).toEqual(hundred)
})

test('late samples are read, too, also those that lie where blocks are', async () => {
  writeSamples(0, 60)
  rmSync(join(dir, 'wal'), { recursive: true, force: true })
  const server = await openTsdb({ ...options(), outOfOrderTimeWindowMs: 3_600_000 })
  const append = (from: number, to: number): void => {
    const appender = server.appender()
    const ref = appender.series(series)
    for (let i = from; i < to; i++) appender.append(ref, START + i * 1000, i)
    appender.commit()
  }
  append(90, 100)
  append(60, 90)
  // Between two samples of the block.
  const late = server.appender()
  expect(late.append(late.series(series), START + 500, 0.5)).toBe(0)
  late.commit()
  const before = contents()
  const want = [0, 0.5, ...hundred.slice(1)]
  expect(await read()).toEqual(want)
  expect(contents()).toEqual(before)
  await server.close()
  expect(await read()).toEqual(want)
})

test('a torn end of the log is left out and stays', async () => {
  const server = await openTsdb(options())
  for (let i = 0; i < 101; i++) {
    const appender = server.appender()
    appender.append(appender.series(series), START + i * 1000, i)
    appender.commit()
  }
  await server.close()
  const segment = join(dir, 'wal', '00000000')
  writeFileSync(segment, readFileSync(segment).subarray(0, -3))
  const before = contents()
  expect(await read()).toEqual(hundred)
  expect(contents()).toEqual(before)
})

test('a block that another stands for is not read, nor one that is half written', () => {
  const parent = writeSamples(0, 50)
  const child = writeSamples(0, 60, [parent])
  const half = writeSamples(0, 70)
  cpSync(join(dir, half), join(dir, `${half}.tmp-for-creation`), { recursive: true })
  rmSync(join(dir, half, 'meta.json'))
  const corrupt = writeSamples(0, 80)
  writeFileSync(join(dir, corrupt, 'meta.json'), '{')
  // The parent need not be whole.
  writeFileSync(join(dir, parent, 'index'), '')
  const blocks = openBlocks(options())
  expect(blocks.map(({ meta }) => meta.ulid)).toEqual([child])
  for (const { block } of blocks) block.close()
  expect(warnings).toEqual(['a block is left out'])
})

test('a corrupt block is named', () => {
  const ulid = writeSamples(0, 50)
  writeFileSync(join(dir, ulid, 'index'), '')
  expect(() => openBlocks(options())).toThrow(
    `corrupted block: ${join(dir, ulid, 'index')}: 0 bytes`,
  )
})

test('a directory that is missing is named', async () => {
  dir = join(dir, 'nope')
  await expect(ReadOnlyTsdb.open(options())).rejects.toThrow(`cannot list ${dir}`)
  dir = join(dir, '..')
})
