/** Reads OpenMetrics text of any size from a file, piece by piece. Every line is one entry. */
import { type Disk, nodeDisk } from '@vigie/tsdb'
import { ExpositionError, type TextParser, createParser } from '@vigie/scrape'

/** Read at once; a piece ends where a line does. */
const PIECE_BYTES = 8 << 20
const LINE_BYTES_MAX = 64 << 20

/**
 * Calls `visit` with each sample: the parser is at it, `line` counts from 1. Throws ExpositionError with the
 * line of the file, DiskError, and what `visit` throws.
 */
export function readOpenMetrics(
  path: string,
  visit: (parser: TextParser, line: number) => void,
  disk: Disk = nodeDisk(),
  pieceBytes: number = PIECE_BYTES,
): void {
  const parser = createParser('openmetrics')
  const file = disk.openRead(path)
  let bytes = Buffer.allocUnsafeSlow(pieceBytes)
  let kept = 0
  let position = 0
  let line = 0
  try {
    for (;;) {
      const count = file.read(bytes.subarray(kept), position)
      position += count
      const size = kept + count
      const isLast = position >= file.sizeBytes
      const end = isLast ? size : bytes.subarray(0, size).lastIndexOf(0x0a) + 1
      const before = line
      try {
        parser.reset(bytes, end, 0, parser.type)
        while (isLast || parser.at < end) {
          const entry = parser.next()
          line++
          if (entry === 'series') visit(parser, line)
          else if (entry === 'end') {
            if (isLast) return
            throw new ExpositionError('unexpected data after # EOF', line - before)
          }
        }
      } catch (error) {
        if (!(error instanceof ExpositionError)) throw error
        throw new ExpositionError(error.message, before + error.line)
      }
      kept = size - end
      if (kept > LINE_BYTES_MAX)
        throw new ExpositionError(`a line of more than ${LINE_BYTES_MAX} bytes`, line + 1)
      const next = kept * 2 > bytes.length ? Buffer.allocUnsafeSlow(kept * 4) : bytes
      bytes.copy(next, 0, end, size)
      bytes = next
    }
  } finally {
    file.close()
  }
}
