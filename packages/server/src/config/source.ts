/**
 * A YAML file with its positions: every problem found in it names file, line, key, what was found
 * and what was expected, and all problems are reported at once.
 */
import {
  LineCounter,
  type Node,
  type ParsedNode,
  isMap,
  isNode,
  isPair,
  isSeq,
  parseDocument,
} from 'yaml'
import type { z } from 'zod'
import { isSecretKey } from './secrets.ts'

export interface Problem {
  file: string
  /** 1-based. */
  line: number
  /** Dotted path of the key, '' for the whole file. */
  key: string
  message: string
}

export type KeyPath = readonly (string | number)[]

/** A configuration that cannot be used. The message has one line per problem. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export const formatProblem = (problem: Problem): string =>
  `${problem.file}:${problem.line}: ${problem.key === '' ? '' : problem.key + ': '}${problem.message}`

export class YamlSource {
  readonly file: string
  readonly text: string
  readonly value: unknown
  readonly problems: Problem[] = []
  readonly #lines = new LineCounter()
  readonly #root: ParsedNode | null

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
    })
    for (const error of document.errors)
      this.problems.push({
        file,
        line: this.#lines.linePos(error.pos[0]).line,
        key: '',
        message: yamlMessage(error.message),
      })
    this.#root = document.contents
    this.value = document.errors.length > 0 ? undefined : (document.toJS() as unknown)
  }

  /** Adds a problem at the place of `path`, or at its nearest parent that is there. */
  report(path: KeyPath, message: string): void {
    this.problems.push({ file: this.file, line: this.lineOf(path), key: showPath(path), message })
  }

  /** 1-based line of the key at `path`, or of its nearest parent that is there. */
  lineOf(path: KeyPath): number {
    let node: Node | null = this.#root
    let offset = node?.range?.[0] ?? 0
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(
          (one) => isPair(one) && isNode(one.key) && String(one.key) === String(step),
        )
        if (pair === undefined) break
        offset = (pair.key as Node).range?.[0] ?? offset
        node = (pair.value as Node | null) ?? null
      } else if (isSeq(node)) {
        const item = node.items[Number(step)] as Node | undefined
        if (item === undefined) break
        offset = item.range?.[0] ?? offset
        node = item
      } else break
    }
    return this.#lines.linePos(offset).line
  }

  /** Reports every issue that a schema found in the value at `base`. */
  reportIssues(error: z.ZodError, base: KeyPath = []): void {
    for (const issue of error.issues) this.#reportIssue(issue, base)
  }

  #reportIssue(issue: z.core.$ZodIssue, base: KeyPath): void {
    const path = [
      ...base,
      ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step)),
    ]
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.report([...path, key], 'unknown key')
      return
    }
    const found = issue.code === 'invalid_type' ? this.#found(path) : ''
    this.report(path, found + issue.message)
  }

  #found(path: KeyPath): string {
    let value: unknown = this.value
    for (const step of path) value = (value as Record<string | number, unknown> | undefined)?.[step]
    if (value === undefined) return 'missing; '
    if (isSecretKey(String(path.at(-1)))) return ''
    return `found ${describe(value)}; `
  }
}

const yamlMessage = (message: string): string => `not valid YAML: ${message}`

export function describe(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  return JSON.stringify(value)
}

function showPath(path: KeyPath): string {
  let out = ''
  for (const step of path)
    out += typeof step === 'number' ? `[${step}]` : out === '' ? step : '.' + step
  return out
}
