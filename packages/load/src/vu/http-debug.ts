/** `httpDebug`: requests and responses into the log, heads alone or in full. */
import { randomUUID } from 'node:crypto'
import type { ResponseHead } from '../http/head.ts'
import type { Vu } from './vu.ts'

/** Bytes of a body that a log line shows. */
const MAX_SHOWN_BYTES = 1 << 20

/** Logs what goes out; gives what logs the answer, with the same `request_id`. */
export function logRequest(
  vu: Vu,
  head: string,
  body: string | Uint8Array | null,
): (head: ResponseHead, body: Uint8Array | null) => void {
  const isFull = vu.environment.options.network.httpDebug === 'full'
  const fields = {
    source: 'http-debug',
    vu: vu.id,
    iter: Math.max(0, vu.iteration - 1),
    request_id: randomUUID(),
    ...Object.fromEntries(vu.tags.pairs.filter(([name]) => name !== 'vu' && name !== 'iter')),
  }
  const log = (kind: string, text: string, content: string | Uint8Array | null): void => {
    const shown = isFull && content !== null ? textOf(content) : ''
    vu.environment.log('info', `${kind}:\n${text.replaceAll('\r\n', '\n')}${shown}\n`, fields)
  }
  log('Request', head, body)
  return (answer, content) => {
    const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\n`)
    log('Response', `${answer.proto} ${answer.statusText}\n${lines.sort().join('')}\n`, content)
  }
}

function textOf(content: string | Uint8Array): string {
  return typeof content === 'string'
    ? content.slice(0, MAX_SHOWN_BYTES)
    : Buffer.from(content.subarray(0, MAX_SHOWN_BYTES)).toString('utf8')
}
