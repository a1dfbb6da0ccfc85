/** `Blob` of `k6/websockets`: bytes that cannot change. */
import { bufferOf, bytesOf } from './bytes.ts'
import { textOf } from './text.ts'

export class Blob {
  readonly #bytes: Uint8Array
  readonly type: string

  constructor(parts?: unknown, options?: { type?: unknown }) {
    const list = Array.isArray(parts) ? (parts as unknown[]) : []
    this.#bytes = Buffer.concat(
      list.map((part) => (part instanceof Blob ? part.#bytes : bytesOf(part))),
    )
    this.type = options?.type === undefined ? '' : textOf(options.type)
  }

  static bytesOf(blob: Blob): Uint8Array {
    return blob.#bytes
  }

  get size(): number {
    return this.#bytes.length
  }

  text(): Promise<string> {
    return Promise.resolve(Buffer.from(this.#bytes).toString('utf8'))
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(bufferOf(this.#bytes))
  }

  bytes(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(bufferOf(this.#bytes)))
  }

  slice(start?: number, end?: number, type?: string): Blob {
    return new Blob([this.#bytes.slice(start, end)], { type })
  }

  toString(): string {
    return '[object Blob]'
  }
}
