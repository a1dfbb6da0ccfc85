/** The language of Prometheus's query tests: `load`, `clear` and `eval` blocks, read into commands. */
import { type Labels, RegexError, compileRegex } from '@vigie/model'
import { ParseError, type SeriesValue, parseExpr, parseSeries } from '@vigie/promql/syntax'
import { parseDurationText, unquoteGo } from './promqltest-text.ts'

interface TestSeries {
  labels: Labels
  /** Undefined where there is no sample. */
  values: SeriesValue[]
  /** The text asks for the hint `unknown`, which otherwise means that any will do. */
  wantsUnknownHint: boolean
  /** When the counter of each sample began, relative to the sample; undefined where nothing is said. */
  starts: (number | undefined)[]
}

export interface LoadCommand {
  kind: 'load'
  line: number
  stepMs: number
  series: TestSeries[]
  /** Native histograms are to be made of the classic ones too. */
  withNhcb: boolean
}

export interface Expectation {
  kind: 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info'
  match: 'any' | 'msg' | 'regex'
  text: string
  /** Said by the name of the command, which counts for nothing beside `expect` lines. */
  isOld?: boolean
}

export interface ExpectedSeries extends TestSeries {
  /** From 1, among the expected series. */
  position: number
}

export interface EvalCommand {
  kind: 'eval'
  line: number
  expr: string
  isRange: boolean
  startMs: number
  endMs: number
  stepMs: number
  isOrdered: boolean
  expectations: Expectation[]
  /** An `expect fail` line was read: there may be one only. */
  hasExpectFail: boolean
  /** Older notation: the whole message, or a pattern. */
  failMessage: string | undefined
  failPattern: string | undefined
  series: ExpectedSeries[]
  scalar: number | undefined
  text: string | undefined
  /** The result is a range vector with samples at these times. */
  rangeVector: { startMs: number; endMs: number; stepMs: number } | undefined
}

export type Command = { kind: 'clear'; line: number } | LoadCommand | EvalCommand

/** A script that cannot be read; the message names the line. */
export class ScriptError extends Error {}

export function parseScript(script: string): Command[] {
  const lines = script.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()))
  const commands: Command[] = []
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '') continue
    const end = blockEnd(lines, i)
    const word = lines[i].toLowerCase()
    if (word === 'clear') {
      commands.push({ kind: 'clear', line: i + 1 })
      continue
    }
    if (word.startsWith('load')) commands.push(parseLoad(lines, i, end))
    else if (word.startsWith('eval')) commands.push(parseEval(lines, i, end))
    else throw new ScriptError(`invalid command "${lines[i]}"`)
    i = end
  }
  return commands
}

function blockEnd(lines: readonly string[], start: number): number {
  let end = start
  while (end < lines.length && lines[end] !== '') end++
  return end
}

