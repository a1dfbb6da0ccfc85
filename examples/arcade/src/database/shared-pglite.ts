// The embedded database as several clients can share it.
//
// pglite-socket passes on the clients' messages one by one, from any client next, except that a
// transaction keeps the database to itself. But a parameterised statement is several messages (Parse,
// Bind, Describe, Execute, Sync) that belong together: another client's Parse in between replaces the
// unnamed statement. So from the first such message to its Sync this database says that it is in a
// transaction.
import { PGlite } from '@electric-sql/pglite'
import type { PGliteOptions } from '@electric-sql/pglite'

/** First bytes of messages of the extended query protocol, but for Sync. */
const extended = new Set(Buffer.from('PBDECH'))
const syncMessage = Uint8Array.of('S'.charCodeAt(0), 0, 0, 0, 4)

export class SharedPGlite extends PGlite {
  #isInBatch = false

  constructor(options: PGliteOptions) {
    super(options)
  }

  override isInTransaction(): boolean {
    return this.#isInBatch || super.isInTransaction()
  }

  override async execProtocolRawStream(
    message: Uint8Array,
    options: Parameters<PGlite['execProtocolRawStream']>[1],
  ): Promise<void> {
    this.#isInBatch = extended.has(message[0]!)
    await super.execProtocolRawStream(message, options)
  }

  /** Also how the socket server cleans up after a client that left in the middle. */
  override async exec(...call: Parameters<PGlite['exec']>): ReturnType<PGlite['exec']> {
    if (this.#isInBatch) {
      this.#isInBatch = false
      await this.execProtocolRaw(syncMessage)
    }
    return await super.exec(...call)
  }
}
