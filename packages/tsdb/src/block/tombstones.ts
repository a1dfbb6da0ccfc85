/**
 * What was deleted from a block, by series, in its file `tombstones`:
 *
 *     0130ba30 <4b> | version 1 <1b> | entry … | CRC-32C of the entries <4b>
 *     entry:  series <uvarint> | first time <varint> | last time <varint>
 *
 * Source: tsdb/docs/format/tombstones.md of Prometheus.
 */
import { join } from 'node:path'
import { type Disk, readWhole, replaceFile } from '../disk.ts'
import { crc32c } from '../wal/crc32c.ts'
import { ByteBuffer, ByteReader } from './byte-buffer.ts'
import { CorruptBlockError } from './meta.ts'

export const TOMBSTONES_FILE = 'tombstones'
const MAGIC = 0x0130ba30
const VERSION = 1
const HEADER_BYTES = 5
const CRC_BYTES = 4

/** `[first, last, …]` in ms, inclusive, rising, neither overlapping nor touching. */
export type Intervals = readonly number[]
/** By series reference. */
export type Tombstones = ReadonlyMap<number, Intervals>

/** Throws DiskError and CorruptBlockError. A block without the file has none. */
export function readTombstones(disk: Disk, dir: string): Map<number, Intervals> {
  const path = join(dir, TOMBSTONES_FILE)
  const out = new Map<number, Intervals>()
  if (disk.stat(path) === undefined) return out
  const bytes = readWhole(disk, path)
  const end = bytes.length - CRC_BYTES
  if (end < HEADER_BYTES)
    throw new CorruptBlockError(path, `${bytes.length} bytes, want at least 9`)
  const magic = bytes.readUInt32BE(0)
  if (magic !== MAGIC)
    throw new CorruptBlockError(path, `invalid magic number ${magic.toString(16)}, want 130ba30`)
  if (bytes[4] !== VERSION)
    throw new CorruptBlockError(path, `invalid tombstone format ${bytes[4]}, want ${VERSION}`)
  if (crc32c(bytes, HEADER_BYTES, end) !== bytes.readUInt32BE(end))
    throw new CorruptBlockError(path, 'checksum did not match')
  const reader = new ByteReader(bytes, HEADER_BYTES)
  while (reader.at < end) {
    const ref = reader.uvarint()
    const first = reader.varint()
    out.set(ref, withInterval(out.get(ref) ?? [], first, reader.varint()))
  }
  if (reader.at !== end) throw new CorruptBlockError(path, 'it ends within an entry')
  return out
}

/** Replaces the file as a whole. Throws DiskError. */
export function writeTombstones(disk: Disk, dir: string, tombstones: Tombstones): void {
  const out = new ByteBuffer()
  out.u32(MAGIC)
  out.u8(VERSION)
  for (const [ref, intervals] of tombstones)
    for (let i = 0; i < intervals.length; i += 2) {
      out.uvarint(ref)
      out.varint(intervals[i])
      out.varint(intervals[i + 1])
    }
  out.crc(HEADER_BYTES)
  replaceFile(disk, join(dir, TOMBSTONES_FILE), out.bytes)
}

/** The intervals and [first, last] as one. */
export function withInterval(intervals: Intervals, first: number, last: number): Intervals {
  const out: number[] = []
  let [from, to] = [first, last]
  let isPlaced = false
  for (let i = 0; i < intervals.length; i += 2) {
    const [a, b] = [intervals[i], intervals[i + 1]]
    if (b < from - 1) out.push(a, b)
    else if (a > to + 1) {
      if (!isPlaced) out.push(from, to)
      isPlaced = true
      out.push(a, b)
    } else {
      from = Math.min(from, a)
      to = Math.max(to, b)
    }
  }
  if (!isPlaced) out.push(from, to)
  return out
}

/** Whether all of [minT, maxT] is deleted. */
export function covers(intervals: Intervals, minT: number, maxT: number): boolean {
  for (let i = 0; i < intervals.length; i += 2)
    if (intervals[i] <= minT && intervals[i + 1] >= maxT) return true
  return false
}

/** Whether anything of [minT, maxT] is deleted. */
export function touches(intervals: Intervals, minT: number, maxT: number): boolean {
  for (let i = 0; i < intervals.length; i += 2)
    if (intervals[i] <= maxT && intervals[i + 1] >= minT) return true
  return false
}
