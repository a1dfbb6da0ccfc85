/** A line every few seconds about an import that takes long. */
import { statSync } from 'node:fs'
import type { Output } from './arguments.ts'

const EVERY_MS = 5000

export interface ImportProgress {
  samples: number
  read(bytes: number): void
  /** All is read. */
  write(): void
}

export function importProgress(path: string, isQuiet: boolean, output: Output): ImportProgress {
  const size = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false })?.size
  const of = size === undefined ? '' : ` of ${megabytes(size)}`
  let lastMs = output.now()
  let bytesRead = 0
  let isLong = false
  return {
    samples: 0,
    read(bytes) {
      bytesRead += bytes
      const nowMs = output.now()
      if (isQuiet || nowMs - lastMs < EVERY_MS) return
      lastMs = nowMs
      isLong = true
      output.stderr(`read ${megabytes(bytesRead)}${of}, ${this.samples} samples\n`)
    },
    write() {
      if (isLong) output.stderr(`read all ${this.samples} samples, writing blocks\n`)
    },
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