function parseLoad(lines: readonly string[], start: number, end: number): LoadCommand {
  const match = /^load(?:_(with_nhcb))?\s+(.+?)$/i.exec(lines[start])
  const stepMs = match === null ? undefined : parseDurationText(match[2])
  if (stepMs === undefined) {
    const why = 'invalid load command. (load[_with_nhcb] <step:duration>)'
    throw new ScriptError(`error in load command (line ${start + 1}): ${why}`)
  }
  const series: TestSeries[] = []
  let starts: TestSeries['starts'] = []
  for (let i = start + 1; i < end; i++) {
    const items = /^(?:[^"'`]*|.*\})@st\s+(.*)$/.exec(lines[i])
    if (items !== null) {
      starts = parseStarts(items[1], i)
      continue
    }
    series.push({ ...parseTestSeries(lines[i], i), starts })
    starts = []
  }
  return { kind: 'load', line: start + 1, stepMs, series, withNhcb: match![1] !== undefined }
}

/** Offsets in ms: `_`, `_x3`, `-30s`, `-30sx3` (four times), `-30s-1mx3`. */
function parseStarts(text: string, index: number): TestSeries['starts'] {
  const starts: TestSeries['starts'] = []
  for (const item of text.split(/\s+/).filter((one) => one !== '')) {
    const match = /^(_|[+-]?\w+?)(?:([+-])(\w+?))?(?:x(\d+))?$/.exec(item)
    const first =
      match?.[1] === '_' ? undefined : parseDurationText(match?.[1].replace('+', '') ?? '')
    const change = match?.[3] === undefined ? 0 : parseDurationText(match[3])
    if (match === null || change === undefined || (first === undefined && match[1] !== '_'))
      throw new ScriptError(`error in start timestamps (line ${index + 1}): cannot read ${item}`)
    const times = match[4] === undefined ? 0 : Number(match[4])
    if (first === undefined) {
      for (let i = 0; i < Math.max(1, times); i++) starts.push(undefined)
    } else {
      for (let i = 0; i <= times; i++)
        starts.push(first + i * (match[2] === '-' ? -change : change))
    }
  }
  return starts
}

function parseTestSeries(line: string, index: number): TestSeries {
  try {
    const { labels, values } = parseSeries(line)
    return {
      labels,
      values,
      wantsUnknownHint: line.includes('counter_reset_hint:unknown'),
      starts: [],
    }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw new ScriptError(`error in series (line ${index + 1}): ${error.message}`)
  }
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/i
const RANGE =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/i

function parseEval(lines: readonly string[], start: number, end: number): EvalCommand {
  const line = lines[start]
  const range = RANGE.exec(line)
  const instant = INSTANT.exec(line)
  const expr = range?.[5] ?? instant?.[3]
  if (expr === undefined) {
    throw new ScriptError(
      `error in eval command (line ${start + 1}): invalid evaluation command. Must be either 'eval[_fail|_warn|_ordered|_info] instant [at <offset:duration>] <query>' or 'eval[_fail|_warn|_info] range from <from> to <to> step <step> <query>'`,
    )
  }
  const fail = (index: number, message: string): never => {
    throw new ScriptError(`error in eval ${expr} (line ${index + 1}): ${message}`)
  }
  try {
    parseExpr(expr, { enableExperimental: true })
  } catch (error) {
    if (error instanceof ParseError) fail(start, error.message)
    throw error
  }
  const time = (text: string, name: string): number =>
    parseDurationText(text) ??
    fail(start, `invalid ${name} definition "${text}": not a valid duration string: "${text}"`)
  const command: EvalCommand = {
    kind: 'eval',
    line: start + 1,
    expr,
    isRange: range !== null,
    startMs: range ? time(range[2], 'start timestamp') : time(instant![2] ?? '0', 'timestamp'),
    endMs: range ? time(range[3], 'end timestamp') : 0,
    stepMs: range ? time(range[4], 'step') : 0,
    isOrdered: false,
    expectations: [],
    hasExpectFail: false,
    failMessage: undefined,
    failPattern: undefined,
    series: [],
    scalar: undefined,
    text: undefined,
    rangeVector: undefined,
  }
  if (range !== null && command.endMs < command.startMs) {
    fail(
      start,
      `invalid test definition, end timestamp (${range[3]}) is before start timestamp (${range[2]})`,
    )
  }
  const suffix = (range ?? instant)![1]?.toLowerCase()
  if (suffix === 'ordered') command.isOrdered = true
  else if (suffix !== undefined) {
    const kind = suffix as 'fail' | 'warn' | 'info'
    command.expectations.push({ kind, match: 'any', text: '', isOld: true })
  }
  for (let i = start + 1; i < end; i++) {
    if (!parseBody(command, lines[i], i, (message) => fail(i, message))) break
  }
  const isOfNotes = ({ kind, isOld }: Expectation): boolean => kind !== 'fail' && isOld !== true
  if (command.expectations.some(isOfNotes))
    command.expectations = command.expectations.filter((one) => one.isOld !== true)
  return command
}

function expect(
  command: EvalCommand,
  kind: Expectation['kind'],
  match: Expectation['match'],
  text: string,
): void {
  command.expectations.push({ kind, match, text })
}

const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/

/** Reads one line of an evaluation's body; false ends the body. */
function parseBody(
  command: EvalCommand,
  line: string,
  index: number,
  fail: (message: string) => never,
): boolean {
  if (line.startsWith('expected_fail_message')) {
    command.failMessage = line.slice('expected_fail_message'.length).trim()
  } else if (line.startsWith('expected_fail_regexp')) {
    command.failPattern = line.slice('expected_fail_regexp'.length).trim()
    checkPattern(command.failPattern, 'expected_fail_regexp', fail)
  } else if (/^expect\s+range\s+vector/.test(line)) {
    command.rangeVector = parseRangeVector(line, fail)
  } else if (/^expect\s+string(\s|$)/.test(line)) {
    command.text = parseExpectedString(line.replace(/^expect\s+string\s*/, ''), fail)
  } else if (/^expect(\s|$)/.test(line)) {
    parseExpectation(command, line, fail)
  } else if (/^[+-]?(\d|\.\d|inf\b|nan\b)/i.test(line) && !/[\s{]/.test(line)) {
    command.scalar = parseSeries(`x ${line}`).values[0] as number
    return false
  } else {
    command.series.push({ ...parseTestSeries(line, index), position: command.series.length + 1 })
  }
  return true
}

function parseExpectedString(literal: string, fail: (message: string) => never): string {
  const problem = 'expected string literal not valid -'
  if (literal === '') fail(`${problem} a quoted string literal is required`)
  if (!/^("(\\.|[^"\\])*"|`[^`]*`)$/.test(literal))
    fail(`${problem} check that the string is correctly quoted`)
  return unquoteGo(literal)
}

function parseExpectation(
  command: EvalCommand,
  line: string,
  fail: (message: string) => never,
): void {
  const match = EXPECT.exec(line)
  if (match === null)
    return fail(
      'invalid expect statement, must match `expect <type> <match_type>: <string>` format',
    )
  const [, kind, how, text] = match
  if (kind === 'ordered') {
    if (command.isRange) fail('expecting ordered result from a range query is not supported')
    command.isOrdered = true
    return
  }
  const opposite = kind.startsWith('no_') ? kind.slice(3) : `no_${kind}`
  const pair = opposite.startsWith('no_') ? [kind, opposite] : [opposite, kind]
  if (command.expectations.some((one) => one.kind === opposite && one.isOld !== true)) {
    fail(`invalid expect lines, ${pair[0]} and ${pair[1]} cannot be used together`)
  }
  if (kind === 'fail') {
    if (command.hasExpectFail)
      fail('invalid expect lines, multiple expect fail lines are not allowed')
    command.hasExpectFail = true
  }
  const trimmed = text?.trim() ?? ''
  if (how === 'regex') checkPattern(trimmed, kind, fail)
  expect(
    command,
    kind as Expectation['kind'],
    (how as 'msg' | 'regex' | undefined) ?? 'any',
    trimmed,
  )
}

function checkPattern(pattern: string, where: string, fail: (message: string) => never): void {
  try {
    compileRegex(pattern)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    fail(`invalid regexp '${pattern}' for ${where}: ${error.message}`)
  }
}

function parseRangeVector(
  line: string,
  fail: (message: string) => never,
): NonNullable<EvalCommand['rangeVector']> {
  const match = /^expect\s+range\s+vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/.exec(line)
  if (match === null) return fail(`invalid range vector definition "${line}"`)
  const [startMs, endMs, stepMs] = match
    .slice(1)
    .map((text) => parseDurationText(text) ?? fail(`invalid time "${text}"`))
  return { startMs, endMs, stepMs }
}
