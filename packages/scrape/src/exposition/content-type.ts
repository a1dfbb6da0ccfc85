/**
 * Which parser reads a body: Prometheus 3 goes by Content-Type alone and fails the scrape when that is
 * missing or unknown, unless the job names a `fallback_scrape_protocol`.
 */
import { quote } from '@vigie/model'
import type { ScrapeProtocol } from '../config.ts'

export type BodyFormat = 'prometheus' | 'openmetrics' | 'protobuf'

const FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['text/plain', 'prometheus'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/vnd.google.protobuf', 'protobuf'],
])

const FALLBACKS: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto: 'application/vnd.google.protobuf',
  'OpenMetricsText0.0.1': 'application/openmetrics-text',
  'OpenMetricsText1.0.0': 'application/openmetrics-text',
  'PrometheusText0.0.4': 'text/plain',
  'PrometheusText1.0.0': 'text/plain',
}

/** What a job asks for unless it says otherwise, most wanted first. */
export const DEFAULT_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
]

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
}

/** How names that the classic set has no room for are to be written. */
export type NameEscaping = 'allow-utf-8' | 'underscores' | 'dots' | 'values'

/** The Accept header of a scrape: each protocol with a lower weight than the one before it. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: NameEscaping): string {
  let weight = Object.keys(MEDIA_TYPES).length + 1
  const accepted = protocols.map((one) => {
    const isEscaped = one === 'PrometheusText1.0.0' || one === 'OpenMetricsText1.0.0'
    return `${MEDIA_TYPES[one]}${isEscaped ? `;escaping=${escaping}` : ''};q=0.${weight--}`
  })
  return [...accepted, `*/*;q=0.${weight}`].join(',')
}

export interface FormatChoice {
  /** Undefined: the scrape fails with `problem`. */
  format: BodyFormat | undefined
  /** What was wrong with the header, also when a fallback stepped in. */
  problem: string | undefined
}

export function chooseFormat(
  contentType: string,
  fallback: ScrapeProtocol | undefined,
): FormatChoice {
  const fallbackType = fallback === undefined ? undefined : FALLBACKS[fallback]
  const using =
    fallbackType === undefined ? '' : `, using fallback_scrape_protocol "${fallbackType}"`
  const fail = (problem: string): FormatChoice => ({
    format: fallbackType === undefined ? undefined : FORMATS.get(fallbackType),
    problem,
  })
  if (contentType === '')
    return fail(
      'non-compliant scrape target sending blank Content-Type' +
        (using || ' and no fallback_scrape_protocol specified for target'),
    )
  const media = parseMediaType(contentType)
  if ('problem' in media)
    return fail(
      (using === ''
        ? `cannot parse Content-Type ${quote(contentType)} and no fallback_scrape_protocol for target`
        : `could not parse received Content-Type ${quote(contentType)}${using}`) +
        `: ${media.problem}`,
    )
  const format = FORMATS.get(media.type)
  if (format !== undefined) return { format, problem: undefined }
  return fail(
    `received unsupported Content-Type ${quote(contentType)}` +
      (using || ' and no fallback_scrape_protocol specified for target'),
  )
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+/
const PARAMETER =
  /^\s*;\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w-]+))/

/** The type of a Content-Type header in lower case, or what is wrong in the words of Go's mime package. */
function parseMediaType(header: string): { type: string } | { problem: string } {
  const end = header.indexOf(';')
  const type = (end < 0 ? header : header.slice(0, end)).trim().toLowerCase()
  const main = TOKEN.exec(type)?.[0]
  if (main === undefined) return { problem: 'mime: no media type' }
  if (main !== type) {
    if (type[main.length] !== '/') return { problem: 'mime: expected slash after first token' }
    const sub = TOKEN.exec(type.slice(main.length + 1))?.[0]
    if (sub === undefined) return { problem: 'mime: expected token after slash' }
    if (main.length + 1 + sub.length < type.length)
      return { problem: 'mime: unexpected content after media subtype' }
  }
  const seen = new Set<string>()
  let rest = end < 0 ? '' : header.slice(end)
  while (rest.trim() !== '' && rest.trim() !== ';') {
    const match = PARAMETER.exec(rest)
    if (match === null) return { problem: 'mime: invalid media parameter' }
    const name = match[1].toLowerCase()
    if (seen.has(name)) return { problem: 'mime: duplicate parameter name' }
    seen.add(name)
    rest = rest.slice(match[0].length)
  }
  return { type }
}
