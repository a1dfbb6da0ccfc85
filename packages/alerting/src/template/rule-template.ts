/**
 * A template of a rule's label or annotation, parsed once and expanded per alert. Queries inside it
 * are answered by running it again: the first run stops where a query is asked, the answer is fetched,
 * the next run finds it.
 */
import { BUILTINS, escapeHtml } from './builtins.ts'
import {
  type ExecOptions,
  TemplateInterrupt,
  type TemplateTree,
  executeTemplate,
} from './execute.ts'
import { TemplateSyntaxError, parseTemplate } from './parser.ts'
import {
  QueryResultList,
  RULE_FUNCTION_NAMES,
  labelMap,
  querySample,
  ruleFunctions,
} from './rule-functions.ts'
import { StringMap, type Value } from './value.ts'
import type { Labels } from '@vigie/model'

export interface RuleTemplateContext {
  query: (expr: string) => Promise<readonly { labels: Labels; v: number; h?: unknown }[]>
  timeMs: number
  externalUrl: string
  isHtml?: boolean
  isMissingKeyError?: boolean
}

/** Queries one expansion may ask. */
const QUERIES_MAX = 100

/** A template that cannot be parsed or executed, as Prometheus words it. */
export class TemplateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TemplateError'
  }
}

class QueryNeeded extends TemplateInterrupt {
  readonly expr: string
  constructor(expr: string) {
    super(`query ${expr}`)
    this.expr = expr
  }
}

export class RuleTemplate {
  readonly #name: string
  readonly #templates = new Map<string, TemplateTree>()

  /** Throws TemplateError. */
  constructor(name: string, text: string) {
    this.#name = name
    try {
      const isFunction = (one: string): boolean => BUILTINS.has(one) || RULE_FUNCTION_NAMES.has(one)
      const { root, defined } = parseTemplate(name, text, isFunction)
      for (const [key, nodes] of [[name, root] as const, ...defined])
        this.#templates.set(key, { name: key, parseName: name, text, root: nodes })
    } catch (error) {
      if (!(error instanceof TemplateSyntaxError)) throw error
      throw new TemplateError(`error parsing template ${name}: ${error.message}`, { cause: error })
    }
  }

  /** Rejects with TemplateError. */
  async expand(data: Value, context: RuleTemplateContext): Promise<string> {
    const answers = new Map<string, Value>()
    for (;;) {
      try {
        return this.#run(data, context, answers)
      } catch (error) {
        if (!(error instanceof QueryNeeded))
          throw new TemplateError(
            `error executing template ${this.#name}: ${(error as Error).message}`,
            {
              cause: error,
            },
          )
        if (answers.size >= QUERIES_MAX)
          throw new TemplateError(
            `error executing template ${this.#name}: more than ${QUERIES_MAX} queries`,
          )
        answers.set(error.expr, await this.#query(error.expr, context))
      }
    }
  }

  async #query(expr: string, context: RuleTemplateContext): Promise<Value> {
    try {
      const samples = await context.query(expr)
      // Of a histogram the value is 0, as in Prometheus.
      const valueOf = (one: (typeof samples)[number]): number => (one.h === undefined ? one.v : 0)
      return QueryResultList.from(
        samples.map((one) => querySample(labelMap(one.labels), valueOf(one))),
      )
    } catch (error) {
      throw new TemplateError(
        `error executing template ${this.#name}: query ${JSON.stringify(expr)}: ${(error as Error).message}`,
        { cause: error },
      )
    }
  }

  #run(data: Value, context: RuleTemplateContext, answers: ReadonlyMap<string, Value>): string {
    const functions = ruleFunctions({
      timeMs: context.timeMs,
      externalUrl: context.externalUrl,
      query: (expr) => {
        const answer = answers.get(expr)
        if (answer === undefined) throw new QueryNeeded(expr)
        return answer
      },
      executeNamed: (name, inner) => {
        const tree = this.#templates.get(name)
        if (tree === undefined)
          throw new Error(`template: no template ${JSON.stringify(name)} associated with template`)
        return executeTemplate(tree, inner, options)
      },
    })
    const options: ExecOptions = {
      templates: this.#templates,
      functions: new Map([...BUILTINS, ...functions]),
      isMissingKeyError: context.isMissingKeyError ?? false,
      escape: context.isHtml === true ? escapeHtml : undefined,
    }
    return executeTemplate(this.#templates.get(this.#name)!, data, options)
  }
}

/** In front of every label and annotation of an alerting rule. */
const ALERT_VARIABLES =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}'

/** Throws TemplateError. */
export const parseAlertTemplate = (alertName: string, text: string): RuleTemplate =>
  new RuleTemplate(`__alert_${alertName}`, ALERT_VARIABLES + text)

/** What labels and annotations see as `.`. */
export function alertTemplateData(
  labels: Labels,
  externalLabels: ReadonlyMap<string, string>,
  externalUrl: string,
  value: number,
): Value {
  return new Map<string, Value>([
    ['Labels', labelMap(labels)],
    ['ExternalLabels', new StringMap(externalLabels)],
    ['ExternalURL', externalUrl],
    ['Value', value],
  ])
}
