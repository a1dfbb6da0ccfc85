/** What is probably wrong with a dashboard, in plain words. */
import { type Call, type Expr, parseExpr, unwrapParens, walk } from '@vigie/promql/syntax'
import type { Dashboard, Panel, Target } from './dashboard.ts'
import { type VariableValue, type Variables, interpolateQuery } from './interpolate.ts'
import { textOf } from './json.ts'
import { builtinVariables } from './variables.ts'

export interface LintProblem {
  rule: string
  /** Of the panel; '' for the dashboard itself. */
  panel: string
  message: string
}

/** Panels that are drawn over and over: more than this and a page takes long. */
const PANELS_MAX = 60

export function lintDashboard(dashboard: Dashboard): LintProblem[] {
  const panels = dashboard.panels.flatMap((panel) =>
    panel.kind === 'row' ? panel.panels : [panel],
  )
  const variables = lintVariables(dashboard)
  return [
    ...(panels.length > PANELS_MAX
      ? [
          {
            rule: 'many-panels',
            panel: '',
            message: `${panels.length} panels; more than ${PANELS_MAX} load slowly`,
          },
        ]
      : []),
    ...panels.flatMap((panel) => [
      ...lintTitle(panel),
      ...panel.targets
        .filter((target) => target.isPrometheus && !target.isHidden && target.expr !== '')
        .flatMap((target) => lintTarget(panel, target, variables)),
    ]),
  ]
}

/** Each variable with a value that fits anywhere, and the built-in ones. */
function lintVariables({ variables }: Dashboard): Variables {
  const builtins = builtinVariables({
    fromMs: 0,
    toMs: 3_600_000,
    stepMs: 15_000,
    scrapeMs: 15_000,
  })
  const own = variables.map(({ name, type }): [string, VariableValue] => [
    name,
    { values: [type === 'interval' ? '5m' : 'x'], isMulti: false },
  ])
  return new Map([...builtins, ...own])
}

function lintTitle(panel: Panel): LintProblem[] {
  const isNameless = panel.title === '' && panel.kind !== 'text' && panel.kind !== 'stat'
  if (!isNameless && !/^(panel title|new panel)$/i.test(panel.title)) return []
  return [
    { rule: 'title', panel: panel.title, message: `panel ${panel.id} has no title of its own` },
  ]
}

function lintTarget(panel: Panel, target: Target, variables: Variables): LintProblem[] {
  const problem = (rule: string, message: string): LintProblem => ({
    rule,
    panel: panel.title,
    message,
  })
  const text = interpolateQuery(target.expr, variables)
  // A variable in an unusual place (an operator, a function) is no error of the query's.
  if (/\$\w|\$\{|\[\[\w/.test(text)) return []
  let expr: Expr
  try {
    expr = parseExpr(text)
  } catch (error) {
    const isOwnFault = !/\$|\[\[/.test(target.expr)
    return isOwnFault
      ? [problem('syntax', `query ${target.refId}: ${(error as Error).message}`)]
      : []
  }
  const found: LintProblem[] = []
  walk(expr, (node) => {
    if (node.kind === 'call')
      found.push(...lintCall(node).map((message) => problem('rate', message)))
  })
  return [...found, ...lintScale(panel, text).map((message) => problem('unit', message))]
}

const RATES = new Set(['rate', 'irate', 'increase'])
const COUNTER = /(_total|_count|_sum|_bucket)$/
const GAUGE = /(_bytes|_ratio|_percent|_celsius|_info|_depth|_size|_connections|_threads)$/

function lintCall({ func, args }: Call): string[] {
  const [argument] = args
  if (!RATES.has(func.name) || argument === undefined) return []
  if (argument.kind === 'matrixSelector') {
    const { name } = argument.selector
    if (!GAUGE.test(name) || COUNTER.test(name)) return []
    return [
      `${func.name}() of ${name}, which looks like a gauge; deriv() and delta() tell how a gauge changes`,
    ]
  }
  if (argument.kind !== 'subquery' || unwrapParens(argument.expr).kind !== 'aggregate') return []
  return [
    `${func.name}() of a sum takes each restart for a huge jump; aggregate the ${func.name}() instead`,
  ]
}

/** Seconds drawn with another unit, or multiplied by what the unit already says. */
function lintScale(panel: Panel, text: string): string[] {
  const unit = textOf(panel.fieldConfig.defaults.unit)
  const isSeconds = /_seconds(_bucket|_sum)?\b/.test(text) && !/_seconds_(total|count)\b/.test(text)
  if (isSeconds && /\*\s*60\s*$/.test(text) && !/rate|increase/.test(text))
    return ['seconds times 60 are no minutes; divide by 60, or let the unit s choose']
  if (isSeconds && /\*\s*1000\s*$/.test(text) && unit === 's')
    return ['milliseconds drawn with the unit s; drop the factor or use ms']
  return []
}
