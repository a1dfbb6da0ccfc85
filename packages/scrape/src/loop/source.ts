/** Where the body of a target comes from: HTTP, a function in this process, or a probe. */
import type { InternalSource, ScrapeJob } from '../config.ts'
import { type BodyFormat, acceptHeader, chooseFormat } from '../exposition/content-type.ts'
import type { HttpClient } from '../http/client.ts'
import { ScrapeError } from '../ingest/limits.ts'
import type { Target } from '../target/target.ts'

export interface CollectedBody {
  body: Buffer
  format: BodyFormat
  /** Why the target counts as down although it has a body: a probe that failed. '' when it is up. */
  failure: string
  /** To be called when `body` is no longer needed. */
  release?: () => void
}

export interface BodySource {
  /** Throws ScrapeError when there is no body; resolves within the target's timeout. `signal`: nobody waits any more. */
  collect(signal: AbortSignal): Promise<CollectedBody>
}

/** GET with Prometheus's headers. */
export class HttpSource implements BodySource {
  readonly #client: HttpClient
  readonly #target: Target
  readonly #job: ScrapeJob
  readonly #headers: Record<string, string>
  readonly #bodySizeMax: number

  constructor(
    client: HttpClient,
    target: Target,
    job: ScrapeJob,
    userAgent: string,
    bodySizeMax: number,
  ) {
    this.#client = client
    this.#target = target
    this.#job = job
    this.#bodySizeMax = bodySizeMax
    this.#headers = {
      accept: acceptHeader(job.protocols, job.nameEscaping),
      'user-agent': userAgent,
      'x-prometheus-scrape-timeout-seconds': String(target.timeoutMs / 1000),
    }
  }

  async collect(): Promise<CollectedBody> {
    const { body, headers, release } = await this.#client.fetchOk({
      url: this.#target.url,
      headers: this.#headers,
      timeoutMs: this.#target.timeoutMs,
      bodySizeMax: this.#bodySizeMax,
      isCompressed: this.#job.enableCompression,
    })
    const contentType = headers['content-type']
    const { format, problem } = chooseFormat(
      typeof contentType === 'string' ? contentType : '',
      this.#job.fallbackScrapeProtocol,
    )
    if (format === undefined) throw new ScrapeError(problem ?? 'unknown format')
    return { body, format, failure: '', release }
  }
}

export class FunctionSource implements BodySource {
  readonly #source: InternalSource
  readonly #timeoutMs: number

  constructor(source: InternalSource, timeoutMs: number) {
    this.#source = source
    this.#timeoutMs = timeoutMs
  }

  async collect(): Promise<CollectedBody> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new ScrapeError(`no metrics within ${this.#timeoutMs / 1000} s`)),
        this.#timeoutMs,
      )
    })
    try {
      const body = await Promise.race([this.#source.collect(), timeout])
      return {
        body: typeof body === 'string' ? Buffer.from(body) : body,
        format: 'prometheus',
        failure: '',
      }
    } finally {
      clearTimeout(timer)
    }
  }
}
