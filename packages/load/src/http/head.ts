/**
 * The head of an HTTP/1.1 response (RFC 9112). Servers send the same head again and again, so parsed
 * heads are kept by their text and shared: they must not be changed.
 */
import { HttpFailure } from './failure.ts'
import { goQuote } from './go-text.ts'

/** Parsed heads that are kept; beyond, the cache starts anew. */
const MAX_CACHED = 256
/** A head longer than this is not kept. */
const MAX_CACHED_LENGTH = 2048

export interface ResponseHead {
  proto: string
  status: number
  /** "200 OK". */
  statusText: string
  /** By Go's canonical names; several of one name joined by ", ". */
  headers: Readonly<Record<string, string>>
  setCookies: readonly string[]
  /** `WWW-Authenticate` lines. */
  challenges: readonly string[]
  /** Bytes of the body where the head says so; -1: unknown. */
  contentLength: number
  isChunked: boolean
  keepAlive: boolean
  /** '' when there is none. */
  contentEncoding: string
}

export class HeadParser {
  readonly #heads = new Map<string, ResponseHead>()

  /** `text` without the empty line at its end. Throws HttpFailure for what is no head. */
  parse(text: string): ResponseHead {
    const known = this.#heads.get(text)
    if (known !== undefined) return known
    const head = parseHead(text)
    if (text.length <= MAX_CACHED_LENGTH) {
      if (this.#heads.size >= MAX_CACHED) this.#heads.clear()
      this.#heads.set(text, head)
    }
    return head
  }
}

function broken(what: string): HttpFailure {
  return new HttpFailure(1000, what, `net/http: HTTP/1.x transport connection broken: ${what}`)
}

/** Go's reading of a head: what it refuses, it refuses in these words. */
export function parseHead(text: string): ResponseHead {
  const lines = text.split(/\r?\n/)
  const { proto, status, statusText } = parseStatusLine(lines[0]!)
  const collected = parseFields(lines)
  const isChunked = takeTransferEncoding(proto, collected)
  if (isChunked) collected.delete('Trailer')
  const connection = (collected.get('Connection') ?? []).join(',').toLowerCase()
  return {
    proto,
    status,
    statusText,
    headers: Object.freeze(
      Object.fromEntries([...collected].map(([name, values]) => [name, values.join(', ')])),
    ),
    setCookies: collected.get('Set-Cookie') ?? [],
    challenges: collected.get('Www-Authenticate') ?? [],
    contentLength: isChunked ? -1 : contentLengthOf(collected),
    isChunked,
    keepAlive:
      proto === 'HTTP/1.1'
        ? !/(^|,)\s*close\s*(,|$)/.test(connection)
        : proto === 'HTTP/1.0' && /(^|,)\s*keep-alive\s*(,|$)/.test(connection),
    contentEncoding: (collected.get('Content-Encoding') ?? []).join(', '),
  }
}

function parseStatusLine(line: string): { proto: string; status: number; statusText: string } {
  const space = line.indexOf(' ')
  if (space < 0) throw broken(`malformed HTTP response ${goQuote(line)}`)
  const proto = line.slice(0, space)
  const statusText = line.slice(space + 1).replace(/^ +/, '')
  const code = statusText.split(' ', 1)[0]!
  if (!/^\d{3}$/.test(code)) throw broken(`malformed HTTP status code ${goQuote(code)}`)
  if (!/^HTTP\/\d\.\d$/.test(proto)) throw broken(`malformed HTTP version ${goQuote(proto)}`)
  return { proto, status: Number(code), statusText }
}

/** Header fields by canonical name; a line that starts with a blank continues the one before. */
function parseFields(lines: readonly string[]): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  for (let i = 1; i < lines.length; i++) {
    let line = lines[i]!
    if (i === 1 && /^[ \t]/.test(line)) throw broken(`malformed MIME header initial line: ${line}`)
    while (i + 1 < lines.length && /^[ \t]/.test(lines[i + 1]!)) line += ` ${lines[++i]!.trim()}`
    const colon = line.indexOf(':')
    if (colon < 1 || !TOKEN.test(line.slice(0, colon)))
      throw broken(`malformed MIME header line: ${line}`)
    const name = canonicalName(line.slice(0, colon))
    const value = line.slice(colon + 1).trim()
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [value])
    else values.push(value)
  }
  return fields
}

/** The framing that `Transfer-Encoding` asks for; it is not among the headers that scripts see. */
function takeTransferEncoding(proto: string, fields: Map<string, string[]>): boolean {
  const codings = fields.get('Transfer-Encoding')
  if (codings === undefined) return false
  fields.delete('Transfer-Encoding')
  if (proto === 'HTTP/1.0') return false
  if (codings.length > 1)
    throw broken(`too many transfer encodings: [${codings.map(goQuote).join(' ')}]`)
  if (codings[0]!.toLowerCase() !== 'chunked')
    throw broken(`unsupported transfer encoding: ${goQuote(codings[0]!)}`)
  fields.delete('Content-Length')
  return true
}

function contentLengthOf(fields: Map<string, string[]>): number {
  const values = fields.get('Content-Length')
  if (values === undefined) return -1
  if (new Set(values).size > 1) {
    throw broken(
      `http: message cannot contain multiple Content-Length headers; got [${values.map(goQuote).join(' ')}]`,
    )
  }
  const [value] = values
  if (values.length > 1) fields.set('Content-Length', [value!])
  if (value === '') return -1
  if (!/^\d{1,15}$/.test(value!)) throw broken(`bad Content-Length ${goQuote(value!)}`)
  return Number(value)
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Go's canonical form of a header's name: `content-type` becomes `Content-Type`; odd names stay. */
export function canonicalName(name: string): string {
  if (!TOKEN.test(name)) return name
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}
