/**
 * The methods that elements of one tag have besides: what their attributes mean. Written as one text
 * per kind of value, `tag: method=attribute`.
 */
import { type DomNode, isElement, matching, nodeName, select, textOfNode } from './document.ts'
import { valueOrHtml } from './form.ts'

export interface Subject {
  node: DomNode
  /** What links of the page are relative to; empty when unknown. */
  url: string
  wrap: (node: DomNode) => unknown
}

export type Accessor = (subject: Subject) => unknown

const tables = new Map<string, Map<string, Accessor>>()

/** Methods of elements of `tag`, by name. */
export function accessorsOf(tag: string): ReadonlyMap<string, Accessor> {
  if (tables.size === 0) fill()
  return tables.get(tag) ?? NONE
}

const NONE: ReadonlyMap<string, Accessor> = new Map()

const LINKS = 'a area'
const MEDIA = 'audio video'
const FIELDS = 'button input select textarea'
const POLICIES = [
  '',
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'unsafe-url',
]
const ENCODINGS = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']
const CROSS_ORIGIN = ['anonymous', 'use-credentials']
const INPUT_TYPES =
  'text button checkbox color date datetime-local email file hidden image month number password radio range reset search submit tel time url week'.split(
    ' ',
  )

/** tags, then methods whose name in lower case is the attribute, unless `method=attribute`. */
const TEXTS: [tags: string, methods: string][] = [
  [LINKS, 'download rel target type accessKey hrefLang'],
  [MEDIA, 'currentSrc=src mediaGroup'],
  ['base', 'target'],
  ['button', 'accessKey'],
  ['data param', 'value'],
  ['embed', 'height width src type'],
  ['fieldset map meta object output param form iframe img keygen', 'name'],
  ['form', 'target acceptCharset=accept-charset'],
  ['iframe', 'height width'],
  ['img', 'sizes srcset alt useMap'],
  [
    'input',
    'value alt height width accept pattern placeholder min max defaultValue=value dirName accessKey step',
  ],
  ['keygen', 'challenge'],
  ['label output', 'htmlFor=for'],
  ['legend', 'accessKey'],
  ['link', 'hreflang media rel target type'],
  ['meta', 'content'],
  ['del ins', 'cite datetime'],
  ['object', 'height type useMap width'],
  ['optgroup', 'label'],
  ['param', 'value'],
  ['pre', 'name value'],
  ['blockquote q', 'cite'],
  ['script', 'crossOrigin type charset'],
  ['source', 'keySystem media sizes srcset type'],
  ['style', 'media'],
  ['td th', 'headers'],
  ['th', 'abbr'],
  ['textarea', 'value defaultValue=value placeholder accessKey'],
  ['time', 'datetime'],
  ['track', 'srclang label'],
  ['ul', 'type'],
  [FIELDS, 'name'],
]

const SWITCHES: [tags: string, methods: string][] = [
  [MEDIA, 'autoplay controls loop muted defaultMuted=muted'],
  ['button', 'autofocus disabled'],
  ['fieldset optgroup', 'disabled'],
  ['form', 'noValidate'],
  ['iframe', 'allowfullscreen'],
  ['img', 'isMap'],
  ['input', 'disabled autofocus required checked defaultChecked=checked readonly multiple'],
  ['keygen', 'autofocus disabled'],
  ['object', 'typeMustMatch'],
  ['ol', 'reversed'],
  ['option', 'selected defaultSelected=selected'],
  ['script', 'async defer noModule'],
  ['select', 'autofocus disabled multiple required'],
  ['table', 'sortable'],
  ['th', 'sorted'],
  ['textarea', 'readOnly required'],
  ['track', 'default'],
]

const URLS: [tags: string, methods: string][] = [
  [LINKS, 'href toString=href'],
  [`${MEDIA} iframe input script source track`, 'src'],
  ['img', 'src currentSrc=src'],
  ['form', 'action'],
  ['link', 'href'],
  ['object', 'data'],
]

const NUMBERS: [tags: string, methods: string, otherwise: number][] = [
  ['button input object select textarea', 'tabIndex', 0],
  ['img', 'height width', 0],
  ['input', 'maxLength', -1],
  ['input', 'size', 0],
  ['meter', 'min max high low optimum', 0],
  ['ol', 'start', 0],
  ['td th', 'colSpan rowSpan', 1],
  ['textarea', 'rows cols maxLength', 0],
  ['canvas', 'width height', 150],
]

