/** `vigie tsdb …` beside `promtool tsdb …`: the same directory, the same text. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { promtool } from '../../../interop/peers.ts'
import { runTsdbCommand } from '../src/tsdb/command.ts'

let dir = ''
let data = ''

const TEXT = `# TYPE requests counter
# HELP requests What was asked for.
${samples('requests_total{code="200",path="/a b\\\\c"}', (i) => i * 7)}
${samples('requests_total{code="500",path="/\\"q\\"\\n"}', (i) => i / 3)}
# TYPE temperature gauge
${samples('temperature{host="é"}', (i) => Math.sin(i) * 1e7)}
${samples('temperature{host="odd"}', (i) => ['NaN', '+Inf', '-Inf', '1e-05', '-0'][i % 5])}
# EOF
`

/** One each 100 s, so that they span four blocks. */
function samples(series: string, value: (i: number) => number | string): string {
  const lines = Array.from(
    { length: 250 },
    (_, i) => `${series} ${value(i)} ${1_700_000_000 + i * 100}.5`,
  )
  return lines.join('\n')
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vigie-commands-'))
  data = join(dir, 'data')
  writeFileSync(join(dir, 'in.txt'), TEXT)
  await promtool('tsdb', 'create-blocks-from', 'openmetrics', join(dir, 'in.txt'), data)
  mkdirSync(join(data, 'wal'))
})
afterAll(() => rmSync(dir, { recursive: true }))

async function ours(...argv: string[]): Promise<string> {
  let text = ''
  const output = {
    stdout: async (more: string) => void (text += more),
    stderr: (more: string) => void (text += more),
    now: Date.now,
  }
  expect(await runTsdbCommand(argv, output)).toBe(0)
  return text
}

test.each([
  [['list']],
  [['list', '-r']],
  [['dump']],
  [['dump', '--match', '{code="200"}', '--match', 'temperature', '--min-time', '1700003000500']],
  [['dump', '--match', '{host!=""}', '--max-time', '1700003000499']],
])('%j', async ([command, ...flags]) => {
  expect(await ours(command, ...flags, data)).toBe(await promtool('tsdb', command, ...flags, data))
})

/** promtool gives equal counts in no order. */
const lines = (text: string): string[] => text.split('\n').sort()

test('analyze', async () => {
  const wanted = await promtool('tsdb', 'analyze', '--limit=100', data)
  expect(lines(await ours('analyze', '--limit=100', data))).toEqual(lines(wanted))
  const ulid = (await ours('list', data)).split('\n')[2].split(' ')[0]
  const other = await promtool('tsdb', 'analyze', '--limit=100', data, ulid)
  expect(other).not.toBe(wanted)
  expect(lines(await ours('analyze', '--limit=100', data, ulid))).toEqual(lines(other))
  const more = ['--extended', '--match={code=~"2.*"}', '--limit=100']
  const extended = await promtool('tsdb', 'analyze', ...more, data, ulid)
  expect(lines(await ours('analyze', ...more, data, ulid))).toEqual(lines(extended))
})

test('dump as OpenMetrics', async () => {
  const text = await ours('dump', '--format', 'openmetrics', data)
  expect(lines(text)).toEqual(lines(await promtool('tsdb', 'dump-openmetrics', data)))
  writeFileSync(join(dir, 'again.txt'), text)
  const again = join(dir, 'again')
  await promtool('tsdb', 'create-blocks-from', 'openmetrics', join(dir, 'again.txt'), again)
  expect(await ours('dump', again)).toBe(await ours('dump', data))
  cpSync(data, join(dir, 'vigie', 'tsdb'), { recursive: true })
  // The data directory of Vigie has its series one folder deeper.
  expect(await ours('list', join(dir, 'vigie'))).toBe(await ours('list', data))
})

/** The bytes of all chunk files, block by block. */
const chunks = (path: string): Buffer[] =>
  readdirSync(path)
    .filter((name) => name !== 'wal')
    .sort((a, b) => metaOf(path, a).minTime - metaOf(path, b).minTime)
    .map((name) => readFileSync(join(path, name, 'chunks', '000001')))

const metaOf = (path: string, name: string): { minTime: number } =>
  JSON.parse(readFileSync(join(path, name, 'meta.json'), 'utf8'))

test('import', async () => {
  const made = join(dir, 'made')
  const table = await ours('import', join(dir, 'in.txt'), made)
  const columns = (text: string): string[] =>
    text.split('\n').map((line) => line.split(/\s+/).slice(1, -1).join(' '))
  // But for names and sizes, the blocks that promtool makes of the text.
  expect(columns(table)).toEqual(columns(await promtool('tsdb', 'list', data)))
  mkdirSync(join(made, 'wal'))
  expect(await promtool('tsdb', 'dump', made)).toBe(await promtool('tsdb', 'dump', data))
})

test('import: chunk files are byte for byte those of promtool', async () => {
  // A NaN has other bits in Go.
  const text = TEXT.replaceAll(' NaN ', ' 7 ')
  writeFileSync(join(dir, 'numbers.txt'), text)
  const [a, b] = [join(dir, 'numbers-ours'), join(dir, 'numbers-theirs')]
  await ours('import', join(dir, 'numbers.txt'), a)
  await promtool('tsdb', 'create-blocks-from', 'openmetrics', join(dir, 'numbers.txt'), b)
  expect(chunks(a)).toEqual(chunks(b))
})
