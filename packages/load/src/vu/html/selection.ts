/**
 * `Selection` of `k6/html`: a set of nodes with jQuery's vocabulary, as goquery means it. Callbacks
 * that block are waited for one after the other; the method then gives a promise.
 */
import { isColoured } from '../../script/isolate.ts'
import { goError } from '../go-error.ts'
import { textOf } from '../text.ts'
import {
  type DomNode,
  innerHtml,
  isElement,
  matching,
  parseDocument,
  select,
  textOfNode,
} from './document.ts'
import { Element, elementOf, nodeOf } from './element.ts'
import { type FormValue, encodeForm, formValues, valueOf } from './form.ts'

type Callback = (index: number, item: unknown) => unknown
type Until = (node: DomNode) => boolean

/** The document of `text` as a selection; `url` is what its links are relative to. */
export function createSelection(text: string, url = ''): Selection {
  return new Selection([parseDocument(text)], url)
}

export class Selection {
  readonly #nodes: readonly DomNode[]
  readonly #url: string
  readonly #previous: Selection | null

  constructor(nodes: readonly DomNode[], url: string, previous: Selection | null = null) {
    this.#nodes = nodes
    this.#url = url
    this.#previous = previous
  }

  static nodesOf(selection: Selection): readonly DomNode[] {
    return selection.#nodes
  }

  #with(nodes: Iterable<DomNode>): Selection {
    return new Selection([...new Set(nodes)], this.#url, this)
  }

  // Growing and narrowing

  add(what: unknown): Selection {
    if (typeof what !== 'string') return this.#with([...this.#nodes, ...nodesIn(what)])
    const root = this.#nodes[0] === undefined ? [] : [rootOf(this.#nodes[0])]
    return this.#with([...this.#nodes, ...select(root, what)])
  }