const CHOICES: [tags: string, methods: string, values: readonly string[]][] = [
  [`${LINKS} iframe img link`, 'referrerPolicy', POLICIES],
  [MEDIA, 'preload', ['auto', 'metadata', 'none']],
  ['button', 'type', ['submit', 'button', 'menu', 'reset']],
  ['form', 'enctype encoding=enctype', ENCODINGS],
  ['form input textarea', 'autocomplete', ['on', 'off']],
  ['input', 'type', INPUT_TYPES],
  ['keygen', 'keytype', ['RSA', 'DSA', 'EC']],
  ['li', 'type', ['', '1', 'a', 'A', 'i', 'I', 'disc', 'square', 'circle']],
  ['meta', 'httpEquiv=http-equiv', ['content-type', 'default-style', 'refresh']],
  ['ol', 'type', ['1', 'a', 'A', 'i', 'I']],
  ['th', 'scope', ['', 'row', 'col', 'colgroup', 'rowgroup']],
  ['textarea', 'autocapitalize', ['sentences', 'none', 'off', 'characters', 'words']],
  ['textarea', 'wrap', ['soft', 'hard', 'off']],
  ['track', 'kind', ['subtitle', 'captions', 'descriptions', 'chapters', 'metadata']],
]

function fill(): void {
  const add = (tags: string, name: string, read: Accessor): void => {
    for (const tag of tags.split(' ')) {
      if (!tables.has(tag)) tables.set(tag, new Map())
      tables.get(tag)!.set(name, read)
    }
  }
  const each = (
    rows: readonly (readonly [string, string, ...unknown[]])[],
    make: (attribute: string, row: number) => Accessor,
  ): void => {
    rows.forEach(([tags, methods], row) => {
      for (const method of methods.split(' ')) {
        const [name, attribute] = method.split('=')
        add(tags, name!, make(attribute ?? name!.toLowerCase(), row))
      }
    })
  }
  each(
    TEXTS,
    (attribute) =>
      ({ node }) =>
        attributeOf(node, attribute),
  )
  each(
    SWITCHES,
    (attribute) =>
      ({ node }) =>
        attribute in (node.attribs ?? {}),
  )
  each(
    URLS,
    (attribute) =>
      ({ node, url }) =>
        resolve(node.attribs?.[attribute], url),
  )
  each(NUMBERS, (attribute, row) => ({ node }) => {
    const text = attributeOf(node, attribute)
    return /^[+-]?\d+$/.test(text) ? Number(text) : NUMBERS[row]![2]
  })
  each(CHOICES, (attribute, row) => ({ node }) => {
    const text = attributeOf(node, attribute)
    const values = CHOICES[row]![2]
    return values.includes(text) ? text : values[0]
  })
  for (const tags of [MEDIA, 'img', 'link']) {
    add(tags, 'crossOrigin', ({ node }) => {
      const text = attributeOf(node, 'crossorigin')
      return CROSS_ORIGIN.includes(text) ? text : undefined
    })
  }
  for (const [tags, name, read] of OWN) add(tags, name, read)
}

function attributeOf(node: DomNode, name: string): string {
  return node.attribs?.[name] ?? ''
}

function resolve(value: string | undefined, base: string): string {
  if (value === undefined) return ''
  if (base === '' || !URL.canParse(value, base)) return value
  return new URL(value, base).href
}

function linkOf({ node }: Subject): URL | null {
  const href = attributeOf(node, 'href')
  return URL.canParse(href) ? new URL(href) : null
}

/** Path, query and fragment of a link that is not absolute. */
function partOf({ node }: Subject, group: 1 | 2 | 3): string {
  return /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(attributeOf(node, 'href'))?.[group] ?? ''
}

function ancestor(node: DomNode, tags: readonly string[]): DomNode | undefined {
  for (let at = node.parent; at !== null; at = at.parent) if (tags.includes(nodeName(at))) return at
  return undefined
}

function rootOf(node: DomNode): DomNode {
  let at = node
  while (at.parent !== null) at = at.parent
  return at
}

function formOf(node: DomNode): DomNode | undefined {
  const id = node.attribs?.['form']
  return id === undefined ? ancestor(node, ['form']) : select([rootOf(node)], `form[id="${id}"]`)[0]
}

const wrapped = ({ wrap }: Subject, node: DomNode | undefined): unknown =>
  node === undefined ? undefined : wrap(node)

const listed = (subject: Subject, selector: string): unknown[] =>
  select([subject.node], selector).map((node) => subject.wrap(node))

