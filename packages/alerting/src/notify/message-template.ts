/** Receivers' texts: parsed together with the default templates, executed over a message. */
import { BUILTINS, escapeHtml } from '../template/builtins.ts'
import { type TemplateTree, executeTemplate } from '../template/execute.ts'
import { parseTemplate } from '../template/parser.ts'
import type { Value } from '../template/value.ts'
import { DEFAULT_TEMPLATES } from './default-templates.ts'
import { NOTIFY_FUNCTION_NAMES, notifyFunctions } from './notify-functions.ts'

const isFunction = (name: string): boolean => BUILTINS.has(name) || NOTIFY_FUNCTION_NAMES.has(name)

function parseSet(name: string, text: string): TemplateTree[] {
  const { root, defined } = parseTemplate(name, text, isFunction)
  return [[name, root] as const, ...defined].map(([key, nodes]) => ({
    name: key,
    parseName: name,
    text,
    root: nodes,
  }))
}

/** What is wrong with a text, or undefined. */
export function templateProblem(text: string): string | undefined {
  try {
    parseSet('', text)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Templates are few and stay; their trees are kept. */
const TREES_MAX = 1000

export class MessageTemplates {
  readonly #defaults: ReadonlyMap<string, TemplateTree>
  readonly #now: () => number
  readonly #parsed = new Map<string, TemplateTree[]>()

  constructor(now: () => number) {
    this.#now = now
    this.#defaults = new Map(
      parseSet('default.tmpl', DEFAULT_TEMPLATES).map((tree) => [tree.name, tree]),
    )
  }

  /** Throws when the template is wrong or fails. */
  text(template: string, data: Value): string {
    return this.#execute(template, data, undefined)
  }

  /** The same, escaped for HTML. */
  html(template: string, data: Value): string {
    return this.#execute(template, data, escapeHtml)
  }

  #execute(template: string, data: Value, escape: ((text: string) => string) | undefined): string {
    // Fast path: nothing to expand.
    if (!template.includes('{{')) return template
    let trees = this.#parsed.get(template)
    if (trees === undefined) {
      trees = parseSet('', template)
      if (this.#parsed.size >= TREES_MAX) this.#parsed.clear()
      this.#parsed.set(template, trees)
    }
    return executeTemplate(trees[0], data, {
      templates: new Map([...this.#defaults, ...trees.map((tree) => [tree.name, tree] as const)]),
      functions: new Map([...BUILTINS, ...notifyFunctions(this.#now)]),
      isMissingKeyError: false,
      escape,
    })
  }
}
