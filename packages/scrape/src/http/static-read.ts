/**
 * Sockets that read into one buffer of the process instead of a new one for each read. What a read
 * brought is handed to the reader at once; what he does not take then is copied.
 */
import type { OnReadOpts, Socket } from 'node:net'

const READ_BYTES = 64 * 1024
/** What a read brought lies here until the next read of any socket. */
export const READ_BUFFER: Buffer = Buffer.allocUnsafeSlow(READ_BYTES)

/** The `onread` option of `net.connect` and `tls.connect`. */
export const STATIC_READ: OnReadOpts = {
  buffer: READ_BUFFER,
  callback(this: Socket, size: number): boolean {
    const hasRoom = this.push(READ_BUFFER.subarray(0, size))
    // Readers that wait for it read now; otherwise the next read would overwrite what they get later.
    this.emit('readable')
    if (this.readableLength === 0) return true
    const rest: Buffer | null = this.read()
    if (rest !== null) this.unshift(Buffer.from(rest))
    return hasRoom
  },
}
