/**
 * The source map that a bundler or compiler left with a file, inside it or beside it (revision 3):
 * positions in the file back in the sources it was made of. Only named when the last lines of the file
 * are its comment `//# sourceMappingURL=…`.
 */
import { readFileSync, statSync } from 'node:fs'
import { decodeSegment, lastAtOrBefore } from './source-map.ts'

/** Size of one source map. */
const MAX_MAP_BYTES = 64 << 20

/** Plain data, so that it can be posted to worker threads; decoded by whoever needs a position first. */
export interface BundleMap {
  mappings: string
  /** Addresses of the sources. */
  sources: string[]
}

/** A place in a source, 0-based. */
interface SourcePlace {
  url: string
  line: number
  column: number
}

const COMMENT = /^\/[/*][#@] sourceMappingURL=([^\s*]+)[ \t]*(?:\*\/)?\s*(?:\/\/[^\n]*\s*)*$/

/** The map of the file `text` at `url`; null without one. Throws an Error that says why it cannot be used. */
export function readBundleMap(text: string, url: string): BundleMap | null {
  const name = text.lastIndexOf(' sourceMappingURL=')
  const reference = name < 3 ? undefined : COMMENT.exec(text.slice(name - 3))?.[1]
  if (reference === undefined) return null
  if (reference.startsWith('data:')) return parseMap(inlineText(reference), url)
  const place = new URL(reference, url)
  // Beside a remote module: not worth another request.
  if (place.protocol !== 'file:') return null
  const size = statSync(place).size
  if (size > MAX_MAP_BYTES) throw new Error(`it has ${size} bytes; want at most ${MAX_MAP_BYTES}`)
  return parseMap(readFileSync(place, 'utf8'), place.href)
}

function inlineText(reference: string): string {
  const comma = reference.indexOf(',')
  const body = reference.slice(comma + 1)
  if (comma < 0) throw new Error('its data: address has no content')
  return /;base64$/i.test(reference.slice(0, comma))
    ? Buffer.from(body, 'base64').toString('utf8')
    : decodeURIComponent(body)
}

function parseMap(text: string, place: string): BundleMap {
  const map: unknown = JSON.parse(text.replace(/^\)\]\}'[^\n]*/, ''))
  const { version, mappings, sources, sourceRoot } = (map ?? {}) as Record<string, unknown>
  if (version !== 3) throw new Error(`version ${JSON.stringify(version)}; want 3`)
  if (typeof mappings !== 'string' || !/^[A-Za-z0-9+/,;]*$/.test(mappings))
    throw new Error('mappings are not base64 numbers')
  if (!Array.isArray(sources)) throw new Error('sources are not a list')
  const root = typeof sourceRoot === 'string' && sourceRoot !== '' ? `${sourceRoot}/` : ''
  return {
    mappings,
    sources: sources.map((source) =>
      typeof source === 'string' ? sourceUrl(source, root, place) : '',
    ),
  }
}

/** An address of its own, such as `webpack://name/./src/x.ts`, stays as it is. */
function sourceUrl(source: string, root: string, place: string): string {
  if (/^[a-z][\w+.-]*:/i.test(source)) return source
  const whole = source.startsWith('/') ? source : root.replace(/\/+$/, '/') + source
  if (/^[a-z][\w+.-]*:/i.test(whole)) return whole
  return URL.canParse(whole, place) ? new URL(whole, place).href : whole
}

/** The place of 0-based `line` and `column` of a file, in the source that it was bundled from if a map says so. */
export function placeText(
  module: { url: string; bundleMap: BundleMap | null },
  line: number,
  column: number,
): string {
  const source = module.bundleMap === null ? null : sourcePlace(module.bundleMap, line, column)
  if (source !== null) return `${source.url}:${source.line + 1}:${source.column + 1}`
  return `${module.url}:${line + 1}:${column + 1}`
}

type Segments = [column: number, source: number, line: number, sourceColumn: number][]

const decoded = new WeakMap<BundleMap, Segments[]>()

/** Where 0-based `line`, `column` of the file came from; null when the map does not say. */
function sourcePlace(map: BundleMap, line: number, column: number): SourcePlace | null {
  let lines = decoded.get(map)
  if (lines === undefined) decoded.set(map, (lines = decodeLines(map.mappings)))
  const segments = lines[line]
  if (segments === undefined || segments.length === 0) return null
  const [, source, sourceLine, sourceColumn] = segments[lastAtOrBefore(segments, column)]!
  const url = map.sources[source] ?? ''
  return url === '' ? null : { url, line: sourceLine, column: sourceColumn }
}

/** A segment of one number stands for text that the bundler made up: source -1. */
function decodeLines(mappings: string): Segments[] {
  let source = 0
  let line = 0
  let sourceColumn = 0
  return mappings.split(';').map((text) => {
    let column = 0
    return text
      .split(',')
      .filter((segment) => segment !== '')
      .map((segment) => {
        const deltas = decodeSegment(segment)
        column += deltas[0] ?? 0
        if (deltas.length < 4) return [column, -1, 0, 0]
        source += deltas[1]!
        line += deltas[2]!
        sourceColumn += deltas[3]!
        return [column, source, line, sourceColumn]
      })
  })
}
