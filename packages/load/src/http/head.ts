/**
 * The head of an HTTP/1.1 response (RFC 9112). Servers send the same head again and again, so parsed
 * heads are kept by their text and shared: they must not be changed.
 */
import { HttpFailure } from './failure.ts'

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
  /** Bytes of the body where the head says so; -1: unknown. */
  contentLength: number
  isChunked: boolean
  keepAlive: boolean
  /** Lower case; '' when there is none. */
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

function malformed(what: string): HttpFailure {
  return new HttpFailure(1000, `malformed HTTP response: ${what}`)
}

export function parseHead(text: string): ResponseHead {
  const lines = text.split('\r\n')
  const first = /^(HTTP\/\d\.\d) (\d{3})(?: (.*))?$/.exec(lines[0]!)
  if (first === null) throw malformed(JSON.stringify(lines[0]!.slice(0, 60)))
  const proto = first[1]!
  const status = Number(first[2])
  const collected = new Map<string, string>()
  const setCookies: string[] = []
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!
    const colon = line.indexOf(':')
    if (colon < 1) throw malformed(`header line ${JSON.stringify(line.slice(0, 60))}`)
    const name = canonicalName(line.slice(0, colon))
    const value = line.slice(colon + 1).trim()
    if (name === 'Set-Cookie') setCookies.push(value)
    const before = collected.get(name)
    collected.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  const connection = (collected.get('Connection') ?? '').toLowerCase()
  return {
    proto,
    status,
    statusText: first[3] ? `${status} ${first[3]}` : `${status}`,
    headers: Object.freeze(Object.fromEntries(collected)),
    setCookies,
    contentLength: contentLengthOf(collected.get('Content-Length')),
    isChunked: /(^|,)\s*chunked\s*$/i.test(collected.get('Transfer-Encoding') ?? ''),
    keepAlive:
      proto === 'HTTP/1.1' ? !connection.includes('close') : connection.includes('keep-alive'),
    contentEncoding: (collected.get('Content-Encoding') ?? '').toLowerCase(),
  }
}

function contentLengthOf(value: string | undefined): number {
  if (value === undefined) return -1
  const parts = new Set(value.split(',').map((part) => part.trim()))
  const [first] = parts
  if (parts.size !== 1 || !/^\d{1,15}$/.test(first!))
    throw malformed(`Content-Length ${JSON.stringify(value)}`)
  return Number(first)
}

/** Go's canonical form of a header's name: `content-type` becomes `Content-Type`; odd names stay. */
export function canonicalName(name: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return name
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}