  find(what: unknown): Selection {
    if (typeof what === 'string') return this.#with(select(this.#nodes, what))
    return this.#with(
      nodesIn(what).filter((node) => ancestors(node).some((one) => this.#nodes.includes(one))),
    )
  }

  closest(what: unknown): Selection {
    const test = matcher(what)
    return this.#with(
      this.#nodes.flatMap((node) => {
        const found = [node, ...ancestors(node)].find((one) => isElement(one) && test(one))
        return found === undefined ? [] : [found]
      }),
    )
  }

  has(what: unknown): Selection {
    const found = typeof what === 'string' ? select(this.#nodes.slice(), what) : [...nodesIn(what)]
    const holders = new Set(found.flatMap(ancestors))
    return this.#with(this.#nodes.filter((node) => holders.has(node)))
  }

  not(what: unknown): unknown {
    if (typeof what === 'function') return this.#filterBy(what as Callback, false)
    const test = matcher(what)
    return this.#with(this.#nodes.filter((node) => !test(node)))
  }

  filter(what: unknown): unknown {
    if (typeof what === 'function') return this.#filterBy(what as Callback, true)
    this.#refuse(what, 'filter')
    const test = matcher(what)
    return this.#with(this.#nodes.filter(test))
  }

  is(what: unknown): unknown {
    if (typeof what === 'function') {
      const found = this.#filterBy(what as Callback, true)
      return found instanceof Promise
        ? found.then((selection: Selection) => selection.size() > 0)
        : (found as Selection).size() > 0
    }
    this.#refuse(what, 'is')
    return this.#nodes.some(matcher(what))
  }

  #refuse(what: unknown, method: string): void {
    if (typeof what === 'string' || what instanceof Selection || what instanceof Element) return
    throw goError(`the argument to ${method}() must be a function, a selector or a selection`)
  }

  #filterBy(callback: Callback, wanted: boolean): unknown {
    const kept: DomNode[] = []
    const done = this.#walk(
      callback,
      (node) => this.#one(node),
      (result, node) => void (Boolean(result) === wanted && kept.push(node)),
    )
    const make = (): Selection => this.#with(kept)
    return done === undefined ? make() : done.then(make)
  }

  eq(index: unknown): Selection {
    const node = this.#nodes.at(Math.trunc(Number(index)) || 0)
    return this.#with(node === undefined ? [] : [node])
  }

  first(): Selection {
    return this.eq(0)
  }

  last(): Selection {
    return this.eq(-1)
  }

  /** The only node; throws when there is another number of them. */
  single(selector?: unknown): Selection {
    const found = selector === undefined ? this : this.find(selector)
    return new Selection(Selection.nodesOf(found).slice(0, 1), this.#url, this)
  }

  slice(start: unknown, end?: unknown): Selection {
    const to = end === undefined ? this.#nodes.length : Number(end)
    return this.#with(this.#nodes.slice(Number(start) || 0, to))
  }

  end(): Selection {
    return this.#previous ?? new Selection([], this.#url)
  }

  // Moving through the tree

  children(selector?: unknown): Selection {
    return this.#moved((node) => (node.children ?? []).filter(isElement), selector)
  }

  contents(): Selection {
    return this.#with(this.#nodes.flatMap((node) => node.children ?? []))
  }

  parent(selector?: unknown): Selection {
    return this.#moved((node) => ancestors(node).filter(isElement).slice(0, 1), selector)
  }

  parents(selector?: unknown): Selection {
    return this.#moved((node) => ancestors(node).filter(isElement), selector)
  }

  parentsUntil(until?: unknown, filter?: unknown): Selection {
    return this.#until((node) => ancestors(node).filter(isElement), until, filter)
  }

  next(selector?: unknown): Selection {
    return this.#moved((node) => following(node).slice(0, 1), selector)
  }

  nextAll(selector?: unknown): Selection {
    return this.#moved(following, selector)
  }

  nextUntil(until?: unknown, filter?: unknown): Selection {
    return this.#until(following, until, filter)
  }

  prev(selector?: unknown): Selection {
    return this.#moved((node) => preceding(node).slice(0, 1), selector)
  }

  prevAll(selector?: unknown): Selection {
    return this.#moved(preceding, selector)
  }

  prevUntil(until?: unknown, filter?: unknown): Selection {
    return this.#until(preceding, until, filter)
  }

  siblings(selector?: unknown): Selection {
    return this.#moved(
      (node) => (node.parent?.children ?? []).filter((one) => isElement(one) && one !== node),
      selector,
    )
  }

  #moved(move: (node: DomNode) => readonly DomNode[], selector: unknown): Selection {
    const found = [...new Set(this.#nodes.flatMap(move))]
    return this.#with(selector === undefined ? found : matching(found, textOf(selector)))
  }

  #until(move: (node: DomNode) => readonly DomNode[], until: unknown, filter: unknown): Selection {
    const test: Until =
      until === undefined || until === null || until === '' ? () => false : matcher(until)
    const stop = (node: DomNode): readonly DomNode[] => {
      const found = move(node)
      const end = found.findIndex(test)
      return end < 0 ? found : found.slice(0, end)
    }
    return this.#moved(stop, filter ?? undefined)
  }

  // Calling back

  each(callback: unknown): unknown {
    if (typeof callback !== 'function') throw goError('the argument to each() must be a function')
    const done = this.#walk(
      callback as Callback,
      (node) => this.#element(node),
      () => {},
    )
    return done === undefined ? this : done.then(() => this)
  }

  map(callback: unknown): unknown {
    if (typeof callback !== 'function') throw goError('the argument to map() must be a function')
    const values: unknown[] = []
    const done = this.#walk(
      callback as Callback,
      (node) => this.#one(node),
      (value) => void values.push(value),
    )
    return done === undefined ? values : done.then(() => values)
  }

  #one(node: DomNode): Selection {
    return new Selection([node], this.#url, this)
  }

  /** Calls for every node in order; a promise when the callback may block. */
  #walk(
    callback: Callback,
    item: (node: DomNode) => unknown,
    take: (result: unknown, node: DomNode) => void,
  ): Promise<void> | undefined {
    if (isColoured(callback)) return this.#walkWaiting(callback, item, take)
    this.#nodes.forEach((node, i) => take(callback(i, item(node)), node))
    return undefined
  }

  async #walkWaiting(
    callback: Callback,
    item: (node: DomNode) => unknown,
    take: (result: unknown, node: DomNode) => void,
  ): Promise<void> {
    for (const [i, node] of this.#nodes.entries()) take(await callback(i, item(node)), node)
  }

  #element(node: DomNode): Element {
    return elementOf(node, {
      url: this.#url,
      select: (one) => new Selection([one], this.#url),
    })
  }

  // Reading

  size(): number {
    return this.#nodes.length
  }

  get(index?: unknown): unknown {
    if (index === undefined) return this.#nodes.map((node) => this.#element(node))
    const at = Math.trunc(Number(index)) || 0
    // The first of all cannot be counted from behind in k6.
    if (at >= this.#nodes.length || at <= -this.#nodes.length) return undefined
    return this.#element(this.#nodes.at(at)!)
  }

  toArray(): Selection[] {
    return this.#nodes.map((node) => this.#one(node))
  }

  index(what?: unknown): number {
    const first = this.#nodes[0]
    if (what === undefined) {
      return first === undefined ? -1 : preceding(first).length
    }
    if (typeof what === 'string')
      return first === undefined ? -1 : select([rootOf(first)], what).indexOf(first)
    const wanted =
      what instanceof Selection || what instanceof Element ? nodesIn(what)[0] : undefined
    return wanted === undefined ? -1 : this.#nodes.indexOf(wanted)
  }

  text(): string {
    return this.#nodes.map(textOfNode).join('')
  }

  html(): string {
    return this.#nodes[0] === undefined ? '' : innerHtml(this.#nodes[0])
  }

  attr(name: unknown, otherwise?: unknown): unknown {
    return this.#nodes[0]?.attribs?.[textOf(name)] ?? otherwise
  }

  val(): unknown {
    return this.#nodes[0] === undefined ? undefined : valueOf(this.#nodes[0])
  }

  data(name?: unknown): unknown {
    const entries = Object.entries(this.#nodes[0]?.attribs ?? {})
    if (entries.length === 0) return undefined
    if (name === undefined) {
      return Object.fromEntries(
        entries
          .filter(([key]) => key.startsWith('data-') && key.length > 5)
          .map(([key, value]) => [dataName(key.slice(5)), dataValue(value)]),
      )
    }
    const key = `data-${textOf(name).replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`
    const value = entries.find(([one]) => one === key)?.[1]
    return value === undefined ? undefined : dataValue(value)
  }

  serializeArray(): FormValue[] {
    return formValues(this.#nodes)
  }

  serializeObject(): Record<string, unknown> {
    return Object.fromEntries(this.serializeArray().map(({ name, value }) => [name, value]))
  }

  serialize(): string {
    return encodeForm(this.serializeArray())
  }
}

function dataName(attribute: string): string {
  return attribute.replace(/-+(.)/g, (_, c: string) => c.toUpperCase())
}

/** What a data attribute means: JSON, a truth value, a number that reads back the same, or text. */
function dataValue(text: string): unknown {
  if (text === '' || text === 'null' || text === 'undefined') return undefined
  if (text === 'true' || text === 'false') return text === 'true'
  if (text.startsWith('{') || text.startsWith('[')) {
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
  return String(Number(text)) === text ? Number(text) : text
}

function ancestors(node: DomNode): DomNode[] {
  const found: DomNode[] = []
  for (let at = node.parent; at !== null; at = at.parent) found.push(at)
  return found
}

function rootOf(node: DomNode): DomNode {
  return ancestors(node).at(-1) ?? node
}

function following(node: DomNode): DomNode[] {
  const found: DomNode[] = []
  for (let at = node.next; at !== null; at = at.next) if (isElement(at)) found.push(at)
  return found
}

function preceding(node: DomNode): DomNode[] {
  const found: DomNode[] = []
  for (let at = node.prev; at !== null; at = at.prev) if (isElement(at)) found.push(at)
  return found
}

function matcher(what: unknown): (node: DomNode) => boolean {
  if (typeof what === 'string') return (node) => matching([node], what).length > 0
  const nodes = nodesIn(what)
  return (node) => nodes.includes(node)
}

function nodesIn(what: unknown): readonly DomNode[] {
  if (what instanceof Selection) return Selection.nodesOf(what)
  if (what instanceof Element) return [nodeOf(what)]
  throw goError(`Invalid argument: Cannot use a ${goType(what)} as a selector`)
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}
