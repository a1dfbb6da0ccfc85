/** The files of a script as they are written, for the run's report. */
import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { RunReport } from '../api.ts'

/** Of all files together; libraries that were copied beside a script can be large. */
const TEXT_LENGTH_MAX = 1 << 20
const FILES_MAX = 200

/** `paths` is the entry and all that it imports; names come relative to the entry's folder. */
export function scriptSource(paths: readonly string[]): NonNullable<RunReport['source']> {
  const folder = dirname(paths[0] ?? '')
  const files: { path: string; text: string }[] = []
  let room = TEXT_LENGTH_MAX
  let isCut = paths.length > FILES_MAX
  for (const path of paths.slice(0, FILES_MAX)) {
    const text = readText(path)
    isCut ||= text.length > room
    files.push({ path: relative(folder, path), text: text.slice(0, room) })
    room -= Math.min(room, text.length)
  }
  return { files, isCut }
}

/** A file that has gone since it was compiled is no reason to fail. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
