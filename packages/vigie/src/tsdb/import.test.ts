import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runTsdbCommand } from './command.ts'
import { openText, readOpenMetrics } from './open-metrics-file.ts'

let dir = ''
let file = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-import-'))
  file = join(dir, 'in.txt')
})
afterEach(() => rmSync(dir, { recursive: true }))

let stdin: Uint8Array[] = []

async function run(...argv: string[]): Promise<string> {
  let text = ''
  const write = (more: string): void => void (text += more)
  await runTsdbCommand(argv, {
    stdout: async (more) => write(more),
    stderr: write,
    stdin: Readable.from(stdin),
    now: () => 1_700_000_000_000,
  })
  return text
}

test('text becomes blocks, which are dumped', async () => {
  writeFileSync(
    file,
    `# TYPE h histogram
h_bucket{le="1"} 1 1700000000
h_bucket{le="+Inf"} 2 1700000000 # {trace="a"} 0.5
# TYPE g gauge
g{x="2"} 2 1700000000.25
g{x="1"} 1 1700010000
# EOF
`,
  )
  const data = join(dir, 'data')
  const table = await run('import', '-r', '--label', 'job=old', file, data)
  expect(table).toContain('2023-11-14 22:13:20 +0000 UTC')
  expect(table.split('\n').length).toBe(4)
  expect(await run('dump', data)).toBe(`{__name__="g", job="old", x="1"} 1 1700010000000
{__name__="g", job="old", x="2"} 2 1700000000250
{__name__="h_bucket", job="old", le="+Inf"} 2 1700000000000
{__name__="h_bucket", job="old", le="1.0"} 1 1700000000000
`)
  const large = join(dir, 'vigie')
  mkdirSync(join(large, 'tsdb'), { recursive: true })
  expect(await run('import', '-q', '--max-block-duration=7d', file, large)).toBe('')
  // The data directory of Vigie has its series one folder deeper.
  expect((await run('list', join(large, 'tsdb'))).split('\n').length).toBe(3)
})

test('gzip and standard input are read as they are', async () => {
  const text = Buffer.from('a 1 1\na 2 2\n# EOF\n')
  const packed = gzipSync(text)
  for (const [name, bytes] of Object.entries({ text, packed })) {
    const data = join(dir, name)
    writeFileSync(file, bytes)
    await run('import', file, data)
    stdin = [bytes.subarray(0, 3), bytes.subarray(3)]
    await run('create-blocks-from', 'openmetrics', '-', `${data}-stdin`)
    const want = '{__name__="a"} 1 1000\n{__name__="a"} 2 2000\n'
    expect(await run('dump', data)).toBe(want)
    expect(await run('dump', `${data}-stdin`)).toBe(want)
  }
  writeFileSync(file, packed.subarray(0, 20))
  expect(await run('import', file, join(dir, 'cut'))).toMatch(/in\.txt: unexpected end of file\n$/)
  expect(readdirSync(join(dir, 'cut'))).toEqual([])
})

test.each([
  ['a 1\n# EOF\n', ':1: expected timestamp for series got none'],
  ['# TYPE a gauge\na 1 1\nb{ 2\n# EOF\n', ':3: expected label name, got " " ("INVALID")'],
  ['a 1 1\na 2 1\n# EOF\n', ':2: duplicate sample: a has 2 at 1, and 1 in line 1'],
  ['a 1 1\n', ':2: data does not end with # EOF'],
  ['a 1 1\n# EOF\na 1 2\n', ':2: unexpected data after # EOF'],
  ['a 1 1e300\n# EOF\n', ':1: timestamp 1e+300 is out of range'],
])('%j: %s', async (text, want) => {
  writeFileSync(file, text)
  await expect(run('import', file, join(dir, 'data'))).rejects.toThrow(`${file}${want}`)
  expect(readdirSync(join(dir, 'data'))).toEqual([])
})

test('flags', async () => {
  await expect(run('import')).rejects.toThrow('expected `vigie tsdb import FILE [DIR]`')
  await expect(run('import', 'x', 'y', 'z')).rejects.toThrow('found argument "z", expected no more')
  await expect(run('import', '--max-block-duration', '1h', file)).rejects.toThrow('2h or more')
  await expect(run('import', '--label', 'x', file)).rejects.toThrow('expected name=value')
  await expect(run('dump', '--match', '{a=', dir)).rejects.toThrow('--match={a=: ')
  await expect(run('analyze', '--limit', 'x', dir)).rejects.toThrow('expected a whole number')
  await expect(run('list', join(dir, 'nope'))).rejects.toThrow('there is no such directory')
  await expect(run('rewrite')).rejects.toThrow('expected list, analyze, dump, import')
  expect(await run('import', file, join(dir, 'data'))).toMatch(/^cannot read .*in\.txt/)
  expect(await run('--help')).toContain('vigie tsdb import')
})

test('a file is read in pieces of any size', async () => {
  const text = (): AsyncIterable<Uint8Array> => openText(file, undefined, () => {})
  const lines = Array.from({ length: 40 }, (_, i) => `a{i="${i}"} ${i} ${i}`)
  writeFileSync(file, `${lines.join('\n')}\n# EOF\n`)
  for (let size = 1; size < 700; size += 7) {
    const seen: string[] = []
    await readOpenMetrics(
      text(),
      (parser, line) => seen.push(`${line} ${parser.labels().get('i')} ${parser.value}`),
      size,
    )
    expect(seen).toEqual(lines.map((_line, i) => `${i + 1} ${i} ${i}`))
  }
  writeFileSync(file, `${lines.join('\n')}\nb{ 1\n# EOF\n`)
  for (let size = 1; size < 700; size += 7)
    await expect(readOpenMetrics(text(), () => {}, size)).rejects.toThrow(
      expect.objectContaining({ line: 41 }),
    )
})
