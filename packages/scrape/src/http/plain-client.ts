/** Connections of plain HTTP, kept by host and port between one scrape and the next. */
import { ScrapeError } from '../ingest/limits.ts'
import type { BodyPool } from './body-pool.ts'
import { type Answer, PlainConnection } from './plain-connection.ts'

/** Further ones are closed when they have answered. */
const IDLE_MAX_PER_HOST = 4

export class PlainClient {
  readonly #bodies: BodyPool
  readonly #keepAliveMs: number
  readonly #open = new Set<PlainConnection>()
  /** By host and port; lists are never empty. */
  readonly #idle = new Map<string, PlainConnection[]>()

  constructor(bodies: BodyPool, keepAliveMs: number) {
    this.#bodies = bodies
    this.#keepAliveMs = keepAliveMs
  }

  /**
   * `onSent` gets what gives the request up with a reason. `isFresh`: not over a kept connection. Rejects
   * with that reason, ClosedEarly, ScrapeError or what the socket threw.
   */
  get(
    url: URL,
    head: string,
    bodySizeMax: number,
    isFresh: boolean,
    onSent: (giveUp: (reason: Error) => void) => void,
  ): Promise<Answer> {
    const connection = (isFresh ? undefined : this.#take(url.host)) ?? this.#connect(url)
    const answer = connection.get(head, bodySizeMax)
    onSent((reason) => connection.close(reason))
    return answer
  }

  close(): void {
    for (const connection of this.#open) connection.close()
  }

  #connect(url: URL): PlainConnection {
    const { host } = url
    const connection = new PlainConnection(
      url.hostname.replace(/^\[|\]$/g, ''),
      url.port === '' ? 80 : Number(url.port),
      this.#keepAliveMs,
      this.#bodies,
      (one) => this.#keep(host, one),
      (one) => this.#drop(host, one),
    )
    this.#open.add(connection)
    return connection
  }

  #take(host: string): PlainConnection | undefined {
    const kept = this.#idle.get(host)
    const connection = kept?.pop()
    if (kept?.length === 0) this.#idle.delete(host)
    return connection
  }

  #keep(host: string, connection: PlainConnection): void {
    const kept = this.#idle.get(host)
    if (kept === undefined) this.#idle.set(host, [connection])
    else if (kept.length < IDLE_MAX_PER_HOST) kept.push(connection)
    else connection.close()
  }

  #drop(host: string, connection: PlainConnection): void {
    this.#open.delete(connection)
    const kept = this.#idle.get(host)
    const at = kept?.indexOf(connection) ?? -1
    if (kept === undefined || at < 0) return
    kept.splice(at, 1)
    if (kept.length === 0) this.#idle.delete(host)
  }
}

/** The text of a GET request. Throws ScrapeError for what cannot be sent. */
export function requestText(url: URL, headers: Readonly<Record<string, string>>): string {
  let text = `GET ${url.pathname}${url.search} HTTP/1.1\r\n`
  if (headers.host === undefined) text += `host: ${url.host}\r\n`
  for (const [name, value] of Object.entries(headers)) {
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value))
      throw new ScrapeError(`cannot send the header ${JSON.stringify(name)}: it is not valid`)
    text += `${name}: ${value}\r\n`
  }
  return text + '\r\n'
}

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/* oxlint-disable-next-line no-control-regex -- a tab may be sent, other control characters not. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
