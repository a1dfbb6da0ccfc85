/** Checks that ask an HTTP endpoint. */
import { request } from 'undici'
import { type Answer, SourceError, cellOf } from './answer.ts'
import type { CheckSource, Expectation } from './check-config.ts'
import { ConditionError } from './condition.ts'
import { pick } from './json-path.ts'

const BODY_BYTES_MAX = 4 * 1024 * 1024

/** Rejects with SourceError. */
export async function askHttp(
  source: CheckSource & { kind: 'http' },
  expectation: Expectation,
  signal: AbortSignal,
): Promise<Answer> {
  const { status, text } = await fetchText(source, signal)
  if (expectation.kind !== 'expr' && (status < 200 || status >= 300))
    throw new SourceError('http', `unexpected status ${status}`)
  const body = source.isJson ? parseJson(text) : text
  const path = 'path' in expectation ? expectation.path : ''
  try {
    const found = path === '' ? [body] : pick(body, path)
    const rows = path === '' && Array.isArray(body) ? (body as unknown[]) : found
    return {
      ...tableOf(rows),
      rowCount: rows.length,
      values: found,
      variables: new Map<string, unknown>([
        ['body', body],
        ['status', status],
      ]),
    }
  } catch (error) {
    if (error instanceof ConditionError)
      throw new SourceError('answer', error.message, { cause: error })
    throw error
  }
}

async function fetchText(
  source: CheckSource & { kind: 'http' },
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  try {
    const answer = await request(source.url, {
      headers: {
        'user-agent': 'Vigie',
        accept: source.isJson ? 'application/json' : '*/*',
        ...Object.fromEntries(source.headers),
      },
      signal,
    })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > BODY_BYTES_MAX)
        throw new SourceError('answer', `answer is larger than ${BODY_BYTES_MAX} bytes`)
      chunks.push(chunk)
    }
    return { status: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') }
  } catch (error) {
    if (error instanceof SourceError) throw error
    if (signal.aborted) throw new SourceError('timeout', 'no answer in time', { cause: error })
    const { message, code } = error as NodeJS.ErrnoException
    throw new SourceError('connect', message === '' ? (code ?? 'cannot connect') : message, {
      cause: error,
    })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SourceError('answer', `not JSON: ${text.slice(0, 80)}`, { cause: error })
  }
}

/** Elements as rows: objects by their keys, anything else as one column. */
function tableOf(elements: readonly unknown[]): Pick<Answer, 'columns' | 'rows'> {
  const isTable = elements.length > 0 && elements.every(isPlainObject)
  if (!isTable) return { columns: ['value'], rows: elements.map((one) => [cellOf(one)]) }
  const columns = [...new Set(elements.flatMap((one) => Object.keys(one)))]
  return { columns, rows: elements.map((one) => columns.map((column) => cellOf(one[column]))) }
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
