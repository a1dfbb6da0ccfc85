/** What the fields of a form hold, and how that is sent. */
import { type DomNode, innerHtml, matching, nodeName, select } from './document.ts'

export interface FormValue {
  name: string
  /** Text, or texts of a select with several; undefined where the field has none. */
  value: unknown
}

const SUBMITTED = 'input,select,textarea,keygen'
const NOT_SENT = new Set(['submit', 'button', 'reset', 'image', 'file'])

/** The value of one field, as `val()` tells it. */
export function valueOf(node: DomNode): unknown {
  const { attribs = {} } = node
  switch (nodeName(node)) {
    case 'input':
      return attribs['value'] ?? (isTicked(attribs['type']) ? 'on' : '')
    case 'button':
      return attribs['value'] ?? ''
    case 'textarea':
      return innerHtml(node)
    case 'option':
      return valueOrHtml(node)
    case 'select': {
      const chosen = select([node], 'option[selected]')
      if ('multiple' in attribs) return chosen.map(valueOrHtml)
      return chosen[0] === undefined ? '' : valueOrHtml(chosen[0])
    }
    default:
      return undefined
  }
}

export function valueOrHtml(node: DomNode): string {
  return node.attribs?.['value'] ?? innerHtml(node)
}

function isTicked(type: string | undefined): boolean {
  return type === 'radio' || type === 'checkbox'
}

/** The fields that a browser would send: of a form all in it, otherwise those among `nodes`. */
export function formValues(nodes: readonly DomNode[]): FormValue[] {
  const isForm = matching(nodes, 'form').length > 0
  const fields = isForm ? select(nodes, SUBMITTED) : matching(nodes, SUBMITTED)
  return fields.filter(isSent).map((node) => ({
    name: node.attribs!['name']!,
    value: valueOf(node),
  }))
}

function isSent({ attribs = {} }: DomNode): boolean {
  const { name = '', type = '' } = attribs
  // k6 knows these two only by value: a bare `checked` does not count as ticked.
  if (name === '' || attribs['disabled'] === 'disabled' || NOT_SENT.has(type)) return false
  return attribs['checked'] === 'checked' || !isTicked(type)
}

/** As the body of a form: sorted by name, spaces as `+`. */
export function encodeForm(values: readonly FormValue[]): string {
  const byName = new Map<string, readonly string[]>()
  for (const { name, value } of values) {
    if (typeof value === 'string') byName.set(name, [value])
    else if (Array.isArray(value)) byName.set(name, value as string[])
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, texts]) => texts.map((text) => `${encode(name)}=${encode(text)}`))
    .join('&')
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
