/**
 * Content encodings: bodies of requests packed as the script asks, bodies of responses unpacked whatever
 * the server used. zstd comes as WebAssembly and is loaded when somebody needs it.
 */
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib'
import { MAX_BODY_BYTES } from '../http/connection.ts'
import { HttpFailure } from '../http/failure.ts'

/** In k6's order, which its error message shows. */
export const ENCODINGS = ['gzip', 'deflate', 'zstd', 'br'] as const
export type Encoding = (typeof ENCODINGS)[number]

interface Zstd {
  compress: (bytes: Uint8Array) => Uint8Array
  decompress: (bytes: Uint8Array) => Uint8Array
}

let zstd: Zstd | null = null
let loading: Promise<void> | null = null

/** Must have settled before `encode` or `decode` meets zstd. */
export function loadZstd(): Promise<void> {
  loading ??= import('@bokuweb/zstd-wasm').then(async (module) => {
    await module.init()
    zstd = module
  })
  return loading
}

/** Whether `loadZstd` has to be waited for first. */
export function needsZstd(encodings: string | readonly Encoding[] | null): boolean {
  return zstd === null && encodings !== null && encodings.includes('zstd')
}

/** Packs with one encoding after the other. */
export function encode(
  bytes: string | Uint8Array,
  encodings: readonly Encoding[],
): { bytes: Uint8Array; header: string } {
  let packed: Uint8Array = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  for (const encoding of encodings) packed = PACK[encoding](packed)
  return { bytes: packed, header: encodings.join(', ') }
}

const PACK: Record<Encoding, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  zstd: (bytes) => zstd!.compress(bytes),
  br: (bytes) => brotliCompressSync(bytes),
}

const LIMIT = { maxOutputLength: MAX_BODY_BYTES }

const UNPACK: Record<Encoding, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => gunzipSync(bytes, LIMIT),
  deflate: (bytes) => inflateSync(bytes, LIMIT),
  zstd: (bytes) => zstd!.decompress(bytes),
  br: (bytes) => brotliDecompressSync(bytes, LIMIT),
}

/** Undoes what `Content-Encoding` names, last first; names it does not know are passed over. Throws HttpFailure. */
export function decode(bytes: Buffer, encodings: string): Buffer {
  let plain: Uint8Array = bytes
  for (const name of encodings.split(',').reverse()) {
    const encoding = name.trim() as Encoding
    if (!ENCODINGS.includes(encoding)) continue
    try {
      plain = UNPACK[encoding](plain)
    } catch (error) {
      throw decodingFailure(encoding, error as NodeJS.ErrnoException)
    }
  }
  return Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength)
}

function decodingFailure(encoding: Encoding, error: NodeJS.ErrnoException): HttpFailure {
  if (error.code === 'ERR_BUFFER_TOO_LARGE')
    return new HttpFailure(1000, `the response body has more than ${MAX_BODY_BYTES} bytes`)
  if (error.code === 'Z_BUF_ERROR') return new HttpFailure(1000, 'unexpected EOF')
  const reason = goReason(encoding, error)
  return encoding !== 'br' && encoding !== 'zstd' && !/header|checksum/.test(reason)
    ? new HttpFailure(1000, reason)
    : new HttpFailure(1701, `error decompressing response body (${reason})`)
}

/** What Go's readers say of it. */
function goReason(encoding: Encoding, error: Error): string {
  if (encoding === 'zstd') return 'magic number mismatch'
  if (encoding === 'br') return 'brotli: FORMAT_INVALID'
  const package_ = encoding === 'gzip' ? 'gzip' : 'zlib'
  if (/incorrect header check|unknown compression method|header crc/.test(error.message))
    return `${package_}: invalid header`
  if (/incorrect (data|length) check/.test(error.message)) return `${package_}: invalid checksum`
  return 'flate: corrupt input'
}