function labels({ node, wrap }: Subject): unknown[] {
  const id = node.attribs?.['id']
  const around = ancestor(node, ['label'])
  const named = id === undefined ? [] : select([rootOf(node)], `label[for="${id}"]`)
  return [...new Set([...(around === undefined ? [] : [around]), ...named])].map(wrap)
}

/** `formaction` of a field, else `action` of its form, and the like. */
function ofForm({ node }: Subject, attribute: string): string {
  const form = formOf(node)
  return (
    node.attribs?.[`form${attribute}`] ?? (form === undefined ? '' : attributeOf(form, attribute))
  )
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}

function progress({ node }: Subject, otherwise: number): number {
  const value = Number.parseFloat(attributeOf(node, 'value'))
  return value >= 0 ? value / progressMax(node) : otherwise
}

function progressMax(node: DomNode): number {
  const max = Number.parseFloat(attributeOf(node, 'max'))
  return max >= 0 ? max : 1
}

/** Number of a list item: counted on from the nearest one before that says its own. */
function itemNumber({ node }: Subject): number | undefined {
  if (node.parent === null || nodeName(node.parent) !== 'ol') return undefined
  const items = (node.parent.children ?? []).filter((one) => nodeName(one) === 'li')
  const index = items.indexOf(node)
  for (let i = index - 1; i >= 0; i--) {
    const own = attributeOf(items[i]!, 'value')
    if (/^[+-]?\d+$/.test(own)) return Number(own) + index - i
  }
  return index + 1
}

const rowsOf = (node: DomNode): DomNode[] =>
  select([node], 'tr').filter((row) => ancestor(row, ['table']) === ancestorOrSelf(node))

const ancestorOrSelf = (node: DomNode): DomNode | undefined =>
  nodeName(node) === 'table' ? node : ancestor(node, ['table'])

const TEXT: Accessor = ({ node }) => textOfNode(node)
const FORM: Accessor = (subject) => wrapped(subject, formOf(subject.node))
const CONTROLS = 'input,select,button,textarea,fieldset'

