/** One buffer that bodies are parsed in: it has the byte of room behind the body that parsers need. */

/** A larger body gets a buffer of its own, so that one large target does not hold memory for ever. */
const KEPT_MAX = 4 * 1024 * 1024
const SIZE_INITIAL = 256 * 1024

export class BodyScratch {
  #bytes = Buffer.allocUnsafeSlow(SIZE_INITIAL)

  /** The body with room behind it; valid until the next call. */
  hold(body: Buffer): Buffer {
    const needed = body.length + 1
    let bytes = this.#bytes
    if (needed > bytes.length) {
      bytes = Buffer.allocUnsafeSlow(needed <= KEPT_MAX ? Math.min(KEPT_MAX, needed * 2) : needed)
      if (bytes.length <= KEPT_MAX) this.#bytes = bytes
    }
    body.copy(bytes)
    return bytes
  }
}
