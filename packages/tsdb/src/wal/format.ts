/**
 * The write-ahead log of Prometheus. A segment is a file of 32 KB pages; a record is cut into
 * fragments that do not cross pages:
 *
 *     flags <1b> | length <2b> | CRC-32C of the data <4b> | data <length>      (big endian)
 *
 *     flags: 1 whole record, 2 first fragment, 3 middle, 4 last; 0 the rest of the page is empty;
 *            + 8 the record is compressed with snappy, + 16 with zstd
 *
 * A record does not cross segments. Source: tsdb/docs/format/wal.md, tsdb/wlog.
 */

export const PAGE_BYTES: number = 32 * 1024
export const FRAGMENT_HEADER_BYTES = 7

export const WHOLE = 1
export const FIRST = 2
export const MIDDLE = 3
export const LAST = 4
export const TYPE_MASK = 7
export const SNAPPY = 8
export const ZSTD = 16

/** Records that can be in it. Those that are not named here are skipped and counted. */
export const SERIES = 1
export const SAMPLES = 2
export const TOMBSTONES = 3
export const EXEMPLARS = 4
export const HISTOGRAMS = 7
export const FLOAT_HISTOGRAMS = 8
export const CUSTOM_HISTOGRAMS = 9
export const CUSTOM_FLOAT_HISTOGRAMS = 10
export const SAMPLES_V2 = 11
export const HISTOGRAMS_V2 = 12
export const FLOAT_HISTOGRAMS_V2 = 13

export const segmentName = (index: number): string => String(index).padStart(8, '0')

/** The number of a segment by its file name, undefined when it is no segment. */
export const segmentIndex = (name: string): number | undefined =>
  /^\d{8,}$/.test(name) ? Number(name) : undefined

export const checkpointName = (index: number): string => `checkpoint.${segmentName(index)}`

/** The last segment that a checkpoint stands for, by its folder's name. */
export const checkpointIndex = (name: string): number | undefined =>
  /^checkpoint\.\d+$/.test(name) ? Number(name.slice('checkpoint.'.length)) : undefined
