/**
 * Reading of zstd, which comes as WebAssembly (Node 20 has none) and is loaded when the log of a
 * Prometheus that was told to use it is met. Nothing is written with it.
 */

interface Zstd {
  decompress(bytes: Uint8Array, options: { defaultHeapSize: number }): Uint8Array
}

/** A record was met before `loadZstd` had settled. */
export class ZstdMissing extends Error {}

let zstd: Zstd | undefined
let loading: Promise<void> | undefined

export function loadZstd(): Promise<void> {
  loading ??= import('@bokuweb/zstd-wasm').then(async (module) => {
    await module.init()
    zstd = module
  })
  return loading
}

/** Decompresses a frame; `maxBytes` bounds one that does not say its size. Throws ZstdMissing. */
export function decompressZstd(frame: Uint8Array, maxBytes: number): Uint8Array {
  if (zstd === undefined) throw new ZstdMissing('zstd is not loaded')
  return zstd.decompress(frame, { defaultHeapSize: Math.min(maxBytes, 64 << 20) })
}
