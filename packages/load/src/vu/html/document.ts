/**
 * HTML as a tree: parsed as browsers do, searched by CSS selectors, written as Go's renderer does.
 * The parser (parse5) and the selector engine (cheerio's) are loaded when the first text is parsed.
 */
import { createRequire } from 'node:module'

export interface DomNode {
  readonly type: 'root' | 'tag' | 'script' | 'style' | 'text' | 'comment' | 'directive' | 'cdata'
  /** Tag of an element. */
  readonly name?: string
  /** Text, comment, or declaration. */
  readonly data?: string
  readonly attribs?: Readonly<Record<string, string>>
  readonly children?: readonly DomNode[]
  readonly parent: DomNode | null
  readonly prev: DomNode | null
  readonly next: DomNode | null
}

interface Matches {
  find(selector: string): Matches
  filter(selector: string): Matches
  toArray(): DomNode[]
}
type Query = (nodes: DomNode[]) => Matches

interface Engine {
  parse(text: string): DomNode
  query: Query
}

let engine: Engine | null = null

function load(): Engine {
  if (engine !== null) return engine
  const require = createRequire(import.meta.url)
  const { load: open } = require('cheerio/slim') as { load: (nodes: DomNode[]) => Query }
  // The parser is a dependency of cheerio, and its main entry would load an HTTP client besides.
  const own = createRequire(require.resolve('cheerio/slim'))
  const { parse } = own('parse5') as {
    parse: (text: string, options: object) => DomNode
  }
  const { adapter } = own('parse5-htmlparser2-tree-adapter') as { adapter: object }
  engine = { parse: (text) => parse(text, { treeAdapter: adapter }), query: open([]) }
  return engine
}

/** The document node of `text`; never fails, as HTML never does. */
export function parseDocument(text: string): DomNode {
  return load().parse(text)
}

export function isElement(node: DomNode): boolean {
  return node.type === 'tag' || node.type === 'script' || node.type === 'style'
}

/** Descendants of `nodes` that match, each once. A selector that is none matches nothing. */
export function select(nodes: readonly DomNode[], selector: string): DomNode[] {
  try {
    return load()
      .query([...nodes])
      .find(selector)
      .toArray()
  } catch {
    return []
  }
}

/** Those of `nodes` that match themselves. */
export function matching(nodes: readonly DomNode[], selector: string): DomNode[] {
  try {
    return load().query(nodes.filter(isElement)).filter(selector).toArray()
  } catch {
    return []
  }
}

export function textOfNode(node: DomNode): string {
  if (node.type === 'text') return node.data ?? ''
  let text = ''
  for (const child of node.children ?? []) text += textOfNode(child)
  return text
}

/** Name as the DOM calls it, in lower case. */
export function nodeName(node: DomNode | undefined): string {
  if (node === undefined) return ''
  switch (node.type) {
    case 'text':
    case 'cdata':
      return '#text'
    case 'comment':
      return '#comment'
    case 'root':
      return '#document'
    case 'directive':
      return 'html'
    case 'tag':
    case 'script':
    case 'style':
      return node.name ?? ''
  }
}

const VOID = new Set(
  'area base br col embed hr img input keygen link meta param source track wbr'.split(' '),
)
const RAW = new Set('iframe noembed noframes noscript plaintext script style xmp'.split(' '))
const ESCAPES = new Map([
  ['&', '&amp;'],
  ["'", '&#39;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&#34;'],
  ['\r', '&#13;'],
])
const escape = (text: string): string => text.replace(/[&'<>"\r]/g, (c) => ESCAPES.get(c)!)

/** What is inside of `node`, written out. */
export function innerHtml(node: DomNode): string {
  let text = ''
  for (const child of node.children ?? []) text += outerHtml(child)
  return text
}

function outerHtml(node: DomNode): string {
  if (node.type === 'text') {
    const isRaw = node.parent !== null && RAW.has(node.parent.name ?? '')
    return isRaw ? (node.data ?? '') : escape(node.data ?? '')
  }
  if (node.type === 'comment') return `<!--${node.data ?? ''}-->`
  if (node.type === 'directive') return `<${node.data ?? ''}>`
  if (!isElement(node)) return innerHtml(node)
  const name = node.name!
  let text = `<${name}`
  for (const [key, value] of Object.entries(node.attribs ?? {}))
    text += ` ${key}="${escape(value)}"`
  if (VOID.has(name)) return `${text}/>`
  const first = node.children?.[0]
  // A parser drops the first line break here.
  const isCut = ['pre', 'listing', 'textarea'].includes(name) && first?.data?.startsWith('\n')
  return `${text}>${isCut === true ? '\n' : ''}${innerHtml(node)}</${name}>`
}
