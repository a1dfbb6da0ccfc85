/**
 * Vectors of `dashboards`: public dashboards to read and prepare, and Grafana's own steps, calculations,
 * value formats, colours, variable queries and expressions.
 */
import { readFileSync, readdirSync } from 'node:fs'
import {
  type Dashboard,
  type Variables,
  builtinVariables,
  colourHex,
  interpolateQuery,
  intervalMs,
  parseInterval,
  parseVariableQuery,
  preparePanel,
  readDashboard,
  reduceField,
  repeatPanels,
  valueText,
} from '@vigie/dashboards'
import { parseExpr } from '@vigie/promql/syntax'
import type { SuiteResult } from './suite.ts'

type Failures = SuiteResult['failures']

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

export function run(vectorsDir: string): Promise<SuiteResult> {
  const golden = `${vectorsDir}/grafana/golden`
  const failures: Failures = []
  const totals = [
    dashboards(`${vectorsDir}/grafana/dashboards`, failures),
    intervals(`${golden}/intervals.json`, failures),
    reducers(`${golden}/reducers.json`, failures),
    formats(`${golden}/value-formats.json`, failures),
    colours(`${golden}/colors.json`, failures),
    variableQueries(`${golden}/variable-queries.json`, failures),
    expressions(`${golden}/exprs.json`, failures),
  ]
  const total = totals.reduce((sum, count) => sum + count, 0)
  return Promise.resolve({ suite: 'grafana', passed: total - failures.length, total, failures })
}

/** Reads, with all repeats laid out, and every panel is something to draw, data or none. */
function dashboards(dir: string, failures: Failures): number {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  )
  for (const file of files) {
    try {
      prepareAll(readDashboard(read(`${dir}/${file}`)))
    } catch (error) {
      failures.push({ name: file, reason: (error as Error).message })
    }
  }
  return files.length
}

function prepareAll({ variables, panels }: Dashboard): void {
  const values: Variables = new Map(
    variables.map(({ name, isMulti }) => [name, { values: ['a', 'b'], isMulti }]),
  )
  if (panels.length === 0) throw new Error('no panels')
  for (const panel of repeatPanels(panels, values))
    for (const one of panel.kind === 'row' ? [panel, ...panel.panels] : [panel])
      preparePanel(one, [], values)
}

function intervals(path: string, failures: Failures): number {
  const cases = read(path) as [number, number, string | null, string, number][]
  for (const [rangeMs, points, lower, , want] of cases) {
    const got = intervalMs(rangeMs, points, lower === null ? 1 : parseInterval(lower)!)
    if (got !== want)
      failures.push({
        name: `interval ${rangeMs}/${points} from ${lower}`,
        reason: `got ${got}, want ${want}`,
      })
  }
  return cases.length
}

type Golden = number | boolean | null | 'NaN'
const fromGolden = (value: Golden): number | boolean | null =>
  value === 'NaN' ? Number.NaN : value

function reducers(path: string, failures: Failures): number {
  const cases = read(path) as [Golden[], string, Golden][]
  for (const [values, calc, golden] of cases) {
    const got = reduceField(values.map(fromGolden) as (number | null)[], calc)
    const want = fromGolden(golden)
    const isClose =
      typeof got === 'number' && typeof want === 'number' && Math.abs(got - want) < 1e-9
    if (!Object.is(got, want) && !isClose)
      failures.push({
        name: `${calc} of ${JSON.stringify(values)}`,
        reason: `got ${got}, want ${want}`,
      })
  }
  return cases.length
}

function formats(path: string, failures: Failures): number {
  const { rows } = read(path) as { rows: [string, number, number | null, string][] }
  for (const [unit, value, decimals, want] of rows) {
    const got = valueText(value, unit, decimals ?? undefined, { isUtc: true })
    if (plainSpaces(got) !== plainSpaces(want))
      failures.push({ name: `${unit} ${value}`, reason: `got ${got}, want ${want}` })
  }
  return rows.length
}

/** Before AM and PM ICU writes a narrow no-break space or a plain one, by its version. */
const plainSpaces = (text: string): string => text.replaceAll('\u202f', ' ')

function colours(path: string, failures: Failures): number {
  type Theme = { hues: { shades: { name: string; color: string }[] }[] }
  const themes = read(path) as { dark: Theme; light: Theme }
  let total = 0
  for (const theme of ['dark', 'light'] as const)
    for (const { name, color } of themes[theme].hues.flatMap((hue) => hue.shades)) {
      total++
      const got = colourHex(name, theme)
      if (got !== color)
        failures.push({ name: `${name} ${theme}`, reason: `got ${got}, want ${color}` })
    }
  return total
}

/** What is asked is a function that exists, about a selector or expression that parses. */
function variableQueries(path: string, failures: Failures): number {
  const cases = read(path) as { query: string }[]
  for (const { query } of cases) {
    try {
      const asked = parseVariableQuery(insertGuesses(query))
      if (asked.kind === 'labelValues' && !/^\w+$/.test(asked.label))
        throw new Error(`no label: ${asked.label}`)
      const text =
        asked.kind === 'queryResult' ? asked.expr : 'selector' in asked ? asked.selector : ''
      if (text !== '') parseExpr(text)
    } catch (error) {
      failures.push({ name: query, reason: (error as Error).message })
    }
  }
  return cases.length
}

/** With its variables inserted, what a dashboard asks parses. */
function expressions(path: string, failures: Failures): number {
  const cases = read(path) as { expr: string }[]
  for (const { expr } of cases) {
    try {
      parseExpr(insertGuesses(expr))
    } catch (error) {
      failures.push({ name: expr, reason: (error as Error).message })
    }
  }
  return cases.length
}

const BUILTINS = builtinVariables({ fromMs: 0, toMs: 3_600_000, stepMs: 15_000, scrapeMs: 15_000 })
const REFERENCE = /\$(\w+)|\$\{(\w+)[^}]*\}|\[\[(\w+?)(?::\w+)?\]\]/g

/** Inserts for each variable a value that fits where it stands. */
function insertGuesses(expr: string): string {
  const variables = new Map(BUILTINS)
  for (const match of expr.matchAll(REFERENCE)) {
    const name = match[1] ?? match[2] ?? match[3]
    if (BUILTINS.has(name)) continue
    const value = guess(expr.slice(0, match.index), expr.slice(match.index + match[0].length))
    // A place outside of quotes says more.
    if ((variables.get(name)?.values[0] ?? 'x') === 'x')
      variables.set(name, { values: [value], isMulti: false })
  }
  return interpolateQuery(expr, variables)
}

function guess(before: string, after: string): string {
  if (isInQuotes(before)) return 'x'
  if (/(\[|offset\s+-?|:\s*)$/.test(before)) return '5m'
  if (/[\w:]$/.test(before) || /^([\w:{]|\s*[=!][=~])/.test(after)) return 'x'
  if (/(by|without|on|ignoring|group_left|group_right|label_values)\s*\([^)]*$/.test(before))
    return 'x'
  return '1'
}

function isInQuotes(text: string): boolean {
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    if (quote === '') quote = /["'`]/.test(text[i]) ? text[i] : ''
    else if (text[i] === '\\') i++
    else if (text[i] === quote) quote = ''
  }
  return quote !== ''
}