/** What is more than one attribute. */
const OWN: [tags: string, name: string, read: Accessor][] = [
  [LINKS, 'hash', (s) => partOf(s, 3)],
  [LINKS, 'host', (s) => linkOf(s)?.host ?? ''],
  [LINKS, 'hostname', (s) => linkOf(s)?.hostname ?? ''],
  [LINKS, 'port', (s) => /^\w+:\/\/[^/?#]*:(\d+)/.exec(attributeOf(s.node, 'href'))?.[1] ?? ''],
  [LINKS, 'username', (s) => linkOf(s)?.username ?? ''],
  [LINKS, 'password', (s) => linkOf(s)?.password || undefined],
  [LINKS, 'origin', (s) => linkOf(s)?.origin ?? ''],
  [LINKS, 'pathname', (s) => linkOf(s)?.pathname ?? partOf(s, 1)],
  [LINKS, 'protocol', (s) => linkOf(s)?.protocol ?? ''],
  [LINKS, 'search', (s) => partOf(s, 2)],
  [`${LINKS} link`, 'relList', ({ node }) => words(attributeOf(node, 'rel'))],
  [`${LINKS} script title option`, 'text', TEXT],
  ['base', 'href', ({ node, url }) => resolve(node.attribs?.['href'] ?? url, url)],
  [`${FIELDS} keygen label legend object output fieldset`, 'form', FORM],
  [FIELDS, 'formAction', (s) => ofForm(s, 'action')],
  [FIELDS, 'formEnctype', (s) => ofForm(s, 'enctype')],
  [FIELDS, 'formTarget', (s) => ofForm(s, 'target')],
  [FIELDS, 'formMethod', (s) => (ofForm(s, 'method').toLowerCase() === 'post' ? 'post' : 'get')],
  [
    FIELDS,
    'formNoValidate',
    ({ node }) =>
      'formnovalidate' in (node.attribs ?? {}) || 'novalidate' in (formOf(node)?.attribs ?? {}),
  ],
  [`${FIELDS} keygen meter output progress`, 'labels', labels],
  ['button', 'value', ({ node }) => valueOrHtml(node)],
  ['datalist', 'options', (s) => listed(s, 'option')],
  ['fieldset', 'type', () => 'fieldset'],
  ['fieldset', 'elements', (s) => listed(s, 'input,select,button,textarea')],
  ['fieldset', 'validity', () => undefined],
  ['form', 'elements', (s) => listed(s, CONTROLS)],
  ['form', 'length', ({ node }) => select([node], CONTROLS).length],
  [
    'form',
    'method',
    ({ node }) => (attributeOf(node, 'method').toLowerCase() === 'post' ? 'post' : 'get'),
  ],
  [
    'input',
    'list',
    (s) => wrapped(s, select([rootOf(s.node)], `datalist[id="${attributeOf(s.node, 'list')}"]`)[0]),
  ],
  ['keygen', 'type', () => 'keygen'],
  [
    'label',
    'control',
    (s) => wrapped(s, select([rootOf(s.node)], `#${attributeOf(s.node, 'for')}`)[0]),
  ],
  ['li', 'value', itemNumber],
  ['map', 'areas', (s) => listed(s, 'area')],
  [
    'map',
    'images',
    ({ node, wrap }) => {
      const name = node.attribs?.['id'] ?? node.attribs?.['name']
      const selector = `img[usemap="#${name}"],object[usemap="#${name}"]`
      return name === undefined ? [] : select([rootOf(node)], selector).map(wrap)
    },
  ],
  [
    'option',
    'disabled',
    ({ node }) =>
      'disabled' in (node.attribs ?? {}) ||
      'disabled' in (ancestor(node, ['optgroup'])?.attribs ?? {}),
  ],
  ['option', 'form', (s) => wrapped(s, ancestor(s.node, ['form']))],
  [
    'option',
    'index',
    ({ node }) => {
      const holder = ancestor(node, ['select', 'datalist'])
      return holder === undefined ? 0 : select([holder], 'option').indexOf(node)
    },
  ],
  ['option', 'label', ({ node }) => node.attribs?.['label'] ?? textOfNode(node)],
  ['option', 'value', ({ node }) => valueOrHtml(node)],
  ['output', 'type', () => 'output'],
  ['output', 'value', TEXT],
  ['output', 'defaultValue', TEXT],
  ['progress', 'max', ({ node }) => progressMax(node)],
  ['progress', 'value', (s) => progress(s, 0)],
  ['progress', 'position', (s) => progress(s, -1)],
  ['select', 'options', (s) => listed(s, 'option')],
  ['select', 'length', ({ node }) => select([node], 'option').length],
  ['select', 'selectedOptions', (s) => listed(s, 'option[selected]')],
  [
    'select',
    'selectedIndex',
    ({ node }) => select([node], 'option').findIndex((one) => 'selected' in one.attribs!),
  ],
  [
    'select',
    'size',
    ({ node }) => Number(attributeOf(node, 'size')) || ('multiple' in (node.attribs ?? {}) ? 4 : 1),
  ],
  [
    'select',
    'type',
    ({ node }) => ('multiple' in (node.attribs ?? {}) ? 'select-multiple' : 'select'),
  ],
  [
    'select',
    'value',
    ({ node }) => {
      const chosen = select([node], 'option[selected]')[0]
      return chosen === undefined ? '' : valueOrHtml(chosen)
    },
  ],
  ['style', 'type', () => 'text/css'],
  ['table', 'caption', (s) => wrapped(s, select([s.node], 'caption')[0])],
  ['table', 'tHead', (s) => wrapped(s, select([s.node], 'thead')[0])],
  ['table', 'tFoot', (s) => wrapped(s, select([s.node], 'tfoot')[0])],
  ['table', 'tBodies', (s) => listed(s, 'tbody')],
  ['table thead tbody tfoot', 'rows', ({ node, wrap }) => rowsOf(node).map(wrap)],
  [
    'tr',
    'cells',
    ({ node, wrap }) => matching((node.children ?? []).filter(isElement), 'td,th').map(wrap),
  ],
  [
    'td th',
    'cellIndex',
    ({ node }) =>
      (node.parent?.children ?? []).filter((one) => /^t[dh]$/.test(nodeName(one))).indexOf(node),
  ],
  [
    'tr',
    'rowIndex',
    ({ node }) => {
      const table = ancestor(node, ['table'])
      return table === undefined ? -1 : rowsOf(table).indexOf(node)
    },
  ],
  [
    'tr',
    'sectionRowIndex',
    ({ node }) =>
      (node.parent?.children ?? []).filter((one) => nodeName(one) === 'tr').indexOf(node),
  ],
  ['textarea', 'type', () => 'textarea'],
  ['textarea', 'textLength', ({ node }) => attributeOf(node, 'value').length],
]
