/** `Element` of `k6/html`: one node with the DOM's vocabulary, as methods. */
import { textOf } from '../text.ts'
import {
  type DomNode,
  innerHtml,
  isElement,
  matching,
  nodeName,
  select,
  textOfNode,
} from './document.ts'
import { accessorsOf } from './accessors.ts'

/** What the elements of one document share. */
export interface Page {
  /** What links are relative to; empty when unknown. */
  url: string
  /** A selection of one node. */
  select: (node: DomNode) => unknown
}

interface Attribute {
  name: string
  value: string
  owner_element: Element
  prefix(): string
  localName(): string
  namespaceURI(): string
}

const NODE_TYPES = new Map<DomNode['type'], number>([
  ['tag', 1],
  ['script', 1],
  ['style', 1],
  ['text', 3],
  ['comment', 8],
  ['root', 9],
  ['directive', 10],
])
const NAMESPACES = new Map([
  ['svg', 'http://www.w3.org/2000/svg'],
  ['math', 'http://www.w3.org/1998/Math/MathML'],
])
const HTML_NAMESPACE = 'http://www.w3.org/1999/xhtml'

/** The element of `node`, with the methods of its tag. */
export function elementOf(node: DomNode, page: Page): Element {
  const { url } = page
  const element = new Element(node, page)
  const accessors = accessorsOf(nodeName(node))
  for (const [name, read] of accessors) {
    Object.defineProperty(element, name, {
      value: () => read({ node, url, wrap: (one) => elementOf(one, page) }),
      enumerable: false,
      configurable: true,
      writable: true,
    })
  }
  return element
}

export function nodeOf(element: Element): DomNode {
  return Element.nodeOf(element)
}

export class Element {
  readonly #node: DomNode
  readonly #page: Page

  constructor(node: DomNode, page: Page) {
    this.#node = node
    this.#page = page
  }

  static nodeOf(element: Element): DomNode {
    return element.#node
  }

  #wrap(node: DomNode | null | undefined): Element | undefined {
    return node === null || node === undefined ? undefined : elementOf(node, this.#page)
  }

  #wrapAll(nodes: readonly DomNode[]): Element[] {
    return nodes.map((node) => elementOf(node, this.#page))
  }

  selection(): unknown {
    return this.#page.select(this.#node)
  }

  nodeName(): string {
    return nodeName(this.#node)
  }

  nodeType(): number | undefined {
    return NODE_TYPES.get(this.#node.type)
  }

  nodeValue(): string | undefined {
    if (this.#node.type === 'text') return this.#node.data ?? ''
    return this.#node.type === 'comment' ? '' : undefined
  }

  textContent(): string {
    return textOfNode(this.#node)
  }

  innerHTML(): string {
    return innerHtml(this.#node)
  }

  toString(): string {
    return isElement(this.#node) ? '[object html.Node]' : `[object ${this.nodeName()}]`
  }

  // Attributes

  id(): string {
    return this.#node.attribs?.['id'] ?? ''
  }

  className(): string {
    return this.#node.attribs?.['class'] ?? ''
  }

  classList(): string[] {
    return this.className().split(/\s+/).filter(Boolean)
  }

  lang(): string | undefined {
    return this.#node.attribs?.['lang']
  }

  getAttribute(name: unknown): string | undefined {
    return this.#node.attribs?.[textOf(name)]
  }

  getAttributeNode(name: unknown): Attribute | undefined {
    const value = this.getAttribute(name)
    return value === undefined ? undefined : this.#attribute(textOf(name), value)
  }

  hasAttribute(name: unknown): boolean {
    return this.getAttribute(name) !== undefined
  }

  hasAttributes(): boolean {
    return Object.keys(this.#node.attribs ?? {}).length > 0
  }

  attributes(): Record<string, Attribute> {
    return Object.fromEntries(
      Object.entries(this.#node.attribs ?? {}).map(([name, value]) => [
        name,
        this.#attribute(name, value),
      ]),
    )
  }

  #attribute(name: string, value: string): Attribute {
    return {
      name,
      value,
      owner_element: this,
      prefix: () => '',
      localName: () => name,
      namespaceURI: () => '',
    }
  }

  // Relatives

  hasChildNodes(): boolean {
    return (this.#node.children?.length ?? 0) > 0
  }

  childNodes(): Element[] {
    return this.#wrapAll(this.#node.children ?? [])
  }

  children(): Element[] {
    return this.#wrapAll((this.#node.children ?? []).filter(isElement))
  }

  childElementCount(): number {
    return (this.#node.children ?? []).filter(isElement).length
  }

  firstChild(): Element | undefined {
    return this.#wrap(this.#node.children?.[0])
  }

  lastChild(): Element | undefined {
    return this.#wrap(this.#node.children?.at(-1))
  }

  firstElementChild(): Element | undefined {
    return this.#wrap(this.#node.children?.find(isElement))
  }

  lastElementChild(): Element | undefined {
    return this.#wrap(this.#node.children?.findLast(isElement))
  }

  previousSibling(): Element | undefined {
    return this.#wrap(this.#node.prev)
  }

  nextSibling(): Element | undefined {
    return this.#wrap(this.#node.next)
  }

  previousElementSibling(): Element | undefined {
    let at = this.#node.prev
    while (at !== null && !isElement(at)) at = at.prev
    return this.#wrap(at)
  }

  nextElementSibling(): Element | undefined {
    let at = this.#node.next
    while (at !== null && !isElement(at)) at = at.next
    return this.#wrap(at)
  }

  parentNode(): Element | undefined {
    return this.#wrap(this.#node.parent)
  }

  parentElement(): Element | undefined {
    const { parent } = this.#node
    return parent !== null && isElement(parent) ? this.#wrap(parent) : undefined
  }

  ownerDocument(): Element | undefined {
    let at: DomNode | null = this.#node
    while (at !== null && at.type !== 'root') at = at.parent
    return this.#wrap(at)
  }

  // Searching and comparing

  querySelector(selector: unknown): Element | undefined {
    return this.#wrap(select([this.#node], textOf(selector))[0])
  }

  querySelectorAll(selector: unknown): Element[] {
    return this.#wrapAll(select([this.#node], textOf(selector)))
  }

  getElementsByClassName(name: unknown): Element[] {
    return this.querySelectorAll(`.${textOf(name)}`)
  }

  getElementsByTagName(name: unknown): Element[] {
    return this.querySelectorAll(name)
  }

  matches(selector: unknown): boolean {
    return matching([this.#node], textOf(selector)).length > 0
  }

  contains(other: unknown): boolean {
    if (!(other instanceof Element)) return false
    let at: DomNode | null = other.#node
    while (at !== null && at !== this.#node) at = at.parent
    return at === this.#node
  }

  isSameNode(other: unknown): boolean {
    return other instanceof Element && other.#node === this.#node
  }

  isEqualNode(other: unknown): boolean {
    return other instanceof Element && other.innerHTML() === this.innerHTML()
  }

  namespaceURI(): string {
    for (let at: DomNode | null = this.#node; at !== null; at = at.parent) {
      const own = NAMESPACES.get(at.name ?? '')
      if (own !== undefined) return own
    }
    return HTML_NAMESPACE
  }

  isDefaultNamespace(): boolean {
    return this.namespaceURI() === HTML_NAMESPACE
  }
}
