/** In which format, and with which names, metrics are answered: by the Accept header, as Prometheus chooses. */

/** How names beyond the classic set are written. */
export type Escaping = 'underscores' | 'allow-utf-8' | 'dots' | 'values'

const ESCAPINGS: readonly string[] = ['underscores', 'allow-utf-8', 'dots', 'values']

export interface ExpositionFormat {
  isProtobuf: boolean
  escaping: Escaping
  contentType: string
}

const PROTOBUF = 'application/vnd.google.protobuf'
const MESSAGE = 'io.prometheus.client.MetricFamily'

/** The first of the wanted ones that there is; what an earlier one says of names counts as well. */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  let escaping: Escaping = 'underscores'
  for (const { media, parameters } of clausesOf(accept ?? '')) {
    const wanted = parameters.get('escaping') ?? ''
    if (ESCAPINGS.includes(wanted)) escaping = wanted as Escaping
    const isProtobuf =
      media === PROTOBUF &&
      parameters.get('proto') === MESSAGE &&
      parameters.get('encoding') === 'delimited'
    if (isProtobuf)
      return {
        isProtobuf,
        escaping,
        contentType: `${PROTOBUF}; proto=${MESSAGE}; encoding=delimited; escaping=${escaping}`,
      }
    const version = parameters.get('version') ?? ''
    if (media === 'text/plain' && (version === '' || version === '0.0.4')) break
  }
  return {
    isProtobuf: false,
    escaping,
    contentType: `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`,
  }
}

/** The media types of an Accept header, most wanted first. */
function clausesOf(accept: string): { media: string; parameters: Map<string, string> }[] {
  return accept
    .split(',')
    .map((clause) => {
      const [media, ...rest] = clause.split(';').map((part) => part.trim())
      const parameters = new Map(
        rest.map((part) => {
          const equals = part.indexOf('=')
          return equals < 0
            ? [part, '']
            : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()]
        }),
      )
      const weight = Number(parameters.get('q') ?? 1)
      return { media, parameters, weight: Number.isNaN(weight) ? 1 : weight }
    })
    .sort((a, b) => b.weight - a.weight)
}

/** Whether the text format needs no quotes around a name. */
export const isClassicName = (name: string): boolean => /^[a-zA-Z_:][\w:]*$/.test(name)

/** The name of a metric or label as `escaping` writes it. */
export function escapeName(name: string, escaping: Escaping): string {
  if (name === '' || escaping === 'allow-utf-8' || isClassicName(name)) return name
  const escaped = Array.from(name, (char, i) => {
    const isClassic = (i === 0 ? /[a-zA-Z_:]/ : /[\w:]/).test(char)
    if (escaping === 'underscores') return isClassic ? char : '_'
    if (char === '_') return '__'
    if (isClassic) return char
    if (escaping === 'dots') return char === '.' ? '_dot_' : '__'
    return `_${char.codePointAt(0)!.toString(16)}_`
  }).join('')
  return escaping === 'values' ? `U__${escaped}` : escaped
}
