/** YAML of which every scalar is text, with the lines of its keys. */
import { LineCounter, type Node, isAlias, isMap, isNode, isPair, isSeq, parseDocument } from 'yaml'
import type { KeyPath } from '../problem-report.ts'

/** Aliases may multiply a document; beyond this it is refused. */
const ALIAS_COUNT_MAX = 1000

export class YamlText {
  readonly value: unknown
  readonly errors: { line: number; message: string }[] = []
  readonly #lines = new LineCounter()
  readonly #root: Node | null
  readonly #resolve: (node: Node | null) => Node | null

  constructor(text: string) {
    const document = parseDocument(text, {
      schema: 'failsafe',
      merge: true,
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
    })
    for (const error of document.errors)
      this.errors.push({
        line: this.#lines.linePos(error.pos[0]).line,
        message: error.message.replace(/; please use YAML.*$/, ''),
      })
    this.#root = document.contents
    this.#resolve = (node) => (isAlias(node) ? (node.resolve(document) ?? null) : node)
    if (this.errors.length === 0) this.value = this.#toValue(document)
  }

  #toValue(document: ReturnType<typeof parseDocument>): unknown {
    try {
      return document.toJS({ maxAliasCount: ALIAS_COUNT_MAX }) as unknown
    } catch (error) {
      this.errors.push({ line: 1, message: (error as Error).message })
      return undefined
    }
  }

  /** 1-based line of the key at `path`, or of its nearest parent that is there. */
  lineOf(path: KeyPath): number {
    let node = this.#resolve(this.#root)
    let offset = node?.range?.[0] ?? 0
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(
          (one) => isPair(one) && isNode(one.key) && String(one.key) === String(step),
        )
        if (pair === undefined) break
        offset = (pair.key as Node).range?.[0] ?? offset
        node = this.#resolve((pair.value as Node | null) ?? null)
      } else if (isSeq(node)) {
        const item = node.items[Number(step)] as Node | undefined
        if (item === undefined) break
        offset = item.range?.[0] ?? offset
        node = this.#resolve(item)
      } else break
    }
    return this.#lines.linePos(offset).line
  }
}
