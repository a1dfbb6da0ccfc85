/**
 * Suite `k6`: every statement of the hard cases for following blocking calls (k6/hard.js), each run on its
 * own as a script, coloured or with real blocking, beside the same statement run as plain JavaScript
 * with calls that return at once: the same requests in the same order, the same pauses, no error.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseLoadArgs, runLoad } from '@vigie/load'
import type { SuiteResult } from './suite.ts'

interface Seen {
  requests: string[]
  /** Whole seconds slept. */
  slept: number
}

const WORKER = new URL('../packages/load/dist/worker.js', import.meta.url)
/** Statements at the end of the file's default function; what stands before is shared by all. */
const MAIN = 'export default function(){'

export async function run(vectorsDir: string): Promise<SuiteResult> {
  const text = readFileSync(`${vectorsDir}/k6/hard.js`, 'utf8')
  const at = text.indexOf(MAIN)
  const shared = text.slice(0, at)
  const statements = statementsOf(text.slice(at + MAIN.length, text.lastIndexOf('}')))
  const failures: SuiteResult['failures'] = []
  let total = 0
  for (const [i, statement] of statements.entries()) {
    if (statement.startsWith('const ')) continue
    total++
    const body = [...declarationsFor(statement, statements.slice(0, i)), statement].join(';\n')
    const want = asPlain(shared, body)
    const got = await asScript(shared, body)
    const problem = difference(want, got)
    if (problem !== null) failures.push({ name: statement, reason: problem })
  }
  return { suite: 'k6', passed: total - failures.length, total, failures }
}

/** Cuts at the semicolons outside of brackets, strings and expressions. */
function statementsOf(body: string): string[] {
  const found: string[] = []
  let depth = 0
  let quote = ''
  let start = 0
  for (let i = 0; i < body.length; i++) {
    const letter = body[i]!
    if (quote !== '') {
      if (letter === quote) quote = ''
    } else if (/['"`]/.test(letter)) quote = letter
    else if (/[([{]/.test(letter)) depth++
    else if (/[)\]}]/.test(letter)) depth--
    // A loop's block ends a statement without a semicolon of its own.
    if (quote === '' && depth === 0 && letter === ';') {
      const statement = body.slice(start, i).trim()
      if (statement !== '') found.push(...splitLoop(statement))
      start = i + 1
    }
  }
  return found
}

function splitLoop(statement: string): string[] {
  const loop = /^(for \(.*?\)\{\}) (.+)$/.exec(statement)
  return loop === null ? [statement] : [loop[1]!, loop[2]!]
}

/** The declarations among `before` whose names the statement uses, and those that they use. */
function declarationsFor(statement: string, before: readonly string[]): string[] {
  const needed: string[] = []
  let text = statement
  for (const one of before.toReversed()) {
    const names = /^const (\{?)([\w, ]+)/.exec(one)
    if (names === null) continue
    const uses = names[2]!
      .split(',')
      .some((name) =>
        new RegExp(`(?<![\\w'])(?<!(?<!\\.\\.)\\.)${name.trim()}(?![\\w'])`).test(text),
      )
    if (!uses) continue
    needed.unshift(one)
    text += one
  }
  return needed
}

function asPlain(shared: string, body: string): Seen {
  const seen: Seen = { requests: [], slept: 0 }
  const request =
    (method: string) =>
    (url: unknown): object => {
      seen.requests.push(typeof url === 'string' ? `${method} ${url}` : `#${String(url)}`)
      return { status: 0, body: null }
    }
  const http = { get: request('Get'), post: request('Post') }
  const check = (value: unknown, sets: Record<string, (value: unknown) => unknown>): boolean =>
    Object.values(sets).every((test) => test(value))
  const source = `${shared.replace(/^import .*$/gm, '')}\n${body}`
  // oxlint-disable-next-line typescript/no-implied-eval -- the vectors are programs
  new Function('http', 'sleep', 'group', 'check', source)(
    http,
    (seconds: number) => (seen.slept += seconds),
    (_: string, fn: () => unknown) => fn(),
    check,
  )
  return seen
}

async function asScript(shared: string, body: string): Promise<Seen & { problem?: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-hard-'))
  try {
    writeFileSync(join(dir, 'script.js'), `${shared}\n${MAIN}\n${body}\n}`)
    let stderr = ''
    const code = await runLoad(
      {
        args: parseLoadArgs(['-q', '--summary-export', 'out.json', 'script.js']),
        workerUrl: WORKER,
        workers: 1,
      },
      {
        stdout: () => {},
        stderr: (text) => void (stderr += text),
        isTTY: false,
        env: {},
        cwd: dir,
        now: Date.now,
      },
    )
    const requests = [
      ...stderr.matchAll(/error="(?:(\w+) \\"(.*?)\\":|invalid URL: '(#[^']*)')/g),
    ].map(([, method, url, other]) => other ?? `${method} ${url}`)
    const failed = /level=error.*/.exec(stderr)?.[0]
    const problem = failed ?? (code === 0 ? undefined : `exit code ${code}: ${stderr}`)
    const slept =
      code === 0
        ? (
            JSON.parse(readFileSync(join(dir, 'out.json'), 'utf8')) as {
              metrics: { iteration_duration: { max: number } }
            }
          ).metrics.iteration_duration.max / 1000
        : 0
    return { requests, slept, ...(problem !== undefined && { problem }) }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function difference(want: Seen, got: Seen & { problem?: string }): string | null {
  if (got.problem !== undefined) return got.problem
  const [a, b] = [got.requests.join(', '), want.requests.join(', ')]
  if (a !== b) return `requests: got ${a}, want ${b}`
  // A pause may be longer on a busy machine, never shorter.
  return got.slept >= want.slept - 0.01 ? null : `slept ${got.slept} s, want ${want.slept} s`
}
