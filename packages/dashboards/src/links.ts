/** Links of dashboards, panels and values as addresses. */
import type { Link } from './dashboard.ts'
import { type Variables, interpolateText } from './interpolate.ts'

export interface LinkContext {
  variables: Variables
  /** As in the address: `now-1h`, or ms since the epoch. */
  from: string
  to: string
  /** Of the series or value the link belongs to. */
  series?: { name: string; labels: Readonly<Record<string, string>>; text: string; value: number }
}

/** '' for an address that a browser would run instead of open. */
export function linkUrl(
  link: Pick<Link, 'url' | 'keepsTime' | 'includesVariables'>,
  context: LinkContext,
): string {
  let url = fillIn(link.url, context)
  if (link.keepsTime) url = withQuery(url, timeQuery(context))
  if (link.includesVariables) url = withQuery(url, variablesQuery(context.variables))
  return /^\s*(javascript|data|vbscript):/i.test(url) ? '' : url
}

const withQuery = (url: string, query: string): string =>
  query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`

const timeQuery = ({ from, to }: LinkContext): string =>
  `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`

const variablesQuery = (variables: Variables): string =>
  [...variables]
    .filter(([name]) => !name.startsWith('__'))
    .flatMap(([name, { values, raw, text }]) =>
      // All is passed on as such, not as all of its values.
      (raw !== undefined || text === 'All' ? ['$__all'] : values).map(
        (value) => `var-${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
      ),
    )
    .join('&')

function fillIn(text: string, context: LinkContext): string {
  const { series } = context
  const own = new Map<string, string>([
    ['__url_time_range', timeQuery(context)],
    ['__all_variables', variablesQuery(context.variables)],
    ['__from', context.from],
    ['__to', context.to],
    ...(series === undefined
      ? []
      : ([
          ['__series.name', series.name],
          ['__field.name', series.name],
          ['__field.displayName', series.name],
          ['__value.text', series.text],
          ['__value.raw', String(series.value)],
          ['__value.numeric', String(series.value)],
          ...Object.entries(series.labels).flatMap(([name, value]) => [
            [`__field.labels.${name}`, value],
            [`__data.fields.${name}`, value],
          ]),
        ] as [string, string][])),
  ])
  const filled = text.replace(
    /\$\{(__[\w.]+?)(?:\["?([^\]"]+)"?\])?\}|\$(__\w+)/g,
    (whole, name: string | undefined, key: string | undefined, bare: string | undefined) =>
      own.get(bare ?? (key === undefined ? name! : `${name}.${key}`)) ?? whole,
  )
  return interpolateText(filled, context.variables)
}
